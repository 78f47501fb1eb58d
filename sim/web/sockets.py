"""Serve streams over WebSocket: the account's events and market data, in the addresses clients use.

Addresses (general information, "Websocket Market Streams", and the split into /public, /market and /private of 2026):
``/ws/NAME``, ``/stream?streams=A/B``, ``/ws?listenKey=KEY``, ``/ws/KEY``, each with or without one of the three
prefixes; and SUBSCRIBE, UNSUBSCRIBE and LIST_SUBSCRIPTIONS as messages.  A name that means nothing is accepted and
stays silent, as on the venue.  What is no such message is answered with the venue's error (the same page, "Error
Messages") and the connection stays; an address without an upgrade gets the front's page, a message beyond
:data:`MOST_MESSAGE` ends the connection with code 1009.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from aiohttp import WSMsgType, web

from sim.web.exchange import Exchange
from sim.web.pages import SERVER, page

PING_EVERY_S: Final = 180.0
"""The venue pings every three minutes and cuts who does not answer."""

MOST_MESSAGE: Final = 65_536
"""Bytes of the longest message of a client that is read."""

MOST_STREAMS: Final = 1024
"""How many streams one connection may hear (general information, "Websocket Market Streams")."""

_VARIANTS: Final = "`SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"


class _Unclear(Exception):
    """Carry why a message is no request: the venue's code and text, and the message's id where it has one."""

    def __init__(self, code: int, text: str, number: int | str | None = None) -> None:
        self.body: dict[str, Any] = {"error": {"code": code, "msg": text}}
        if number is not None:
            self.body["id"] = number
        super().__init__(text)


class Sockets:
    """Serve WebSocket connections from an exchange's streams."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until either side ends it."""
        socket = web.WebSocketResponse(heartbeat=PING_EVERY_S, compress=False, max_msg_size=MOST_MESSAGE)
        if not _is_handshake(socket, request):
            return page(400)
        socket.headers.update(SERVER)
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
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    connection.obey(message.data)
        finally:
            connection.end()
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
        return socket


def _is_handshake(socket: web.WebSocketResponse, request: web.Request) -> bool:
    try:
        return bool(socket.can_prepare(request))
    except ValueError:
        return False  # headers that are no text


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

    def obey(self, text: str | bytes) -> None:
        """Answer one message of the client; a binary one is read as the text it holds."""
        try:
            method, names, number = _asked(text)
            if method == "SUBSCRIBE" and len(self._detach.keys() | set(names)) > MOST_STREAMS:
                raise _Unclear(2, "Invalid request: too many subscriptions", number)
        except _Unclear as unclear:
            self._say(unclear.body)
            return
        for name in names:
            (self.subscribe if method == "SUBSCRIBE" else self.unsubscribe)(name)
        result = list(self._detach) if method == "LIST_SUBSCRIPTIONS" else None
        self._say({"result": result, "id": number})


def _asked(text: str | bytes) -> tuple[str, list[str], int | str | None]:
    """Return method, stream names and id of a message; raise _Unclear for what is none."""
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError):
        raise _Unclear(3, "Invalid JSON: expected value at line 1 column 1") from None
    if not isinstance(asked, dict) or "method" not in asked:
        raise _Unclear(3, "Invalid JSON: expected a request with a method")
    number, method, names = asked.get("id"), asked["method"], asked.get("params", [])
    if isinstance(number, bool) or not isinstance(number, int | str | None):
        raise _Unclear(2, "Invalid request: request ID must be an unsigned integer")
    if method == "LIST_SUBSCRIPTIONS":
        return method, [], number
    if method not in ("SUBSCRIBE", "UNSUBSCRIBE"):
        shown = method if isinstance(method, str) else json.dumps(method)
        raise _Unclear(2, f"Invalid request: unknown variant `{shown}`, expected one of {_VARIANTS}", number)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _Unclear(2, "Invalid request: params must be a list of stream names", number)
    return str(method), names, number
