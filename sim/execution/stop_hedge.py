"""Send further stops beside the first while stops are throttled, or the venue is slow: no try waits for the last.

Throttling refuses by chance, and each order has a chance of its own; only so many tries one after another fit into the
time to protection.  The first that rests is the position's stop.  The further ones take their own quantity off, since
only one may close the whole position (-4130); a surplus one is cancelled as soon as its fate is certain.  None is tried
again once one rests or the position is flat; while it is being closed they go on, as the close may be throttled too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from .hybrid_levels import ProtectiveOrder
from .intent_orders import IntentOrders
from .placement import BeforeAttempt, OrderResult
from .time_limit import TimeLimit

_MOST: Final = 12
"""How many further stops are sent at most."""

_SLOW_TICKS: Final = 3
"""A venue whose answers take more than so many waits is slow: it is asked again only after so many."""

_CANCEL_TRIES: Final = 6

PlaceStop = Callable[[ProtectiveOrder, BeforeAttempt], Coroutine[Any, Any, OrderResult]]


class StopHedge:
    """Guard the first placement of one stop; ``limit`` is the time that placement has."""

    __slots__ = (
        "_first_rests",
        "_limit",
        "_order",
        "_own",
        "_place",
        "_sent",
        "_ticks",
        "_timer",
        "resting_id",
    )

    def __init__(self, own: IntentOrders, order: ProtectiveOrder, limit: TimeLimit, place: PlaceStop) -> None:
        self._own = own
        self._order = order
        self._limit = limit
        self._place = place
        self._sent = self._ticks = 0
        self._first_rests = False
        self.resting_id = ""
        """The client id of the further stop that rests; "" while none does."""
        self._timer = self._arm()

    def over(self, *, first_rests: bool) -> None:
        """Be told that the first placement ended; without a stop the further ones go on, but no new one is begun."""
        self._timer.cancel()
        self._first_rests = first_rests

    def _arm(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._own.settings.hedge_stop_sec, self._next)

    def _next(self) -> None:
        own = self._own
        self._ticks += 1
        if self._is_due():
            self._sent += 1
            own.further.append(asyncio.get_running_loop().create_task(self._send()))
        if self._sent < _MOST:
            self._timer = self._arm()

    def _is_due(self) -> bool:
        """Tell whether another stop goes out: at every tick while stops are throttled, seldom at a slow venue.

        At a quick one a missing answer is lost: its own placement settles it, and a second order would be one more.
        """
        replies, wait_s = self._own.executor.replies, self._own.settings.hedge_stop_sec
        if replies.was_throttled():
            return True
        return self._ticks % _SLOW_TICKS == 0 and replies.slowest_s() > _SLOW_TICKS * wait_s

    async def _send(self) -> None:
        own = self._own
        result = await self._place(self._order, self._withdrawn)
        client_id = result.client_order_id
        if client_id is None or not (result.success or result.outcome in ("unknown", "cut_off")):
            return
        if result.success and not self._rests:
            self.resting_id = client_id
            self._timer.cancel()
            self._limit.hurry(0.0)
            return
        if not result.success:
            # Until then it may rest after the cancel that is meant for it.
            await asyncio.sleep(own.settings.unknown_deadline_sec)
        # Whoever closes the position cancels what rests himself.
        if not self._rests or own.flat or await own.cancel_until_gone([client_id], _CANCEL_TRIES):
            return
        if client_id in own.resting and not own.flat:
            own.resting.remove(client_id)
            own.write()

    @property
    def _rests(self) -> bool:
        return self._first_rests or bool(self.resting_id)

    async def _withdrawn(self, number: int, params: dict[str, Any]) -> str | None:
        del number, params
        return "another stop rests, or the position is closed" if self._rests or self._own.flat else None
