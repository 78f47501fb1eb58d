"""Resample clusters with keyed chance, so that an interval is a function of its data and its name (pure).

Values are summed into cells (date × seed); everything after that costs cells, not intents.  With one seed the
cells are a column of dates, with one date a row of seeds; with several of both, dates and seeds are drawn
independently and a cell's weight is the product (Owen's pigeonhole bootstrap), because two seeds on one tape
share its price and two tapes under one seed share its weather.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from sim.chance import key_of, mix
from sim.statistics.interval import ENOUGH_DATES, Array

_BLOCK: Final = 2_000_000

Function = Callable[[Array], tuple[Array, Array]]
"""Totals (draws × sums) to values (draws) and their gradients (draws × sums)."""


def codes_of(labels: Array) -> tuple[Array, int]:
    """Return the place of each label among the sorted different ones, and how many those are."""
    given = np.asarray(labels)
    if given.dtype == object:
        names = {name: place for place, name in enumerate(sorted(set(given.tolist())))}
        return np.fromiter((names[name] for name in given.tolist()), np.int64, len(given)), len(names)
    if given.dtype.kind in "iu" and len(given) and int(given.max()) - int(given.min()) <= 4 * len(given):
        # Days and seeds lie close together: counting them is far cheaper than sorting.
        away = given.astype(np.int64) - int(given.min())
        there = np.bincount(away) > 0
        return (np.cumsum(there) - 1)[away], int(there.sum())
    found, codes = np.unique(given, return_inverse=True)
    return codes.reshape(-1), len(found)


@dataclass(frozen=True, slots=True)
class Grid:
    """Hold sums per cell (sums × dates × seeds), and what they were summed from.

    ``sizes``: values per cell; ``weights``: a cell's share of the denominators, which sum to 1; ``moments``: Σ of
    products of the columns over values (sums × sums), from which the spread inside cells follows.  ``clusters``
    counts date × seed, ``discordant`` those of them that hold a value other than 0.
    """

    sums: Array
    sizes: Array
    weights: Array
    moments: Array
    n: int
    clusters: int
    discordant: int
    dates: int

    @classmethod
    def of(
        cls,
        columns: Sequence[Array],
        dates: Array,
        seeds: Array,
        *,
        differs: Array,
        denominators: Sequence[int] = (),
    ) -> Grid:
        """Sum each of ``columns`` by its labels; ``denominators`` says which of them are some (else values count).

        Fewer than :data:`ENOUGH_DATES` dates under several seeds are no sample of dates: they are then held as they
        are, seeds alone repeat, and whatever is said is conditional on this tape.
        """
        date_of, date_count = codes_of(dates)
        seed_of, seed_count = codes_of(seeds)
        place = date_of * seed_count + seed_of
        shape = (max(date_count, 1), max(seed_count, 1))

        def summed(column: Array | None) -> Array:
            filled = np.bincount(place, column, shape[0] * shape[1]).astype(float).reshape(shape)
            held = date_count < ENOUGH_DATES and seed_count > 1
            return filled.sum(axis=0, keepdims=True) if held else filled

        sums, sizes = np.stack([summed(column) for column in columns]), summed(None)
        parts = [sums[i] for i in denominators] or [sizes]
        with np.errstate(divide="ignore", invalid="ignore"):
            weights = sum(part / part.sum() for part in parts) / len(parts)
        stacked = np.stack(list(columns))
        return cls(
            sums=sums,
            sizes=sizes,
            weights=np.asarray(weights),
            moments=stacked @ stacked.T,
            n=len(place),
            clusters=int(np.count_nonzero(np.bincount(place))),
            discordant=int(np.count_nonzero(np.bincount(place[differs]))),
            dates=date_count,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Return how many dates and seeds repeat."""
        return int(self.sums.shape[1]), int(self.sums.shape[2])

    @property
    def units(self) -> int:
        """Count what repeats: dates or seeds; the fewer of the two when both do."""
        fewer, more = sorted(self.shape)
        return fewer if fewer > 1 else more


