"""Place and cancel several orders in one request (binance-facts 7).

Each item has its own truth: one may be refused while its neighbours live, under one HTTP 200.  Items are handled in
the order given; the venue promises none.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sim.exchange.attribution import role_of
from sim.exchange.door.orders import find, new_order_body, place
from sim.exchange.door.reading import symbol_of
from sim.exchange.door.shapes import order_body
from sim.exchange.replies import Refusal, error_reply
from sim.exchange.request import ItemTruth, Request
from sim.exchange.rules import read_batch
from sim.exchange.rules.numbers import is_whole
from sim.exchange.rules.texts import invalid, missing

if TYPE_CHECKING:
    from sim.exchange.door.door import Door

BATCH_PATH: Final = "/fapi/v1/batchOrders"
MOST_CANCELS: Final = 10
_ORDER_PATH: Final = "/fapi/v1/order"


def post_batch(door: Door, request: Request) -> tuple[Any, int]:
    """Place up to five orders; the answer holds an order or an error for each, in the order given."""
    items = read_batch(request.params)
    answers: list[Any] = []
    request.items = []
    for place_in_batch, item in enumerate(items):
        single = _as_single(request, item)
        if place_in_batch in request.passed_over:
            answers.append(error_reply(-1007)[1])
            request.items.append(ItemTruth(single.role, -1, -1007))
            continue
        try:
            order = place(door, single, algo=False)
            answers.append(new_order_body(door, order))
            request.items.append(ItemTruth(single.role, order.number, 0))
        except Refusal as refusal:
            answers.append({"code": refusal.code, "msg": refusal.message})
            request.items.append(ItemTruth(single.role, -1, refusal.code))
    return answers, -1


def delete_batch(door: Door, request: Request) -> tuple[Any, int]:
    """Cancel up to ten orders by ``orderIdList`` or ``origClientOrderIdList``; an answer for each."""
    filters = door.venue.filters[symbol_of(door, request)]
    answers: list[Any] = []
    names = _names_in(request.params)
    request.items = []
    for order_id, client_id in names:
        try:
            order = find(door, request, order_id, client_id, algo=False, code=-2011)
            if order.symbol != filters.symbol:
                raise Refusal(-2011)
            door.venue.cancel(order)
            answers.append(order_body(order, filters, door.epoch_us))
            request.items.append(ItemTruth("none", order.number, 0))
        except Refusal as refusal:
            answers.append({"code": refusal.code, "msg": refusal.message})
            request.items.append(ItemTruth("none", -1, refusal.code))
    return answers, -1


def item_truths(request: Request, code: int) -> list[ItemTruth]:
    """Return the truth of each item of a batch request; ``code`` is that of a request refused as a whole."""
    if request.items is not None:
        return request.items
    if request.method == "DELETE":
        try:
            count = len(_names_in(request.params))
        except Refusal:
            count = 1
        return [ItemTruth("none", -1, code)] * count
    try:
        items = read_batch(request.params)
    except Refusal:
        items = [{}]
    direction = request.slot.direction
    return [ItemTruth(role_of("POST", _ORDER_PATH, item, direction), -1, code) for item in items]


def _as_single(request: Request, item: dict[str, Any]) -> Request:
    role = role_of("POST", _ORDER_PATH, item, request.slot.direction)
    single = Request(request.number, request.slot, role, request.method, request.path, item, request.sent_us)
    single.placement = request.placement
    return single


def _names_in(params: dict[str, Any]) -> list[tuple[int | None, str | None]]:
    for name in ("orderIdList", "origClientOrderIdList"):
        # The venue reads names of parameters without regard to case, and one library sends these in lower case.
        spelled = name if name in params else name.lower()
        if not params.get(spelled):
            continue
        given = _listed(params, spelled)
        if given is None:
            raise missing(name)
        if not 1 <= len(given) <= MOST_CANCELS:
            raise invalid(name)
        if name == "origClientOrderIdList":
            return [(None, str(one)) for one in given]
        if not all(is_whole(str(one)) for one in given):
            raise invalid(name)
        return [(int(one), None) for one in given]
    raise Refusal(
        -1102, "Param 'origClientOrderIdList' or 'orderIdList' must be sent, but both were empty/null!"
    )


def _listed(params: dict[str, Any], name: str) -> list[Any] | None:
    """Return a list given as such or as its JSON text, None for anything else."""
    given = params.get(name)
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return None
    return given if isinstance(given, list) else None
