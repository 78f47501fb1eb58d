"""Answer as the venue's front does where no request gets as far as its application: a page, never a program's words.

What cannot be read as HTTP, is too large or asks for what no server here does is answered by the load balancer with
a page of HTML and no code; clients meet a body that is no JSON (binance-facts 1.3, 1.4).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler

SERVER: Final = {"Server": "execution-sim"}

_TITLES: Final = {413: "Request Entity Too Large", 414: "Request-URI Too Large"}


def page(status: int) -> web.Response:
    """Return the front's page for a status; the connection ends with it, as what follows may be anything."""
    title = f"{status} {_TITLES.get(status, HTTPStatus(status).phrase)}"
    head, body = (
        f"<head><title>{title}</title></head>",
        f"<body>\r\n<center><h1>{title}</h1></center>\r\n</body>",
    )
    text = f"<html>\r\n{head}\r\n{body}\r\n</html>\r\n"
    response = web.Response(status=status, text=text, content_type="text/html", headers=SERVER)
    response.force_close()
    return response


async def expect(request: web.Request) -> web.StreamResponse | None:
    """Answer ``Expect: 100-continue`` with 100, anything else that is expected with a page of 417."""
    if request.version != HttpVersion11:
        return None
    if request.headers.get("Expect", "").lower() != "100-continue":
        return page(417)
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # the answer itself has not begun
    return None


class _Reader(RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: Any,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer with a page; only what went wrong on our side is logged."""
        if status >= 500:
            self.log_exception("Error handling request", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("part of an answer is out already")
        return page(414 if isinstance(exc, LineTooLong) else status)


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Reader(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """Run an application whose unreadable requests are answered with pages."""

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        return _Server(
            server.request_handler,
            request_factory=server.request_factory,
            handler_cancellation=server.handler_cancellation,
            loop=server._loop,
            **server._kwargs,
        )
