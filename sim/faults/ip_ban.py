"""Ban the address for a stretch of time that the client did not earn."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import model_validator

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage
from sim.exchange.limits import ADDRESS
from sim.exchange.replies import error_reply
from sim.exchange.request import Request
from sim.faults.base import FaultSpec
from sim.faults.how import Timing


class IpBan(FaultSpec):
    """Answer 418 / -1003 with "banned until" and Retry-After while a window or burst lasts (binance-facts 1.3).

    Nothing is applied.  ``retry_after`` false leaves the header away; the text always names the end, in Unix ms.
    """

    example: ClassVar[str] = """
[[faults]]
name = "banned"
kind = "ip_ban"
how = { window = { at = 60.0, for_s = 120.0 } }
"""

    stage: ClassVar[Stage] = "gateway"
    outage: ClassVar[str] = "unearned ban"
    kind: Literal["ip_ban"]
    retry_after: bool = True

    @model_validator(mode="after")
    def _lasts(self) -> IpBan:
        if self.how.window is None and self.how.burst is None:
            raise ValueError("how must be a window or a burst: a ban lasts")
        return self

    def strike(self, request: Request, arrives_us: int, timing: Timing, applied: Stream) -> Effect | None:
        """Return the refusal, which names the end of the ban."""
        symbol = str(request.params.get("symbol") or request.slot.symbol)
        stretch = timing.stretch(arrives_us, symbol)
        if stretch is None or not timing.fires(request, arrives_us):
            return None
        until_us = stretch[1]
        text = (
            f"Way too many requests; IP({ADDRESS}) banned until {(timing.epoch_us + until_us) // 1000}. "
            "Please use the websocket for live updates to avoid bans."
        )
        headers = {"Retry-After": str(-(-(until_us - arrives_us) // 1_000_000))} if self.retry_after else None
        reply = error_reply(-1003, 418, text)
        return Effect(self.name, "418 banned", self.stage, "not_applied", reply, headers=headers)
