"""Resample clusters with keyed chance, so that an interval is a function of its data and its name (pure).

Values are summed into cells (market × seed); everything after that costs cells, not intents.  With one seed the
cells are a column of markets, with one market a row of seeds; with several of both, markets and seeds are drawn
independently and a cell's weight is the product (Owen's pigeonhole bootstrap), because two seeds on one tape
share its price and two tapes under one seed share its weather.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.chance import key_of, mix

Array = np.ndarray[Any, Any]

_BLOCK: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Cells:
    """Hold sums and counts per (market, seed), and in which cell each value lies."""

    sums: Array
    counts: Array
    market_of: Array
    seed_of: Array

    @classmethod
    def of(cls, values: Array, markets: Array, seeds: Array) -> Cells:
        """Sum ``values`` by their labels."""
        market_of, market_names = pd.factorize(np.asarray(markets))
        seed_of, seed_names = pd.factorize(np.asarray(seeds))
        empty = np.zeros((max(len(market_names), 1), max(len(seed_names), 1)))
        return cls(empty, empty, market_of, seed_of).with_values(values)

    def with_values(self, values: Array) -> Cells:
        """Return the same cells filled with other values."""
        markets, seeds = self.sums.shape
        place = self.market_of * seeds + self.seed_of
        size = markets * seeds
        return Cells(
            np.bincount(place, values, size).reshape(markets, seeds),
            np.bincount(place, minlength=size).astype(float).reshape(markets, seeds),
            self.market_of,
            self.seed_of,
        )

    @property
    def n(self) -> int:
        """Count the values."""
        return len(self.market_of)

    @property
    def filled(self) -> int:
        """Count the clusters: cells that hold anything."""
        return int((self.counts > 0).sum())

    @property
    def units(self) -> int:
        """Count what repeats: markets or seeds; the fewer of the two when both do."""
        fewer, more = sorted(map(int, self.sums.shape))
        return fewer if fewer > 1 else more

    @property
    def mean(self) -> float:
        """Return the ratio of sums."""
        total = float(self.counts.sum())
        return float(self.sums.sum()) / total if total else math.nan

    @property
    def error(self) -> float:
        """Return the cluster-robust standard error of the mean, two-way when both labels vary."""
        markets, seeds = self.sums.shape
        _, errors = weighted_mean_and_error(self, np.ones((1, markets)), np.ones((1, seeds)))
        return float(errors[0])


def weighted_mean_and_error(cells: Cells, by_market: Array, by_seed: Array) -> tuple[Array, Array]:
    """Return mean and standard error of each draw; rows of the weights are draws, columns markets or seeds.

    A market drawn twice counts as two markets with equal residuals, not as one of double size: the latter would
    inflate the error by the root of two and make intervals too narrow.
    """
    sums, counts = cells.sums, cells.counts
    market_sums, market_counts = by_seed @ sums.T, by_seed @ counts.T
    total = (by_market * market_counts).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = (by_market * market_sums).sum(axis=1) / total
        shift = drawn[:, None]
        markets, seeds = sums.shape
        from_market = (by_market * (market_sums - shift * market_counts) ** 2).sum(axis=1) * _corrected(
            markets
        )
        seed_sums, seed_counts = by_market @ sums, by_market @ counts
        from_seed = (by_seed * (seed_sums - shift * seed_counts) ** 2).sum(axis=1) * _corrected(seeds)
        if seeds == 1:
            variance = from_market
        elif markets == 1:
            variance = from_seed
        else:
            cross = _bilinear(by_market, sums**2, by_seed)
            cross -= 2 * drawn * _bilinear(by_market, sums * counts, by_seed)
            cross += drawn**2 * _bilinear(by_market, counts**2, by_seed)
            both = from_market + from_seed - cross * _corrected(sums.size)
            # The difference can come out too small by chance; the larger part is then the safe answer.
            variance = np.maximum(both, np.maximum(from_market, from_seed))
        return drawn, np.sqrt(np.maximum(variance, 0.0)) / total


def _corrected(groups: int) -> float:
    return groups / (groups - 1) if groups > 1 else 1.0


def _bilinear(left: Array, matrix: Array, right: Array) -> Array:
    result: Array = ((left @ matrix) * right).sum(axis=1)
    return result


def draws_of(cells: Cells, name: str, draws: int) -> Iterator[tuple[Array, Array]]:
    """Yield the weights of ``draws`` resamples in blocks: (draws × markets, draws × seeds).

    The stream is a function of ``name`` alone.
    """
    markets, seeds = cells.sums.shape
    random = np.random.Generator(np.random.PCG64(mix(key_of("metrics.bootstrap"), key_of(name))))
    block = max(1, _BLOCK // (markets + seeds))
    for start in range(0, draws, block):
        size = min(block, draws - start)
        yield _weights(random, markets, size), _weights(random, seeds, size)


def _weights(random: np.random.Generator, groups: int, size: int) -> Array:
    if groups == 1:
        return np.ones((size, 1))
    return random.multinomial(groups, np.full(groups, 1 / groups), size=size).astype(float)


def studentised(cells: Cells, name: str, draws: int) -> Array:
    """Return (drawn mean - mean) / drawn error for ``draws`` resamples, those without any spread left out."""
    value, floor = cells.mean, 1e-6 * cells.error
    parts = []
    for by_market, by_seed in draws_of(cells, name, draws):
        drawn, error = weighted_mean_and_error(cells, by_market, by_seed)
        with np.errstate(divide="ignore", invalid="ignore"):
            # Far below the sample's own error a draw is one cluster repeated: it knows no error.
            parts.append(np.where(error > floor, (drawn - value) / error, np.nan))
    ratios: Array = np.concatenate(parts)
    found: Array = ratios[np.isfinite(ratios)]
    return found
