"""Answer 503 "Internal error…": documented as failed, reported to have been applied (binance-facts 1.1, 1.3)."""

from __future__ import annotations

from typing import ClassVar, Literal

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage
from sim.exchange.replies import error_reply
from sim.exchange.request import Request
from sim.faults.base import FaultSpec, Probability, drawn_truth


class Internal503(FaultSpec):
    """Answer 503 / -1001 "Internal error; unable to process your request. Please try again.".

    ``applied`` 0 is the documents' word; state more for what bots have seen.
    """

    example: ClassVar[str] = """
[[faults]]
name = "internal"
kind = "internal_503"
how = { rate = 0.05 }
match = { call = "order" }
"""

    stage: ClassVar[Stage] = "core"
    kind: Literal["internal_503"]
    applied: Probability = 0.0

    def effect(self, request: Request, applied: Stream) -> Effect:
        """Answer with the code."""
        was_applied = drawn_truth(self.applied, request, applied)
        return Effect(
            self.name,
            "503 internal",
            self.stage,
            "applied" if was_applied else "not_applied",
            error_reply(-1001, 503, "Internal error; unable to process your request. Please try again."),
        )
