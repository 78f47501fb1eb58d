"""Be the :class:`~sim.web.Exchange` of a real server whose venue lives in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from sim.serve.pace import Pace
from sim.trace import Trace
from sim.web import Answer, Deliver
from sim.web.gateway_exchange import GatewayExchange

SILENCE: Final[Answer] = (0, {}, None)

COMPACT_EVERY: Final = 4096
"""How many requests lie between two looks at how long the record's rows have grown."""


class BridgedExchange:
    """Hand requests to ``inner``, which lives on ``loop``, at the pace's time, and its answers and events back.

    ``trace`` is compacted now and then, as a server may run for long.
    """

    def __init__(
        self, inner: GatewayExchange, loop: asyncio.AbstractEventLoop, pace: Pace, trace: Trace
    ) -> None:
        self._inner = inner
        self._trace = trace
        self._loop = loop
        self._pace = pace
        self.statuses: dict[int, int] = {}
        """How many answers went out, by status (0: silence)."""
        self.asked = 0
        """How many requests reached the venue's door: those of its record."""
        self.client_ids: dict[int, str] = {}
        """Client order ids by the number that a request has in the record."""
        self.streams = 0
        """How many streams are attached."""

    async def send(self, method: str, path: str, params: dict[str, Any], api_key: str) -> Answer:
        """Answer one request of the account behind ``api_key``."""

        def leave() -> asyncio.Future[Any]:
            # The gateway numbers what it sends from 1, and nobody else sends.
            self.asked += 1
            if not self.asked % COMPACT_EVERY:
                self._trace.compact()
            client_id = (
                params.get("newClientOrderId")
                or params.get("clientAlgoId")
                or params.get("origClientOrderId")
            )
            if client_id is not None:
                self.client_ids[self.asked] = client_id
            return asyncio.ensure_future(self._inner.send(method, path, params, api_key), loop=self._loop)

        return self._counted(await self._pace.ask(leave, SILENCE))

    async def relay(self, answer: Answer) -> Answer:
        """Let an answer given before the exchange is asked take the time that any answer takes."""

        def leave() -> asyncio.Future[Any]:
            return self._loop.create_task(self._inner.relay(answer))

        return self._counted(await self._pace.ask(leave, SILENCE))

    def _counted(self, answer: Answer) -> Answer:
        self.statuses[answer[0]] = self.statuses.get(answer[0], 0) + 1
        return answer

    def attach_user_stream(self, listen_key: str, deliver: Deliver) -> Callable[[], None] | None:
        """Feed an account's events to ``deliver``."""
        return self._attach(self._inner.attach_user_stream, listen_key, deliver, event=True)

    def attach_market_stream(self, name: str, deliver: Deliver) -> Callable[[], None] | None:
        """Feed a market stream to ``deliver``."""
        return self._attach(self._inner.attach_market_stream, name, deliver, event=False)

    def _attach(
        self,
        attach: Callable[[str, Deliver], Callable[[], None] | None],
        name: str,
        deliver: Deliver,
        *,
        event: bool,
    ) -> Callable[[], None] | None:
        live = True
        # A stream begins now, not when something last happened.
        self._pace.settle()
        take = self._pace.deferred(lambda body: deliver(body) if live else None, event=event)
        detach = attach(name, take)
        if detach is None:
            return None
        self.streams += 1
        self._pace.look_again()
        end = detach

        def detached() -> None:
            nonlocal live
            live = False
            self.streams -= 1
            end()

        return detached
