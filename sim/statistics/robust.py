"""Say how far an estimate over few, unequal, skewed clusters can be trusted (pure).

Four laws of (estimate - truth) / error are kept, because each fails where another holds: Student's with degrees of
freedom for unequal clusters (Bell & McCaffrey 2002, under an intra-class correlation read from the data), the same
bent for skewness (Hall 1992), and the studentised bootstrap over clusters with unequal and with equal tails.  An end
of an interval is the mean of the two widest of theirs: measured on bursts, herds and crashes, that covers where none
of the four does (tests/campaigns/coverage.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from sim.statistics.interval import Array, t_quantile, t_tail
from sim.statistics.resampling import Function, Grid, studentised, value_and_error

FEW_CLUSTERS: Final = 5
"""Below this many clusters neither resampling nor a third moment says anything; Student's law alone is used."""


@dataclass(frozen=True, slots=True)
class Law:
    """Hold an estimate, its error and what is known of the law of (estimate - truth) / error.

    ``skew`` is the skewness of the estimate itself, about 1/√G of that of clusters, NaN when clusters are too few to
    have one; ``ratios`` are the bootstrap's, empty when there is none.  ``error`` is NaN where nothing repeats, or
    where a few clusters are equal.
    """

    value: float
    error: float
    degrees: float
    skew: float
    ratios: Array

    def ends(self, confidence: float) -> tuple[float, float]:
        """Return the interval at ``confidence``."""
        if math.isnan(self.error) or self.error == 0.0:
            at = self.value if self.error == 0.0 else math.nan
            return at, at
        tail = (1.0 - confidence) / 2
        high = t_quantile(1.0 - tail, self.degrees)
        if math.isnan(self.skew):
            return self.value - high * self.error, self.value + high * self.error
        uppers, lowers = [high, bent(high, self.skew)], [-high, bent(-high, self.skew)]
        if len(self.ratios):
            below, above = np.quantile(self.ratios, [tail, 1.0 - tail])
            both = float(np.quantile(np.abs(self.ratios), confidence))
            uppers += [float(above), both]
            lowers += [float(below), -both]
        upper, lower = sum(sorted(uppers)[-2:]) / 2, sum(sorted(lowers)[:2]) / 2
        return self.value - upper * self.error, self.value - lower * self.error

    def tails(self, margin: float) -> tuple[float, float]:
        """Return the p-values of "truth is at most ``margin``" and "truth is at least ``margin``".

        Each is the geometric mean of the two largest over the laws, as an end is the mean of the two widest.
        """
        if math.isnan(self.error):
            return math.nan, math.nan
        distance = self.value - margin
        if self.error == 0.0:
            return float(distance <= 0.0), float(distance >= 0.0)
        away = distance / self.error
        above, below = [t_tail(away, self.degrees)], [t_tail(-away, self.degrees)]
        if not math.isnan(self.skew):
            straight = _unbent(away, self.skew)
            above.append(t_tail(straight, self.degrees))
            below.append(t_tail(-straight, self.degrees))
        if len(self.ratios):
            # The draw that was seen counts too, so that no p-value is 0 (Davison & Hinkley 1997, 4.2).
            count = len(self.ratios) + 1
            above.append((1 + int((self.ratios >= away).sum())) / count)
            below.append((1 + int((self.ratios <= away).sum())) / count)
            further = (1 + int((np.abs(self.ratios) >= abs(away)).sum())) / count / 2
            above.append(further if away > 0.0 else 1.0 - further)
            below.append(further if away < 0.0 else 1.0 - further)
        return _two_largest(above), _two_largest(below)


def _two_largest(shares: list[float]) -> float:
    return math.sqrt(math.prod(sorted(shares)[-2:])) if len(shares) > 1 else shares[0]


