"""Wick: last darts away and back, and the mark does not see it."""

from __future__ import annotations

from typing import Literal

from sim.market.shocks.base import Length, Parts, SizedPct, length_us
from sim.market.shocks.curves import curve


class Wick(SizedPct):
    """Move last alone by ``pct`` * ``depth`` per cent and back within ``for_s``, furthest at half of it.

    The mark is made from the prints as they would have been without the wick.
    """

    kind: Literal["wick"] = "wick"
    for_s: Length = 2.0

    @property
    def length_s(self) -> float:
        """Return how long last is away, in seconds."""
        return self.for_s

    def lay(self, start_us: int) -> Parts:
        """Return a factor on last alone that goes out and back in two straight lines."""
        length = length_us(self.for_s)
        corners = [(start_us, 1.0), (start_us + length // 2, self.level), (start_us + length, 1.0)]
        return Parts(last_factor=curve(corners))

    def describe(self) -> str:
        """Say in a clause what happens."""
        return (
            f"{self.when()} last alone wicks {self.told(self.pct)} and back within {self.for_s:g} s; "
            "the mark does not see it"
        )
