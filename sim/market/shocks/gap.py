"""Gap: the price is elsewhere from one instant to the next, and nothing trades in between."""

from __future__ import annotations

from typing import Literal

from sim.market.shocks.base import LengthOrNone, Parts, SizedPct, length_us
from sim.market.shocks.curves import curve


class Gap(SizedPct):
    """Move the price by ``pct`` * ``depth`` per cent at once, and back within ``recover_s`` (0: never)."""

    kind: Literal["gap"] = "gap"
    recover_s: LengthOrNone = 0.0

    @property
    def length_s(self) -> float:
        """Return how long the price is pushed, in seconds: only while it recovers."""
        return self.recover_s

    def lay(self, start_us: int) -> Parts:
        """Return a factor that steps, and goes back in a straight line."""
        corners = [(start_us, 1.0), (start_us, self.level)]
        if self.recover_s:
            corners.append((start_us + length_us(self.recover_s), 1.0))
        return Parts(factor=curve(corners))

    def describe(self) -> str:
        """Say in a clause what happens."""
        after = f"recovers within {self.recover_s:g} s" if self.recover_s else "stays there"
        return f"{self.when()} the price jumps {self.told(self.pct)} between two prints and {after}"
