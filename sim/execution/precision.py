"""Bring prices on tick and quantities on step, with decimals and from the venue's own exchange information.

Filters are loaded once per client object and forgotten with it.  Quantising rules (failures F31): a stop
rounds away from the market, so that rounding never makes it fire earlier; a target rounds away too, so that
it is never narrower than asked; a quantity rounds down.  A client without usable exchange information (a
mock, an adapter of another venue) leaves numbers as they are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from .values import call

EXCHANGE_INFO_CALL = "futures_exchange_info"
_ZERO = Decimal(0)
_WITHOUT_ALGO_S = 30.0


class SymbolFilters(NamedTuple):
    """Hold one symbol's tick, step, smallest quantity and smallest notional; None: the venue states none."""

    tick: Decimal | None = None
    step: Decimal | None = None
    min_quantity: Decimal | None = None
    min_notional: Decimal | None = None


NO_FILTERS = SymbolFilters()


@dataclass(slots=True)
class ClientMemory:
    """Remember what was learnt about one client object: its filters and the endpoint of its stops."""

    filters: Mapping[str, SymbolFilters] | None = None
    load_failed: bool = False
    uses_algo_endpoint: bool = False
    lacks_algo_endpoint: bool = False
    without_algo_until_s: float = 0.0
    loading: asyncio.Lock | None = field(default=None, repr=False)

    def has_no_algo(self) -> None:
        """Note that the venue does not know the other endpoint: for a while it is not asked there again."""
        self.without_algo_until_s = time.monotonic() + _WITHOUT_ALGO_S

    def may_have_algo(self) -> bool:
        """Tell whether the other endpoint is worth a look; venues do get it one day."""
        return time.monotonic() >= self.without_algo_until_s


class Remembering:
    """Be a client of this package's own, which carries what is remembered about it."""

    def __init__(self) -> None:
        self.client_memory = ClientMemory()


_memories: WeakKeyDictionary[Any, ClientMemory] = WeakKeyDictionary()


def memory_of(client: Any) -> ClientMemory:
    """Return what is remembered about ``client``; a client that cannot be weakly held starts anew."""
    if isinstance(client, Remembering):
        return client.client_memory
    try:
        memory = _memories.get(client)
        if memory is None:
            memory = _memories[client] = ClientMemory()
    except TypeError:
        return ClientMemory()
    return memory


def filters_are_known(client: Any) -> bool:
    """Tell whether the filters are loaded already, so that nobody has to wait for them."""
    return memory_of(client).filters is not None


def known_filters(client: Any, symbol: str) -> SymbolFilters:
    """Return a symbol's filters if they are loaded already; never asks the venue."""
    filters = memory_of(client).filters if client is not None else None
    return filters.get(symbol, NO_FILTERS) if filters else NO_FILTERS


async def load_filters(client: Any) -> Mapping[str, SymbolFilters]:
    """Return the filters of all symbols, asking the venue once per client object.

    Empty when the client offers no usable exchange information; one without a single symbol is asked for again next
    time.  Exceptions of the client pass through and nothing is remembered but the failure.
    """
    memory = memory_of(client)
    if memory.filters is not None:
        return memory.filters
    # Several tasks may start at once; the lock lives only while one of them asks, so that it never
    # outlasts its event loop.
    lock = memory.loading = memory.loading or asyncio.Lock()
    try:
        async with lock:
            if memory.filters is None:
                memory.load_failed = True
                read = getattr(client, EXCHANGE_INFO_CALL, None)
                table = parse_exchange_info(await call(read) if read is not None else None)
                memory.load_failed = False
                if read is not None and not table:
                    return table
                memory.filters = table
            return memory.filters
    finally:
        memory.loading = None


def parse_exchange_info(info: object) -> dict[str, SymbolFilters]:
    """Read tick, step, smallest quantity and notional of each symbol; an unusable reply gives an empty table."""
    symbols = info.get("symbols") if isinstance(info, Mapping) else None
    if not isinstance(symbols, list):
        return {}
    return {
        entry["symbol"]: _symbol_filters(entry)
        for entry in symbols
        if isinstance(entry, Mapping) and isinstance(entry.get("symbol"), str)
    }


def _symbol_filters(entry: Mapping[str, Any]) -> SymbolFilters:
    filters = entry.get("filters")
    by_type = {
        item.get("filterType"): item
        for item in (filters if isinstance(filters, list) else [])
        if isinstance(item, Mapping)
    }
    price = by_type.get("PRICE_FILTER", {})
    # A stop becomes a market order when it fires, so both quantity filters bind; the coarser one wins.
    lots = [by_type.get("LOT_SIZE", {}), by_type.get("MARKET_LOT_SIZE", {})]
    steps = [step for lot in lots if (step := _grid(lot.get("stepSize"))) is not None]
    minima = [least for lot in lots if (least := _grid(lot.get("minQty"))) is not None]
    return SymbolFilters(
        tick=_grid(price.get("tickSize")),
        step=max(steps, default=None),
        min_quantity=max(minima, default=None),
        min_notional=_grid(by_type.get("MIN_NOTIONAL", {}).get("notional")),
    )


def _grid(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        grid = Decimal(str(value))
    except InvalidOperation:
        return None
    # The venue writes 0 for "no rule".
    return grid.normalize() if grid.is_finite() and grid > _ZERO else None


def decimal_of(value: Decimal | float | str) -> Decimal:
    """Return a number as the decimal a person would write: the shortest text of a float, not its bits."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def round_down(value: Decimal, grid: Decimal | None) -> Decimal:
    """Return the largest multiple of ``grid`` that is at most ``value``, or the value without a grid."""
    return _on_grid(value, grid, ROUND_FLOOR)


def round_up(value: Decimal, grid: Decimal | None) -> Decimal:
    """Return the smallest multiple of ``grid`` that is at least ``value``, or the value without a grid."""
    return _on_grid(value, grid, ROUND_CEILING)


def stop_price(value: Decimal, tick: Decimal | None, *, long: bool) -> Decimal:
    """Bring a stop on tick, away from the market: a long's sell stop down, a short's buy stop up."""
    return round_down(value, tick) if long else round_up(value, tick)


def target_price(value: Decimal, tick: Decimal | None, *, long: bool) -> Decimal:
    """Bring a target on tick, away from the market: a long's up, a short's down."""
    return round_up(value, tick) if long else round_down(value, tick)


def plain(value: Decimal) -> str:
    """Write a decimal without an exponent, as the venue reads it."""
    return format(value, "f")


def _on_grid(value: Decimal, grid: Decimal | None, rounding: str) -> Decimal:
    if grid is None:
        return value
    on_grid = (value / grid).to_integral_value(rounding=rounding) * grid
    try:
        # One price has one text: 0.010 and 0.01 must not depend on how the number was come by.
        return on_grid.quantize(grid)
    except InvalidOperation:
        # A grid this fine rounds nothing that a number of 28 digits can hold; a bare position must not die of it.
        return value
