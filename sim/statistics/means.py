"""Bound means, ratios of sums and paired differences of both, over dates × seeds (pure)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sim.errors import InputError
from sim.statistics.interval import Array, Interval, note_of
from sim.statistics.resampling import Function, Grid
from sim.statistics.robust import Law, law_of

Alternative = Literal["two-sided", "greater", "less"]


def mean(
    values: Array,
    dates: Array,
    seeds: Array,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    name: str = "mean",
    draws: int = 999,
) -> Interval:
    """Return the mean of ``values`` with its studentised cluster-bootstrap interval; NaN values are left out.

    ``dates`` and ``seeds`` label each value; when both vary they are resampled together (two-way).  ``name`` and
    ``seed`` key the draws, so the same numbers have the same interval wherever and whenever it is computed.
    """
    numbers = np.asarray(values, dtype=float)
    return ratio(
        numbers,
        np.ones(len(numbers)),
        dates,
        seeds,
        confidence=confidence,
        seed=seed,
        name=name,
        draws=draws,
    )


def ratio(
    numerators: Array,
    denominators: Array,
    dates: Array,
    seeds: Array,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    name: str = "ratio",
    draws: int = 999,
) -> Interval:
    """Return Σ numerators / Σ denominators with its interval; a pair with a NaN is left out."""
    columns = _floats(numerators, denominators)
    grid = _grid(columns, dates, seeds, columns[0] != 0.0, (1,))
    return bounded(grid, one_ratio, confidence=confidence, seed=seed, name=name, draws=draws)


def paired_mean(
    values_a: Array,
    values_b: Array,
    dates: Array,
    seeds: Array,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    name: str = "paired mean",
    draws: int = 999,
) -> Interval:
    """Return the mean of b - a over the same intents with its interval; a pair with a NaN is left out."""
    left, right = _floats(values_a, values_b)
    return mean(right - left, dates, seeds, confidence=confidence, seed=seed, name=name, draws=draws)


def paired_ratio(
    num_a: Array,
    den_a: Array,
    num_b: Array,
    den_b: Array,
    dates: Array,
    seeds: Array,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    name: str = "paired ratio",
    draws: int = 999,
) -> Interval:
    """Return Σ num_b / Σ den_b - Σ num_a / Σ den_a over the same intents with its interval.

    A pair with a NaN is left out.  NaN where a side has no denominator.
    """
    columns = _floats(num_a, den_a, num_b, den_b)
    differs = (columns[0] != columns[2]) | (columns[1] != columns[3])
    grid = _grid(columns, dates, seeds, differs, (1, 3))
    return bounded(grid, _two_ratios, confidence=confidence, seed=seed, name=name, draws=draws)


def p_value(
    values_a: Array,
    values_b: Array,
    dates: Array,
    seeds: Array,
    *,
    margin: float = 0.0,
    alternative: Alternative = "two-sided",
    seed: int = 0,
    draws: int = 999,
) -> float:
    """Return the p-value of "the mean of b - a is ``margin``" against ``alternative``; NaN when nothing is known.

    Raises InputError on arrays of different lengths.
    """
    left, right = _floats(values_a, values_b)
    law = mean_law(right - left, dates, seeds, name="paired mean", draws=draws, seed=seed)
    above, below = law.tails(margin)
    if alternative == "two-sided":
        return min(1.0, 2 * min(above, below))
    return above if alternative == "greater" else below


def mean_law(
    values: Array, dates: Array, seeds: Array, *, name: str = "mean", draws: int = 0, seed: int = 0
) -> Law:
    """Return what is known of the law of a mean; without ``draws`` nothing is resampled."""
    numbers = np.asarray(values, dtype=float)
    grid = _grid((numbers, np.ones(len(numbers))), dates, seeds, numbers != 0.0, (1,))
    return law_of(grid, one_ratio, name=name, draws=draws, seed=seed)


def bounded(
    grid: Grid,
    function: Function,
    *,
    confidence: float,
    seed: int,
    name: str,
    draws: int,
) -> Interval:
    """Return the interval of a function of sums over clusters."""
    law = law_of(grid, function, name=name, draws=draws, seed=seed)
    low, high = law.ends(confidence)
    return Interval(
        value=law.value,
        low=low,
        high=high,
        clusters=grid.clusters,
        discordant=grid.discordant,
        dates=grid.dates,
        note=note_of(grid.dates),
        error=law.error,
        n=grid.n,
    )


def one_ratio(totals: Array) -> tuple[Array, Array]:
    value = totals[:, 0] / totals[:, 1]
    return value, np.column_stack([1.0 / totals[:, 1], -value / totals[:, 1]])


def _two_ratios(totals: Array) -> tuple[Array, Array]:
    left, from_left = one_ratio(totals[:, :2])
    right, from_right = one_ratio(totals[:, 2:])
    return right - left, np.column_stack([-from_left, from_right])


def _floats(*columns: Array) -> tuple[Array, ...]:
    given = tuple(np.asarray(column, dtype=float) for column in columns)
    if len({len(column) for column in given}) > 1:
        raise InputError("paired values", [len(column) for column in given], "arrays of one length")
    return given


def _grid(
    columns: tuple[Array, ...], dates: Array, seeds: Array, differs: Array, denominators: tuple[int, ...]
) -> Grid:
    known = ~np.isnan(np.stack(columns)).any(axis=0)
    return Grid.of(
        [column[known] for column in columns],
        np.asarray(dates)[known],
        np.asarray(seeds)[known],
        differs=differs[known],
        denominators=denominators,
    )
