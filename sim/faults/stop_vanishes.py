"""Accept a conditional order and lose it a little later (failures F08: accepted is not armed)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import model_validator

from sim.exchange.effects import Stage
from sim.faults.base import NEW_ORDERS
from sim.faults.condition import Seconds, StateFault, check_span


class StopVanishes(StateFault):
    """Let an accepted stop or target be gone ``min_s`` to ``max_s`` after its acknowledgement.

    ``word`` "silent": no event, and look-ups answer -2013 as if it had never been; "expired": an event and EXPIRED.
    ``how`` and ``match`` choose among new conditional orders.
    """

    stage: ClassVar[Stage] = "core"
    calls: ClassVar[frozenset[str] | None] = NEW_ORDERS
    example: ClassVar[str] = """\
[[faults]]
name = "paper_stop"
kind = "stop_vanishes"
how = { rate = 0.03 }
match = { role = "sl" }
"""

    kind: Literal["stop_vanishes"]
    min_s: Seconds = 0.2
    max_s: Seconds = 3.0
    word: Literal["silent", "expired"] = "silent"

    @model_validator(mode="after")
    def _span(self) -> StopVanishes:
        check_span("stop_vanishes", self.min_s, self.max_s)
        return self
