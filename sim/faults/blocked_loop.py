"""Let the event loop of the code under test stand still (failures F42)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from sim.exchange.effects import Stage
from sim.faults.base import FaultSpec


class BlockedLoop(FaultSpec):
    """Stop all timers and callbacks of the process for ``for_s`` seconds from a request's sending on.

    As a synchronous client called from a coroutine does: the venue goes on, replies wait unread, time-outs and
    sleeps end late.  Under ``isolation = "account"`` every intent's work stands still.
    """

    stage: ClassVar[Stage] = "connect"
    on_wire: ClassVar[bool] = False
    example: ClassVar[str] = """\
[[faults]]
name = "sync_call"
kind = "blocked_loop"
for_s = 2.5
how = { rate = 0.05 }
match = { call = "order" }
"""

    kind: Literal["blocked_loop"]
    for_s: float = Field(gt=0, le=3600)
