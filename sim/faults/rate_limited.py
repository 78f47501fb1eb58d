"""Answer 429: too many requests, or too many orders, though the client kept to its share."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage
from sim.exchange.limits import ADDRESS
from sim.exchange.replies import error_reply
from sim.exchange.request import Request
from sim.faults.base import FaultSpec

_TEXTS = {
    -1003: f"Too many requests; current limit of IP({ADDRESS}) is 2400 requests per minute. "
    "Please use the websocket for live updates to avoid polling the API.",
    -1015: "Too many new orders; current limit is 300 orders per TEN_SECONDS.",
}


class RateLimited(FaultSpec):
    """Refuse at the gateway with 429; nothing was applied (binance-facts 1.3).

    ``retry_after_s``: the header's whole seconds, drawn up to ``retry_after_most_s`` where that is given; None sends
    no header.  A limit of another's making: who is refused here gets no ban for it.
    """

    example: ClassVar[str] = """
[[faults]]
name = "too_many"
kind = "rate_limited"
retry_after_s = 5
how = { rate = 0.02 }
"""

    stage: ClassVar[Stage] = "gateway"
    kind: Literal["rate_limited"]
    code: Literal[-1003, -1015] = -1003
    retry_after_s: int | None = Field(default=5, ge=1, le=259_200)
    retry_after_most_s: int | None = Field(default=None, ge=1, le=259_200)

    @model_validator(mode="after")
    def _ordered(self) -> RateLimited:
        if self.retry_after_most_s is not None and self.retry_after_most_s < (self.retry_after_s or 0):
            raise ValueError(
                f"retry_after_most_s={self.retry_after_most_s} must be >= retry_after_s={self.retry_after_s}"
            )
        return self

    def effect(self, request: Request, applied: Stream) -> Effect:
        """Answer 429 with Retry-After."""
        headers = None
        if self.retry_after_s is not None:
            most = self.retry_after_most_s or self.retry_after_s
            seconds = self.retry_after_s + int(applied.uniform(request.key) * (most - self.retry_after_s + 1))
            headers = {"Retry-After": str(seconds)}
        reply = error_reply(self.code, 429, _TEXTS[self.code])
        return Effect(self.name, f"429 {self.code}", self.stage, "not_applied", reply, headers=headers)
