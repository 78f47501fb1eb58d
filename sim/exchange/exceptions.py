"""Raise what python-binance raises: its own class where it is installed, else a namesake.

Shape: python-binance 1.0.37, ``binance/exceptions.py`` (binance-facts 1.4): any non-2xx becomes
``BinanceAPIException`` with ``code`` (0 when the body is not JSON, None when JSON lacks it), ``message`` and
``status_code``; a 200 that is no JSON ``BinanceRequestException``; a time-out is ``asyncio.TimeoutError``.  What the
transport raises is in :mod:`sim.exchange.breakages`.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple


class Response(NamedTuple):
    """Show an answer as the library's ``client.response`` does, as far as people read it."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def text(self) -> str:
        """Return the body as it stands on the wire.

        The library's asynchronous client has a method here and so loses the text of a body that is no JSON
        (binance-facts 1.4); its synchronous one reads it.
        """
        return error_text(self.body)


class _Namesake(Exception):
    """Stand in for python-binance's exception of the same name and shape."""

    def __init__(self, response: Any, status_code: int, text: str) -> None:
        self.code: int | None = 0
        try:
            parsed = json.loads(text)
        except ValueError:
            self.message = f"Invalid JSON error message from Binance: {text}"
        else:
            self.code = parsed.get("code")
            self.message = parsed.get("msg")
        self.status_code = status_code
        self.response = response
        self.request = getattr(response, "request", None)
        super().__init__(response, status_code, text)

    def __str__(self) -> str:
        return f"APIError(code={self.code}): {self.message}"


_Namesake.__name__ = _Namesake.__qualname__ = "BinanceAPIException"


def api_exception_class() -> Any:
    """Return ``binance.exceptions.BinanceAPIException`` when installed, else the namesake."""
    try:
        # By name: type checkers must be content whether or not it is installed.
        return importlib.import_module("binance.exceptions").BinanceAPIException
    except ImportError:
        return _Namesake


class _RequestNamesake(Exception):
    """Stand in for python-binance's exception of the same name and shape."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)

    def __str__(self) -> str:
        return f"BinanceRequestException: {self.message}"


_RequestNamesake.__name__ = _RequestNamesake.__qualname__ = "BinanceRequestException"


def request_exception_class() -> Any:
    """Return ``binance.exceptions.BinanceRequestException`` when installed, else the namesake."""
    try:
        return importlib.import_module("binance.exceptions").BinanceRequestException
    except ImportError:
        return _RequestNamesake


def error_text(body: Any) -> str:
    """Return the reply's text as it would stand on the wire."""
    return body if isinstance(body, str) else json.dumps(body)
