"""Freeze: the published mark stands still while last goes on."""

from __future__ import annotations

from typing import Literal

from sim.market.shocks.base import Length, Parts, ShockModel, Stretch, length_us


class Freeze(ShockModel):
    """Publish for ``for_s`` the mark of before, each second anew, while last goes on.

    What freezes is the mark, for readers and for the trigger engine alike, since there is one mark.  A last price
    that only *looks* stale to a reader is a fault of that read and not of the market.
    """

    kind: Literal["freeze"] = "freeze"
    for_s: Length

    @property
    def length_s(self) -> float:
        """Return how long the mark stands, in seconds."""
        return self.for_s

    def lay(self, start_us: int) -> Parts:
        """Return the stretch in which the mark stands."""
        return Parts(mark_stands=Stretch(start_us, start_us + length_us(self.for_s)))

    def describe(self) -> str:
        """Say in a clause what happens."""
        return f"{self.when()} the published mark freezes for {self.for_s:g} s while last goes on"
