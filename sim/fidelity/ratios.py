"""Turn sums into ratios model / real with intervals, by group of dates (pure).

Each side of a ratio is a ratio of sums over blocks; the interval resamples blocks, model and real together, since
both saw the same bars.  The unit is the block of clock time (all symbols and seeds of that time together: a second
seed on the same quarter of an hour is no second market), or the date where there are ten of them or more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.fidelity.sources import REAL
from sim.fidelity.sums import KEY
from sim.statistics import CONDITIONAL, ENOUGH_DATES
from sim.statistics.interval import Array, t_quantile
from sim.statistics.resampling import draws_of
from sim.statistics.robust import FEW_CLUSTERS

LEAST_EPISODES: Final = 30
"""With fewer blocks in which the real steps show the event, a ratio is not said to be measured."""

NOT_MEASURED: Final = "not measured"
MEASURED: Final = "measured"

DRAWS: Final = 499

_DRAWS_KNOWN: Final = 0.97
"""Draws in which one side shows nothing have no ratio; an interval from the rest would be too narrow at that end."""

TABLE_COLUMNS: Final = (
    "level", "group", "source", *KEY, "real", "model", "ratio", "low", "high", "events_real", "events_model",
    "episodes", "episodes_with_events", "clusters", "dates", "status", "excludes_one", "note",
)  # fmt: skip
SIGN_COLUMNS: Final = (
    "level",
    "source",
    *KEY,
    "date",
    "ratio",
    "sign",
    "events_real",
    "episodes_with_events",
)

_PICTURES: Final = ("times", "around extremes", "around crossings")
PROFILE_COLUMNS: Final = ("level", "group", "source", *KEY, "value", "events")


def ratio_interval(sums: Array, name: str, draws: int = DRAWS) -> tuple[float, float, float]:
    """Return (num_m / den_m) / (num_r / den_r) with its 95 % interval.

    ``sums``: blocks × (num_m, den_m, num_r, den_r).  The logarithm is resampled and studentised by its delta-method
    error; with few blocks Student's law stands in.  NaN where a side is 0 or there is one block.
    """
    ones = np.ones((1, len(sums)))
    value, error = (float(found[0]) for found in _log_ratio(sums, ones))
    if not math.isfinite(value):
        total = sums.sum(axis=0)
        zero = total[0] == 0 and total[1] > 0 and total[2] > 0
        return (0.0 if zero else math.nan), math.nan, math.nan
    if len(sums) < 2 or not math.isfinite(error):
        return math.exp(value), math.nan, math.nan
    if len(sums) < FEW_CLUSTERS:
        half = t_quantile(0.975, len(sums) - 1) * error
        return math.exp(value), _exp(value - half), _exp(value + half)
    ratios = []
    for weights, _ in draws_of((len(sums), 1), f"fidelity/{name}", draws):
        drawn, spread = _log_ratio(sums, weights)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios.append(np.where(spread > 1e-6 * error, (drawn - value) / spread, np.nan))
    known = np.concatenate(ratios)
    known = known[np.isfinite(known)]
    if len(known) < draws * _DRAWS_KNOWN:
        return math.exp(value), math.nan, math.nan
    upper, lower = np.quantile(known, [0.975, 0.025])
    return math.exp(value), _exp(value - float(upper) * error), _exp(value - float(lower) * error)


def _exp(value: float) -> float:
    return math.exp(min(value, 700.0))


def _log_ratio(sums: Array, weights: Array) -> tuple[Array, Array]:
    """Return the log ratio and its error of each draw; rows of ``weights`` are draws, columns blocks."""
    totals = weights @ sums
    count = len(sums)
    corrected = count / (count - 1) if count > 1 else math.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(totals)
        value = logs[:, 0] - logs[:, 1] - logs[:, 2] + logs[:, 3]
        shares = 1.0 / totals
        pull = sum(
            sign * shares[:, column, None] * sums[None, :, column]
            for column, sign in enumerate((1.0, -1.0, -1.0, 1.0))
        )
        error = np.sqrt(corrected * (weights * pull**2).sum(axis=1))
    return value, error


def ratio_table(sums: pd.DataFrame, *, by_date: bool = True) -> pd.DataFrame:
    """Return TABLE_COLUMNS: one row per level, group, source and measure; groups are kinds, dates and all."""
    rows = []
    for level, group, part in _groups(sums[~sums["section"].isin(_PICTURES)], by_date=by_date):
        for source, key, cells in _cells(part):
            rows.append(
                {
                    "level": level,
                    "group": group,
                    "source": source,
                    **key,
                    **_row(cells, level, group, source, key),
                }
            )
    table = pd.DataFrame(rows, columns=list(TABLE_COLUMNS))
    table["place"] = table.groupby(["level", "group"], sort=False).ngroup()
    order = ["place", "section", "measure", "x_unit", "t_s", "x", "source"]
    return table.sort_values(order, kind="stable", ignore_index=True)[list(TABLE_COLUMNS)]


def _row(cells: pd.DataFrame, *names: Any) -> dict[str, Any]:
    dates = cells["date"].nunique()
    unit = "date" if dates >= ENOUGH_DATES else "episode"
    values = cells.groupby(unit, sort=True)[["num_m", "den_m", "num_r", "den_r"]].sum().to_numpy()
    with_events = int((cells.groupby("episode")["events_r"].sum() > 0).sum())
    total = values.sum(axis=0)
    status = MEASURED if with_events >= LEAST_EPISODES else NOT_MEASURED
    ratio, low, high = ratio_interval(values, "/".join(map(str, names)))
    if status == NOT_MEASURED:
        ratio, low, high = math.nan, math.nan, math.nan
    few = dates < ENOUGH_DATES
    return {
        "real": total[2] / total[3] if total[3] else math.nan,
        "model": total[0] / total[1] if total[1] else math.nan,
        "ratio": ratio,
        "low": low,
        "high": high,
        "events_real": int(cells["events_r"].sum()),
        "events_model": int(cells["events_m"].sum()),
        "episodes": int(cells["episode"].nunique()),
        "episodes_with_events": with_events,
        "clusters": len(values),
        "dates": dates,
        "status": status,
        "excludes_one": bool(not few and (low > 1.0 or high < 1.0)),
        "note": CONDITIONAL if few else "",
    }


def sign_table(sums: pd.DataFrame) -> pd.DataFrame:
    """Return SIGN_COLUMNS: on each date, whether a model shows more (+) or less (-) than the real steps.

    Where a level has dates enough for intervals, only its violent ones, which are few, are listed.
    """
    rows = []
    dates = sums.groupby("level")["date"].transform("nunique")
    listed = ~sums["section"].isin(_PICTURES) & ((dates < ENOUGH_DATES) | (sums["kind"] == "violent"))
    for (level, date), part in sums[listed].groupby(["level", "date"], sort=False):
        for source, key, cells in _cells(part):
            total = cells[["num_m", "den_m", "num_r", "den_r"]].sum().to_numpy()
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = float(total[0] / total[1] / (total[2] / total[3]))
            known = math.isfinite(ratio)
            sign = ("+" if ratio > 1 else "-" if ratio < 1 else "0") if known else ""
            events = cells.groupby("episode")["events_r"].sum()
            rows.append(
                {
                    "level": level, "source": source, **key, "date": date,
                    "ratio": ratio if known else math.nan, "sign": sign, "events_real": int(events.sum()),
                    "episodes_with_events": int((events > 0).sum()),
                }
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(SIGN_COLUMNS)).sort_values(
        ["level", "source", "section", "measure", "x_unit", "t_s", "x", "date"],
        kind="stable",
        ignore_index=True,
    )


def profile_table(sums: pd.DataFrame) -> pd.DataFrame:
    """Return PROFILE_COLUMNS: what the pictures of shapes are drawn from, truth and sources alike."""
    part = sums[sums["section"].isin(_PICTURES)]
    rows = []
    for level, group, chosen in _groups(part, by_date=False):
        found = (
            chosen.groupby(["source", *KEY], sort=True, dropna=False)[["num", "den", "events"]]
            .sum()
            .reset_index()
        )
        found.insert(0, "level", level)
        found.insert(1, "group", group)
        rows.append(found.assign(value=found["num"] / found["den"]))
    frame = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=list(PROFILE_COLUMNS))
    return frame[list(PROFILE_COLUMNS)]


def _groups(sums: pd.DataFrame, *, by_date: bool) -> Iterator[tuple[str, str, pd.DataFrame]]:
    for level, part in sums.groupby("level", sort=False):
        yield str(level), "all", part
        kinds = part.groupby("kind", sort=True)
        for kind, chosen in kinds if kinds.ngroups > 1 or not (part["kind"] == "own").any() else ():
            yield str(level), str(kind), chosen
        # Dozens of quiet dates are in the sign table; a table of their own is for those one asks about.
        dates = (
            part[part["kind"] == "violent"]["date"]
            if part["date"].nunique() >= ENOUGH_DATES
            else part["date"]
        )
        if by_date:
            for date in sorted(set(dates)):
                yield str(level), str(date), part[part["date"] == date]


def _cells(part: pd.DataFrame) -> Iterator[tuple[str, dict[str, Any], pd.DataFrame]]:
    """Yield, per source and measure, what model and truth counted in each block both were looked at in."""
    keys = [*KEY, "date", "episode"]
    real = part[part["source"] == REAL]
    for source, model in part[part["source"] != REAL].groupby("source", sort=True):
        # A tape that this source could not fill says nothing of it, on either side.
        shared = real[real["tape"].isin(set(model["tape"]))]
        both = _summed(model, keys).merge(_summed(shared, keys), on=keys, how="outer", suffixes=("_m", "_r"))
        counts = ["num_m", "den_m", "events_m", "num_r", "den_r", "events_r"]
        both[counts] = both[counts].fillna(0.0)
        for values, cells in both.groupby(list(KEY), sort=True, dropna=False):
            yield str(source), dict(zip(KEY, values, strict=True)), cells


def _summed(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    counts = ["num", "den", "events"]
    return rows.groupby(keys, sort=True, dropna=False, observed=True)[counts].sum().reset_index()
