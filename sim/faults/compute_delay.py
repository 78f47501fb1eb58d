"""Let the client think: time passes in the code under test before a request leaves, or after its reply came."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from sim.exchange.effects import Stage
from sim.exchange.latency import Law
from sim.faults.base import FaultSpec


class ComputeDelay(FaultSpec):
    """Delay the calling coroutine before each request and after each reply it matches.

    ``before`` and ``after`` are laws as of ``[latency]``; a draw is cut to [``least_ms``, ``most_ms``].  What was
    read before the delay is older by it when the request leaves (failures F11).
    """

    stage: ClassVar[Stage] = "connect"
    on_wire: ClassVar[bool] = False
    example: ClassVar[str] = """\
[[faults]]
name = "slow_thinking"
kind = "compute_delay"
before = { law = "lognormal", p50_ms = 20.0, p99_ms = 400.0 }
most_ms = 1000.0
how = { rate = 1.0 }
match = { role = "entry" }
"""

    kind: Literal["compute_delay"]
    before: Law | None = None
    after: Law | None = None
    least_ms: float = Field(default=0.0, ge=0, le=3_600_000)
    most_ms: float = Field(default=3_600_000.0, ge=0, le=3_600_000)

    @model_validator(mode="after")
    def _something_to_do(self) -> ComputeDelay:
        if self.before is None and self.after is None:
            raise ValueError("give before, after or both: a law of delays in ms")
        if self.least_ms > self.most_ms:
            raise ValueError(f"least_ms={self.least_ms:g} must be at most most_ms={self.most_ms:g}")
        return self
