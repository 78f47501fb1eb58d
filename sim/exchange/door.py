"""The exchange's one front: ``(method, path, params) -> (status, body)`` in Binance's own shapes.

Each route is one small function in a table; unknown paths answer as the venue does (404, -5000).
"""

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import Any

from sim.exchange.filters import RulesVersion
from sim.exchange.orders import Order, algo_body, decimal_text, order_body
from sim.exchange.replies import Refusal
from sim.exchange.request import Request
from sim.exchange.rules import read_new_order
from sim.exchange.venue import Venue

_ALGO_PATHS = frozenset({"/fapi/v1/algoOrder", "/fapi/v1/openAlgoOrders", "/fapi/v1/algoOpenOrders"})


class Door:
    """Answer requests from the venue's state at this instant.

    ``handle`` returns (status, body) and, for the record, the number of the order it created or changed (-1).
    """

    def __init__(self, venue: Venue, epoch_us: int, rules: RulesVersion) -> None:
        self.venue = venue
        self.epoch_us = epoch_us
        self.rules = rules

    def handle(self, request: Request) -> tuple[int, Any, int]:
        """Run one request against the venue."""
        route = ROUTES.get((request.method, request.path))
        if route is None or (self.rules == "2025-01" and request.path in _ALGO_PATHS):
            return (
                404,
                {"code": -5000, "msg": f"Path {request.path}, Method {request.method} is invalid"},
                -1,
            )
        try:
            body, order = route(self, request)
        except Refusal as refusal:
            status, refused = refusal.reply()
            return status, refused, -1
        return 200, body, order

    def last_price(self, symbol: Any, t_us: int) -> float:
        """Return last of ``symbol`` at ``t_us``; NaN for a symbol that does not trade here."""
        path = self.venue.paths.get(symbol) if isinstance(symbol, str) else None
        return path.last(t_us) if path is not None else nan

    def _symbol(self, request: Request) -> str:
        symbol = request.params.get("symbol")
        if symbol is None:
            raise Refusal(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
        if symbol not in self.venue.paths:
            raise Refusal(-1121)
        return str(symbol)


_Answer = tuple[Any, int]
_Route = Callable[[Door, Request], _Answer]


def _new_order(door: Door, request: Request, algo: bool) -> Order:
    symbol = request.params.get("symbol")
    path = door.venue.paths.get(symbol) if isinstance(symbol, str) else None
    new = read_new_order(
        request.params,
        algo=algo,
        rules=door.rules,
        filters=door.venue.filters[symbol] if path is not None else None,  # type: ignore[index]
        mark=lambda: path.mark(door.venue.loop.now_us) if path is not None else 0.0,
    )
    return door.venue.place(new, request)


def _post_order(door: Door, request: Request) -> _Answer:
    order = _new_order(door, request, algo=False)
    acknowledged = request.params.get("newOrderRespType", "ACK") == "ACK"
    return order_body(order, door.epoch_us, acknowledged=acknowledged), order.number


def _post_algo_order(door: Door, request: Request) -> _Answer:
    order = _new_order(door, request, algo=True)
    return algo_body(order, door.epoch_us), order.number


def _wanted(door: Door, request: Request, algo: bool, missing: int) -> Order:
    params = request.params
    id_name, client_name = ("algoId", "clientAlgoId") if algo else ("orderId", "origClientOrderId")
    raw = params.get(id_name)
    client_id = params.get(client_name)
    if raw is None and client_id is None:
        raise Refusal(-1102, f"Param '{client_name}' or '{id_name}' must be sent, but both were empty/null!")
    number = int(raw) if raw is not None and str(raw).isdecimal() else (-1 if raw is not None else None)
    order = door.venue.find(request.slot.account, number, client_id, algo)
    if order is None:
        raise Refusal(missing)
    return order


def _get_order(door: Door, request: Request) -> _Answer:
    door._symbol(request)
    order = _wanted(door, request, False, -2013)
    return order_body(order, door.epoch_us), order.number


def _get_algo_order(door: Door, request: Request) -> _Answer:
    order = _wanted(door, request, True, -2013)
    return algo_body(order, door.epoch_us), order.number


def _delete_order(door: Door, request: Request) -> _Answer:
    door._symbol(request)
    order = _wanted(door, request, False, -2011)
    door.venue.cancel(order)
    return order_body(order, door.epoch_us), order.number


def _delete_algo_order(door: Door, request: Request) -> _Answer:
    order = _wanted(door, request, True, -2011)
    door.venue.cancel(order)
    # binance-facts 10: the code of an algo cancel is a string.
    body = {"algoId": order.number, "clientAlgoId": order.client_id, "code": "200", "msg": "success"}
    return body, order.number


def _cancel_all(door: Door, request: Request, algo: bool) -> _Answer:
    symbol = door._symbol(request)
    for order in door.venue.open_orders(request.slot.account, symbol):
        if order.algo == algo and order.is_open:
            door.venue.cancel(order)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}, -1


