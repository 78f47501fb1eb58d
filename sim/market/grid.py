"""Convert between prices, ticks and price units, so that everything inside compares integers.

A *unit* is the venue's price precision (10^-``price_decimals``), a *tick* a whole number of units.  A price
is always ``units / 10**price_decimals``: the float nearest to its decimal text, hence equal wherever it
arises.
"""

from __future__ import annotations

import math

import numpy as np

from sim.errors import InputError
from sim.market.bars import FloatArray, IntArray

# Decimals written as floats miss whole numbers by far less than this part of a unit.
NOISE = 1e-6
# Whole numbers up to here are exact as floats; prices of more units would not be the prices that were given.
_MOST_UNITS = 2**53
# A price further than this part of a tick from a tick is between ticks, not a rounded decimal.
_OFF_TICK = 1e-3


class PriceGrid:
    """Hold one symbol's tick and price precision.

    Raises :class:`InputError` when the tick is not a whole number of units.
    """

    __slots__ = ("price_decimals", "scale", "tick", "units_per_tick")

    def __init__(self, tick: float, price_decimals: int) -> None:
        scale: int = 10**price_decimals
        units = tick * scale
        if not (math.isfinite(units) and round(units) >= 1 and abs(units - round(units)) < NOISE * units):
            raise InputError("tick", tick, f"a multiple of 10^-{price_decimals}, the price precision")
        self.tick = tick
        self.price_decimals = price_decimals
        self.scale: int = scale
        self.units_per_tick = round(units)

    @property
    def highest(self) -> float:
        """Return the highest price that is kept exactly."""
        return _MOST_UNITS / self.scale

    @property
    def not_too_high(self) -> str:
        """Say what is expected of prices above :attr:`highest`."""
        return f"a price of at most {self.highest:g}, with {self.price_decimals} decimals"

    def ticks_of(self, prices: FloatArray, where: str, *, snap: bool) -> IntArray:
        """Convert prices to ticks; one between two is snapped or raises :class:`InputError`, as a vast one does."""
        if (large := prices > self.highest).any():
            index = int(np.flatnonzero(large)[0])
            raise InputError(f"{where}: value {index + 1}", float(prices[index]), self.not_too_high)
        exact = prices * (self.scale / self.units_per_tick)
        ticks = np.rint(exact)
        off = np.abs(exact - ticks) > _OFF_TICK
        if not snap and off.any():
            index = int(np.flatnonzero(off)[0])
            raise InputError(
                f"{where}: value {index + 1}",
                float(prices[index]),
                f"a multiple of the tick {self.tick:g} ({off.sum()} are not), or off_tick = 'snap'",
            )
        # A price of less than half a tick still trades at a positive price.
        positive: IntArray = np.maximum(ticks, 1.0).astype(np.int64)
        return positive

    def prices_of(self, ticks: IntArray) -> FloatArray:
        """Convert ticks to prices."""
        prices: FloatArray = (ticks * self.units_per_tick) / self.scale
        return prices

    def units_at_or_beyond(self, level: float, rising: bool) -> int:
        """Return the whole unit a price must reach to be ≥ ``level`` (rising) or ≤ ``level`` (falling)."""
        exact = level * self.scale
        return math.ceil(exact - NOISE) if rising else math.floor(exact + NOISE)
