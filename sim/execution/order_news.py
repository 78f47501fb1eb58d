"""Take in user-stream events: what became of orders by client id, and who waits for it.

Events are read as python-binance hands them on (binance-facts 10): ORDER_TRADE_UPDATE, ALGO_UPDATE.
A stream may be late, doubled, out of order or dead (failures F21), so news only ever adds certainty: an end or a fill
is believed, silence proves nothing, and what is older than what is known changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextvars import copy_context
from typing import Any, Final

from .lookup import Sighting, number_of, state_of, status_of_order
from .time_limit import TimeLimit, finish_within

_RANK: Final = {"NEW": 1, "TRIGGERING": 2, "TRIGGERED": 3, "PARTIALLY_FILLED": 4}
_LAST: Final = 9
_NEVER_S: Final = 1e6
_REPLY_GRACE_S: Final = 0.15
"""How long the answer to a request is still waited for when the stream has told what became of its order."""


class OrderNews:
    """Remember news of the client ids somebody cares for; :meth:`handle` takes one event."""

    def __init__(self) -> None:
        self._seen: dict[str, Sighting | None] = {}
        self._waiting: dict[str, list[asyncio.Future[None] | Alarm]] = {}
        self.awaited: dict[str, TimeLimit] = {}
        """By client id: the limit of the request whose answer is waited for.  News makes it short."""

    def expect(self, *client_ids: str) -> bool:
        """Begin to care for these client ids; True when nobody cared for any of them before."""
        new, seen = True, self._seen
        for client_id in client_ids:
            if client_id in seen:
                new = False
            else:
                seen[client_id] = None
        return new

    def forget(self, *client_ids: str) -> None:
        """Stop caring for these client ids."""
        for client_id in client_ids:
            self._seen.pop(client_id, None)

    def renew(self, client_id: str) -> None:
        """Let what was said of an order be forgotten: another one of its id is sent."""
        if client_id in self._seen:
            self._seen[client_id] = None

    def latest(self, client_id: str) -> Sighting | None:
        """Return what the stream last said of an order, or None."""
        return self._seen.get(client_id)

    def handle(self, event: Mapping[str, Any]) -> None:
        """Take in one event of the user stream; kinds it does not know are ignored."""
        kind = event.get("e")
        body = event.get("o")
        if kind == "ORDER_TRADE_UPDATE" and isinstance(body, Mapping):
            self._order(str(body.get("c")), body, body.get("i"), body.get("z"), body.get("ap"))
        elif kind == "ALGO_UPDATE" and isinstance(body, Mapping):
            self._order(str(body.get("caid")), body, body.get("aid"), body.get("aq"), body.get("ap"))

    async def unless_heard(self, client_id: str, look: Coroutine[Any, Any, Sighting]) -> Sighting | None:
        """Return what a look-up sees, or None when the stream tells of the order before it is answered."""
        limit = self.awaited[client_id] = TimeLimit(_NEVER_S)
        try:
            return await finish_within(limit, look)
        except TimeoutError:
            return None
        finally:
            self.awaited.pop(client_id, None)

    async def wait(self, client_ids: tuple[str, ...], timeout_s: float) -> bool:
        """Wait until there is news of one of these orders; False when the time is over."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        for client_id in client_ids:
            self._waiting.setdefault(client_id, []).append(future)
        timer = loop.call_later(timeout_s, _resolve, future)
        try:
            await future
            return loop.time() < timer.when()
        finally:
            timer.cancel()
            for client_id in client_ids:
                waiting = self._waiting[client_id]
                waiting.remove(future)
                if not waiting:
                    del self._waiting[client_id]

    def alarm(
        self,
        client_id: str,
        at_s: float,
        ring: Callable[[bool], None],
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> Alarm:
        """Call ``ring`` once: with True at the first news of an order, with False at the loop's time ``at_s``.

        A task it makes belongs into the ``context`` of the alarm: news comes in another one.  ``loop``: the running
        one, where it is known.
        """
        alarm = Alarm(self._waiting, client_id, at_s, ring, loop or asyncio.get_running_loop())
        self._waiting.setdefault(client_id, []).append(alarm)
        return alarm

    def _order(
        self, client_id: str, body: Mapping[str, Any], number: Any, executed: Any, average: Any
    ) -> None:
        if client_id not in self._seen:
            return
        status = status_of_order(str(body.get("X", "")), body.get("o"), body.get("ot"))
        filled = number_of(executed)
        why = str(body.get("rm") or body.get("er") or "")
        sighting = Sighting(
            state_of(status, filled), str(number), status, filled, number_of(average), body, why
        )
        known = self._seen[client_id]
        if known is None or _order_of(known) <= _order_of(sighting):
            self._seen[client_id] = sighting
            limit = self.awaited.get(client_id)
            if limit is not None:
                limit.hurry(_REPLY_GRACE_S)
            self._wake(client_id)

    def _wake(self, client_id: str) -> None:
        for waiting in tuple(self._waiting.get(client_id, ())):
            if isinstance(waiting, Alarm):
                waiting.ring()
            else:
                _resolve(waiting)


class Alarm:
    """Wait for news as :meth:`OrderNews.wait` does, without a task: what only waits shall cost next to nothing."""

    __slots__ = ("_ring", "_timer", "_waiting", "at_s", "client_id", "context", "loop")

    def __init__(
        self,
        waiting: dict[str, list[Any]],
        client_id: str,
        at_s: float,
        ring: Callable[[bool], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._waiting, self._ring = waiting, ring
        self.client_id, self.at_s, self.context = client_id, at_s, copy_context()
        self.loop = loop
        self._timer = loop.call_at(at_s, self.ring, context=self.context)

    def ring(self) -> None:
        """Call back, with whether the time is not over yet."""
        self.stop()
        self._ring(self.loop.time() < self._timer.when())

    def stop(self) -> None:
        """Wait no longer."""
        self._timer.cancel()
        waiting = self._waiting[self.client_id]
        waiting.remove(self)
        if not waiting:
            del self._waiting[self.client_id]


def _order_of(sighting: Sighting) -> tuple[int, float]:
    """Return what grows in an order's life: its status's rank, and how much of it was executed."""
    return _RANK.get(sighting.status, _LAST), sighting.executed


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
