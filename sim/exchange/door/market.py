"""Answer market data from the price path at this instant (binance-facts 10)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from sim.exchange.book import Book
from sim.exchange.door.reading import symbol_of, symbols_of
from sim.exchange.filters import SymbolFilters
from sim.exchange.request import Request

if TYPE_CHECKING:
    from sim.exchange.door.door import Door

_FUNDING_EVERY_MS: Final = 8 * 3_600_000


def get_ping(door: Door, request: Request) -> tuple[Any, int]:
    """Answer that somebody is there."""
    return {}, -1


def get_time(door: Door, request: Request) -> tuple[Any, int]:
    """Tell the server's time."""
    return {"serverTime": door.now_ms}, -1


def get_exchange_info(door: Door, request: Request) -> tuple[Any, int]:
    """List filters and limits of all symbols: ``symbol`` is ignored, the answer is always the full one."""
    return {
        "timezone": "UTC",
        "serverTime": door.now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": [dict(limit) for limit in door.rate_limits],
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "0"}],
        "symbols": [door.venue.filters[symbol].entry() for symbol in sorted(door.venue.paths)],
    }, -1


def get_price(door: Door, request: Request) -> tuple[Any, int]:
    """Tell the last price of one symbol, or list all."""
    if request.params.get("symbol") is not None:
        return _price(door, symbol_of(door, request)), -1
    return [_price(door, symbol) for symbol in sorted(door.venue.paths)], -1


def _price(door: Door, symbol: str) -> dict[str, Any]:
    last = door.venue.paths[symbol].last(door.now_us)
    return {
        "symbol": symbol,
        "price": f"{last:.{door.venue.filters[symbol].price_decimals}f}",
        "time": door.now_ms,
    }


def get_book_ticker(door: Door, request: Request) -> tuple[Any, int]:
    """Tell the best bid and ask of one symbol, or list all."""
    rows = [_book_ticker(door, symbol) for symbol in symbols_of(door, request)]
    return rows if request.params.get("symbol") is None else rows[0], -1


def _book_ticker(door: Door, symbol: str) -> dict[str, Any]:
    book, filters, now_us = door.venue.books[symbol], door.venue.filters[symbol], door.now_us
    price = filters.price_decimals
    size = f"{size_at_touch(book, filters, now_us):.{filters.quantity_decimals}f}"
    return {
        "symbol": symbol,
        "bidPrice": f"{book.touch(-1, now_us):.{price}f}",
        "bidQty": size,
        "askPrice": f"{book.touch(1, now_us):.{price}f}",
        "askQty": size,
        "time": door.now_ms,
        "lastUpdateId": now_us + 1,
    }


def size_at_touch(book: Book, filters: SymbolFilters, t_us: int) -> float:
    """Return what the touch holds: the size whose average cost beyond it stays within a tick, a step at least.

    Assumption: the book is as deep on either side.  No more than a MARKET order may take, where it has no end.
    """
    spec, step = book.spec, float(filters.step)
    most = float(filters.max_market_quantity)
    depth = book.depth(t_us)
    if spec.impact_bps == 0 or depth == math.inf:
        return most
    tick_bps = filters.tick_size / book.path.last(t_us) * 1e4
    size: float = depth * (tick_bps / spec.impact_bps) ** (1 / spec.impact_exponent)
    return min(max(math.floor(size / step) * step, step), most)


def get_premium_index(door: Door, request: Request) -> tuple[Any, int]:
    """Tell the mark price of one symbol, or list all.

    There is no index here, so it is shown as mark; no funding is charged, so its rate is nought.
    """
    if request.params.get("symbol") is not None:
        return _premium_index(door, symbol_of(door, request)), -1
    return [_premium_index(door, symbol) for symbol in symbols_of(door, request)], -1


def _premium_index(door: Door, symbol: str) -> dict[str, Any]:
    path, now_us, epoch_us = door.venue.paths[symbol], door.now_us, door.epoch_us
    now_ms = (epoch_us + now_us) // 1000
    mark = f"{path.mark(now_us):.8f}"
    return {
        "symbol": symbol,
        "markPrice": mark,
        "indexPrice": mark,
        "estimatedSettlePrice": mark,
        "lastFundingRate": "0.00000000",
        "interestRate": "0.00010000",
        "nextFundingTime": (now_ms // _FUNDING_EVERY_MS + 1) * _FUNDING_EVERY_MS,
        "time": (epoch_us + path.mark_time(now_us)) // 1000,
    }
