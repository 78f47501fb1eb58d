"""Measure the seed document's four numbers from a log, with intervals by stretches of time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from sim.calibrate.logs.tally import CELLS_PER, Tally
from sim.metrics.document_tables import SEED_METRICS
from sim.statistics import proportion_of_sums, ratio

SHARES: Final[dict[str, tuple[str, str]]] = {
    SEED_METRICS[0]: ("retried won", "retried"),
    SEED_METRICS[1]: ("met -2021 won", "met -2021"),
    SEED_METRICS[2]: ("refused", "checked"),
}
"""Numerator and denominator of each share, as the tally calls them."""
_RATIOS: Final = {SEED_METRICS[3]: ("won attempts", "won")}
PAIRS: Final = {**SHARES, **_RATIOS}


@dataclass(frozen=True, slots=True)
class Measured:
    """Hold one of the document's numbers; NaN where nothing could be counted.  ``clusters``: stretches of time."""

    metric: str
    unit: str
    n: int
    clusters: int
    value: float
    low: float
    high: float


def document_numbers(tally: Tally, *, unit: str = "", confidence: float = 0.95) -> list[Measured]:
    """Return the document's four numbers of a log; ``unit``: which stretches of time are clusters."""
    cells_per = CELLS_PER[unit or tally.unit()]
    return [_measured(tally, metric, cells_per, confidence) for metric in SEED_METRICS]


def _measured(tally: Tally, metric: str, cells_per: int, confidence: float) -> Measured:
    above, below = PAIRS[metric]
    counts, sizes = columns(tally, above, below, cells_per)
    if metric in SHARES:
        known = proportion_of_sums(counts, sizes, confidence)
        return Measured(metric, "share", known.n, known.clusters, known.rate, known.low, known.high)
    n, clusters = int(sizes.sum()), len(sizes)
    if clusters < 2:
        value = float(counts.sum() / n) if n else math.nan
        return Measured(metric, "attempts", n, clusters, value, math.nan, math.nan)
    found = ratio(
        counts, sizes, np.arange(clusters), np.zeros(clusters), confidence=confidence, name="attempts"
    )
    return Measured(metric, "attempts", n, clusters, found.value, found.low, found.high)


def columns(tally: Tally, above: str, below: str, cells_per: int) -> tuple[np.ndarray, np.ndarray]:
    """Return numerators and denominators by stretch of time, those without a denominator left out."""
    counts, sizes = tally.sums((above,), cells_per), tally.sums((below,), cells_per)
    places = sorted(sizes)
    return (
        np.array([counts.get(place, 0) for place in places], dtype=float),
        np.array([sizes[place] for place in places], dtype=np.int64),
    )
