"""Raise what python-binance raises: its own class where it is installed, else a namesake.

Shape: python-binance 1.0.36, ``binance/exceptions.py`` (binance-facts 1.4): any non-2xx becomes
``BinanceAPIException`` with ``code`` (0 when the body is not JSON, None when JSON lacks it), ``message`` and
``status_code``; a time-out is ``asyncio.TimeoutError``.
"""

from __future__ import annotations

import json
from typing import Any


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
        from binance.exceptions import BinanceAPIException  # type: ignore[import-not-found]
    except ImportError:
        return _Namesake
    return BinanceAPIException


def error_text(body: Any) -> str:
    """Return the reply's text as it would stand on the wire."""
    return body if isinstance(body, str) else json.dumps(body)
