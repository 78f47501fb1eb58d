"""Take in user-stream events: what became of orders by client id, and who waits for it.

Events are read as python-binance hands them on (binance-facts 10): ORDER_TRADE_UPDATE, ALGO_UPDATE.
A stream may be late, doubled, out of order or dead (failures F21), so news only ever adds certainty: an end or a fill
is believed, silence proves nothing, and what is older than what is known changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from .lookup import Sighting, number_of, state_of

_RANK: Final = {"NEW": 1, "TRIGGERING": 2, "TRIGGERED": 3, "PARTIALLY_FILLED": 4}
_LAST: Final = 9


class OrderNews:
    """Remember news of the client ids somebody cares for; :meth:`handle` takes one event."""

    def __init__(self) -> None:
        self._seen: dict[str, Sighting | None] = {}
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}

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

    def _order(
        self, client_id: str, body: Mapping[str, Any], number: Any, executed: Any, average: Any
    ) -> None:
        if client_id not in self._seen:
            return
        status = str(body.get("X", ""))
        filled = number_of(executed)
        why = str(body.get("rm") or body.get("er") or "")
        sighting = Sighting(
            state_of(status, filled), str(number), status, filled, number_of(average), body, why
        )
        known = self._seen[client_id]
        if known is None or _order_of(known) <= _order_of(sighting):
            self._seen[client_id] = sighting
            self._wake(client_id)

    def _wake(self, client_id: str) -> None:
        for future in self._waiting.get(client_id, ()):
            _resolve(future)


def _order_of(sighting: Sighting) -> tuple[int, float]:
    """Return what grows in an order's life: its status's rank, and how much of it was executed."""
    return _RANK.get(sighting.status, _LAST), sighting.executed


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
