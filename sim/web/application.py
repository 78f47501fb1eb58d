"""Turn HTTP requests into questions to an :class:`Exchange`, and its answers into HTTP.

The application knows no clock: it awaits.  What never comes back from the exchange is never answered here: the
connection stays open until the client gives up, as on a wire that lost the reply.  A broken connection
(:data:`~sim.exchange.effects.BROKEN`) is broken here (:mod:`sim.web.breaking`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import ContentEncodingError

from sim.exchange.effects import BROKEN
from sim.web.breaking import break_connection
from sim.web.credentials import refusal_of
from sim.web.exchange import Answer, Exchange
from sim.web.neighbours import EMPTY_LISTS, SAME_HERE
from sim.web.pages import SERVER, Runner, expect, page
from sim.web.reading import read, readable
from sim.web.sockets import Sockets

MAX_SILENCE_S: Final = 600.0
"""When a connection that gets no answer is cut; no client waits that long."""

MOST_BODY: Final = 1024**2
"""Bytes of the largest body that is read; more is 413, as at the venue's front."""

_JSON: Final = "application/json;charset=UTF-8"


def make_application(exchange: Exchange, secrets: Mapping[str, str]) -> web.Application:
    """Build the application for an exchange; ``secrets`` by API key ("" looks for a signature, verifies none)."""
    application = web.Application(client_max_size=MOST_BODY)
    front = _Front(exchange, secrets)
    sockets = Sockets(exchange)
    for path in ("/ws", "/stream"):
        for category in ("", "/public", "/market", "/private"):
            application.router.add_get(category + path, sockets.serve, expect_handler=expect)
            application.router.add_get(category + path + "/{names:.+}", sockets.serve, expect_handler=expect)
    application.router.add_route("*", "/{path:.*}", front.answer, expect_handler=expect)
    return application


def make_runner(application: web.Application) -> web.AppRunner:
    """Build the runner that ends a handler when its client has gone (a reply that is never sent waits for that)."""
    return Runner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.0)


class _Front:
    def __init__(self, exchange: Exchange, secrets: Mapping[str, str]) -> None:
        self._exchange = exchange
        self._secrets = secrets

    async def answer(self, request: web.Request) -> web.StreamResponse:
        try:
            body = (await request.read()).decode(errors="surrogateescape") if request.body_exists else ""
        except web.HTTPRequestEntityTooLarge:
            return page(413)
        except (web.RequestPayloadError, ContentEncodingError):
            return page(400)
        sent = read(request.rel_url.raw_query_string, body)
        api_key = request.headers.get("X-MBX-APIKEY", "")
        path = readable(request.path)
        path = SAME_HERE.get(path, path)
        early: Answer | None = (400, {}, {"code": -1101, "msg": sent.trouble}) if sent.trouble else None
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
        if answer[0] == BROKEN:
            return await break_connection(request, str(answer[2]))
        if answer[0] == 0:
            return await _silence(request)
        return _response(answer)


def _response(answer: Answer) -> web.Response:
    status, headers, body = answer
    if isinstance(body, str):
        content_type, text = _content_type(status, body), body
    else:
        content_type, text = _JSON, json.dumps(body, separators=(",", ":"))
    return web.Response(
        status=status, body=text.encode(), headers={**SERVER, **headers, "Content-Type": content_type}
    )


def _content_type(status: int, text: str) -> str:
    if text.lstrip().startswith("<"):
        return "text/html"
    # What a fault left of a good answer still travels as what it was.
    return _JSON if status == 200 else "text/plain;charset=UTF-8"


async def _silence(request: web.Request) -> web.StreamResponse:
    try:
        await asyncio.sleep(MAX_SILENCE_S)
    finally:
        if request.transport is not None:
            request.transport.abort()
    return web.Response(status=504)
