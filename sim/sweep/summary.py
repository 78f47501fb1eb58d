"""Boil a sweep down to one row per cell: what it traded, what it cost against the baseline, how sure that is.

The baseline of a cell is the first policy, at the first value of each of its own grid keys, in the same weather: the
same scenario with the same changes.  Parts are read one by one; of one cell and its baseline a few numbers per intent
are held at a time.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from sim import statistics
from sim.errors import InputError, SimError, unknown_name
from sim.metrics import COLUMNS
from sim.statistics import Interval
from sim.sweep.parts import KINDS, PartName, read_parts, write_whole
from sim.sweep.plan import Plan, PlannedCell

ALPHA: Final = 0.05
_MONEY: Final = "result_quote"
_NAKED: Final = "naked_excess_notional_s"
_KEYS: Final = ("seed", "intent", "date")
_RUN_SUMS: Final = (
    "intents",
    "traded",
    "refused",
    "doubled",
    *(f"violations_{kind}" for kind in KINDS),
    "refusals",
)

Columns = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True, kw_only=True)
class CellSummary:
    """Hold a cell's row.  Money is in quote per 1,000 intents, candidate less baseline: positive earns more.

    ``cvar95_quote`` is the mean result of the worst twentieth of intents, ``naked_excess_notional_s`` quote × seconds
    per intent.  ``variance_ratio`` is the variance of the difference unpaired / paired; ``p_holm`` is adjusted
    over all cells that have a baseline.  ``mark`` says better or worse where that is below 5 %, and never with fewer
    than ten dates (``note``).  ``dates_better`` and ``dates_worse`` count dates by sign.  NaN: not defined, as for the
    baseline itself.
    """

    scenario: str
    policy: str
    point: dict[str, str]
    is_baseline: bool
    runs: int
    intents: int
    traded: int
    traded_pct: float
    refused: int
    doubled: int
    violations_safety: int
    violations_liveness: int
    violations_practice: int
    violations_simulator: int
    refusals: int
    money_per_1000: float
    money_low: float
    money_high: float
    p: float
    p_holm: float
    mark: str
    variance_ratio: float
    cvar95_quote: float
    cvar95_difference: float
    cvar95_low: float
    cvar95_high: float
    naked_excess_notional_s: float
    naked_difference: float
    naked_low: float
    naked_high: float
    clusters: int
    discordant_clusters: int
    dates: int
    dates_better: int
    dates_worse: int
    note: str

    @property
    def violations(self) -> int:
        """Return how often a safety or a liveness rule was broken."""
        return self.violations_safety + self.violations_liveness


@dataclass(frozen=True, kw_only=True)
class ExpectedLoss:
    """Hold what a policy is expected to lose against the ideal executor, in quote per 1,000 intents.

    ``parts``: what each rate adds.  ``difference``: the policy's less the first policy's at its first values, over the
    same intents (NaN for that policy itself): below zero loses less.
    """

    policy: str
    point: dict[str, str]
    value: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float
    parts: dict[str, float]
    note: str


@dataclass(frozen=True, kw_only=True)
class SweepSummary:
    """Hold the rows of all cells, the confidence of their intervals, and with ``--rates`` the expected losses."""

    command: str
    confidence: float
    cells: tuple[CellSummary, ...]
    expected: tuple[ExpectedLoss, ...] = ()


def summarise(plan: Plan, folder: Path, confidence: float = 0.95) -> SweepSummary:
    """Read a complete sweep and return its rows; raise SimError when paired cells disagree on what an intent is."""
    rows = [_summary_of(plan, planned, folder, confidence) for planned in plan.cells]
    adjusted = statistics.holm(np.array([row.p for row in rows])).tolist()
    cells = tuple(
        replace(row, p_holm=p_holm, mark=_mark(row, p_holm))
        for row, p_holm in zip(rows, adjusted, strict=True)
    )
    return SweepSummary(command=plan.asked.command, confidence=confidence, cells=cells)


def widest(plan: Plan, folder: Path, metric: str, confidence: float) -> Interval:
    """Return the widest interval of a column over the cells: of the paired difference, of its mean without a pair.

    Raises InputError where the column has no value at all.
    """
    intervals = []
    for planned in plan.cells:
        base = plan.baseline_of(planned)
        if base is planned and any(
            plan.baseline_of(other) is base for other in plan.cells if other is not base
        ):
            continue
        own, other = pair_of(plan, planned, base, folder, (metric,))
        labels = own["date"], own["seed"]
        if base is planned:
            intervals.append(statistics.mean(own[metric], *labels, confidence=confidence))
        else:
            intervals.append(
                statistics.paired_mean(other[metric], own[metric], *labels, confidence=confidence)
            )
    if all(math.isnan(interval.value) for interval in intervals):
        raise InputError("--until-width", metric, "a column that is defined for these intents")
    # What has not differed in any cluster may differ in the next: that is no width of zero, but none yet.
    seen = [one if one.discordant else replace(one, low=math.nan, high=math.nan) for one in intervals]
    return max(seen, key=lambda interval: math.inf if math.isnan(interval.width) else interval.width)


def width_of(text: str) -> tuple[str, float]:
    """Read ``--until-width METRIC=W``: a column of the intents that holds a number, and a width above 0."""
    metric, _, width = text.partition("=")
    numbers = [name for name, about in COLUMNS["intents"].items() if about.startswith("float64")]
    if metric not in numbers:
        raise unknown_name("--until-width", metric, "a number of each intent", numbers)
    try:
        wide = float(width)
    except ValueError:
        wide = math.nan
    if not 0.0 < wide < math.inf:
        raise InputError("--until-width", text, f"{metric}=W with a width above 0")
    return metric, wide


def write_summary(summary: SweepSummary, folder: Path) -> None:
    """Write ``summary.csv`` and ``summary.json``; in JSON what is not defined is null."""
    rows = [record_of(cell) for cell in summary.cells]
    facts: dict[str, Any] = {"command": summary.command, "confidence": summary.confidence, "cells": rows}
    if summary.expected:
        facts["expected_loss"] = [record_of(expected) for expected in summary.expected]
    text = json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(folder / "summary.json", f"{text}\n".encode())
    flat = [{**{key: value for key, value in row.items() if key != "point"}, **row["point"]} for row in rows]
    points = list(dict.fromkeys(key for row in rows for key in row["point"]))
    names = ["scenario", "policy", *points]
    names += [name for name in flat[0] if name not in names]
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    write_whole(folder / "summary.csv", buffer.getvalue().encode())


def forget_summary(folder: Path) -> None:
    """Remove an earlier sweep's summary: beside parts of a later one it would be taken for theirs."""
    for name in ("summary.json", "summary.csv"):
        (folder / name).unlink(missing_ok=True)


