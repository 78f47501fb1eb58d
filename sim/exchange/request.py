"""Hold one HTTP call on its way."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from math import nan
from typing import Any, Final, NamedTuple

from sim.chance import key_of, mix, spread
from sim.exchange.attribution import CURRENT_PLACEMENT, IntentSlot


@lru_cache(maxsize=4096)
def _base_key(role: str, call: str) -> int:
    return mix(key_of(role), key_of(call))


@lru_cache(maxsize=4096)
def _call_and_base_key(role: str, method: str, path: str) -> tuple[str, int]:
    call = f"{method} {path}"
    return call, _base_key(role, call)


def key_for(intent: int, role: str, call: str, n: int) -> int:
    """Return the key of chance of the n-th request of an intent in this role to this call."""
    return spread(_base_key(role, call), intent, n)


_NONE: Final[frozenset[int]] = frozenset()


class ItemTruth(NamedTuple):
    """State what one item of a batch came to at the venue: code 0 and its order, or a refusal's code and -1."""

    role: str
    order: int
    code: int


class Request:
    """Carry what a request is, its key for chance — (intent, role, call, n) — and how its journey goes.

    ``last`` is the price when an order left (NaN for other calls).  ``request_us`` and ``reply_us`` are the legs'
    delays; ``silent`` says that no answer comes before the client's time-out; ``future`` waits for the answer.
    The gateway notes the weight its address had ``used``, the order ``counts`` of 10 s and 1 minute it made (None:
    it counts as no order), and how long a refusal lasts, ``wait_us`` (0: none).  ``items``: what a batch's came to at
    the venue (None: no batch, or it never got there).  ``passed_over``: places of a batch's items a fault loses.
    """

    __slots__ = (
        "call",
        "counts",
        "future",
        "items",
        "key",
        "last",
        "method",
        "n",
        "number",
        "params",
        "passed_over",
        "path",
        "placement",
        "reply_us",
        "request_us",
        "role",
        "sent_us",
        "silent",
        "slot",
        "used",
        "wait_us",
    )

    def __init__(
        self,
        number: int,
        slot: IntentSlot,
        role: str,
        method: str,
        path: str,
        params: dict[str, Any],
        sent_us: int,
    ) -> None:
        self.number = number
        self.slot = slot
        self.role = role
        self.method = method
        self.path = path
        self.params = params
        self.call, base_key = _call_and_base_key(role, method, path)
        self.n = slot.next_n(role, self.call)
        self.key = spread(base_key, slot.number, self.n)
        self.sent_us = sent_us
        self.placement = CURRENT_PLACEMENT.get()
        self.request_us = 0
        self.reply_us = 0
        self.silent = False
        self.last = nan
        self.used = 0
        self.counts: tuple[int, int] | None = None
        self.wait_us = 0
        self.items: list[ItemTruth] | None = None
        self.passed_over: frozenset[int] = _NONE
        self.future: asyncio.Future[tuple[int, dict[str, str], Any]]
