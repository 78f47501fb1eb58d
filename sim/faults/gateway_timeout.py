"""Let something between client and engine give up: 408 with a code, 502 and 504 with a page of HTML."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage
from sim.exchange.replies import Reply, error_reply
from sim.exchange.request import Request
from sim.faults.base import FaultSpec, Probability, drawn_truth

_TITLES: Final = {502: "502 Bad Gateway", 504: "504 Gateway Time-out"}


class GatewayTimeout(FaultSpec):
    """Answer ``status``; the write was applied with probability ``applied`` (binance-facts 1.3: maybe).

    408 carries -1007, 502 and 504 are HTML without a code.
    """

    example: ClassVar[str] = """
[[faults]]
name = "gateway_gave_up"
kind = "gateway_timeout"
status = 504
applied = 0.5
how = { rate = 0.03 }
"""

    stage: ClassVar[Stage] = "core"
    kind: Literal["gateway_timeout"]
    status: Literal[408, 502, 504]
    applied: Probability

    def effect(self, request: Request, applied: Stream) -> Effect:
        """Answer with the status."""
        was_applied = drawn_truth(self.applied, request, applied)
        return Effect(
            self.name,
            f"{self.status} gateway",
            self.stage,
            "applied" if was_applied else "not_applied",
            self._reply(),
        )

    def _reply(self) -> Reply:
        if self.status == 408:
            return error_reply(-1007, 408)
        title = _TITLES[self.status]
        return self.status, f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