def record_of(cell: CellSummary | ExpectedLoss) -> dict[str, Any]:
    """Return a row as JSON can hold it: no number is null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in asdict(cell).items()
    }


def _summary_of(plan: Plan, planned: PlannedCell, folder: Path, confidence: float) -> CellSummary:
    cell, base = planned.cell, plan.baseline_of(planned)
    sums = _run_sums(folder, plan.parts(planned))
    own, other = pair_of(plan, planned, base, folder, (_MONEY, _NAKED))
    nothing = statistics.mean(np.empty(0), np.empty(0), np.empty(0))
    money = tail = naked = nothing
    p = ratio = math.nan
    better = worse = 0
    labels = own["date"], own["seed"]
    if base is not planned:
        pair = other[_MONEY], own[_MONEY]
        money = statistics.paired_mean(*pair, *labels, confidence=confidence)
        tail = statistics.paired_cvar(*pair, *labels, worst="low", confidence=confidence)
        naked = statistics.paired_mean(other[_NAKED], own[_NAKED], *labels, confidence=confidence)
        p, ratio = statistics.p_value(*pair, *labels), statistics.variance_ratio(*pair, *labels)
        signs = [row.sign for row in statistics.sign_table(*pair, own["date"])]
        better, worse = signs.count("+"), signs.count("-")
    shown = statistics.mean(own[_MONEY], *labels, draws=0) if base is planned else money
    known = own[_MONEY][~np.isnan(own[_MONEY])]
    bare = own[_NAKED][~np.isnan(own[_NAKED])]
    return CellSummary(
        scenario=cell.scenario,
        policy=cell.policy,
        point=dict(cell.point),
        is_baseline=base is planned,
        runs=len(plan.seeds),
        **{name: sums[name] for name in _RUN_SUMS},
        traded_pct=100.0 * sums["traded"] / sums["intents"] if sums["intents"] else math.nan,
        money_per_1000=1000 * money.value,
        money_low=1000 * money.low,
        money_high=1000 * money.high,
        p=p,
        p_holm=math.nan,
        mark="",
        variance_ratio=ratio,
        cvar95_quote=statistics.cvar(known, worst="low"),
        cvar95_difference=tail.value,
        cvar95_low=tail.low,
        cvar95_high=tail.high,
        naked_excess_notional_s=float(bare.mean()) if len(bare) else math.nan,
        naked_difference=naked.value,
        naked_low=naked.low,
        naked_high=naked.high,
        clusters=shown.clusters,
        discordant_clusters=shown.discordant if base is not planned else 0,
        dates=shown.dates,
        dates_better=better,
        dates_worse=worse,
        note=shown.note,
    )


def _mark(row: CellSummary, p_holm: float) -> str:
    if row.note or not p_holm < ALPHA:
        return ""
    return "better" if row.money_per_1000 > 0 else "worse"


def _run_sums(folder: Path, names: Sequence[PartName]) -> dict[str, int]:
    sums = dict.fromkeys(_RUN_SUMS, 0)
    for part in read_parts(folder, names, "runs", _RUN_SUMS):
        for name in _RUN_SUMS:
            sums[name] += int(part[name].sum())
    return sums


def pair_of(
    plan: Plan, planned: PlannedCell, base: PlannedCell, folder: Path, metrics: Sequence[str]
) -> tuple[Columns, Columns]:
    """Return keys and metrics of a cell and of its baseline, for the intents that both decided."""
    columns = (*_KEYS, *metrics)
    own = _joined(read_parts(folder, plan.parts(planned), "intents", columns), columns)
    if base is planned:
        return own, own
    other = _joined(read_parts(folder, plan.parts(base), "intents", columns), columns)
    # A bot that is down decides nothing, and how long it is down is up to its policy.
    stride = 1 + int(max(own["intent"].max(initial=0), other["intent"].max(initial=0)))
    _, here, there = np.intersect1d(
        own["seed"] * stride + own["intent"],
        other["seed"] * stride + other["intent"],
        assume_unique=True,
        return_indices=True,
    )
    own, other = _rows(own, here), _rows(other, there)
    if not np.array_equal(own["date"], other["date"]):
        raise SimError(f"{planned.cell.label}: not the same intents as {base.cell.label}")
    return own, other


def _rows(columns: Columns, places: np.ndarray[Any, Any]) -> Columns:
    return {name: values[places] for name, values in columns.items()}


def _joined(parts: Iterator[Columns], columns: Sequence[str]) -> Columns:
    read = list(parts)
    return {name: np.concatenate([part[name] for part in read]) for name in columns}
