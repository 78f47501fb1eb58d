"""Place, show and cancel ordinary orders (binance-facts 6, 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.exchange.door.history import is_kept
from sim.exchange.door.reading import symbol_of, whole_number
from sim.exchange.door.shapes import acknowledgement, order_body, queried_order
from sim.exchange.orders import Order
from sim.exchange.replies import Refusal
from sim.exchange.request import Request
from sim.exchange.rules import read_new_order

if TYPE_CHECKING:
    from sim.exchange.door.door import Door


def place(door: Door, request: Request, algo: bool) -> Order:
    """Let the rules read a new order and the venue accept it; Refusal with the venue's code otherwise."""
    symbol = request.params.get("symbol")
    venue = door.venue
    path = venue.paths.get(symbol) if isinstance(symbol, str) else None
    new = read_new_order(
        request.params,
        algo=algo,
        rules=door.rules,
        filters=venue.filters[symbol] if path is not None else None,  # type: ignore[index]
        mark=lambda: path.mark(door.now_us) if path is not None else 0.0,
        hedge=request.slot.account.hedge,
    )
    return venue.place(new, request)


def new_order_body(door: Door, order: Order) -> dict[str, Any]:
    """Return what placing the order answers: its ACK, or its RESULT where that was asked for."""
    shape = order_body if order.response == "RESULT" else acknowledgement
    return shape(order, door.venue.filters[order.symbol], door.epoch_us)


def find(
    door: Door, request: Request, order_id: int | None, client_id: str | None, *, algo: bool, code: int
) -> Order:
    """Return the account's order by either id; Refusal ``code`` when the venue knows none (any more)."""
    order = door.venue.find(request.slot.account, order_id, client_id, algo)
    if order is not None and door.reads is not None and request.method == "GET":
        order = door.reads.order(order, request)
    if order is None or not is_kept(order, door.now_us):
        raise Refusal(code)
    return order


def wanted(door: Door, request: Request, *, algo: bool, code: int) -> Order:
    """Return the order that the parameters name; -1102 when they name none."""
    params = request.params
    id_name, client_name = ("algoId", "clientAlgoId") if algo else ("orderId", "origClientOrderId")
    order_id = whole_number(params, id_name)
    client_id = params.get(client_name)
    if order_id is None and client_id is None:
        raise Refusal(-1102, f"Param '{client_name}' or '{id_name}' must be sent, but both were empty/null!")
    return find(door, request, order_id, client_id, algo=algo, code=code)


def post_order(door: Door, request: Request) -> tuple[Any, int]:
    """Place an order."""
    order = place(door, request, algo=False)
    return new_order_body(door, order), order.number


def get_order(door: Door, request: Request) -> tuple[Any, int]:
    """Show one order in whatever state; -2013 when the venue knows none."""
    filters = door.venue.filters[symbol_of(door, request)]
    order = wanted(door, request, algo=False, code=-2013)
    if order.symbol != filters.symbol:
        raise Refusal(-2013)
    return queried_order(order, filters, door.epoch_us), order.number


def get_open_order(door: Door, request: Request) -> tuple[Any, int]:
    """Show one resting order; -2013 for one that does not rest (binance-facts 6)."""
    filters = door.venue.filters[symbol_of(door, request)]
    order = wanted(door, request, algo=False, code=-2013)
    if order.symbol != filters.symbol or not order.is_open:
        raise Refusal(-2013)
    return queried_order(order, filters, door.epoch_us), order.number


def get_open_orders(door: Door, request: Request) -> tuple[Any, int]:
    """List resting ordinary orders, of one symbol or all."""
    return [queried_order(order, door.venue.filters[order.symbol], door.epoch_us)
            for order in resting(door, request, algo=False)], -1  # fmt: skip


def resting(door: Door, request: Request, *, algo: bool) -> list[Order]:
    """Return the account's resting orders on one of the two endpoints, oldest first."""
    symbol = None if request.params.get("symbol") is None else symbol_of(door, request)
    if door.reads is not None and request.method == "GET":
        orders = door.reads.resting(request.slot.account, symbol, request)
    else:
        orders = door.venue.open_orders(request.slot.account, symbol)
    return [order for order in orders if order.algo == algo and order.is_open]


def delete_order(door: Door, request: Request) -> tuple[Any, int]:
    """Cancel one order; -2011 when it does not rest."""
    filters = door.venue.filters[symbol_of(door, request)]
    order = wanted(door, request, algo=False, code=-2011)
    if order.symbol != filters.symbol:
        raise Refusal(-2011)
    door.venue.cancel(order)
    return order_body(order, filters, door.epoch_us), order.number


def delete_all(door: Door, request: Request) -> tuple[Any, int]:
    """Cancel the symbol's ordinary orders; conditional ones of the algo endpoint stay (binance-facts 5)."""
    return cancel_all(door, request, algo=False), -1


def cancel_all(door: Door, request: Request, *, algo: bool) -> dict[str, Any]:
    """Cancel all resting orders of a symbol on one of the two endpoints."""
    symbol_of(door, request)
    for order in resting(door, request, algo=algo):
        if order.is_open:  # one may have taken another with it
            door.venue.cancel(order)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}
