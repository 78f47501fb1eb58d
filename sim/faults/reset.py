"""Break the connection after the request was sent: whether it was applied, nobody says."""

from __future__ import annotations

from typing import ClassVar, Literal

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage
from sim.exchange.request import Request
from sim.faults.base import FaultSpec, Probability, drawn_truth


class Reset(FaultSpec):
    """Reset the connection where the answer would come; the write was applied with probability ``applied``.

    ``shows``: a reset by the peer (ClientOSError) or an orderly close without an answer (ServerDisconnectedError).
    """

    example: ClassVar[str] = """
[[faults]]
name = "reset"
kind = "reset"
applied = 0.5
how = { rate = 0.03 }
"""

    stage: ClassVar[Stage] = "reply_leg"
    kind: Literal["reset"]
    applied: Probability
    shows: Literal["reset", "disconnected"] = "reset"

    def effect(self, request: Request, applied: Stream) -> Effect:
        """Break the connection."""
        was_applied = drawn_truth(self.applied, request, applied)
        return Effect(
            self.name,
            f"connection {self.shows}",
            self.stage,
            "applied" if was_applied else "not_applied",
            None,
            breakage=self.shows,
        )
