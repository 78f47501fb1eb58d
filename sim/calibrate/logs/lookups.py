"""Fit how long the venue's reads lag behind its books: from look-ups that found an order only later.

The lag is taken to be exponential.  An order absent at its first look-up then lags as long again as any, whatever had
passed since it left, so only the looks themselves are needed: those that were absent bound the lag from below, and the
first sighting bounds it from above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import chi2

from sim.calibrate.logs.rates import exact
from sim.calibrate.logs.tally import Tally

Array = np.ndarray[Any, Any]

_DROP: Final = float(chi2.ppf(0.95, 1)) / 2


@dataclass(frozen=True, slots=True)
class LookUpLag:
    """Hold the mean lag (s) with its 95 % profile-likelihood interval; NaN where every order was there at once.

    ``n`` orders were found, ``late`` of them after an "absent".  ``applied``: of the orders that were looked up, the
    share that was found in the end, with its exact interval.
    """

    n: int
    late: int
    mean_s: float
    low_s: float
    high_s: float
    applied: float
    applied_low: float
    applied_high: float


def look_up_lag(tally: Tally) -> LookUpLag | None:
    """Return what the look-ups say; None where the log tells of none."""
    _, low_us, high_us = tally.lags.arrays()
    # Of sightings a sample may have been kept; how many there were is known.
    found = tally.lags.seen
    asked = found + tally.absent_to_the_end()
    if not asked:
        return None
    late = high_us > 0
    all_late = round(float(late.mean()) * found) if len(late) else 0
    lag = _mean_s(low_us[late] / 1e6, high_us[late] / 1e6) if late.any() else (math.nan,) * 3
    return LookUpLag(found, all_late, *lag, found / asked, *exact(found, asked))


def _mean_s(low_s: Array, high_s: Array) -> tuple[float, float, float]:
    def loss(log_mean: float) -> float:
        rate = math.exp(-log_mean)
        return -float(np.log(np.maximum(np.exp(-rate * low_s) - np.exp(-rate * high_s), 1e-300)).sum())

    reach = (math.log(1e-3), math.log(1e5))
    best = minimize_scalar(loss, bounds=reach, method="bounded")
    ends = [
        math.exp(brentq(lambda value: loss(value) - best.fun - _DROP, *sorted((best.x, edge))))
        if loss(edge) - best.fun > _DROP
        else (0.0 if edge < best.x else math.inf)
        for edge in reach
    ]
    return math.exp(best.x), ends[0], ends[1]
