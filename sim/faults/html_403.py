"""Answer 403 with a page of HTML: the firewall in front of the venue (binance-facts 1.3)."""

from __future__ import annotations

from typing import ClassVar, Literal

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage
from sim.exchange.limits import FIREWALL_BODY
from sim.exchange.request import Request
from sim.faults.base import FaultSpec


class Html403(FaultSpec):
    """Refuse with HTML and no code; nothing was applied.  The real one lasts some five minutes: use a window."""

    example: ClassVar[str] = """
[[faults]]
name = "firewall"
kind = "html_403"
how = { window = { at = 60.0, for_s = 300.0 } }
"""

    stage: ClassVar[Stage] = "gateway"
    outage: ClassVar[str] = "unearned ban"
    kind: Literal["html_403"]

    def effect(self, request: Request, applied: Stream) -> Effect:
        """Answer with the page."""
        return Effect(self.name, "403 firewall", self.stage, "not_applied", (403, FIREWALL_BODY))
