"""Raise what python-binance's aiohttp raises when a connection breaks: its own classes where installed, else namesakes.

Names and descent: aiohttp 3.14, ``aiohttp/client_exceptions.py``.  Code under test goes by class, by name, or by what
a class descends from, so all three are kept; texts are the same with and without aiohttp.
"""

from __future__ import annotations

import errno
import importlib
import ssl
from collections.abc import Callable, Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any, Final

_HOST: Final = "fapi.binance.com"
_URL: Final = f"https://{_HOST}"
_ADDRESS: Final = "203.0.113.10"
"""The venue's address in texts: one that RFC 5737 keeps for examples."""

_BASES: Final[tuple[tuple[str, tuple[str | type[BaseException], ...]], ...]] = (
    ("ClientError", (Exception,)),
    ("ClientConnectionError", ("ClientError",)),
    ("ClientOSError", ("ClientConnectionError", OSError)),
    ("ClientConnectorError", ("ClientOSError",)),
    ("ClientConnectorDNSError", ("ClientConnectorError",)),
    ("ClientSSLError", ("ClientConnectorError",)),
    ("ClientConnectorSSLError", ("ClientSSLError", ssl.SSLError)),
    ("ServerConnectionError", ("ClientConnectionError",)),
    ("ServerDisconnectedError", ("ServerConnectionError",)),
    ("ServerTimeoutError", ("ServerConnectionError", TimeoutError)),
    ("ConnectionTimeoutError", ("ServerTimeoutError",)),
    ("ClientPayloadError", ("ClientError",)),
    ("ClientResponseError", ("ClientError",)),
    ("ContentTypeError", ("ClientResponseError",)),
)


@cache
def _namesakes() -> dict[str, type[Exception]]:
    made: dict[str, Any] = {}
    for name, bases in _BASES:
        made[name] = type(name, tuple(made[base] if isinstance(base, str) else base for base in bases), {})
    for name in ("ClientConnectorError", "ClientConnectorSSLError"):
        made[name].__init__ = _connector_init
        made[name].__str__ = _connector_str
    return made


def _connector_init(self: Any, connection_key: Any, os_error: OSError) -> None:
    OSError.__init__(self, os_error.errno, os_error.strerror)
    self.host, self.port, self.os_error = connection_key.host, connection_key.port, os_error
    self.args = (connection_key, os_error)


def _connector_str(self: Any) -> str:
    return f"Cannot connect to host {self.host}:{self.port} ssl:default [{self.strerror}]"


def transport_classes() -> Mapping[str, type[Exception]]:
    """Return aiohttp's exceptions by name, the missing ones as namesakes."""
    classes = _namesakes()
    try:
        # By name: type checkers must be content whether or not it is installed.
        aiohttp = importlib.import_module("aiohttp")
    except ImportError:
        return classes
    # All or none: a namesake among the real ones would descend from strangers.
    real = {name: getattr(aiohttp, name, None) for name in classes}
    return real if all(real.values()) else classes  # type: ignore[return-value]


class Breakages:
    """Make the exception of each breakage a fault may name (:data:`sim.exchange.effects.Breakage`)."""

    def __init__(self) -> None:
        self._classes = transport_classes()
        self._makers: dict[str, Callable[[], Exception]] = {
            "refused": lambda: self._connector(
                "ClientConnectorError",
                OSError(errno.ECONNREFUSED, f"Connect call failed ('{_ADDRESS}', 443)"),
            ),
            "dns": lambda: self._connector(
                "ClientConnectorDNSError", OSError(-3, "Temporary failure in name resolution")
            ),
            "tls": lambda: self._connector(
                "ClientConnectorSSLError", OSError(1, "[SSL] record layer failure (_ssl.c:1006)")
            ),
            "pool": self._no_connection_in_time,
            "timeout": self._no_connection_in_time,
            "reset": lambda: self._plain("ClientOSError", errno.ECONNRESET, "Connection reset by peer"),
            "disconnected": lambda: self._plain("ServerDisconnectedError", "Server disconnected"),
            "truncated": lambda: self._plain(
                "ClientPayloadError",
                "Response payload is not completed: <ContentLengthError: 400, message='Not enough data to satisfy "
                "content length header.'>",
            ),
        }

    def error(self, breakage: str) -> Exception:
        """Return a new exception for ``breakage``; KeyError for one that is none."""
        return self._makers[breakage]()

    def wrong_content_type(self, method: str, path: str) -> Exception:
        """Return what reading a page of HTML as JSON raises."""
        text = (
            f"200, message='Attempt to decode JSON with unexpected mimetype: text/html', url='{_URL}{path}'"
        )
        kind = self._classes["ContentTypeError"]
        if kind.__module__ == __name__:
            return kind(text)
        info = SimpleNamespace(real_url=f"{_URL}{path}", method=method)
        message = "Attempt to decode JSON with unexpected mimetype: text/html"
        return kind(info, (), status=200, message=message)  # type: ignore[call-arg]

    def _plain(self, name: str, *parts: Any) -> Exception:
        return self._classes[name](*parts)

    def _connector(self, name: str, error: OSError) -> Exception:
        key = SimpleNamespace(host=_HOST, port=443, is_ssl=True, ssl=True)
        return self._classes[name](key, error)

    def _no_connection_in_time(self) -> Exception:
        return self._plain("ConnectionTimeoutError", f"Connection timeout to host {_URL}")
