"""Let an order hang between its trigger and its child, for good.

Users report such orders and no figure is known; ``[venue] stuck_trigger_share`` is the same as a constant share.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from sim.exchange.effects import Stage
from sim.faults.base import NEW_ORDERS
from sim.faults.condition import StateFault


class StuckTrigger(StateFault):
    """Let an order whose trigger is met stay TRIGGERING for good: it covers nothing and cannot be cancelled (-4117)."""

    stage: ClassVar[Stage] = "core"
    calls: ClassVar[frozenset[str] | None] = NEW_ORDERS
    example: ClassVar[str] = """\
[[faults]]
name = "stuck"
kind = "stuck_trigger"
how = { rate = 0.02 }
"""

    kind: Literal["stuck_trigger"]
