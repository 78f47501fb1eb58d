"""Stop the venue for maintenance, and the market with it (failures F40)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from sim.exchange.effects import Stage
from sim.faults.condition import Seconds, StateFault, windows_of
from sim.faults.match import Match
from sim.market import at_us
from sim.market.shocks import Halt


class VenueHalt(StateFault):
    """Stop the venue for maintenance: writes get 503 "Service Unavailable.", the market stands, then exits only.

    A window is a halt.  Unless ``market`` is false a shock of kind "halt" is laid over the tape for the same
    time, reopening ``reopen_pct`` away.  ``reads`` false: reads are refused as well.  For ``exits_only_s`` after it
    orders that may open a position are refused with -4087 (reduce only).
    """

    stage: ClassVar[Stage] = "gateway"
    outage: ClassVar[str] = "halt"
    example: ClassVar[str] = """\
[[faults]]
name = "maintenance"
kind = "venue_halt"
how = { window = { at = 1800, for_s = 600 } }
exits_only_s = 300
"""

    kind: Literal["venue_halt"]
    market: bool = True
    reopen_pct: Annotated[float, Field(gt=-100, le=10_000)] = 0.0
    reads: bool = True
    exits_only_s: Seconds = 0.0

    @model_validator(mode="after")
    def _has_a_window(self) -> VenueHalt:
        windows = windows_of(self.how)
        if not windows or windows[0].rate not in (0.0, 1.0):
            raise ValueError("how: a halt needs a window, of rate 1 (0: none)")
        if self.match != Match():
            raise ValueError("match: a halt concerns everybody; leave it out")
        if self.reopen_pct and not self.market:
            raise ValueError(
                f"reopen_pct={self.reopen_pct:g} moves the market, and market = false leaves it alone"
            )
        return self

    def keeps_out_until_us(self, opened_us: int, closed_us: int, epoch_us: int) -> int:
        """Return the end of the window: faults end with the last intent, the market's halt does not."""
        if not self.market:
            return closed_us
        spans = [(at_us(window.at, epoch_us), round(window.for_s * 1e6)) for window in windows_of(self.how)]
        return max(
            [
                closed_us,
                *(at + for_us for at, for_us in spans if at <= closed_us and at + for_us >= opened_us),
            ]
        )

    def shocks(self) -> list[Halt]:
        """Return the halts of the market that go with it."""
        windows = windows_of(self.how) if self.market else []
        return [
            Halt(at=window.at, for_s=window.for_s, reopen_pct=self.reopen_pct)
            for window in windows
            if window.rate
        ]
