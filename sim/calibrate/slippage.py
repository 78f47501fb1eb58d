"""Fit the two lines of a slippage model by quantile regression, as a linear programme (pure).

The dual is solved, which has six rows whatever the number of fills (Koenker & Bassett 1978): maximise y·λ subject to
X·λ = 0 for free coefficients, X·λ <= 0 for those that may not be negative, and -(1 - q) <= λ <= q.  The coefficients
are its multipliers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.optimize import linprog

from sim.calibrate.fills import Fills
from sim.errors import SimError
from sim.execution.slippage_model import Line

Array = np.ndarray[Any, Any]

EXPONENTS: Final = (0.5, 0.75, 1.0)
"""Growth of cost with size: square root, linear, and between; the one that fits the median best is taken."""
QUANTILES: Final = {"median": 0.5, "q90": 0.9}
_FREE: Final = 4
"""The first features are free; the ones with size in them may not be negative."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """Hold the two lines and the exponent of size they share."""

    size_exponent: float
    median: Line
    q90: Line

    def predict(self, fills: Fills, name: str) -> Array:
        """Return the predictions of one line, in bps."""
        line = self.median if name == "median" else self.q90
        return features(fills, self.size_exponent) @ _coefficients(line)


def pinball(slippage_bps: Array, predicted_bps: Array, quantile: float) -> Array:
    """Return each fill's loss: ``quantile`` per bps predicted too low, its complement per bps too high."""
    over = slippage_bps - predicted_bps
    loss: Array = np.maximum(quantile * over, (quantile - 1.0) * over)
    return loss


def features(fills: Fills, size_exponent: float) -> Array:
    """Return one row per fill: 1, sine and cosine of the hour, volatility, size, size times volatility."""
    angle = 2.0 * np.pi * fills.hour / 24.0
    size = fills.share**size_exponent
    ones = np.ones(len(fills))
    return np.column_stack(
        [ones, np.sin(angle), np.cos(angle), fills.volatility_bps, size, size * fills.volatility_bps]
    )


def fit(fills: Fills) -> Fitted:
    """Fit both lines; the exponent is the one whose median line has the least loss on these fills."""
    tried = []
    for exponent in EXPONENTS:
        table = features(fills, exponent)
        line = _quantile_line(table, fills.slippage_bps, QUANTILES["median"])
        loss = float(pinball(fills.slippage_bps, table @ line, QUANTILES["median"]).mean())
        tried.append((loss, exponent, line))
    _, exponent, median = min(tried, key=lambda one: one[0])
    q90 = _quantile_line(features(fills, exponent), fills.slippage_bps, QUANTILES["q90"])
    return Fitted(size_exponent=exponent, median=_line(median), q90=_line(q90))


def _quantile_line(table: Array, values: Array, quantile: float) -> Array:
    # A feature that hardly varies (calm days stand at the least volatility) must not spoil the others' scale.
    scale = np.abs(table).max(axis=0)
    scaled = table / np.where(scale > 0, scale, 1.0)
    solved = linprog(
        -values,
        A_ub=scaled[:, _FREE:].T,
        b_ub=np.zeros(table.shape[1] - _FREE),
        A_eq=scaled[:, :_FREE].T,
        b_eq=np.zeros(_FREE),
        bounds=(quantile - 1.0, quantile),
        method="highs",
    )
    if not solved.success:
        raise SimError(f"the quantile regression at {quantile} found no solution: {solved.message}")
    found = -np.concatenate([solved.eqlin.marginals, solved.ineqlin.marginals])
    found[_FREE:] = np.maximum(found[_FREE:], 0.0)
    line: Array = found / np.where(scale > 0, scale, 1.0)
    return line


def _line(coefficients: Array) -> Line:
    intercept, hour_sin, hour_cos, volatility, size, size_volatility = (float(one) for one in coefficients)
    return Line(
        intercept_bps=intercept,
        hour_sin_bps=hour_sin,
        hour_cos_bps=hour_cos,
        volatility_bps=volatility,
        size_bps=size,
        size_volatility_bps=size_volatility,
    )


def _coefficients(line: Line) -> Array:
    return np.array(
        [
            line.intercept_bps,
            line.hour_sin_bps,
            line.hour_cos_bps,
            line.volatility_bps,
            line.size_bps,
            line.size_volatility_bps,
        ]
    )