def value_and_error(grid: Grid, function: Function, by_date: Array, by_seed: Array) -> tuple[Array, Array]:
    """Return value and standard error of each draw; rows of the weights are draws, columns dates or seeds.

    The error is the delta method's over clusters, two-way when both repeat.  A date drawn twice counts as two dates
    with equal residuals, not as one of double size: the latter would inflate the error by the root of two and make
    intervals too narrow.
    """
    sums = grid.sums
    dates, seeds = grid.shape
    date_sums = np.stack([by_seed @ layer.T for layer in sums])
    totals = (by_date * date_sums).sum(axis=2).T
    with np.errstate(divide="ignore", invalid="ignore"):
        value, gradient = function(totals)
        pull = gradient.T[:, :, None]
        from_date = (by_date * (pull * date_sums).sum(axis=0) ** 2).sum(axis=1) * corrected(dates)
        if seeds == 1:
            return value, np.sqrt(from_date)
        seed_sums = np.stack([by_date @ layer for layer in sums])
        from_seed = (by_seed * (pull * seed_sums).sum(axis=0) ** 2).sum(axis=1) * corrected(seeds)
        if dates == 1:
            return value, np.sqrt(from_seed)
        cross = np.zeros(len(value))
        for i, first in enumerate(sums):
            for j, second in enumerate(sums[: i + 1]):
                part = ((by_date @ (first * second)) * by_seed).sum(axis=1)
                cross += (1 if i == j else 2) * gradient[:, i] * gradient[:, j] * part
        both = from_date + from_seed - cross * corrected(dates * seeds)
        # The difference can come out too small by chance; the larger part is then the safe answer.
        return value, np.sqrt(np.maximum(both, np.maximum(from_date, from_seed)))


def corrected(groups: int) -> float:
    """Return G / (G - 1), by which a variance over ``groups`` is too small."""
    return groups / (groups - 1) if groups > 1 else 1.0


def draws_of(shape: tuple[int, int], name: str, draws: int, seed: int = 0) -> Iterator[tuple[Array, Array]]:
    """Yield the weights of ``draws`` resamples in blocks: (draws × dates, draws × seeds).

    The stream is a function of ``name`` and ``seed`` alone.
    """
    dates, seeds = shape
    block = max(1, _BLOCK // (dates + seeds))
    if block >= draws:
        yield _kept(shape, name, draws, seed)
        return
    random = _generator(name, seed)
    for start in range(0, draws, block):
        size = min(block, draws - start)
        yield _weights(random, dates, size), _weights(random, seeds, size)


@lru_cache(maxsize=32)
def _kept(shape: tuple[int, int], name: str, draws: int, seed: int) -> tuple[Array, Array]:
    # Drawing costs more than all that is done with the draws, and tables ask for the same ones again and again.
    random = _generator(name, seed)
    pair = _weights(random, shape[0], draws), _weights(random, shape[1], draws)
    for weights in pair:
        weights.flags.writeable = False
    return pair


def _generator(name: str, seed: int) -> np.random.Generator:
    keys = (key_of("metrics.bootstrap"), key_of(name), *([seed] if seed else []))
    return np.random.Generator(np.random.PCG64(mix(*keys)))


def _weights(random: np.random.Generator, groups: int, size: int) -> Array:
    if groups == 1:
        return np.ones((size, 1))
    return random.multinomial(groups, np.full(groups, 1 / groups), size=size).astype(float)


def studentised(grid: Grid, function: Function, name: str, draws: int, seed: int = 0) -> Array:
    """Return (drawn - value) / drawn error for ``draws`` resamples, those without any spread left out."""
    ones = (np.ones((1, size)) for size in grid.shape)
    value, error = (float(found[0]) for found in value_and_error(grid, function, *ones))
    parts = []
    for by_date, by_seed in draws_of(grid.shape, name, draws, seed):
        drawn, spread = value_and_error(grid, function, by_date, by_seed)
        with np.errstate(divide="ignore", invalid="ignore"):
            # Far below the sample's own error a draw is one cluster repeated: it knows no error.
            parts.append(np.where(spread > 1e-6 * error, (drawn - value) / spread, np.nan))
    ratios: Array = np.concatenate(parts)
    found: Array = ratios[np.isfinite(ratios)]
    return found
