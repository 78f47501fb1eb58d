"""Break the connection in the middle of the answer."""

from __future__ import annotations

from typing import ClassVar, Literal

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage
from sim.exchange.request import Request
from sim.faults.base import FaultSpec


class Truncated(FaultSpec):
    """Cut the answer short: aiohttp raises ClientPayloadError; the write was applied."""

    example: ClassVar[str] = """
[[faults]]
name = "cut_short"
kind = "truncated"
how = { rate = 0.03 }
"""

    stage: ClassVar[Stage] = "reply_leg"
    kind: Literal["truncated"]

    def effect(self, request: Request, applied: Stream) -> Effect:
        """Break the connection while the body travels."""
        return Effect(self.name, "reply truncated", self.stage, "applied", None, breakage="truncated")
