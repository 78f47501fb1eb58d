"""What python-binance is made to do, whatever way it reaches the exchange: over a pipe in memory, or over a port."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SYMBOL = "BTCUSDT"


async def trade(client: Any) -> dict[str, Any]:
    """Do a whole trade, from filters to a flat position, and return what was seen on the way."""
    seen: dict[str, Any] = {}
    info = await client.futures_exchange_info()
    seen["symbols"] = [row["symbol"] for row in info["symbols"]]
    seen["leverage"] = (await client.futures_change_leverage(symbol=SYMBOL, leverage=5))["leverage"]
    entry = await client.futures_create_order(
        symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.010", newClientOrderId="entry-1"
    )
    seen["entry"] = (entry["clientOrderId"], entry["status"])
    filled = await client.futures_get_order(symbol=SYMBOL, origClientOrderId="entry-1")
    seen["filled"] = (filled["status"], float(filled["executedQty"]), float(filled["avgPrice"]))
    stop = await client.futures_create_order(
        symbol=SYMBOL, side="SELL", type="STOP_MARKET", stopPrice="49000", closePosition="true"
    )
    target = await client.futures_create_order(
        symbol=SYMBOL, side="SELL", type="TAKE_PROFIT_MARKET", stopPrice="51000", closePosition="true",
        clientAlgoId="target-1",
    )  # fmt: skip
    trailing = await client.futures_create_order(
        symbol=SYMBOL, side="SELL", type="TRAILING_STOP_MARKET", callbackRate="1", quantity="0.010",
        reduceOnly="true",
    )  # fmt: skip
    seen["placed"] = [row["algoStatus"] for row in (stop, target, trailing)]
    seen["own id"] = target["clientAlgoId"]
    resting = await client.futures_get_open_algo_orders(symbol=SYMBOL)
    seen["resting"] = sorted(row["orderType"] for row in resting)
    seen["queried"] = (await client.futures_get_order(symbol=SYMBOL, algoId=stop["algoId"]))["algoStatus"]
    position = (await client.futures_position_information(symbol=SYMBOL))[0]
    seen["position"] = (float(position["positionAmt"]), float(position["entryPrice"]))
    await client.futures_cancel_order(symbol=SYMBOL, algoId=stop["algoId"])
    await client.futures_cancel_algo_order(clientAlgoId="target-1")
    await client.futures_cancel_all_algo_open_orders(symbol=SYMBOL)
    seen["left"] = await client.futures_get_open_algo_orders(symbol=SYMBOL)
    await client.futures_create_order(
        symbol=SYMBOL, side="SELL", type="MARKET", quantity="0.010", reduceOnly="true"
    )
    seen["open"] = await client.futures_get_open_orders()
    return seen


TRADED: dict[str, Any] = {
    "symbols": [SYMBOL],
    "leverage": 5,
    "entry": ("entry-1", "NEW"),
    "filled": ("FILLED", 0.01, 50_000.0),
    "placed": ["NEW", "NEW", "NEW"],
    "own id": "target-1",
    "resting": ["STOP_MARKET", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"],
    "queried": "NEW",
    "position": (0.01, 50_000.0),
    "left": [],
    "open": [],
}
"""What :func:`trade` sees where the price stands at 50 000."""

Call = Callable[[Any], Any]


def order(**params: Any) -> Call:
    given = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.010", **params}
    given = {name: value for name, value in given.items() if value is not None}
    return lambda client: client.futures_create_order(**given)


def stop(**params: Any) -> Call:
    return order(**{"side": "SELL", "type": "STOP_MARKET", "stopPrice": "49000", **params})


def close(**params: Any) -> Call:
    return stop(closePosition="true", quantity=None, **params)


def limit(**params: Any) -> Call:
    return order(**{"type": "LIMIT", "timeInForce": "GTC", "price": "49000", **params})


def raw(method: str, path: str, **params: Any) -> Call:
    return lambda client: client._request_futures_api(method, path, True, data=dict(params))


def with_clock_off(ms: int) -> Call:
    def call(client: Any) -> Any:
        client.timestamp_offset += ms
        return client.futures_position_information()

    return call


CAUSES: list[tuple[str, list[Call], int]] = [
    ("a symbol that does not trade", [order(symbol="NOPEUSDT")], -1121),
    ("a side that is none", [order(side="UP")], -1117),
    ("a type that is none", [order(type="GUESS")], -1116),
    ("no quantity", [order(quantity=None)], -1102),
    ("nothing to buy", [order(quantity="0")], -4003),
    ("a quantity finer than the step", [order(quantity="0.0101")], -1111),
    ("a quantity beyond the most", [order(quantity="5000")], -4005),
    ("a notional too small", [limit(price="49000", quantity="0.001")], -4164),
    ("a limit price off the tick", [limit(price="49000.05")], -4014),
    ("a limit price beyond the band", [limit(price="60000")], -4016),
    ("an order that may only make and would take", [limit(price="50500", timeInForce="GTX")], -5022),
    ("a client id too long", [order(newClientOrderId="x" * 40)], -4015),
    ("a client id that an open order has", [limit(newClientOrderId="twin"), limit(newClientOrderId="twin")], -4116),
    ("a stop that would trigger at once", [order(), stop(stopPrice="50500")], -2021),
    ("a stop that closes nothing", [close()], -4509),
    ("a second stop that closes all", [order(), close(), close(stopPrice="48000")], -4130),
    ("an exit without a position", [order(side="SELL", reduceOnly="true")], -2022),
    (
        "a conditional order on the old endpoint",
        [raw("post", "order", symbol=SYMBOL, side="SELL", type="STOP_MARKET", stopPrice="49000", quantity="0.010")],
        -4120,
    ),
    (
        "a plain order on the algo endpoint",
        [raw("post", "algoOrder", symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.010", algoType="CONDITIONAL")],
        -1130,
    ),
    ("a position side in one-way mode", [order(positionSide="LONG")], -4061),
    ("a cancel of nothing", [lambda client: client.futures_cancel_order(symbol=SYMBOL, orderId=99)], -2011),
    ("a query for nothing", [lambda client: client.futures_get_order(symbol=SYMBOL, orderId=99)], -2013),
    ("a query for no algo order", [lambda client: client.futures_get_algo_order(algoId=99)], -2013),
    ("a leverage beyond the most", [lambda client: client.futures_change_leverage(symbol=SYMBOL, leverage=999)], -4028),
    ("the margin type that is set", [
        lambda client: client.futures_change_margin_type(symbol=SYMBOL, marginType="ISOLATED")], -4046),
    ("a position too large for the wallet", [order(quantity="50")], -2019),
    ("keeping a listen key that does not live", [lambda client: client.futures_stream_keepalive("none")], -1125),
    ("a clock that is behind", [with_clock_off(-20_000)], -1021),
    ("a clock that is ahead", [with_clock_off(2_000)], -1021),
    ("a path that is none", [raw("get", "nothing")], -5000),
]  # fmt: skip
"""What a client does wrong, and the code it gets, in an account of 100 000 under the newer rules."""
