"""Cut the client off for a stretch: what is on its way then is lost, what is sent then cannot connect."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage
from sim.exchange.request import Request
from sim.faults.base import FaultSpec
from sim.faults.how import Timing


class NetworkDown(FaultSpec):
    """Lose everything while a window or burst lasts.

    Sent in it: no connection (``fails``, noticed after ``after_s``).  Arriving in it: the request is lost.  Its answer
    due in it (after both legs): the reply is lost, the write applied.  A rate below 1 loses that share of requests.
    """

    example: ClassVar[str] = """
[[faults]]
name = "network"
kind = "network_down"
how = { window = { at = 60.0, for_s = 20.0 } }
"""

    stage: ClassVar[Stage] = "connect"
    outage: ClassVar[str] = "dead network"
    kind: Literal["network_down"]
    fails: Literal["refused", "dns", "tls", "timeout"] = "timeout"
    after_s: float = Field(default=3.0, ge=0, le=3600)

    @model_validator(mode="after")
    def _lasts(self) -> NetworkDown:
        if self.how.window is None and self.how.burst is None:
            raise ValueError("how must be a window or a burst: a dead network lasts")
        return self

    def strike(self, request: Request, arrives_us: int, timing: Timing, applied: Stream) -> Effect | None:
        """Return what the network does to the first part of the request's journey that lies in a stretch."""
        if timing.fires(request, request.sent_us):
            return Effect(
                self.name,
                "no connection",
                "connect",
                "not_applied",
                None,
                breakage=self.fails,
                after_us=round(self.after_s * 1e6),
            )
        if timing.fires(request, arrives_us):
            return Effect(self.name, "request lost", "request_leg", "not_applied", None)
        if timing.fires(request, arrives_us + request.reply_us):
            return Effect(self.name, "reply lost", "reply_leg", "applied", None)
        return None
