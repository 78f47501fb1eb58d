"""Say how sure a number is when what repeats is the cluster (market episode × seed), never the intent (pure).

Proportions: ratio of sums with a cluster-robust Wilson interval.  Means, differences and quantiles: studentised
bootstrap, over markets and seeds at once when both vary.  Censored times: Kaplan–Meier.  Tails: CVaR.
Intents of one burst or one crash are not independent; intervals on pooled intents would be far too narrow
(metrics: "Intervals").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from sim.metrics.resampling import Cells, draws_of, studentised, weighted_mean_and_error

Array = np.ndarray[Any, Any]

CONDITIONAL: Final = "conditional on this tape"
"""What a table says when it rests on fewer than :data:`ENOUGH_DATES` independent dates."""

ENOUGH_DATES: Final = 10

FEW_CLUSTERS: Final = 5
"""Below this many clusters resampling says nothing; a t interval with G - 1 degrees is printed instead."""


def note_of(dates: int) -> str:
    """Return the note of a table over ``dates`` independent dates: empty when there are enough."""
    return CONDITIONAL if dates < ENOUGH_DATES else ""


@dataclass(frozen=True, slots=True)
class Proportion:
    """Hold a share with its interval; NaN where there is no denominator or only one cluster."""

    n: int
    clusters: int
    count: int
    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """Hold a mean, difference or quantile with its interval; NaN where it cannot be said."""

    n: int
    clusters: int
    value: float
    error: float
    low: float
    high: float


def wilson(rate: float, n: float, quantile: float) -> tuple[float, float]:
    """Return Wilson's score interval for a share ``rate`` of ``n`` trials; ``quantile`` of the normal or t law."""
    square = quantile * quantile
    centre = (rate + square / (2 * n)) / (1 + square / n)
    half = quantile / (1 + square / n) * math.sqrt(rate * (1 - rate) / n + square / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def t_quantile(share: float, degrees: float) -> float:
    """Return the quantile of Student's law."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, share))


def proportion(hits: Array, clusters: Array, confidence: float = 0.95) -> Proportion:
    """Return the share of ``hits`` with a cluster-robust Wilson interval.

    The ratio's variance over clusters gives a design effect, and n divided by it an effective n (never above n);
    Wilson's formula then takes t with G - 1 degrees.  With one trial per cluster this is Wilson with t.  No event
    at all (or nothing but events) says nothing about variance: the bound is then 3 / clusters.
    """
    n = len(hits)
    codes, found = pd.factorize(clusters)
    groups = len(found)
    if n == 0:
        return Proportion(0, 0, 0, math.nan, math.nan, math.nan)
    flags = np.asarray(hits, dtype=float)
    count = int(flags.sum())
    rate = count / n
    if count in (0, n):
        bound = zero_event_bound(groups)
        low, high = (0.0, bound) if count == 0 else (1.0 - bound, 1.0)
        return Proportion(n, groups, count, rate, low, high)
    if groups < 2:
        return Proportion(n, groups, count, rate, math.nan, math.nan)
    sizes = np.bincount(codes, minlength=groups)
    residuals = np.bincount(codes, flags, groups) - rate * sizes
    clustered = groups / (groups - 1) * float(residuals @ residuals) / n**2
    effect = max(1.0, clustered / (rate * (1 - rate) / (n - 1)))
    effective = max(1.0, n / effect)
    low, high = wilson(rate, effective, t_quantile(0.5 + confidence / 2, groups - 1))
    return Proportion(n, groups, count, rate, low, high)


def zero_event_bound(clusters: int) -> float:
    """Return the 95 % upper bound of a rate after no event in ``clusters`` clusters: 3 / clusters, at most 1."""
    return min(1.0, 3.0 / clusters) if clusters else math.nan


def mean(
    values: Array,
    markets: Array,
    seeds: Array,
    *,
    name: str = "mean",
    draws: int = 999,
    confidence: float = 0.95,
) -> Estimate:
    """Return the mean of ``values`` with its studentised cluster-bootstrap interval.

    ``markets`` and ``seeds`` label each value; when both vary they are resampled together (two-way).  ``name``
    keys the draws, so the same table has the same interval wherever and whenever it is computed.
    """
    cells = Cells.of(np.asarray(values, dtype=float), markets, seeds)
    if cells.n == 0:
        return Estimate(0, 0, math.nan, math.nan, math.nan, math.nan)
    value, units = cells.mean, cells.units
    if units < 2:
        return Estimate(cells.n, cells.filled, value, math.nan, math.nan, math.nan)
    error = cells.error
    low, high = value, value
    if error > 0.0 and units < FEW_CLUSTERS:
        half = t_quantile(0.5 + confidence / 2, units - 1) * error
        low, high = value - half, value + half
    elif error > 0.0:
        low, high = _turned(value, error, studentised(cells, name, draws), confidence)
    return Estimate(cells.n, cells.filled, value, error, low, high)


def _turned(value: float, error: float, ratios: Array, confidence: float) -> tuple[float, float]:
    """Turn the law of (drawn - value) / drawn error into an interval; hence the crossed tails."""
    if len(ratios) == 0:
        return math.nan, math.nan
    tail = (1 - confidence) / 2
    low, high = np.quantile(ratios, [1 - tail, tail])
    return value - float(low) * error, value - float(high) * error


def quantile(
    values: Array,
    markets: Array,
    seeds: Array,
    share: float,
    *,
    name: str = "quantile",
    draws: int = 499,
    confidence: float = 0.95,
) -> Estimate:
    """Return the ``share`` quantile of ``values`` with a studentised bootstrap over markets and seeds.

    The error is that of the empirical distribution at the quantile, carried through the quantile function
    (Woodruff 1952), in the sample and in each draw.  Fewer than :data:`FEW_CLUSTERS` units give no interval.
    """
    order = np.argsort(np.asarray(values, dtype=float), kind="stable")
    ordered = np.asarray(values, dtype=float)[order]
    cells = Cells.of(ordered, np.asarray(markets)[order], np.asarray(seeds)[order])
    if cells.n == 0:
        return Estimate(0, 0, math.nan, math.nan, math.nan, math.nan)
    ones = (np.ones((1, size)) for size in cells.sums.shape)
    value, error = _quantile_and_error(cells, ordered, share, *ones)
    if cells.units < FEW_CLUSTERS:
        return Estimate(cells.n, cells.filled, value, math.nan, math.nan, math.nan)
    if error == 0.0:
        return Estimate(cells.n, cells.filled, value, 0.0, value, value)
    ratios = []
    for by_market, by_seed in draws_of(cells, name, draws):
        for i in range(len(by_market)):
            drawn, spread = _quantile_and_error(
                cells, ordered, share, by_market[i : i + 1], by_seed[i : i + 1]
            )
            if spread > 0.0:
                ratios.append((drawn - value) / spread)
    low, high = _turned(value, error, np.array(ratios), confidence)
    return Estimate(cells.n, cells.filled, value, error, low, high)


def _quantile_and_error(
    cells: Cells, ordered: Array, share: float, by_market: Array, by_seed: Array
) -> tuple[float, float]:
    """Return a weighted quantile of sorted values and its error; one row of weights per label."""
    running = np.cumsum(by_market[0, cells.market_of] * by_seed[0, cells.seed_of])
    total = float(running[-1])
    if total == 0.0:
        return math.nan, 0.0

    def at(level: float) -> float:
        place = int(np.searchsorted(running, min(max(level, 0.0), 1.0) * total - 1e-9))
        return float(ordered[min(place, len(ordered) - 1)])

    value = at(share)
    below = cells.with_values((ordered <= value).astype(float))
    _, errors = weighted_mean_and_error(below, by_market, by_seed)
    reach = 1.96 * float(errors[0])
    return value, (at(share + reach) - at(share - reach)) / (2 * 1.96)


# -- censored times ---------------------------------------------------------------------------------------


def kaplan_meier(times: Array, reached: Array) -> tuple[Array, Array]:
    """Return the moments of events and the share that has not reached the event just after each.

    ``times``: when the event came (``reached``) or until when it was seen not to have come (censored).  A value
    censored at the moment of an event was still at risk.
    """
    moments = np.asarray(times, dtype=float)
    flags = np.asarray(reached, dtype=bool)
    events, counts = np.unique(moments[flags], return_counts=True)
    at_risk = len(moments) - np.searchsorted(np.sort(moments), events, side="left")
    return events, np.cumprod(1.0 - counts / np.maximum(at_risk, 1))


def kaplan_meier_quantile(times: Array, reached: Array, share: float) -> float:
    """Return when ``share`` of all has reached the event; NaN when the curve never gets there."""
    events, waiting = kaplan_meier(times, reached)
    done = np.flatnonzero(1.0 - waiting >= share - 1e-12)
    return float(events[done[0]]) if len(done) else math.nan


# -- tails ------------------------------------------------------------------------------------------------


def cvar(values: Array, share: float = 0.05, worst: Literal["high", "low"] = "high") -> float:
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
