"""State what a fault may do to one request, stage by stage (design: a write has a truth).

The gateway walks the stages in the order below; effects of several faults compose, the earliest stage that
answers wins, and what happens later in the order still applies to what was let through.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from sim.exchange.replies import Reply
from sim.exchange.request import Request

Stage = Literal["connect", "request_leg", "gateway", "core", "rules", "reply_leg", "read"]
STAGES: Final[tuple[Stage, ...]] = (
    "connect",
    "request_leg",
    "gateway",
    "core",
    "rules",
    "reply_leg",
    "read",
)
ON_SENDING: Final = frozenset({"connect", "request_leg"})
"""Stages at which a request has not reached the venue; their faults look at the moment it leaves."""
ON_THE_WAY_BACK: Final = frozenset({"reply_leg", "read"})
"""Stages that act on whatever answer comes, also on a refusal."""

Truth = Literal["not_applied", "applied", "applied_late"]

Breakage = Literal[
    "", "refused", "dns", "pool", "tls", "timeout", "reset", "disconnected", "truncated", "empty"
]
"""How a connection breaks; "" not at all.  refused to timeout: before anything was sent; the others after."""

BEFORE_SENDING: Final = frozenset({"refused", "dns", "pool", "tls", "timeout"})
"""Breakages after which nothing has left."""

BROKEN: Final = -1
"""The status of an answer that is a broken connection; its body is the breakage's name."""


@dataclass(frozen=True, slots=True)
class Effect:
    """State one fired fault's effect.

    ``reply`` is (status, body), or None: then the client hears nothing, unless the effect breaks the connection,
    rewrites or only delays.  ``truth`` says what becomes of a write.  ``late_us`` delays the request leg,
    ``reply_late_us`` the reply leg.  ``obey_recv_window``: a late request is refused after timestamp + recvWindow,
    as the venue documents.  ``breakage``: how the connection breaks; at the stage ``connect`` the client notices
    ``after_us`` later (once its patience is over: as silence).  ``headers`` travel with the reply.  ``rewrite``
    returns another body for that of a 200 on its way and leaves what it was given alone.  ``loses_items``: places
    (from 0) of a batch's items that are not applied although the batch is.
    """

    fault: str
    kind: str
    stage: Stage
    truth: Truth
    reply: tuple[int, Any] | None
    late_us: int = 0
    obey_recv_window: bool = True
    breakage: Breakage = ""
    headers: dict[str, str] | None = None
    reply_late_us: int = 0
    after_us: int = 0
    rewrite: Callable[[Any], Any] | None = None
    loses_items: frozenset[int] = frozenset()

    @property
    def answer(self) -> Reply | None:
        """Return (status, body) as the client gets it because of this effect, None for what the venue answers."""
        return (BROKEN, self.breakage) if self.breakage else self.reply

    @property
    def silences(self) -> bool:
        """Tell whether the client hears nothing because of this effect."""
        if self.reply is not None or self.breakage or self.rewrite is not None or self.reply_late_us:
            return False
        return not (self.late_us and self.truth == "applied")


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


def changed_on_its_way(
    effects: Sequence[Effect], status: int, headers: dict[str, str], body: Any
) -> tuple[int, dict[str, str], Any]:
    """Return what is left of an answer when it reaches the client: given headers, rewritten, or a broken connection."""
    for effect in effects:
        if effect.stage in ON_THE_WAY_BACK and effect.answer is not None and status != BROKEN:
            status, body = effect.answer
        if effect.headers is not None and effect.reply is not None and effect.reply[0] == status:
            headers = {**headers, **effect.headers}
        if effect.rewrite is not None and status == 200:
            body = effect.rewrite(body)
    return (status, {}, body) if status == BROKEN else (status, headers, body)
