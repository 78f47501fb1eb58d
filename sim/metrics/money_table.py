"""Say what execution earned and lost, against the ideal executor on the same path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from sim.metrics.rows import markets_of, note_for
from sim.statistics import cvar, mean

MONEY_COLUMNS: Final = (
    "metric", "unit", "n", "clusters", "per_1000", "mean", "low", "high", "median", "cvar95", "worst", "note",
)  # fmt: skip


def money(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return results and losses per intent and per 1,000 intents (MONEY_COLUMNS).

    Every metric comes in quote, in bps of planned notional and in R (loss at the planned stop).  ``result`` is
    what truth says; ``loss against I1`` is result(I1) - result, never clipped; ``loss against I0`` the same
    against zero latency; ``latency cost`` is result(I0) - result(I1), which no policy can win back.  ``low`` and
    ``high`` bound the mean.  ``cvar95`` is the mean of the worst twentieth, ``worst`` the worst single intent:
    low results, high losses.

    Rows "… of a run" sum over a run's accounts; there n and clusters are runs and ``mean`` is per run.  In a shared
    account only they tell the whole: intents without a result of their own are left out of the other rows.
    """
    rows = [*_rows(frames["intents"]), *_run_rows(frames)]
    return pd.DataFrame(rows, columns=list(MONEY_COLUMNS)).astype(
        {"metric": "str", "unit": "str", "note": "str"}
    )


def _rows(intents: pd.DataFrame) -> Iterator[dict[str, Any]]:
    note = note_for(intents)
    result, ideal, floor = (
        intents[f"{name}_quote"].to_numpy() for name in ("result", "ideal_result", "floor_result")
    )
    scales = (
        ("quote", np.ones(len(intents))),
        ("bps", intents["planned_notional_quote"].to_numpy() / 1e4),
        ("R", intents["planned_risk_quote"].to_numpy()),
    )
    metrics: tuple[tuple[str, Any, Literal["high", "low"]], ...] = (
        ("result", result, "low"),
        ("loss against I1", ideal - result, "high"),
        ("loss against I0", floor - result, "high"),
        ("latency cost", floor - ideal, "high"),
    )
    for name, values, worst in metrics:
        for unit, scale in scales:
            # An intent rounded down to nothing risks nothing: its result has no measure.
            scaled = np.divide(values, scale, out=np.full(len(values), np.nan), where=scale > 0)
            yield _row(name, unit, intents, scaled, worst, note)


def run_results(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return per run its date and seed, number of intents, true result and that of I1, in quote."""
    intents = frames["intents"]
    runs = intents.groupby("run").agg(
        date=("date", "min"),
        seed=("seed", "first"),
        intents=("intent", "size"),
        ideal_quote=("ideal_result_quote", "sum"),
    )
    runs["result_quote"] = frames["accounts"].groupby("run")["result_quote"].sum().reindex(runs.index)
    return runs


def _run_rows(frames: dict[str, pd.DataFrame]) -> Iterator[dict[str, Any]]:
    runs = run_results(frames)
    result, ideal = runs["result_quote"].to_numpy(), runs["ideal_quote"].to_numpy()
    note = note_for(frames["intents"])
    metrics: tuple[tuple[str, Any, Literal["high", "low"]], ...] = (
        ("result of a run", result, "low"),
        ("loss against I1 of a run", ideal - result, "high"),
    )
    for name, values, worst in metrics:
        estimate = mean(values, runs["date"].to_numpy(), runs["seed"].to_numpy(), name=name)
        some = len(values) > 0
        yield {
            "metric": name,
            "unit": "quote per run",
            "n": len(values),
            "clusters": len(values),
            "per_1000": float(values.sum()) / int(runs["intents"].sum()) * 1000 if some else np.nan,
            "mean": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
            "median": float(np.median(values)) if some else np.nan,
            "cvar95": cvar(values, worst=worst),
            "worst": float(values.max() if worst == "high" else values.min()) if some else np.nan,
            "note": note,
        }


def _row(
    name: str, unit: str, intents: pd.DataFrame, values: Any, worst: Literal["high", "low"], note: str
) -> dict[str, Any]:
    known = np.isfinite(values)
    rows, values = intents[known], values[known]
    estimate = mean(values, markets_of(rows), rows["seed"].to_numpy(), name=f"{name}/{unit}")
    some = len(values) > 0
    return {
        "metric": name,
        "unit": unit,
        "n": len(values),
        "clusters": int(rows["cluster"].nunique()),
        "per_1000": estimate.value * 1000,
        "mean": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "median": float(np.median(values)) if some else np.nan,
        "cvar95": cvar(values, worst=worst),
        "worst": float(values.max() if worst == "high" else values.min()) if some else np.nan,
        "note": note,
    }
