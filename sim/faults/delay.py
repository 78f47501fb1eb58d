"""Slow one leg down: an answer that comes late, or an order that executes after its client gave up."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import ClassVar, Final, Literal

from pydantic import Field, model_validator

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage
from sim.exchange.latency import Constant, Law, Lognormal
from sim.exchange.request import Request
from sim.faults.base import FaultSpec

_P99: Final = NormalDist().inv_cdf(0.99)


class Delay(FaultSpec):
    """Add to a leg's delay: ``ms``, or a ``law`` as in [latency]; one of both.

    A delayed order obeys timestamp + recvWindow (binance-facts 4) unless ``obey_recv_window`` is false.  Where the
    answer no longer makes it, the client times out, and what executes after that is ``applied_late``.
    """

    example: ClassVar[str] = """
[[faults]]
name = "slow_reply"
kind = "delay"
leg = "reply"
ms = 1500.0
how = { rate = 0.05 }
"""

    kind: Literal["delay"]
    leg: Literal["request", "reply"]
    ms: float | None = Field(default=None, gt=0, le=86_400_000)
    law: Law | None = None
    obey_recv_window: bool = True

    @model_validator(mode="after")
    def _one_length(self) -> Delay:
        if (self.ms is None) == (self.law is None):
            raise ValueError("give exactly one of ms and law")
        if self.leg == "reply" and not self.obey_recv_window:
            raise ValueError('obey_recv_window belongs to leg="request"')
        return self

    @property
    def acts_at(self) -> Stage:
        """Return the leg that is slow."""
        return "request_leg" if self.leg == "request" else "reply_leg"

    def effect(self, request: Request, applied: Stream) -> Effect:
        """Delay the leg by at least a microsecond."""
        delay_ms = self.ms if self.ms is not None else drawn_ms(self.law, applied, request.key)
        delay_us = max(1, round(delay_ms * 1000))
        late_us, reply_late_us = (delay_us, 0) if self.leg == "request" else (0, delay_us)
        return Effect(
            self.name,
            f"{self.leg} delayed",
            self.acts_at,
            "applied",
            None,
            late_us,
            self.obey_recv_window,
            reply_late_us=reply_late_us,
        )


def drawn_ms(law: Law | None, stream: Stream, key: int) -> float:
    """Draw a delay in ms from ``law`` for ``key``; an empirical law is inverted with interpolation."""
    if isinstance(law, Constant):
        return law.ms
    if isinstance(law, Lognormal):
        sigma = math.log(law.p99_ms / law.p50_ms) / _P99
        return law.p50_ms * math.exp(sigma * stream.normal(key))
    values = sorted(law.values_ms) if law is not None else [0.0, 0.0]
    place = stream.uniform(key) * (len(values) - 1)
    low = min(int(place), len(values) - 2)
    return values[low] + (values[low + 1] - values[low]) * (place - low)
