"""Fail before a byte is sent: refused, no name, no free connection, a broken handshake, or no answer to it.

What python-binance's aiohttp raises for each is in :mod:`sim.exchange.exceptions`.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage
from sim.exchange.request import Request
from sim.faults.base import FaultSpec


class Connect(FaultSpec):
    """Fail to connect; nothing was sent.

    ``after_s``: how long the client tries; not given, the way there and back (``pool`` and ``timeout`` need it).
    Beyond the client's own patience it is silence.
    """

    example: ClassVar[str] = """
[[faults]]
name = "no_connection"
kind = "connect"
fails = "refused"
how = { rate = 0.05 }
"""

    stage: ClassVar[Stage] = "connect"
    kind: Literal["connect"]
    fails: Literal["refused", "dns", "pool", "tls", "timeout"]
    after_s: float | None = Field(default=None, ge=0, le=3600)

    @model_validator(mode="after")
    def _waiting_has_a_length(self) -> Connect:
        if self.after_s is None and self.fails in ("pool", "timeout"):
            raise ValueError(f'fails="{self.fails}" needs after_s (seconds the client waits)')
        return self

    def effect(self, request: Request, applied: Stream) -> Effect:
        """Break the connection before anything leaves."""
        round_trip_us = request.request_us + request.reply_us
        return Effect(
            self.name,
            f"connect {self.fails}",
            self.stage,
            "not_applied",
            None,
            breakage=self.fails,
            after_us=round_trip_us if self.after_s is None else round(self.after_s * 1e6),
        )
