"""Place, show and cancel conditional orders on the algo endpoint (binance-facts 5, 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.exchange.door.orders import cancel_all, place, resting, wanted
from sim.exchange.door.shapes import algo_body, queried_algo
from sim.exchange.request import Request

if TYPE_CHECKING:
    from sim.exchange.door.door import Door


def post_order(door: Door, request: Request) -> tuple[Any, int]:
    """Place a conditional order."""
    order = place(door, request, algo=True)
    return algo_body(order, door.venue.filters[order.symbol], door.epoch_us), order.number


def get_order(door: Door, request: Request) -> tuple[Any, int]:
    """Show one conditional order in whatever state; -2013 when the venue knows none."""
    order = wanted(door, request, algo=True, code=-2013)
    return queried_algo(order, door.venue.filters[order.symbol], door.epoch_us), order.number


def get_open_orders(door: Door, request: Request) -> tuple[Any, int]:
    """List conditional orders that wait for their trigger, of one symbol or all."""
    return [queried_algo(order, door.venue.filters[order.symbol], door.epoch_us)
            for order in resting(door, request, algo=True)], -1  # fmt: skip


def delete_order(door: Door, request: Request) -> tuple[Any, int]:
    """Cancel one conditional order; -2011 when it does not wait any more."""
    order = wanted(door, request, algo=True, code=-2011)
    door.venue.cancel(order)
    # The code of an algo cancel is a text.
    body = {"algoId": order.number, "clientAlgoId": order.client_id, "code": "200", "msg": "success"}
    return body, order.number


def delete_all(door: Door, request: Request) -> tuple[Any, int]:
    """Cancel the symbol's conditional orders; ordinary ones stay."""
    return cancel_all(door, request, algo=True), -1
