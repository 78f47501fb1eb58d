"""What ccxt is made to do, whatever way it reaches the exchange: over a pipe in memory, or over a port."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ccxt
import pytest

SYMBOL = "BTC/USDT:USDT"


async def trade(client: Any) -> dict[str, Any]:
    """Do a whole trade, from markets to a flat position, and return what was seen on the way."""
    seen: dict[str, Any] = {}
    seen["markets"] = list(await client.load_markets())
    seen["leverage"] = (await client.set_leverage(5, SYMBOL))["leverage"]
    entry = await client.create_order(SYMBOL, "market", "buy", 0.01, None, {"newClientOrderId": "entry-1"})
    seen["entry"] = (entry["clientOrderId"], entry["status"], entry["filled"], entry["average"])
    fetched = await client.fetch_order(entry["id"], SYMBOL)
    seen["fetched"] = (fetched["status"], fetched["filled"])
    stop = await client.create_order(
        SYMBOL, "market", "sell", 0.01, None, {"stopLossPrice": 49_000, "reduceOnly": True}
    )
    target = await client.create_order(
        SYMBOL, "market", "sell", 0.01, None, {"takeProfitPrice": 51_000, "reduceOnly": True}
    )
    trailing = await client.create_order(
        SYMBOL, "market", "sell", 0.01, None, {"trailingPercent": 1, "reduceOnly": True}
    )
    seen["placed"] = [row["status"] for row in (stop, target, trailing)]
    resting = await client.fetch_open_orders(SYMBOL, None, None, {"trigger": True})
    seen["resting"] = sorted(row["info"]["orderType"] for row in resting)
    queried = await client.fetch_order(stop["id"], SYMBOL, {"trigger": True})
    seen["queried"] = (queried["status"], queried["triggerPrice"])
    [position] = await client.fetch_positions([SYMBOL])
    seen["position"] = (position["side"], position["contracts"], position["entryPrice"])
    await client.cancel_order(stop["id"], SYMBOL, {"trigger": True})
    await client.cancel_all_orders(SYMBOL, {"trigger": True})
    seen["left"] = await client.fetch_open_orders(SYMBOL, None, None, {"trigger": True})
    await client.create_order(SYMBOL, "market", "sell", 0.01, None, {"reduceOnly": True})
    seen["open"] = await client.fetch_open_orders(SYMBOL)
    seen["balance"] = (await client.fetch_balance())["USDT"]["total"]
    return seen


TRADED: dict[str, Any] = {
    "markets": [SYMBOL],
    "leverage": 5,
    "entry": ("entry-1", "closed", 0.01, 50_000.0),
    "fetched": ("closed", 0.01),
    "placed": ["open", "open", "open"],
    "resting": ["STOP_MARKET", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"],
    "queried": ("open", 49_000.0),
    "position": ("long", 0.01, 50_000.0),
    "left": [],
    "open": [],
    "balance": pytest.approx(1_000_000 - 2 * 500 * 0.0004),
}
"""What :func:`trade` sees where the price stands at 50 000, with a commission of 0.04 %."""

MISTAKES: list[tuple[str, Callable[[Any], Any], type[Exception]]] = [
    (
        "an exit without a position",
        lambda client: client.create_order(SYMBOL, "market", "sell", 0.01, None, {"reduceOnly": True}),
        ccxt.InvalidOrder,
    ),
    (
        "a stop that would trigger at once",
        lambda client: client.create_order(SYMBOL, "market", "sell", 0.01, None, {"stopLossPrice": 51_000}),
        ccxt.OrderImmediatelyFillable,
    ),
    ("a cancel of nothing", lambda client: client.cancel_order("99", SYMBOL), ccxt.OrderNotFound),
    ("a query for nothing", lambda client: client.fetch_order("99", SYMBOL), ccxt.OrderNotFound),
    (
        "too large a quantity",
        lambda client: client.create_order(SYMBOL, "market", "buy", 500),
        ccxt.BadRequest,
    ),
    (
        "too small",
        lambda client: client.create_order(SYMBOL, "limit", "buy", 0.001, 49_000),
        ccxt.InvalidOrder,
    ),
]
"""What a client does wrong, and the class it gets."""
