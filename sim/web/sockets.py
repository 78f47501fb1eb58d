"""Serve streams over WebSocket: the account's events and market data, in the addresses clients use.

Addresses (general information, "Websocket Market Streams", and the split into /public, /market and /private of 2026):
``/ws/NAME``, ``/stream?streams=A/B``, ``/ws?listenKey=KEY``, ``/ws/KEY``, each with or without one of the three
prefixes; and SUBSCRIBE, UNSUBSCRIBE and LIST_SUBSCRIPTIONS as messages.  A name that means nothing is accepted and
stays silent, as on the venue.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from aiohttp import WSMsgType, web

from sim.web.exchange import Exchange

PING_EVERY_S: Final = 180.0
"""The venue pings every three minutes and cuts who does not answer."""


class Sockets:
    """Serve WebSocket connections from an exchange's streams."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until either side ends it."""
        socket = web.WebSocketResponse(heartbeat=PING_EVERY_S, compress=False)
        await socket.prepare(request)
        combined = request.path.rstrip("/").endswith("/stream")
        connection = _Connection(self._exchange, socket, combined)
        names = request.query.get("streams") or request.match_info.get("names") or ""
        for name in [*names.split("/"), request.query.get("listenKey", "")]:
            if name:
                connection.subscribe(name)
        sender = asyncio.create_task(connection.send_all(), name="stream sender")
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    connection.obey(message.data)
        finally:
            connection.end()
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
        return socket


class _Connection:
    def __init__(self, exchange: Exchange, socket: web.WebSocketResponse, combined: bool) -> None:
        self._exchange = exchange
        self._socket = socket
        self._combined = combined
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._detach: dict[str, Callable[[], None] | None] = {}

    def subscribe(self, name: str) -> None:
        if name in self._detach:
            return
        deliver = partial(self._put, name)
        attach = self._exchange.attach_market_stream if "@" in name else self._exchange.attach_user_stream
        self._detach[name] = attach(name, deliver)

    def unsubscribe(self, name: str) -> None:
        detach = self._detach.pop(name, None)
        if detach is not None:
            detach()

    def end(self) -> None:
        for name in list(self._detach):
            self.unsubscribe(name)

    def _put(self, name: str, event: dict[str, Any]) -> None:
        self._say({"stream": name, "data": event} if self._combined else event)

    def _say(self, body: Any) -> None:
        self._outbox.put_nowait(json.dumps(body, separators=(",", ":")))

    async def send_all(self) -> None:
        while True:
            text = await self._outbox.get()
            try:
                await self._socket.send_str(text)
            except ConnectionError:
                return

    def obey(self, text: str) -> None:
        """Answer one message of the client."""
        try:
            asked = json.loads(text)
            method, number, names = asked["method"], asked.get("id"), asked.get("params", [])
        except (ValueError, KeyError, TypeError, AttributeError):
            self._say({"error": {"code": 3, "msg": "Invalid JSON: expected a request with a method"}})
            return
        result: list[str] | None = None
        if method == "LIST_SUBSCRIPTIONS":
            result = list(self._detach)
        elif method in ("SUBSCRIBE", "UNSUBSCRIBE") and isinstance(names, list):
            for name in names:
                (self.subscribe if method == "SUBSCRIBE" else self.unsubscribe)(str(name))
        else:
            self._say(
                {"error": {"code": 2, "msg": f"Invalid request: unknown variant `{method}`"}, "id": number}
            )
            return
        self._say({"result": result, "id": number})
