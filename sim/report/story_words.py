"""Put pieces of a story into words: answers, prices, quantities, durations, and what may not be there (pure)."""

from __future__ import annotations

import math
from typing import Any, Final

import pandas as pd

_ROLES: Final = {
    "sl": "stop",
    "tp": "target",
    "trailing": "trailing stop",
    "flatten": "close",
    "liquidation": "liquidation",
}


_BROKEN: Final = {
    "refused": "refused",
    "dns": "the name could not be resolved",
    "pool": "no free connection in time",
    "tls": "no secure connection",
    "timeout": "no connection in time",
    "reset": "reset by the peer",
    "disconnected": "closed without an answer",
    "truncated": "closed in the middle of the answer",
    "empty": "an answer with nothing in it",
}
"""How a connection broke, by the name in the record."""


def answer_text(request: Any) -> str:
    """Say how a request was answered, and after how long."""
    took = seconds_text(request.duration_us / 1e6)
    if request.status == 0:
        return f"no answer within {took}"
    if request.status < 0:
        return f"the connection broke {took} after sending: {_BROKEN.get(request.message, request.message)}"
    if request.status == 200:
        return f"answered {took} after sending: done"
    return f"answered {took} after sending: HTTP {request.status}, {code_text(request.code)}{request.message}"


def code_text(code: int) -> str:
    """Write an error code and a space, or nothing for none."""
    return f"{code} " if code else ""


def role_word(role: str) -> str:
    """Return what people call the role of an order."""
    return _ROLES.get(role, role)


def is_there(value: Any) -> bool:
    """Tell whether a nullable value is there."""
    return not pd.isna(value)


def is_same(value: Any, number: int) -> bool:
    """Tell whether a nullable number is there and equal."""
    return is_there(value) and bool(value == number)


def is_true(value: Any) -> bool:
    """Tell whether a nullable truth value is there and true."""
    return is_there(value) and bool(value)


def seconds_text(value_s: float) -> str:
    """Write a duration, below a second in ms."""
    return f"{value_s * 1000:.0f} ms" if value_s < 1 else f"{value_s:,.2f} s"


def price_text(value: float) -> str:
    """Write a price with two decimals, and with six digits below a thousand."""
    if math.isnan(value):
        return "an unknown price"
    whole = len(str(int(abs(value))))
    return f"{value:,.{max(2, 6 - whole)}f}"


def amount_text(value: float, *, signed: bool = False) -> str:
    """Write a quantity without trailing zeros."""
    text = f"{value:+,.8f}" if signed else f"{value:,.8f}"
    return text.rstrip("0").rstrip(".")


def position_text(quantity: float) -> str:
    """Say what position is held."""
    return f"position {amount_text(quantity, signed=True)}" if quantity else "no position"


def sentence(text: str) -> str:
    """End a text with one full stop."""
    return text.rstrip(".") + "."
