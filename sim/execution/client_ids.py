"""Give every write a client order id of its own, so that it can be found again.

An id is ``INTENT-ROLE`` or ``INTENT-ROLE-N``: who reads the venue's order list knows what an order was for.
An intent's own part is the time in microseconds and a running number in base 36; no process has both twice.  The
venue accepts letters, digits and ``.:/_-``, up to 36 of them (binance-facts 6).
"""

from __future__ import annotations

import asyncio
import itertools
import time
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from weakref import WeakKeyDictionary

MAX_LENGTH: Final = 36

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIRS: Final = tuple(high + low for high in _DIGITS for low in _DIGITS)
_ROLE_CODES: Final[Mapping[str, str]] = {
    "entry": "e",
    "sl": "s",
    "tp": "t",
    "trailing": "r",
    "exit": "x",
}
# One count for each loop: a process that runs several worlds one after another repeats each of them.
_running: WeakKeyDictionary[asyncio.AbstractEventLoop, itertools.count[int]] = WeakKeyDictionary()


def new_intent_id() -> str:
    """Return an id that no other intent of this or an earlier process has; call it inside a running loop."""
    loop = asyncio.get_running_loop()
    count = _running.get(loop)
    if count is None:
        count = _running[loop] = itertools.count(1)
    high, low = divmod(next(count) % 46656, 1296)
    return f"i{_base36(time.time_ns() // 1000)}{_DIGITS[high]}{_PAIRS[low]}"


def client_order_id(intent_id: str, order_type: str, number: int = 0) -> str:
    """Return the client id of an intent's order; ``number`` tells apart several of one kind.

    Raises ValueError when the intent's id leaves no room.
    """
    code = _ROLE_CODES.get(order_type) or order_type[:1].lower() or "o"
    made = f"{intent_id}-{code}{number if number else ''}"
    if len(made) > MAX_LENGTH:
        raise ValueError(f"intent_id={intent_id!r}: too long, {made!r} has more than {MAX_LENGTH} characters")
    return made


def id_field(params: Mapping[str, Any]) -> str:
    """Name the field that carries the client id on the endpoint these parameters are meant for."""
    return "clientAlgoId" if "algoType" in params or "clientAlgoId" in params else "newClientOrderId"


def client_id_in(params: Mapping[str, Any]) -> str | None:
    """Return the client id an order carries, or None when it has none."""
    value = params.get("newClientOrderId") or params.get("clientAlgoId")
    return str(value) if value else None


def share_of(client_id: str, number: int) -> float:
    """Return a number from 0 to below 1 that an id and a count decide: chance without a state.

    Two bots have different ids, so a crowd spreads; a replay has the same ids, so it repeats.
    """
    mixed = zlib.crc32(f"{number}:{client_id}:{number}".encode())
    # The low bits of a checksum of like texts are alike; a multiplication brings the high ones down.
    return ((mixed * 0x9E3779B97F4A7C15) >> 11 & 0x1FFFFFFFFFFFFF) / 2**53


def _base36(number: int) -> str:
    early, late = divmod(number, 1296 * 1296)
    high, low = divmod(late, 1296)
    return f"{_early_digits(early)}{_PAIRS[high]}{_PAIRS[low]}".lstrip("0") or "0"


@lru_cache(8)
def _early_digits(number: int) -> str:
    """Return all but the last four digits of a time in microseconds: they stand for 1.7 s, and many ask in one."""
    digits = ""
    while number:
        number, pair = divmod(number, 1296)
        digits = _PAIRS[pair] + digits
    return digits
