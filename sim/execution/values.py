"""Read sides and numbers as people and clients write them, and call what may or may not be a coroutine."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from decimal import Decimal
from types import CoroutineType
from typing import Any

_LONG = frozenset({"buy", "long"})
_SHORT = frozenset({"sell", "short"})


def is_long(side: str) -> bool:
    """Tell whether a position's side means long: buy or long, against sell or short, in any case.

    Raises ValueError for any other word: guessing a side would put a stop on the wrong one.
    """
    word = str(side).lower()
    if word in _LONG:
        return True
    if word in _SHORT:
        return False
    raise ValueError(f"side={side!r}: expected buy, long, sell or short")


def side_name(side: str) -> str:
    """Return LONG or SHORT for a position's side."""
    return "LONG" if is_long(side) else "SHORT"


def positive_number(value: object) -> float | None:
    """Return a number or numeric text as a finite float above zero, or None when it is none.

    Types are checked and not merely converted: ``float()`` accepts a mock and answers 1.0.
    """
    if type(value) is not float:
        if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
            return None
        try:
            value = float(value)
        except (ValueError, OverflowError):
            return None
    return value if 0.0 < value < math.inf else None


def dollars(price: float) -> str:
    """Write a price for a log line: two decimals, and enough to tell two prices apart below one."""
    return f"${price:.2f}" if abs(price) >= 1.0 else f"${price:.8f}"


async def call(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call a sync or async function and return what it finally answers.

    The answer is examined rather than the function: a mock, a partial, a bound method or a lambda that
    returns a coroutine does not look like a coroutine function.
    """
    reply = function(*args, **kwargs)
    # The plain coroutine comes first because the general question is ten times as dear.
    if type(reply) is CoroutineType or inspect.isawaitable(reply):
        reply = await reply
    return reply
