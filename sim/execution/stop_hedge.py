"""Send further stops beside the first while stops are throttled, or the venue is slow.

The first that rests is the position's stop.  The further ones take their own quantity off, since only one may close
the whole position (-4130); a surplus one is cancelled as soon as its fate is certain, unless it is the better one: it
then rests beside the other until the position is flat.  None is tried again once one rests or the position is flat;
while it is being closed they go on, as the close may be throttled too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from .hedge import Hedge
from .hybrid_levels import ProtectiveOrder
from .intent_orders import IntentOrders
from .patience import way_out_s
from .placement import BeforeAttempt, OrderResult
from .time_limit import TimeLimit

_MOST: Final = 12
_CANCEL_TRIES: Final = 6

PlaceStop = Callable[[ProtectiveOrder, BeforeAttempt], Coroutine[Any, Any, OrderResult]]
IsBetter = Callable[[str, str], bool]
"""Tells whether the stop of the first client id, as it was sent, is better than that of the second."""


class StopHedge(Hedge):
    """Guard the first placement of one stop; ``limit`` is the time that placement has."""

    __slots__ = ("_first_rests", "_is_better", "_limit", "_order", "_place", "passed", "resting_id")

    def __init__(
        self,
        own: IntentOrders,
        order: ProtectiveOrder,
        limit: TimeLimit,
        place: PlaceStop,
        is_better: IsBetter,
    ) -> None:
        super().__init__(own, _MOST, throttled_ticks=1)
        self._limit = limit
        self._order = order
        self._place = place
        self._is_better = is_better
        self._first_rests = False
        self.resting_id = ""
        """The client id of the further stop that rests; "" while none does."""
        self.passed = False
        """Whether a further stop was told that the price has reached it: the position is to be closed."""

    def over(self, *, first_rests: bool) -> None:
        """Be told that the first placement ended; without a stop the further ones go on, but no new one is begun."""
        self._timer.cancel()
        self._first_rests = first_rests

    def _is_late(self) -> bool:
        """Tell whether a slow venue needs the rest of the time for the way out."""
        own = self._own
        left_s = own.deadline_s - asyncio.get_running_loop().time()
        return left_s < way_out_s(own.settings, own.executor.replies)

    def _end(self) -> None:
        """End the first placement too."""
        super()._end()
        self._limit.hurry(0.0)

    async def _send(self) -> None:
        own = self._own
        result = await self._place(self._order, self._withdrawn)
        if result.outcome == "stop_passed" and not self._rests:
            # What the price has reached it has reached for the first one too, which may still ask for the price.
            self.passed = True
            self._end()
            return
        client_id = result.client_order_id
        if client_id is None or not (result.success or result.outcome in ("unknown", "cut_off")):
            return
        if result.success and not self._rests:
            self.resting_id = client_id
            self._end()
            return
        if not result.success:
            # Until then it may rest after the cancel that is meant for it.
            await asyncio.sleep(own.settings.unknown_deadline_sec)
        # Whoever closes the position cancels what rests himself.
        if not self._rests or own.flat or self._is_better(client_id, self.resting_id or own.stop_id):
            return
        if await own.cancel_until_gone([client_id], _CANCEL_TRIES):
            return
        # One that the venue did not know yet may come to life later still: the sweep cancels it once more.
        if result.success and client_id in own.resting and not own.flat:
            own.resting.remove(client_id)
            own.write()

    @property
    def _rests(self) -> bool:
        return self._first_rests or bool(self.resting_id)

    async def _withdrawn(self, number: int, params: dict[str, Any]) -> str | None:
        del number, params
        return "another stop rests, or the position is closed" if self._rests or self._own.flat else None
