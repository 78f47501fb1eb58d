"""Send further orders beside one that is not answered, while the venue is slow or throttles: none waits for the last.

Throttling refuses by chance, and each order has a chance of its own; only so many tries one after another fit into the
time a position may stand bare.  What further orders are, and what becomes of them, is said where they are made
(:mod:`sim.execution.stop_hedge`, :mod:`sim.execution.exit_hedge`).
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import Any, Final

from .intent_orders import IntentOrders
from .patience import slow_answer_s

_SLOW_TICKS: Final = 3
"""A slow venue is asked again only after so many waits, while its answer would still come in time."""


class Hedge(ABC):
    """Guard one placement of an intent: every ``hedge_stop_sec`` ask whether a further order goes out.

    ``most``: how many further ones are sent at most; ``throttled_ticks``: after how many waits, while the venue
    throttles.
    """

    __slots__ = ("_most", "_own", "_sent", "_throttled_ticks", "_ticks", "_timer")

    def __init__(self, own: IntentOrders, most: int, throttled_ticks: int) -> None:
        self._own = own
        self._most = most
        self._throttled_ticks = throttled_ticks
        self._sent = self._ticks = 0
        self._timer = self._arm()

    @abstractmethod
    def _send(self) -> Coroutine[Any, Any, None]:
        """Send a further order, and see to what becomes of it."""

    def _is_late(self) -> bool:
        """Tell whether no new order may be begun any more."""
        return False

    def _end(self) -> None:
        """Begin no new order."""
        self._timer.cancel()

    def _arm(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._own.settings.hedge_stop_sec, self._next)

    def _next(self) -> None:
        own = self._own
        self._ticks += 1
        if self._is_late():
            self._end()
            return
        if self._is_due():
            self._sent += 1
            own.further.append(asyncio.get_running_loop().create_task(self._send()))
        if self._sent < self._most:
            self._timer = self._arm()

    def _is_due(self) -> bool:
        """Tell whether another order goes out: often while the venue throttles, seldom where it is slow.

        At a quick one a missing answer is lost: its own placement settles it, and a second order would be one more.
        A slow one that has no time left for another answer gets the rest at every wait: what leaves late comes late.
        """
        own = self._own
        slowest_s = slow_answer_s(own.settings, own.executor.replies)
        if slowest_s and self._hurries(slowest_s):
            return True
        if own.executor.replies.was_throttled():
            return self._ticks % self._throttled_ticks == 0
        return self._ticks % _SLOW_TICKS == 0 and slowest_s > 0.0

    def _hurries(self, slowest_s: float) -> bool:
        """Tell whether a bare position has less time left than an answer takes; an old deadline is another matter's."""
        left_s = self._own.deadline_s - asyncio.get_running_loop().time()
        return -self._own.settings.protect_deadline_sec < left_s < slowest_s
