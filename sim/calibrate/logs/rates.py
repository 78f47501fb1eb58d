"""Fit how often attempts fail: per failure and role, with intervals by stretches of time and exact ones beside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from sim.calibrate.logs.failures import stage_of
from sim.calibrate.logs.tally import CELLS_PER, Tally
from sim.statistics import proportion_of_sums


@dataclass(frozen=True, slots=True)
class FailureRate:
    """Hold one rate: ``count`` of ``n`` attempts of ``role`` that nothing at an earlier stage had already failed.

    ``low`` and ``high``: 95 % over ``clusters`` stretches of time; ``exact_*``: Clopper-Pearson, as if every attempt
    had its own luck.
    """

    failure: str
    role: str
    n: int
    count: int
    clusters: int
    rate: float
    low: float
    high: float
    exact_low: float
    exact_high: float


def failure_rates(tally: Tally) -> list[FailureRate]:
    """Return the rate of every failure seen, by role, most frequent first."""
    cells_per = CELLS_PER[tally.unit()]
    found = []
    for _, failure, role in tally.keys("failed"):
        hits, n = tally.sums(("failed", failure, role), cells_per), tally.sums(("attempts", role), cells_per)
        for _, other, whose in tally.keys("failed"):
            if whose == role and stage_of(other) < stage_of(failure):
                for place, count in tally.sums(("failed", other, role), cells_per).items():
                    n[place] -= count
        places = [place for place, size in sorted(n.items()) if size > 0]
        counts = np.array([hits.get(place, 0) for place in places], dtype=float)
        known = proportion_of_sums(counts, np.array([n[place] for place in places], dtype=np.int64))
        low, high = exact(known.count, known.n)
        # One stretch says nothing of how stretches differ; then only the exact interval is left.
        one = known.clusters < 2
        found.append(
            FailureRate(
                failure, role, known.n, known.count, known.clusters, known.rate,
                low if one else known.low, high if one else known.high, low, high,
            )
        )  # fmt: skip
    return sorted(found, key=lambda rate: (-rate.count, rate.failure, rate.role))


def exact(count: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Clopper and Pearson's interval of a share: it covers at least as often as it says."""
    side = (1.0 - confidence) / 2
    low = float(beta.ppf(side, count, n - count + 1)) if count else 0.0
    high = float(beta.ppf(1.0 - side, count + 1, n - count)) if count < n else 1.0
    return low, high
