"""Answer 503 "Service Unavailable.": documented as failed (binance-facts 1.3, flavour B)."""

from __future__ import annotations

from typing import ClassVar, Literal

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage
from sim.exchange.replies import UNAVAILABLE_503
from sim.exchange.request import Request
from sim.faults.base import FaultSpec


class Unavailable503(FaultSpec):
    """Refuse at the gateway; nothing was applied."""

    example: ClassVar[str] = """
[[faults]]
name = "unavailable"
kind = "unavailable_503"
how = { burst = { mean_gap_s = 60.0, mean_length_s = 4.0 } }
"""

    stage: ClassVar[Stage] = "gateway"
    outage: ClassVar[str] = "unavailable"
    kind: Literal["unavailable_503"]

    def effect(self, request: Request, applied: Stream) -> Effect:
        """Answer without a code."""
        return Effect(
            self.name, "503 unavailable", self.stage, "not_applied", (503, {"msg": UNAVAILABLE_503})
        )
