"""Make rows of result tables: one measured number each, with its unit, n, clusters, interval and note.

All such tables share :data:`TABLE_COLUMNS`.  ``value`` is the mean of a quantity, or the rate of a share; ``low``
and ``high`` bound it at 95 %: cluster-robust Wilson for shares, studentised bootstrap for means.  ``worst`` is
the largest value, the side that costs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.statistics import ENOUGH_DATES, mean, note_of, proportion
from sim.statistics.interval import Array

TABLE_COLUMNS: Final = (
    "metric", "unit", "n", "clusters", "count", "value", "low", "high", "p50", "p95", "p99", "worst", "note",
)  # fmt: skip


def note_for(intents: pd.DataFrame) -> str:
    """Return the note every table over these intents must carry."""
    return note_of(int(intents["date"].nunique()))


def markets_of(intents: pd.DataFrame) -> Array:
    """Return what repeats as a market: dates when there are enough of them, else episodes of the same tape."""
    column = "date" if intents["date"].nunique() >= ENOUGH_DATES else "episode"
    return intents[column].to_numpy()


def quantity_row(metric: str, unit: str, intents: pd.DataFrame, values: Any, note: str) -> dict[str, Any]:
    """Return the row of a quantity per intent; NaN values are left out and not counted in n."""
    numbers = np.asarray(values, dtype=float)
    known = ~np.isnan(numbers)
    rows, numbers = intents[known], numbers[known]
    estimate = mean(numbers, markets_of(rows), rows["seed"].to_numpy(), name=metric)
    quantiles = np.quantile(numbers, [0.5, 0.95, 0.99, 1.0]) if len(numbers) else np.full(4, np.nan)
    return {
        "metric": metric,
        "unit": unit,
        "n": len(numbers),
        "clusters": int(rows["cluster"].nunique()),
        "count": pd.NA,
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        **dict(zip(("p50", "p95", "p99", "worst"), map(float, quantiles), strict=True)),
        "note": note,
    }


def share_row(metric: str, rows: pd.DataFrame, hits: Any, note: str) -> dict[str, Any]:
    """Return the row of a share; ``rows`` carry ``cluster``, ``hits`` says which of them count."""
    found = proportion(np.asarray(hits, dtype=bool), rows["cluster"].to_numpy(object))
    nothing = dict.fromkeys(("p50", "p95", "p99", "worst"), np.nan)
    return {
        "metric": metric,
        "unit": "share",
        "n": found.n,
        "clusters": found.clusters,
        "count": found.count,
        "value": found.rate,
        "low": found.low,
        "high": found.high,
        **nothing,
        "note": note,
    }


def single_row(metric: str, unit: str, n: int, value: float, note: str) -> dict[str, Any]:
    """Return the row of a number of the whole run, which has no interval of its own."""
    nothing = dict.fromkeys(("low", "high", "p50", "p95", "p99", "worst"), np.nan)
    return (
        {"metric": metric, "unit": unit, "n": n, "clusters": 0, "count": pd.NA, "value": value}
        | nothing
        | {"note": note}
    )


def table(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Return rows as a table."""
    frame = pd.DataFrame(list(rows), columns=list(TABLE_COLUMNS))
    return frame.astype({"metric": "str", "unit": "str", "note": "str", "count": "Int64"})


def entered(intents: pd.DataFrame) -> pd.DataFrame:
    """Return the intents whose entry filled, by truth."""
    return intents[intents["entry_fills"] > 0]
