"""Drift: the price moves at a steady rate for a time."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from sim.market.shocks.base import Length, Parts, Sized, check_pct, length_us
from sim.market.shocks.curves import curve


class Drift(Sized):
    """Move the price by ``pct_per_s`` * ``depth`` per cent of its undisturbed level each second for ``for_s``."""

    kind: Literal["drift"] = "drift"
    pct_per_s: float
    for_s: Length

    @model_validator(mode="after")
    def _check_level(self) -> Drift:
        name = "pct_per_s * for_s" if self.depth == 1 else "pct_per_s * for_s * depth"
        check_pct(name, self.pct_per_s * self.for_s * self.depth)
        return self

    @property
    def length_s(self) -> float:
        """Return how long the price is pushed, in seconds."""
        return self.for_s

    def lay(self, start_us: int) -> Parts:
        """Return a factor that moves in one straight line and stays."""
        level = 1.0 + self.pct_per_s * self.for_s * self.depth / 100
        return Parts(factor=curve([(start_us, 1.0), (start_us + length_us(self.for_s), level)]))

    def describe(self) -> str:
        """Say in a clause what happens."""
        rate = f"{self.told(self.pct_per_s)} per second for {self.for_s:g} s"
        return f"{self.when()} the price drifts {rate} and stays there"
