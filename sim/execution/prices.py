"""Read one price from a client, sync or async, and refuse anything that is not a price.

Mark comes from ``futures_mark_price`` ("markPrice"), last from ``futures_symbol_ticker`` ("price"): the two
names python-binance uses.  A frozen, zero or NaN reply must not look like a market (failures F12).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import PriceUnavailable
from .values import call, positive_number

MARK_CALL = "futures_mark_price"
LAST_CALL = "futures_symbol_ticker"


async def last_price(client: Any, symbol: str) -> float:
    """Return the last traded price; the mark stands in only where the client has no ticker.

    Raises PriceUnavailable for an unusable reply; exceptions of the client pass through.
    """
    if getattr(client, LAST_CALL, None) is not None:
        return await _price(client, LAST_CALL, "price", symbol)
    return await _price(client, MARK_CALL, "markPrice", symbol)


async def reference_price(client: Any, symbol: str) -> float:
    """Return the mark price, or the last price where the reply or the client has no mark.

    Stops are triggered by the mark, so the mark decides where a refused stop may stand.  Raises
    PriceUnavailable for an unusable reply; exceptions of the client pass through.
    """
    read_mark = getattr(client, MARK_CALL, None)
    if read_mark is not None:
        reply = await call(read_mark, symbol=symbol)
        if isinstance(reply, Mapping) and "markPrice" in reply:
            return _checked(reply["markPrice"], MARK_CALL, "markPrice", symbol)
    return await _price(client, LAST_CALL, "price", symbol)


async def _price(client: Any, name: str, field: str, symbol: str) -> float:
    read = getattr(client, name, None)
    if read is None:
        raise PriceUnavailable(f"{symbol}: the client has neither {LAST_CALL} nor {MARK_CALL}")
    reply = await call(read, symbol=symbol)
    if not isinstance(reply, Mapping):
        raise PriceUnavailable(f"{symbol}: {name} answered {reply!r:.80}, expected a mapping with {field!r}")
    return _checked(reply.get(field), name, field, symbol)


def _checked(value: object, name: str, field: str, symbol: str) -> float:
    price = positive_number(value)
    if price is None:
        raise PriceUnavailable(
            f"{symbol}: {name} answered {field}={value!r:.80}, expected a finite price above 0"
        )
    return price