def law_of(grid: Grid, function: Function, *, name: str, draws: int, seed: int) -> Law:
    """Return the law of a function of sums over clusters."""
    ones = (np.ones((1, size)) for size in grid.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(value_and_error(grid, function, *ones)[0][0])
    nothing = np.array([])
    if grid.n == 0 or math.isnan(value) or grid.units < 2:
        return Law(value if grid.n else math.nan, math.nan, 1.0, 0.0, nothing)
    pulls = _pulls(grid, function)
    error, degrees, skew = _spread(grid, pulls, _correlation(grid, function, pulls))
    if error == 0.0 and value != 0.0 and grid.units < FEW_CLUSTERS:
        # A few clusters that say the same by chance are no certainty; that nothing differs at all is told as such.
        return Law(value, math.nan, degrees, math.nan, nothing)
    if error == 0.0 or grid.units < FEW_CLUSTERS:
        return Law(value, error, degrees, math.nan, nothing)
    ratios = studentised(grid, function, name, draws, seed) if draws else nothing
    return Law(value, error, degrees, skew, ratios)


def _pulls(grid: Grid, function: Function) -> Array:
    """Return how much each cell pulls the estimate (dates × seeds); they sum to 0."""
    _, gradient = function(grid.sums.sum(axis=(1, 2))[None, :])
    pulls: Array = np.tensordot(gradient[0], grid.sums, axes=1)
    # What is left of cancelling is rounding, not spread.
    scale = np.abs(gradient[0][:, None, None] * grid.sums).sum(axis=0).max(initial=0.0)
    return np.where(np.abs(pulls) < 1e-12 * scale, 0.0, pulls)


def _spread(grid: Grid, pulls: Array, rho: float) -> tuple[float, float, float]:
    """Return error, degrees of freedom and skewness of the estimate, two-way when dates and seeds both repeat."""
    parts = [
        one_way(pulls.sum(axis=axis), grid.weights.sum(axis=axis), grid.n, rho)
        for axis, size in ((1, grid.shape[0]), (0, grid.shape[1]))
        if size > 1
    ]
    if len(parts) == 1:
        variance, degrees, third = parts[0]
    else:
        cell, cell_degrees, cell_third = one_way(pulls.ravel(), grid.weights.ravel(), grid.n, rho)
        own = [max(0.0, part - cell) for part, _, _ in parts]
        # The difference can come out too small by chance; the larger part is then the safe answer.
        variance = max(sum(part for part, _, _ in parts) - cell, *(part for part, _, _ in parts))
        spent = sum(part**2 / freedom for part, (_, freedom, _) in zip(own, parts, strict=True))
        degrees = variance**2 / (spent + cell**2 / cell_degrees) if variance > 0.0 else 1.0
        third = sum(part for _, _, part in parts) - cell_third
    if variance <= 0.0:
        return 0.0, max(1.0, degrees), 0.0
    return math.sqrt(variance), max(1.0, degrees), third / variance**1.5


def one_way(pulls: Array, weights: Array, n: int, rho: float) -> tuple[float, float, float]:
    """Return variance (CR2), degrees of freedom and third moment of a sum of ``pulls`` over units.

    A unit that is a large share of all drags the estimate with it and so shows too small a residual: each is divided
    by √(1 - weight).  Degrees are Satterthwaite's for units whose variance is ρ w² + (1 - ρ) w / n.
    """
    kept = np.clip(1.0 - weights, 1e-6, 1.0)
    variance = float((pulls**2 / kept).sum())
    spread = rho * weights**2 + (1.0 - rho) * weights / max(n, 1)
    total, parts = float(spread.sum()), 1.0 / kept
    if total <= 0.0:
        return variance, 1.0, 0.0
    own = -2.0 * weights * spread + total * weights**2
    trace = float((parts * (spread + own)).sum())
    square, cross = float((parts * weights**2).sum()), float((parts * weights * spread).sum())
    squares = 2.0 * square * float((parts * spread**2).sum()) + total**2 * square**2
    squares += 2.0 * cross**2 - 4.0 * total * square * cross
    squares += float((parts**2 * (spread**2 + 2.0 * spread * own)).sum())
    degrees = trace**2 / squares if squares > 0.0 else 1.0
    # Half a degree back: Satterthwaite's two or three are found to be too few, never more than G - 1.
    most = max(1.0, float((weights > 0.0).sum()) - 1.0)
    return variance, min(degrees + 0.5, most), float((pulls**3).sum())


def _correlation(grid: Grid, function: Function, pulls: Array) -> float:
    axis = 0 if grid.shape[0] == 1 else 1
    _, gradient = function(grid.sums.sum(axis=(1, 2))[None, :])
    squares = float(gradient[0] @ grid.moments @ gradient[0])
    return correlation_of(pulls.sum(axis=axis), grid.sizes.sum(axis=axis), squares)


def correlation_of(sums: Array, sizes: Array, squares: float) -> float:
    """Return the intra-class correlation of values around 0, by one-way analysis of variance (Donner & Koval 1980).

    ``sums`` and ``sizes`` per unit, ``squares``: Σ of squares over values.  1 where every unit holds a single value
    and where nothing varies: nothing is then known but the units.
    """
    sums, sizes = sums[sizes > 0], sizes[sizes > 0]
    groups, n = len(sizes), float(sizes.sum())
    if groups < 2 or n <= groups:
        return 1.0
    means = float((sums**2 / sizes).sum())
    between, within = means / (groups - 1), max(0.0, squares - means) / (n - groups)
    usual = (n - float((sizes**2).sum()) / n) / (groups - 1)
    scale = between + (usual - 1.0) * within
    return min(1.0, max(0.0, (between - within) / scale)) if scale > 0.0 else 1.0


_STRAIGHT: Final = 1e-6


def _unbent(away: float, skew: float) -> float:
    """Return the transformation of a studentised value that takes its skewness away (Hall 1992)."""
    return away + skew / 3 * away**2 + skew**2 / 27 * away**3 + skew / 6


def bent(quantile: float, skew: float) -> float:
    """Return what :func:`_unbent` turns into ``quantile``."""
    if abs(skew) < _STRAIGHT:
        return quantile
    return 3 / skew * (float(np.cbrt(1 + skew * (quantile - skew / 6))) - 1)
