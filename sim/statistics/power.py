"""Say how many clusters a comparison needs, and what pairing saves (pure)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.errors import InputError
from sim.statistics.interval import Array
from sim.statistics.resampling import codes_of
from sim.statistics.robust import correlation_of


@dataclass(frozen=True, slots=True)
class Required:
    """Hold the clusters that a two-sided test of ``effect`` needs to have ``power``."""

    clusters: int
    effect: float
    power: float
    confidence: float
    deviation: float


def required_clusters(
    effect: float, deviation: float, *, power: float = 0.8, confidence: float = 0.95
) -> Required:
    """Return how many clusters a two-sided t test needs to see ``effect``.

    ``deviation``: standard deviation of a cluster's part in the estimate, so that the error over G clusters is
    deviation / √G (:func:`cluster_deviation` reads it from a pilot).  Raises InputError on an effect of 0 and on
    shares outside (0, 1).
    """
    if effect == 0.0 or not math.isfinite(effect):
        raise InputError("effect", effect, "a number other than 0")
    for name, share in (("power", power), ("confidence", confidence)):
        if not 0.0 < share < 1.0:
            raise InputError(name, share, "a share between 0 and 1")
    if not deviation >= 0.0:
        raise InputError("deviation", deviation, "a standard deviation, 0 or more")
    clusters = 2
    while _power(clusters, abs(effect), deviation, confidence) < power:
        clusters = _next(clusters)
    low = max(2, math.floor(clusters / 1.02) - 1)
    while low < clusters and _power(low, abs(effect), deviation, confidence) < power:
        low += 1
    return Required(low, effect, power, confidence, deviation)


def smallest_effect(
    clusters: int, deviation: float, *, power: float = 0.8, confidence: float = 0.95
) -> float:
    """Return the smallest effect that ``clusters`` clusters see with ``power``, to one part in a thousand."""
    low, high = 0.0, deviation
    while high > 0.0 and _power(clusters, high, deviation, confidence) < power:
        low, high = high, 2.0 * high
    while high - low > 1e-3 * high:
        middle = (low + high) / 2
        if _power(clusters, middle, deviation, confidence) < power:
            low = middle
        else:
            high = middle
    return high


def _next(clusters: int) -> int:
    return clusters + max(1, clusters // 50)


def _power(clusters: int, effect: float, deviation: float, confidence: float) -> float:
    """Return the power of a two-sided t test over ``clusters`` clusters."""
    from scipy.special import nctdtr, stdtrit

    if deviation == 0.0:
        return 1.0
    degrees = clusters - 1
    limit = float(stdtrit(degrees, 0.5 + confidence / 2))
    away = effect / deviation * math.sqrt(clusters)
    if away > 30:
        return 1.0 if away > limit + 10 else 0.0
    return float(1.0 - nctdtr(degrees, away, limit) + nctdtr(degrees, away, -limit))


def cluster_deviation(values: Array, clusters: Array) -> float:
    """Return the standard deviation of a cluster's part in the mean of ``values``; NaN values are left out.

    NaN with fewer than two clusters.  Divided by √G it is the cluster-robust error of the mean.
    """
    numbers = np.asarray(values, dtype=float)
    known = ~np.isnan(numbers)
    numbers = numbers[known]
    codes, groups = codes_of(np.asarray(clusters)[known])
    if groups < 2:
        return math.nan
    parts = np.bincount(codes, numbers - numbers.mean(), groups) * (groups / len(numbers))
    return float(np.sqrt((parts**2).sum() / (groups - 1)))


def careful_deviation(deviation: float, clusters: int, confidence: float = 0.8) -> float:
    """Return the upper bound of a standard deviation that a pilot of ``clusters`` clusters measured.

    A plan on the measured one itself misses its power every other time (Browne 1995).
    """
    from scipy.special import chdtri

    if clusters < 2:
        return math.nan
    return deviation * math.sqrt((clusters - 1) / float(chdtri(clusters - 1, confidence)))


def intraclass(values: Array, clusters: Array) -> float:
    """Return the intra-class correlation of ``values`` by one-way analysis of variance, between 0 and 1.

    NaN when there is no spread, one cluster, or one value per cluster.
    """
    numbers = np.asarray(values, dtype=float)
    known = ~np.isnan(numbers)
    numbers = numbers[known]
    codes, groups = codes_of(np.asarray(clusters)[known])
    if groups < 2 or len(numbers) <= groups:
        return math.nan
    away = numbers - numbers.mean()
    squares = float(away @ away)
    if squares == 0.0:
        return math.nan
    return correlation_of(np.bincount(codes, away, groups), np.bincount(codes, minlength=groups), squares)


def variance_ratio(values_a: Array, values_b: Array, dates: Array, seeds: Array) -> float:
    """Return the variance of the difference of means unpaired / paired, over clusters date × seed.

    Above 1 pairing helps: so many times fewer clusters give the same width.  NaN with fewer than two clusters; inf
    when pairs never differ and the sides do vary.
    """
    left, right = np.asarray(values_a, dtype=float), np.asarray(values_b, dtype=float)
    known = ~(np.isnan(left) | np.isnan(right))
    date_of, _ = codes_of(np.asarray(dates)[known])
    seed_of, seed_count = codes_of(np.asarray(seeds)[known])
    clusters = date_of * seed_count + seed_of
    left, right = left[known], right[known]
    paired = cluster_deviation(right - left, clusters) ** 2
    unpaired = cluster_deviation(left, clusters) ** 2 + cluster_deviation(right, clusters) ** 2
    if paired == 0.0:
        return math.inf if unpaired > 0.0 else math.nan
    return unpaired / paired
