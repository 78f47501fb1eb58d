"""Halt: matching stops, and reopens where the tape is then, or a declared gap from it."""

from __future__ import annotations

from typing import Literal

from sim.market.shocks.base import Length, Parts, Pct, ShockModel, Stretch, length_us
from sim.market.shocks.curves import curve


class Halt(ShockModel):
    """Stop matching for ``for_s``: no print, no trigger, the mark stands.

    It reopens with a print at the tape's price of that moment, moved by ``reopen_pct`` per cent for good.  That the
    mark stands was measured at a funding stop of 2023-04-05, a stop of five seconds.
    """

    kind: Literal["halt"] = "halt"
    for_s: Length
    reopen_pct: Pct = 0.0

    @property
    def length_s(self) -> float:
        """Return how long matching stands, in seconds."""
        return self.for_s

    def lay(self, start_us: int) -> Parts:
        """Return the stretch without prints, in which the mark stands, and the step at its end."""
        reopens_us = start_us + length_us(self.for_s)
        stretch = Stretch(start_us, reopens_us)
        step = curve([(reopens_us, 1.0), (reopens_us, 1.0 + self.reopen_pct / 100)])
        return Parts(factor=step if self.reopen_pct else None, halt=stretch, mark_stands=stretch)

    def describe(self) -> str:
        """Say in a clause what happens."""
        where = (
            f"{self.reopen_pct:+g} % from the tape, and stays there"
            if self.reopen_pct
            else "at the tape's price"
        )
        return f"{self.when()} matching halts for {self.for_s:g} s (no prints, the mark stands) and reopens {where}"
