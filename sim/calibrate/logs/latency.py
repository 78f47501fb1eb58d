"""Fit the round trip of an attempt: log-normal, from times that lines round, cut at the client's time-out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_ndtr, ndtr
from scipy.stats import chi2

from sim.calibrate.logs.tally import Tally
from sim.statistics.interval import t_quantile

Array = np.ndarray[Any, Any]

_Z99: Final = 2.3263478740408408
_WEATHER_US: Final = 60_000_000
"""Round trips of one minute are one cluster: slow moments last some ten seconds (:mod:`sim.exchange.latency`)."""
_FINE_US: Final = 20_000
_BINS: Final = 10
FEWEST: Final = 20


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Hold the law of both legs together, by its median and 99th percentile (ms) with 95 % intervals.

    ``timeout_s``: the patience seen in silent attempts; 0 where none was silent.  ``late_share``: attempts whose answer
    the law puts beyond it.  ``fit_p``: chi-square of ten classes of equal probability, one trip a minute; NaN where
    there are fewer than fifty such minutes.
    """

    n: int
    minutes: int
    p50_ms: float
    p50_low_ms: float
    p50_high_ms: float
    p99_ms: float
    p99_low_ms: float
    p99_high_ms: float
    timeout_s: float
    late_share: float
    fit_p: float


def round_trip(tally: Tally) -> RoundTrip | None:
    """Return the fitted law; None with fewer than :data:`FEWEST` answered attempts."""
    at_us, low_us, high_us = tally.trips.arrays()
    if len(at_us) < FEWEST:
        return None
    patience = tally.patience.most_common(1)
    timeout_s = patience[0][0] if patience else 0.0
    low, high = np.log(np.maximum(low_us, 1)), np.log(np.maximum(high_us, 2))
    cut = math.log(timeout_s * 1e6) if timeout_s > 0.0 else math.inf
    middle = (low[high_us - low_us < _FINE_US] + high[high_us - low_us < _FINE_US]) / 2
    start = [float(np.median(middle)), max(0.1, float(np.std(middle)))] if len(middle) > 5 else [10.8, 0.6]
    theta = minimize(
        lambda value: -float(_log_density(low, high, cut, value[0], math.exp(value[1])).sum()),
        np.array([start[0], math.log(start[1])]),
        method="Nelder-Mead",
        options={"xatol": 1e-5, "fatol": 1e-4, "maxiter": 800},
    ).x
    covariance, minutes = _sandwich(low, high, cut, theta, at_us // _WEATHER_US)
    mu, sigma = float(theta[0]), math.exp(float(theta[1]))
    # Minutes hold unequal numbers of trips, and neighbours share their weather: half the degrees.
    times = t_quantile(0.975, max(1, minutes // 2))
    error50 = math.sqrt(covariance[0, 0])
    slope = np.array([1.0, _Z99 * sigma])
    error99 = math.sqrt(float(slope @ covariance @ slope))
    p50, p99 = mu - math.log(1e3), mu + _Z99 * sigma - math.log(1e3)
    return RoundTrip(
        len(at_us), minutes,
        math.exp(p50), math.exp(p50 - times * error50), math.exp(p50 + times * error50),
        math.exp(p99), math.exp(p99 - times * error99), math.exp(p99 + times * error99),
        timeout_s, float(ndtr(-(cut - mu) / sigma)), _goodness(at_us, low_us, high_us, mu, sigma),
    )  # fmt: skip


def _log_density(low: Array, high: Array, cut: float, mu: float, sigma: float) -> Array:
    """Return each observation's log-probability to lie between its bounds, given an answer before the time-out."""
    a, b = (low - mu) / sigma, (high - mu) / sigma
    # In the upper tail differences of 1 - tiny would vanish, so both ends are mirrored there.
    flip = a + b > 0.0
    a, b = np.where(flip, -b, a), np.where(flip, -a, b)
    upper, lower = log_ndtr(b), log_ndtr(a)
    inside = upper + np.log1p(-np.exp(np.minimum(lower - upper, -1e-12)))
    found: Array = np.maximum(inside, -700.0) - float(log_ndtr((cut - mu) / sigma))
    return found


def _sandwich(low: Array, high: Array, cut: float, theta: Array, minutes: Array) -> tuple[Array, int]:
    """Return the covariance of (mu, log sigma) that clusters of time leave, and how many there are."""

    def each(shift: tuple[float, float]) -> Array:
        return _log_density(low, high, cut, theta[0] + shift[0], math.exp(theta[1] + shift[1]))

    h = 1e-4
    scores = np.column_stack(
        [(each((h, 0)) - each((-h, 0))) / (2 * h), (each((0, h)) - each((0, -h))) / (2 * h)]
    )
    middle = each((0, 0)).sum()
    bend = np.empty((2, 2))
    wide = 1e-3
    bend[0, 0] = (each((wide, 0)).sum() - 2 * middle + each((-wide, 0)).sum()) / wide**2
    bend[1, 1] = (each((0, wide)).sum() - 2 * middle + each((0, -wide)).sum()) / wide**2
    corners = (each((wide, wide)), each((-wide, -wide)), each((wide, -wide)), each((-wide, wide)))
    bend[0, 1] = bend[1, 0] = (corners[0].sum() + corners[1].sum() - corners[2].sum() - corners[3].sum()) / (
        4 * wide**2
    )
    names, codes = np.unique(minutes, return_inverse=True)
    sums = np.column_stack([np.bincount(codes, scores[:, column]) for column in (0, 1)])
    groups = len(names)
    meat = sums.T @ sums * (groups / max(1, groups - 2))
    # Trips that are all alike leave no curvature: then nothing is known of how they spread, and nothing is claimed.
    bread = np.linalg.pinv(np.nan_to_num(-bend))
    return bread @ meat @ bread, groups


def _goodness(at_us: Array, low_us: Array, high_us: Array, mu: float, sigma: float) -> float:
    fine = high_us - low_us < _FINE_US
    _, first = np.unique(at_us[fine] // _WEATHER_US, return_index=True)
    if len(first) < 50:
        return math.nan
    middle = np.log(np.maximum(1.0, (low_us[fine][first] + high_us[fine][first]) / 2))
    place = np.minimum((ndtr((middle - mu) / sigma) * _BINS).astype(int), _BINS - 1)
    counts, expected = np.bincount(place, minlength=_BINS), len(first) / _BINS
    return float(chi2.sf(float(((counts - expected) ** 2 / expected).sum()), _BINS - 3))
