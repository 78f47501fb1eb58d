"""Acknowledge a MARKET order and fill it later, or in parts (failures F17, F29)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from sim.exchange.effects import Stage
from sim.faults.base import NEW_ORDERS
from sim.faults.condition import Seconds, StateFault, check_span


class SlowMatch(StateFault):
    """Acknowledge a MARKET order as NEW and let it execute ``min_s`` to ``max_s`` later, in ``parts`` parts.

    The parts are of random size and spread over the delay; the last comes at its end.  Each executes at the price of
    its own moment.
    """

    stage: ClassVar[Stage] = "core"
    calls: ClassVar[frozenset[str] | None] = NEW_ORDERS
    example: ClassVar[str] = """\
[[faults]]
name = "late_fill"
kind = "slow_match"
how = { rate = 0.1 }
match = { role = "entry" }
max_s = 30
parts = 3
"""

    kind: Literal["slow_match"]
    min_s: Seconds = 0.0
    max_s: Seconds = 30.0
    parts: int = Field(default=1, ge=1, le=20)

    @model_validator(mode="after")
    def _span(self) -> SlowMatch:
        check_span("slow_match", self.min_s, self.max_s)
        return self