def _open_orders(door: Door, request: Request, algo: bool) -> _Answer:
    symbol = door._symbol(request) if "symbol" in request.params else None
    shape = algo_body if algo else order_body
    orders = door.venue.open_orders(request.slot.account, symbol)
    return [shape(order, door.epoch_us) for order in orders if order.algo == algo and order.is_open], -1


def _position_risk(door: Door, request: Request) -> _Answer:
    account = request.slot.account
    wanted = [door._symbol(request)] if "symbol" in request.params else sorted(door.venue.paths)
    now = door.venue.loop.now_us
    rows = []
    for symbol in wanted:
        position = account.position(symbol)
        mark = door.venue.paths[symbol].mark(now)
        rows.append(
            {
                "symbol": symbol,
                "positionAmt": decimal_text(position.quantity),
                "entryPrice": decimal_text(position.entry_price),
                "markPrice": decimal_text(mark),
                "unRealizedProfit": decimal_text(position.quantity * (mark - position.entry_price)),
                "leverage": str(account.leverage.get(symbol, 20)),
                "marginType": "isolated",
                "positionSide": "BOTH",
                "notional": decimal_text(position.quantity * mark),
                "updateTime": (door.epoch_us + now) // 1000,
            }
        )
    return rows, -1


def _leverage(door: Door, request: Request) -> _Answer:
    symbol = door._symbol(request)
    text = str(request.params.get("leverage", ""))
    if not text.isdecimal() or not 1 <= int(text) <= door.venue.filters[symbol].max_leverage:
        raise Refusal(-4028)
    request.slot.account.leverage[symbol] = int(text)
    return {"leverage": int(text), "maxNotionalValue": "1000000", "symbol": symbol}, -1


def _ticker(door: Door, request: Request) -> _Answer:
    symbol = door._symbol(request)
    now = door.venue.loop.now_us
    price = decimal_text(door.venue.paths[symbol].last(now))
    return {"symbol": symbol, "price": price, "time": (door.epoch_us + now) // 1000}, -1


def _premium_index(door: Door, request: Request) -> _Answer:
    symbol = door._symbol(request)
    now = door.venue.loop.now_us
    path = door.venue.paths[symbol]
    mark = decimal_text(path.mark(now))
    return {
        "symbol": symbol,
        "markPrice": mark,
        "indexPrice": mark,
        "estimatedSettlePrice": mark,
        "lastFundingRate": "0.00010000",
        "interestRate": "0.00010000",
        "nextFundingTime": 0,
        "time": (door.epoch_us + path.mark_time(now)) // 1000,
    }, -1


def _exchange_info(door: Door, request: Request) -> _Answer:
    # binance-facts 10: symbol= is ignored, the answer is always the full one.
    return {
        "timezone": "UTC",
        "serverTime": (door.epoch_us + door.venue.loop.now_us) // 1000,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
        ],
        "exchangeFilters": [],
        "assets": [],
        "symbols": [door.venue.filters[symbol].entry() for symbol in sorted(door.venue.paths)],
    }, -1


def _time(door: Door, request: Request) -> _Answer:
    return {"serverTime": (door.epoch_us + door.venue.loop.now_us) // 1000}, -1


def _ping(door: Door, request: Request) -> _Answer:
    return {}, -1


ROUTES: dict[tuple[str, str], _Route] = {
    ("POST", "/fapi/v1/order"): _post_order,
    ("GET", "/fapi/v1/order"): _get_order,
    ("DELETE", "/fapi/v1/order"): _delete_order,
    ("GET", "/fapi/v1/openOrders"): lambda door, request: _open_orders(door, request, False),
    ("DELETE", "/fapi/v1/allOpenOrders"): lambda door, request: _cancel_all(door, request, False),
    ("POST", "/fapi/v1/algoOrder"): _post_algo_order,
    ("GET", "/fapi/v1/algoOrder"): _get_algo_order,
    ("DELETE", "/fapi/v1/algoOrder"): _delete_algo_order,
    ("GET", "/fapi/v1/openAlgoOrders"): lambda door, request: _open_orders(door, request, True),
    ("DELETE", "/fapi/v1/algoOpenOrders"): lambda door, request: _cancel_all(door, request, True),
    ("GET", "/fapi/v2/positionRisk"): _position_risk,
    ("GET", "/fapi/v3/positionRisk"): _position_risk,
    ("POST", "/fapi/v1/leverage"): _leverage,
    ("GET", "/fapi/v1/ticker/price"): _ticker,
    ("GET", "/fapi/v1/premiumIndex"): _premium_index,
    ("GET", "/fapi/v1/exchangeInfo"): _exchange_info,
    ("GET", "/fapi/v1/time"): _time,
    ("GET", "/fapi/v1/ping"): _ping,
}
