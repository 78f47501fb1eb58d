"""Break connections as networks do: after the request was read, or as if it had never been sent.

What breaks after the request is told to the real transport, and any client sees it: a reset, an end without an answer,
a body that stops half-way, a 200 with nothing in it.

What breaks before a connection stands (refused, dns, pool, tls, timeout) cannot be shown by a server that has
accepted.  In memory the pipe carries the failure to the client's own connector (:mod:`sim.web.clients`), which raises
what aiohttp raises there.  On a real port the connection ends without an answer: the truth of the write is the same,
nothing was applied, but the client sees a server that disconnected and has to find that out.
"""

from __future__ import annotations

import errno
import socket
import struct
from typing import Final

from aiohttp import web

from sim.clock import MemoryTransport
from sim.web.pages import SERVER

CONNECTING: Final = frozenset({"refused", "dns", "pool", "tls", "timeout"})
"""Breakages of a connection that never stood."""

_JSON: Final = "application/json;charset=UTF-8"
_BEGUN: Final = b'{"orderId":8389765'
"""What arrives of a body that is cut off: no client can tell from it what became of its request."""
_WHOLE: Final = 512
_LINGER_NOT: Final = struct.pack("ii", 1, 0)


class ConnectFailed(Exception):
    """Say through a pipe that the connection never stood; ``how`` is one of :data:`CONNECTING`."""

    def __init__(self, how: str) -> None:
        self.how = how
        super().__init__(how)


async def break_connection(request: web.Request, how: str) -> web.StreamResponse:
    """Break the request's connection; the answer returned is sent only where the breakage is an answer."""
    if how == "empty":
        return web.Response(status=200, headers={**SERVER, "Content-Type": _JSON})
    if how == "truncated":
        await _send_part(request)
    transport = request.transport
    if transport is not None:
        if how in CONNECTING and isinstance(transport, MemoryTransport):
            transport.reset(ConnectFailed(how))
        elif how == "reset":
            _reset(transport)
        else:
            transport.abort()
    return web.Response(status=504)


async def _send_part(request: web.Request) -> None:
    response = web.StreamResponse(status=200, headers={**SERVER, "Content-Type": _JSON})
    response.content_length = _WHOLE
    await response.prepare(request)
    await response.write(_BEGUN)


def _reset(transport: object) -> None:
    if isinstance(transport, MemoryTransport):
        transport.reset(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))
        return
    assert hasattr(transport, "abort")
    plug = transport.get_extra_info("socket") if hasattr(transport, "get_extra_info") else None
    if plug is not None:
        # A close that lingers for no time sends RST instead of FIN.
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()
