"""Read the parameters of reads and settings, and refuse what the venue refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sim.exchange.replies import Refusal
from sim.exchange.request import Request
from sim.exchange.rules.texts import invalid, missing

if TYPE_CHECKING:
    from sim.exchange.door.door import Door

DAY_MS: Final = 86_400_000


def symbol_of(door: Door, request: Request) -> str:
    """Return the symbol, which must be given (-1102) and trade here (-1121)."""
    symbol = request.params.get("symbol")
    if symbol is None or symbol == "":
        raise missing("symbol")
    if symbol not in door.venue.paths:
        raise Refusal(-1121)
    return str(symbol)


def symbols_of(door: Door, request: Request) -> list[str]:
    """Return the one symbol that is given, or all of them."""
    if request.params.get("symbol") is None:
        return sorted(door.venue.paths)
    return [symbol_of(door, request)]


def whole_number(params: dict[str, Any], name: str) -> int | None:
    """Return a whole number, None when it is not given; -1100 for other characters."""
    given = params.get(name)
    if given is None or given == "":
        return None
    text = str(given)
    if not (text.isdecimal() and text.isascii() and len(text) <= 20):
        raise Refusal(
            -1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'."
        )
    return int(text)


def limit_of(params: dict[str, Any], default: int, most: int) -> int:
    """Return the number of rows wanted, 1 to ``most``; -1130 outside (binance-facts 1.2)."""
    limit = whole_number(params, "limit")
    if limit is None:
        return default
    if not 1 <= limit <= most:
        raise invalid("limit")
    return limit


def period_of(params: dict[str, Any], now_ms: int, most_ms: int) -> tuple[int, int]:
    """Return (from, to) of a look into history, Unix ms, both included.

    Not given: the latest ``most_ms``; one end given: ``most_ms`` from there.  -1023 when it ends before it
    begins, -1127 when it is longer than ``most_ms``.
    """
    start, end = whole_number(params, "startTime"), whole_number(params, "endTime")
    if start is None:
        end = now_ms if end is None else end
        return end - most_ms, end
    if end is None:
        return start, start + most_ms
    if start > end:
        raise Refusal(-1023)
    if end - start > most_ms:
        raise Refusal(-1127, f"More than {most_ms // 3_600_000} hours between startTime and endTime.")
    return start, end
