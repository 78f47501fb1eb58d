"""Turn HTTP requests into questions to an :class:`Exchange`, and its answers into HTTP.

The application knows no clock: it awaits.  What never comes back from the exchange is never answered here: the
connection stays open until the client gives up, as on a wire that lost the reply.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from sim.web.credentials import refusal_of
from sim.web.exchange import Answer, Exchange
from sim.web.neighbours import EMPTY_LISTS, SAME_HERE
from sim.web.reading import read
from sim.web.sockets import Sockets

MAX_SILENCE_S: Final = 600.0
"""When a connection that gets no answer is cut; no client waits that long."""

_SERVER: Final = {"Server": "execution-sim"}
_JSON: Final = "application/json;charset=UTF-8"
_DUPLICATE: Final[Answer] = (400, {}, {"code": -1101, "msg": "Duplicate values for a parameter detected."})


def make_application(exchange: Exchange, secrets: Mapping[str, str]) -> web.Application:
    """Build the application for an exchange; ``secrets`` by API key ("" looks for a signature, verifies none)."""
    application = web.Application(client_max_size=1024**2)
    front = _Front(exchange, secrets)
    sockets = Sockets(exchange)
    for path in ("/ws", "/stream"):
        for category in ("", "/public", "/market", "/private"):
            application.router.add_get(category + path, sockets.serve)
            application.router.add_get(category + path + "/{names:.+}", sockets.serve)
    application.router.add_route("*", "/{path:.*}", front.answer)
    return application


def make_runner(application: web.Application) -> web.AppRunner:
    """Build the runner that ends a handler when its client has gone (a reply that is never sent waits for that)."""
    return web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.0)


class _Front:
    def __init__(self, exchange: Exchange, secrets: Mapping[str, str]) -> None:
        self._exchange = exchange
        self._secrets = secrets

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode(errors="replace") if request.body_exists else ""
        sent = read(request.rel_url.raw_query_string, body)
        api_key = request.headers.get("X-MBX-APIKEY", "")
        path = SAME_HERE.get(request.path, request.path)
        early: Answer | None = _DUPLICATE if sent.duplicated else None
        if early is None:
            early = refusal_of(
                f"{request.method} {path}", sent.params, sent.signed_text, api_key, self._secrets
            )
        if early is None and (request.method, path) in EMPTY_LISTS:
            early = (200, {}, [])
        if early is not None:
            answer = await self._exchange.relay(early)
        else:
            params: dict[str, Any] = sent.params
            params.pop("signature", None)
            answer = await self._exchange.send(request.method, path, params, api_key)
        if answer[0] == 0:
            return await _silence(request)
        return _response(answer)


def _response(answer: Answer) -> web.Response:
    status, headers, body = answer
    if isinstance(body, str):
        content_type, text = _content_type(body), body
    else:
        content_type, text = _JSON, json.dumps(body, separators=(",", ":"))
    return web.Response(
        status=status, body=text.encode(), headers={**_SERVER, **headers, "Content-Type": content_type}
    )


def _content_type(text: str) -> str:
    return "text/html" if text.lstrip().startswith("<") else "text/plain;charset=UTF-8"


async def _silence(request: web.Request) -> web.StreamResponse:
    try:
        await asyncio.sleep(MAX_SILENCE_S)
    finally:
        if request.transport is not None:
            request.transport.abort()
    return web.Response(status=504)
