"""Let a stop fire into a book that holds next to nothing (failures F10)."""

from __future__ import annotations

from typing import ClassVar, Literal

from sim.exchange.effects import Stage
from sim.faults.base import NEW_ORDERS, Probability
from sim.faults.condition import StateFault


class StopFiredUnfilled(StateFault):
    """Let the market child of a triggered order get ``filled_share`` of its quantity; the rest EXPIRES.

    As when the book holds nothing up to the market take bound (binance-facts 3.1).  A window or burst is looked at
    when the child arrives.
    """

    stage: ClassVar[Stage] = "core"
    calls: ClassVar[frozenset[str] | None] = NEW_ORDERS
    example: ClassVar[str] = """\
[[faults]]
name = "empty_book"
kind = "stop_fired_unfilled"
how = { rate = 0.05 }
match = { role = "sl" }
filled_share = 0.2
"""

    kind: Literal["stop_fired_unfilled"]
    filled_share: Probability = 0.0
