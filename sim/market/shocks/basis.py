"""Basis: the mark parts from last for a time."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sim.market.shocks.base import Length, LengthOrNone, Parts, Sized, length_us
from sim.market.shocks.curves import curve

LOWEST_BPS = -9_000.0
HIGHEST_BPS = 100_000.0


class Basis(Sized):
    """Add ``bps`` * ``depth`` to the basis of the mark for ``for_s``, with ``ramp_s`` before and after it.

    Last is untouched.  ``ramp_s`` 0 parts and joins at once.
    """

    kind: Literal["basis"] = "basis"
    bps: float = Field(ge=LOWEST_BPS, le=HIGHEST_BPS)
    for_s: Length
    ramp_s: LengthOrNone = 0.0

    @model_validator(mode="after")
    def _check_size(self) -> Basis:
        if not LOWEST_BPS <= self.bps * self.depth <= HIGHEST_BPS:
            raise ValueError(f"bps * depth must stay from {LOWEST_BPS:g} to {HIGHEST_BPS:g}")
        return self

    @property
    def length_s(self) -> float:
        """Return how long the mark is apart, in seconds, ramps included."""
        return self.for_s + 2 * self.ramp_s

    def lay(self, start_us: int) -> Parts:
        """Return bps that rise in a straight line, rest, and fall in another."""
        ramp_us = round(self.ramp_s * 1e6)
        full_us = start_us + ramp_us
        leaves_us = full_us + length_us(self.for_s)
        bps = self.bps * self.depth
        return Parts(
            basis_bps=curve([(start_us, 0.0), (full_us, bps), (leaves_us, bps), (leaves_us + ramp_us, 0.0)])
        )

    def describe(self) -> str:
        """Say in a clause what happens."""
        ramp = f", with {self.ramp_s:g} s of ramp before and after" if self.ramp_s else ""
        return f"{self.when()} the mark parts from last by {self.told(self.bps, 'bps')} for {self.for_s:g} s{ramp}"
