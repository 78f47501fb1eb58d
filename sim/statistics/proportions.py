"""Bound shares: Wilson's interval made robust against clusters (pure)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from sim.statistics.interval import Array, t_quantile
from sim.statistics.resampling import codes_of
from sim.statistics.robust import FEW_CLUSTERS, bent, correlation_of, one_way

_HERDS: Final = 2.0
"""From this design effect on clusters act as herds, and their skewness counts."""


@dataclass(frozen=True, slots=True)
class Proportion:
    """Hold a share with its interval; NaN where there is no denominator or only one cluster."""

    n: int
    clusters: int
    count: int
    rate: float
    low: float
    high: float


def wilson(rate: float, n: float, quantile: float) -> tuple[float, float]:
    """Return Wilson's score interval for a share ``rate`` of ``n`` trials; ``quantile`` of the normal or t law."""
    square = quantile * quantile
    centre = (rate + square / (2 * n)) / (1 + square / n)
    half = quantile / (1 + square / n) * math.sqrt(rate * (1 - rate) / n + square / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def proportion(hits: Array, clusters: Array, confidence: float = 0.95) -> Proportion:
    """Return the share of ``hits`` with a cluster-robust Wilson interval.

    The ratio's variance over clusters gives a design effect, and n divided by it an effective n (never above n);
    Wilson's formula then takes t with Satterthwaite's degrees, G - 1 when clusters are of equal size.  With one trial
    per cluster this is Wilson with t.  No event at all (or nothing but events) says nothing about variance: the bound
    is then 3 / clusters.
    """
    codes, groups = codes_of(clusters)
    counts = np.bincount(codes, np.asarray(hits, dtype=float), groups)
    return proportion_of_sums(counts, np.bincount(codes, minlength=groups), confidence)


def proportion_of_sums(counts: Array, sizes: Array, confidence: float = 0.95) -> Proportion:
    """Return what :func:`proportion` says of clusters with ``counts`` hits among ``sizes`` trials (none of them 0)."""
    n, groups = int(sizes.sum()), len(sizes)
    if n == 0:
        return Proportion(0, 0, 0, math.nan, math.nan, math.nan)
    count = int(counts.sum())
    rate = count / n
    if count in (0, n):
        bound = zero_event_bound(groups)
        low, high = (0.0, bound) if count == 0 else (1.0 - bound, 1.0)
        return Proportion(n, groups, count, rate, low, high)
    if groups < 2:
        return Proportion(n, groups, count, rate, math.nan, math.nan)
    residuals = counts - rate * sizes
    rho = correlation_of(residuals, sizes, n * rate * (1 - rate))
    clustered, degrees, third = one_way(residuals / n, sizes / n, n, rho)
    skew = third / clustered**1.5 if clustered > 0.0 else 0.0
    low, high = score_bounds(rate, n, groups, math.sqrt(clustered), degrees, skew, confidence)
    return Proportion(n, groups, count, rate, low, high)


def score_bounds(
    rate: float, n: int, groups: int, error: float, degrees: float, skew: float, confidence: float
) -> tuple[float, float]:
    """Return the interval of a share strictly between 0 and 1 whose cluster-robust ``error`` is known."""
    effect = error**2 / (rate * (1 - rate) / (n - 1))
    # Where clusters vary no more than single trials would, the variance is the trials' own and well known; beyond
    # that, only the excess has to be learnt from clusters.
    leaning = effect > 1.0 + 1e-9
    if degrees < groups - 1:
        # The half degree given back to means costs shares their cover: measured, as all of this is.
        degrees -= 0.5
    known = min(n - 1.0, degrees * (1.0 + 1.0 / (1.0 + (effect - 1.0) ** 2))) if leaning else n - 1.0
    score = t_quantile(0.5 + confidence / 2, max(1.0, known))
    low, high = wilson(rate, max(1.0, n / max(1.0, effect)), score)
    if effect > _HERDS and groups >= FEW_CLUSTERS:
        # Herds of whole clusters make the share skewed beyond what Wilson's formula expects of single trials.
        low = max(0.0, min(low, rate - bent(score, skew) * error))
        high = min(1.0, max(high, rate - bent(-score, skew) * error))
    return low, high


def zero_event_bound(clusters: int) -> float:
    """Return the 95 % upper bound of a rate after no event in ``clusters`` clusters: 3 / clusters, at most 1."""
    return min(1.0, 3.0 / clusters) if clusters else math.nan
