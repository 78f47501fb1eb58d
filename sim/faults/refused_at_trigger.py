"""Refuse an order when its trigger is met: margin is first asked for then (failures F08)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from sim.exchange.effects import Stage
from sim.exchange.replies import STATUS_AND_TEXT
from sim.faults.base import NEW_ORDERS
from sim.faults.condition import StateFault


class RefusedAtTrigger(StateFault):
    """Refuse the child of a triggered order: REJECTED on the algo endpoint, EXPIRED under the older rules.

    ``code`` is the reason told, by default -2019: margin is not asked for before the trigger (binance-facts 2.2).
    A window or burst is looked at when the trigger is met.
    """

    stage: ClassVar[Stage] = "rules"
    calls: ClassVar[frozenset[str] | None] = NEW_ORDERS
    example: ClassVar[str] = """\
[[faults]]
name = "no_margin_at_trigger"
kind = "refused_at_trigger"
how = { rate = 0.01 }
match = { role = "sl" }
"""

    kind: Literal["refused_at_trigger"]
    code: int = Field(default=-2019, lt=0)

    @model_validator(mode="after")
    def _known(self) -> RefusedAtTrigger:
        if self.code not in STATUS_AND_TEXT:
            known = ", ".join(str(code) for code in sorted(STATUS_AND_TEXT, reverse=True))
            raise ValueError(f"code={self.code} must be one of {known}")
        return self
