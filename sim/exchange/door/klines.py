"""Answer klines from the prints so far; the last one is the candle still open (binance-facts 9, 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sim.exchange.door.candles import WEEK_US, Candle, candle, opens_at
from sim.exchange.door.reading import limit_of, symbol_of, whole_number
from sim.exchange.filters import SymbolFilters
from sim.exchange.replies import Refusal
from sim.exchange.request import Request
from sim.exchange.rules.texts import missing, outside
from sim.market.bars import INTERVALS_US

if TYPE_CHECKING:
    from sim.exchange.door.door import Door

# One second is no interval of the futures venue (binance-facts 1.2: -1120).
_INTERVALS_US: Final = {name: us for name, us in INTERVALS_US.items() if name != "1s"} | {"1w": WEEK_US}
_OUTSIDE: Final = frozenset({"3d", "1M"})
_MOST: Final = 1500


def get_klines(door: Door, request: Request) -> tuple[Any, int]:
    """List candles, oldest first: from ``startTime`` on, else the latest up to ``endTime`` or now."""
    symbol = symbol_of(door, request)
    interval_us = _interval(request.params)
    limit = limit_of(request.params, 500, _MOST)
    start, end = whole_number(request.params, "startTime"), whole_number(request.params, "endTime")
    if start is not None and end is not None and start > end:
        raise Refusal(-1023)
    path, now_us = door.venue.paths[symbol], door.now_us
    first_us = opens_at(path.epoch_us, interval_us)
    last_us = opens_at(min(path.epoch_us + now_us, path.epoch_us + path.end_us - 1), interval_us)
    if end is not None:
        last_us = min(last_us, opens_at(end * 1000, interval_us))
    if start is None:
        first_us = max(first_us, last_us - (limit - 1) * interval_us)
    else:
        # A candle belongs to the answer when it opens at the start or later.
        first_us = max(first_us, opens_at(start * 1000 + interval_us - 1, interval_us))
        last_us = min(last_us, first_us + (limit - 1) * interval_us)
    filters = door.venue.filters[symbol]
    return [
        _row(candle(path, open_us, interval_us, now_us), interval_us, filters)
        for open_us in range(first_us, last_us + 1, interval_us)
    ], -1


def _interval(params: dict[str, Any]) -> int:
    name = params.get("interval")
    if name is None or name == "":
        raise missing("interval")
    if name in _OUTSIDE:
        raise outside(f"klines of {name} are")
    interval_us = _INTERVALS_US.get(str(name))
    if interval_us is None:
        raise Refusal(-1120)
    return interval_us


def _row(one: Candle, interval_us: int, filters: SymbolFilters) -> list[Any]:
    price, size = filters.price_decimals, filters.quantity_decimals
    return [
        one.open_us // 1000,
        f"{one.open:.{price}f}",
        f"{one.high:.{price}f}",
        f"{one.low:.{price}f}",
        f"{one.close:.{price}f}",
        f"{one.volume:.{size}f}",
        (one.open_us + interval_us) // 1000 - 1,
        f"{one.value:.{price + size}f}",
        one.trades,
        f"{one.volume / 2:.{size}f}",
        f"{one.value / 2:.{price + size}f}",
        "0",
    ]
