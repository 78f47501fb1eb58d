"""Compare two policies intent by intent: same intents, same seeds, same weather.

A difference is always b - a: a is the baseline, b the candidate.  Only what is defined on both sides is
compared, so n differs between metrics.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.errors import InputError
from sim.metrics.money_table import run_results
from sim.metrics.rows import markets_of, note_for
from sim.statistics import mean, quantile, sign_table

PAIRED_COLUMNS: Final = (
    "metric", "unit", "n", "clusters", "discordant_clusters", "mean_difference", "low", "high", "per_1000",
    "median_difference", "median_low", "median_high", "discordant", "excludes_zero", "note",
)  # fmt: skip
BY_DATE_COLUMNS: Final = ("metric", "unit", "date", "n", "mean_difference", "sign")

_METRICS: Final = (
    ("result", "quote", "result_quote"),
    ("loss against I1", "quote", "loss_against_ideal_quote"),
    ("loss against I1", "bps", "loss_against_ideal_bps"),
    ("loss against I1", "R", "loss_against_ideal_r"),
    ("naked", "s", "naked_s"),
    ("naked notional", "quote*s", "naked_notional_s"),
    ("loss while naked", "quote", "naked_loss_quote"),
    ("adverse slippage at fill", "bps", "slippage_fill_bps"),
    ("over-filled", "share", "over_filled"),
    ("unresolved", "share", "is_unresolved"),
    ("requests", "requests", "requests"),
)
_KEY: Final = ["run", "intent"]


def paired(frames_a: dict[str, pd.DataFrame], frames_b: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the mean and median of b - a per metric with cluster intervals (PAIRED_COLUMNS).

    ``discordant`` counts pairs that differ, ``discordant_clusters`` clusters that hold one: no more than that
    carries the comparison.  ``excludes_zero`` is never said of fewer than ten dates.  The last row pairs whole
    runs, the unit of a shared account.  Raises InputError when the two hold no intent in common or disagree on
    what an intent is.
    """
    pairs = _pairs(frames_a, frames_b)
    note = note_for(pairs)
    rows = [_row(name, unit, pairs, difference, note) for name, unit, difference in _differences(pairs)]
    rows.append(_run_row(frames_a, frames_b, note))
    return pd.DataFrame(rows, columns=list(PAIRED_COLUMNS)).astype(
        {"metric": "str", "unit": "str", "note": "str"}
    )


def paired_by_date(frames_a: dict[str, pd.DataFrame], frames_b: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the sign of b - a on each date (BY_DATE_COLUMNS): what to look at when dates are few."""
    pairs = _pairs(frames_a, frames_b)
    rows = []
    for name, unit, difference in _differences(pairs):
        for row in sign_table(np.zeros(len(difference)), difference, pairs["date"].to_numpy()):
            rows.append((name, unit, row.date, row.n, row.mean_difference, row.sign))
    return pd.DataFrame(rows, columns=list(BY_DATE_COLUMNS))


def _pairs(frames_a: dict[str, pd.DataFrame], frames_b: dict[str, pd.DataFrame]) -> pd.DataFrame:
    sides = []
    for frames in (frames_a, frames_b):
        intents = frames["intents"]
        sides.append(
            intents.assign(
                over_filled=intents["over_fill"] > 0, is_unresolved=intents["outcome"] == "unresolved"
            )
        )
    columns = [column for _, _, column in _METRICS]
    right = sides[1][[*_KEY, "decided_us", "direction", *columns]]
    pairs = sides[0].merge(right, on=_KEY, how="inner", suffixes=("", "_b"))
    if pairs.empty:
        raise InputError("paired frames", "no intent in common", "runs of the same seeds on the same tape")
    same = (pairs["decided_us"] == pairs["decided_us_b"]) & (pairs["direction"] == pairs["direction_b"])
    if not same.all():
        wrong = pairs[~same].iloc[0]
        raise InputError(
            f"intent {wrong['intent']} of run {wrong['run']}", "two decisions", "the same intents"
        )
    return pairs


def _differences(pairs: pd.DataFrame) -> Iterator[tuple[str, str, Any]]:
    for name, unit, column in _METRICS:
        left, right = (pairs[key].to_numpy(np.float64, na_value=np.nan) for key in (column, f"{column}_b"))
        yield name, unit, right - left + 0.0


def _run_row(
    frames_a: dict[str, pd.DataFrame], frames_b: dict[str, pd.DataFrame], note: str
) -> dict[str, Any]:
    runs = run_results(frames_a)
    other = run_results(frames_b)["result_quote"].reindex(runs.index)
    labels = runs.reset_index().assign(episode=runs["date"].to_numpy(), cluster=runs.index.to_numpy())
    difference = (other - runs["result_quote"]).to_numpy(float)
    row = _row("result of a run", "quote per run", labels, difference, note)
    known = ~np.isnan(difference)
    count = float(runs["intents"].to_numpy()[known].sum())
    return row | {"per_1000": float(difference[known].sum()) / count * 1000 if count else np.nan}


def _row(name: str, unit: str, pairs: pd.DataFrame, difference: Any, note: str) -> dict[str, Any]:
    known = ~np.isnan(difference)
    rows, values = pairs[known], difference[known]
    markets, seeds = markets_of(rows), rows["seed"].to_numpy()
    centre = mean(values, markets, seeds, name=f"paired/{name}/{unit}")
    middle = quantile(values, markets, seeds, 0.5)
    differs = values != 0.0
    return {
        "metric": name,
        "unit": unit,
        "n": len(values),
        "clusters": int(rows["cluster"].nunique()),
        "discordant_clusters": int(rows["cluster"][differs].nunique()),
        "mean_difference": centre.value,
        "low": centre.low,
        "high": centre.high,
        "per_1000": centre.value * 1000,
        "median_difference": middle.value,
        "median_low": middle.low,
        "median_high": middle.high,
        "discordant": int(differs.sum()),
        "excludes_zero": bool(not note and (centre.low > 0.0 or centre.high < 0.0)),
        "note": note,
    }
