"""State how prints inside a bar are made, and the two makers that need no recorded shapes.

A maker is a pure function of the key and the bar: the same bar under the same key has the same prints, whoever
asks and in whatever order.  Its first print stands at the start of the bar and is the open, its last the close;
low and high are touched, nothing lies beyond them, times never step back.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from sim.market.bars import IntArray, interval_name
from sim.market.bridge import EXTREME_ORDER_RATE, SECOND_ORDER_RATE, bridge, print_count

SECOND_US = 1_000_000


class BarTicks(NamedTuple):
    """Hold one bar: prices in ticks, ``trades`` (−1: unknown), ``value`` traded in quote currency (0: unknown)."""

    open: int
    high: int
    low: int
    close: int
    trades: int
    value: float


class Inside(Protocol):
    """Make the prints inside a bar."""

    def describe(self, interval_us: int) -> str:
        """Say in a few words, for reports, what fills bars of this length."""
        ...

    def prints(self, key: int, bar: BarTicks, interval_us: int) -> tuple[IntArray, IntArray]:
        """Return times in [0, ``interval_us``) and ticks; ``key`` is 64 well-spread bits."""
        ...


class Bridge:
    """Fill a bar with a seeded bridge: for sensitivity (see :mod:`sim.market.bridge` for how it departs)."""

    def describe(self, interval_us: int) -> str:
        """Name the bridge, or the four prints of a bar of a second or less."""
        if interval_us <= SECOND_US:
            return f"recorded {interval_name(interval_us)} bars, four prints each"
        return f"bridge inside {interval_name(interval_us)} bars"

    def prints(self, key: int, bar: BarTicks, interval_us: int) -> tuple[IntArray, IntArray]:
        """Return the bridge's prints; a bar in which nothing moved keeps the one print that states its price."""
        moves = bar.high > bar.low
        count = print_count(bar.trades, moves, interval_us)
        order_rate = SECOND_ORDER_RATE if interval_us <= SECOND_US else EXTREME_ORDER_RATE
        return bridge(key, bar.open, bar.high, bar.low, bar.close, count, interval_us, order_rate)


BRIDGE = Bridge()


def flat(bar: BarTicks) -> tuple[IntArray, IntArray]:
    """Return the one print of a bar in which the price did not move."""
    return np.zeros(1, dtype=np.int64), np.array([bar.open], dtype=np.int64)
