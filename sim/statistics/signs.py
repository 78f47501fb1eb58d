"""Say which way each date points: what to look at when dates are few (pure)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.statistics.interval import Array


@dataclass(frozen=True, slots=True)
class DateSign:
    """Hold the mean of b - a on one date and its sign: "+", "-", "0", or "" when nothing is known."""

    date: int
    n: int
    mean_difference: float
    sign: str


def sign_table(values_a: Array, values_b: Array, dates: Array) -> tuple[DateSign, ...]:
    """Return the sign of b - a on each date, in order of dates; NaN on either side leaves a pair out."""
    difference = np.asarray(values_b, dtype=float) - np.asarray(values_a, dtype=float)
    labels = np.asarray(dates)
    rows = []
    for date in np.unique(labels):
        found = difference[labels == date]
        found = found[~np.isnan(found)]
        average = float(found.mean()) if len(found) else math.nan
        sign = "+" if average > 0 else "-" if average < 0 else "0" if len(found) else ""
        rows.append(DateSign(int(date), len(found), average, sign))
    return tuple(rows)
