"""Send further exits beside one that is not answered while the venue is slow, or throttles exits, or time is over.

All of them only reduce: whichever comes second finds nothing to close (-2022).  What the first that is known to have
closed something did is the exit's result.  None is cut off: each goes on until its own fate is known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from .hedge import Hedge
from .intent_orders import IntentOrders
from .placement import BeforeAttempt, OrderResult

_MOST: Final = 6
_THROTTLED_TICKS: Final = 3
_NOTHING_TO_REDUCE: Final = -2022

PlaceExit = Callable[[BeforeAttempt], Coroutine[Any, Any, OrderResult]]


class ExitHedge(Hedge):
    """Close with one exit, and with further ones where the venue lets it wait; :meth:`run` does so once."""

    __slots__ = ("_answered", "_place")

    def __init__(self, own: IntentOrders, place: PlaceExit) -> None:
        super().__init__(own, _MOST, _THROTTLED_TICKS)
        self._place = place
        self._answered: asyncio.Future[OrderResult] = asyncio.get_running_loop().create_future()

    async def run(self) -> OrderResult:
        """Return what the first exit came to, or a further one that was answered before it."""
        first = asyncio.get_running_loop().create_task(self._first())
        self._own.further.append(first)
        try:
            return await self._answered
        except asyncio.CancelledError:
            first.cancel()
            raise
        finally:
            self._end()

    async def _first(self) -> None:
        try:
            self._tell(await self._place(self._withdrawn))
        except Exception as error:
            # An unusable policy value is for whoever closes the position, not for the loop's handler.
            if self._answered.done():
                raise
            self._answered.set_exception(error)

    async def _send(self) -> None:
        result = await self._place(self._withdrawn)
        if result.success or result.error_code == _NOTHING_TO_REDUCE:
            self._tell(result)

    def _is_due(self) -> bool:
        """Tell whether another exit goes out: at every wait, too, while a position is bare beyond its deadline.

        What a quick venue does not answer in one wait is mostly lost, and several in a row are by chance.
        """
        own = self._own
        over_s = asyncio.get_running_loop().time() - own.deadline_s
        return 0.0 <= over_s < own.settings.protect_deadline_sec or super()._is_due()

    def _tell(self, result: OrderResult) -> None:
        if not self._answered.done():
            self._answered.set_result(result)

    async def _withdrawn(self, number: int, params: dict[str, Any]) -> str | None:
        del number, params
        return "another exit was answered" if self._answered.done() else None
