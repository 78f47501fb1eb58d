"""Bound quantiles and the mean of the worst, whose errors live in few values (pure)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Literal

import numpy as np

from sim.statistics.interval import Array, Interval
from sim.statistics.means import mean, mean_law, paired_mean
from sim.statistics.proportions import score_bounds, zero_event_bound

Worst = Literal["high", "low"]

FEW_FOR_TAIL: Final = "few clusters for a tail: a nominal 95 % may cover 85 %"
"""What a quantile beyond the quarters says below :data:`_ENOUGH_FOR_TAILS` clusters (tests/campaigns/coverage.py)."""

_ENOUGH_FOR_TAILS: Final = 50


def cvar(values: Array, share: float = 0.05, worst: Worst = "high") -> float:
    """Return the mean of the worst ``share`` of ``values``, the boundary value taken in part; NaN for none."""
    ordered = np.sort(np.asarray(values, dtype=float))
    if len(ordered) == 0:
        return math.nan
    if worst == "high":
        ordered = ordered[::-1]
    wanted = share * len(ordered)
    whole = math.floor(wanted + 1e-9)
    rest = max(0.0, wanted - whole)
    total = float(ordered[:whole].sum())
    if rest > 0.0 and whole < len(ordered):
        total += rest * float(ordered[whole])
    return total / wanted


def paired_cvar(
    values_a: Array,
    values_b: Array,
    dates: Array,
    seeds: Array,
    share: float = 0.05,
    worst: Worst = "high",
    *,
    confidence: float = 0.95,
    seed: int = 0,
    name: str = "paired cvar",
    draws: int = 999,
) -> Interval:
    """Return CVaR of b minus CVaR of a over the same intents with its interval; a pair with a NaN is left out.

    The CVaR is the least of q + E[max(x - q, 0)] / share over q (Rockafellar & Uryasev 2000), so to first order it is
    the mean of that at the sample's own q, and its interval that of a paired mean.
    """
    left, right = np.asarray(values_a, dtype=float), np.asarray(values_b, dtype=float)
    known = ~(np.isnan(left) | np.isnan(right))
    parts_a, parts_b = (_tail_parts(side[known], share, worst) for side in (left, right))
    return paired_mean(
        parts_a,
        parts_b,
        np.asarray(dates)[known],
        np.asarray(seeds)[known],
        confidence=confidence,
        seed=seed,
        name=name,
        draws=draws,
    )


def _tail_parts(values: Array, share: float, worst: Worst) -> Array:
    """Return values whose mean is the CVaR: q + max(x - q, 0) / share, or its mirror image."""
    if len(values) == 0:
        return values
    sign = 1.0 if worst == "high" else -1.0
    turned_up = sign * values
    place = max(0, len(values) - 1 - math.floor(share * len(values) + 1e-9))
    at = float(np.partition(turned_up, place)[place])
    return sign * (at + np.maximum(turned_up - at, 0.0) / share)


def quantile(
    values: Array,
    dates: Array,
    seeds: Array,
    share: float,
    *,
    confidence: float = 0.95,
) -> Interval:
    """Return the ``share`` quantile of ``values`` with its interval; NaN values are left out.

    The interval holds every x whose share of values below is compatible with ``share`` (Woodruff 1952), by the
    interval that :func:`proportion` gives a share, two-way when dates and seeds both vary.  Nothing is resampled.
    """
    numbers = np.asarray(values, dtype=float)
    known = ~np.isnan(numbers)
    numbers, labels = numbers[known], (np.asarray(dates)[known], np.asarray(seeds)[known])
    places = np.unique(numbers)
    described = mean(numbers, *labels, draws=0)
    if len(places) == 0 or math.isnan(described.error):
        value = float(np.quantile(numbers, share, method="inverted_cdf")) if len(places) else math.nan
        return replace(described, value=value, low=math.nan, high=math.nan, error=math.nan)

    def bounds(place: int) -> tuple[float, float]:
        below = (numbers <= places[place]).astype(float)
        law = mean_law(below, *labels)
        if law.error == 0.0 or law.value in (0.0, 1.0):
            bound = zero_event_bound(described.clusters)
            return (1.0 - bound, 1.0) if law.value == 1.0 else (0.0, bound)
        shape = law.degrees, 0.0 if math.isnan(law.skew) else law.skew
        return score_bounds(law.value, len(numbers), described.clusters, law.error, *shape, confidence)

    value = float(np.quantile(numbers, share, method="inverted_cdf"))
    low = _first(len(places), lambda place: bounds(place)[1] >= share)
    high = _first(len(places), lambda place: bounds(place)[0] > share)
    ends = float(places[low]), float(places[high])
    few = min(share, 1.0 - share) < 0.25 and described.clusters < _ENOUGH_FOR_TAILS
    return replace(
        described,
        value=value,
        low=min(ends[0], value),
        high=max(ends[1], value),
        error=(ends[1] - ends[0]) / 4,
        note="; ".join(text for text in (described.note, FEW_FOR_TAIL if few else "") if text),
    )


def _first(count: int, holds: Callable[[int], bool]) -> int:
    """Return the first place at which ``holds`` turns true, by halving; the last when it never does."""
    low, high = 0, count - 1
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
