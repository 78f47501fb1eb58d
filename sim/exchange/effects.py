"""State what a fault may do to one request, stage by stage (design: a write has a truth).

The gateway walks the stages in the order below; effects of several faults compose, the earliest stage that
answers wins, and what happens later in the order still applies to what was let through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from sim.exchange.request import Request

Stage = Literal["request_leg", "gateway", "core", "rules", "reply_leg"]
STAGES: Final[tuple[Stage, ...]] = ("request_leg", "gateway", "core", "rules", "reply_leg")
Truth = Literal["not_applied", "applied", "applied_late"]


@dataclass(frozen=True, slots=True)
class Effect:
    """State one fired fault's effect.

    ``reply`` is (status, body) or None for silence.  ``truth`` says what becomes of a write.  ``late_us`` delays
    the request leg (truth applied_late).  ``obey_recv_window``: a late request is refused after
    timestamp + recvWindow, as the venue documents.
    """

    fault: str
    kind: str
    stage: Stage
    truth: Truth
    reply: tuple[int, Any] | None
    late_us: int = 0
    obey_recv_window: bool = True


class Injector(Protocol):
    """Decide which faults fire on a request."""

    def effects(self, request: Request, arrives_us: int) -> list[Effect]:
        """Return the effects of all faults that fire on ``request``, in stage order."""
        ...


class NoFaults:
    """Fire nothing."""

    def effects(self, request: Request, arrives_us: int) -> list[Effect]:
        """Return no effect."""
        return []
