"""Crash: the price moves within seconds, and stays or recovers."""

from __future__ import annotations

from typing import Literal

from sim.market.shocks.base import Length, LengthOrNone, Parts, SizedPct, length_us
from sim.market.shocks.curves import curve


class Crash(SizedPct):
    """Move the price by ``pct`` * ``depth`` per cent within ``over_s``, and back within ``recover_s`` (0: never)."""

    kind: Literal["crash"] = "crash"
    over_s: Length = 1.0
    recover_s: LengthOrNone = 0.0

    @property
    def length_s(self) -> float:
        """Return how long the price is pushed, in seconds."""
        return self.over_s + self.recover_s

    def lay(self, start_us: int) -> Parts:
        """Return a factor that falls (or rises) in a straight line, and back in another."""
        bottom_us = start_us + length_us(self.over_s)
        corners = [(start_us, 1.0), (bottom_us, self.level)]
        if self.recover_s:
            corners.append((bottom_us + length_us(self.recover_s), 1.0))
        return Parts(factor=curve(corners))

    def describe(self) -> str:
        """Say in a clause what happens."""
        after = f"recovers within {self.recover_s:g} s" if self.recover_s else "stays there"
        return f"{self.when()} the price moves {self.told(self.pct)} within {self.over_s:g} s and {after}"
