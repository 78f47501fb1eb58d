"""Answer 503 "Unknown error…": execution status unknown (binance-facts 1.3, flavour A).

The body carries no code (seen: hummingbot#6123), so only its text tells the flavour.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage
from sim.exchange.replies import UNKNOWN_503
from sim.exchange.request import Request
from sim.faults.base import FaultSpec, Probability, drawn_truth


class Unknown503(FaultSpec):
    """Answer 503 A; the write was applied with probability ``applied`` (no default: nobody published one)."""

    example: ClassVar[str] = """
[[faults]]
name = "unknown"
kind = "unknown_503"
applied = 0.5
how = { rate = 0.03 }
match = { call = "order" }
"""

    stage: ClassVar[Stage] = "core"
    kind: Literal["unknown_503"]
    applied: Probability

    def effect(self, request: Request, applied: Stream) -> Effect:
        """Answer without a code."""
        was_applied = drawn_truth(self.applied, request, applied)
        truth: Literal["applied", "not_applied"] = "applied" if was_applied else "not_applied"
        return Effect(self.name, "503 unknown", self.stage, truth, (503, {"msg": UNKNOWN_503}))
