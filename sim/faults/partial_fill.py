"""Fill a MARKET order in part (failures F29)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from sim.exchange.effects import Stage
from sim.faults.base import NEW_ORDERS
from sim.faults.condition import Seconds, StateFault


class PartialFill(StateFault):
    """Fill a MARKET order at a random share between ``min_share`` and ``max_share`` and leave the rest.

    ``rest`` "expires": it EXPIRES at once, as beyond the market take bound; "fills": it follows ``after_s`` later.
    """

    stage: ClassVar[Stage] = "core"
    calls: ClassVar[frozenset[str] | None] = NEW_ORDERS
    example: ClassVar[str] = """\
[[faults]]
name = "half_filled"
kind = "partial_fill"
how = { rate = 0.1 }
match = { role = "entry" }
rest = "expires"
"""

    kind: Literal["partial_fill"]
    min_share: float = Field(default=0.1, ge=0, le=1)
    max_share: float = Field(default=0.9, ge=0, le=1)
    rest: Literal["expires", "fills"] = "expires"
    after_s: Seconds = 2.0

    @model_validator(mode="after")
    def _span(self) -> PartialFill:
        if self.min_share > self.max_share:
            raise ValueError(f"min_share={self.min_share:g} must be at most max_share={self.max_share:g}")
        return self
