"""Let the client wait in vain: its order did not, did, or will later execute."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage, Truth
from sim.exchange.request import Request
from sim.faults.base import FaultSpec


class Timeout(FaultSpec):
    """Answer nothing before the client's time-out.

    ``truth`` not_applied: the request is lost on its way.  applied: the reply is lost.  applied_late: the
    request arrives ``late_s`` later than it would have, and is refused after timestamp + recvWindow unless
    ``obey_recv_window`` is false (binance-facts 4).
    """

    example: ClassVar[str] = """
[[faults]]
name = "reply_lost"
kind = "timeout"
truth = "applied"
how = { rate = 0.03 }
match = { role = "entry" }
"""

    kind: Literal["timeout"]
    truth: Truth
    late_s: float | None = Field(default=None, gt=0, le=86_400)
    obey_recv_window: bool = True

    @model_validator(mode="after")
    def _late_has_a_delay(self) -> Timeout:
        if self.truth == "applied_late" and self.late_s is None:
            raise ValueError('truth="applied_late" needs late_s (seconds)')
        if self.truth != "applied_late" and self.late_s is not None:
            raise ValueError(f'late_s={self.late_s} belongs to truth="applied_late"')
        return self

    @property
    def acts_at(self) -> Stage:
        """Return the leg that is lost."""
        return "reply_leg" if self.truth == "applied" else "request_leg"

    def effect(self, request: Request, applied: Stream) -> Effect:
        """Stay silent."""
        kind = {"not_applied": "request lost", "applied": "reply lost", "applied_late": "request late"}[
            self.truth
        ]
        late_us = round(self.late_s * 1e6) if self.late_s is not None else 0
        return Effect(self.name, kind, self.acts_at, self.truth, None, late_us, self.obey_recv_window)
