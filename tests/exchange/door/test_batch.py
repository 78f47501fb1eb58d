"""Batches: an answer and a truth for each item (binance-facts 7)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.exchange.attribution import CURRENT_INTENT
from sim.exchange.effects import Effect

Make = Callable[..., Any]
PATH = "/fapi/v1/batchOrders"
ENTRY = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010", "newClientOrderId": "in"}
STOP = {
    "symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "stopPrice": "49000", "closePosition": "true",
}  # fmt: skip
LIMIT = {
    "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "price": "49000", "quantity": "0.010", "timeInForce": "GTC",
}  # fmt: skip


def batch(*items: dict[str, Any]) -> dict[str, Any]:
    return {"symbol": None, "batchOrders": json.dumps(items)}


def send(desk: Any, method: str, params: dict[str, Any]) -> tuple[int, Any]:
    """Send through the gateway, so that the record says what became of it."""

    async def main() -> tuple[int, Any]:
        CURRENT_INTENT.set(desk.slot)
        status, _, body = await desk.gateway.send(method, PATH, params)
        return status, body

    return run_virtual(main(), loop=desk.loop)


def truths(desk: Any) -> list[tuple[str, str, int, int]]:
    rows = desk.frame("write")
    return list(zip(rows.role, rows.truth, rows.order.tolist(), rows.code.tolist(), strict=True))


def test_each_item_has_its_own_answer_in_the_order_sent(desk: Any) -> None:
    """Status 200 holds orders and errors side by side: who looks at the status only misses failures."""
    status, body = desk.ask("POST", PATH, **batch(ENTRY, {**ENTRY, "quantity": "0"}, STOP, LIMIT))
    assert status == 200
    assert [item.get("code") for item in body] == [None, -4003, None, None]
    assert [item.get("type") for item in body] == ["MARKET", None, "STOP_MARKET", "LIMIT"]
    assert body[0]["clientOrderId"] == "in"
    assert desk.position == 0.010


def test_conditional_items_fail_alone_since_the_migration(make_desk: Make) -> None:
    """An entry-and-stop batch leaves the entry without its stop: -4120 per element (binance-facts 5, 7)."""
    desk = make_desk(rules="2025-12-09")
    status, body = desk.ask("POST", PATH, **batch(ENTRY, STOP))
    assert (status, body[0]["status"], body[1]["code"]) == (200, "NEW", -4120)
    assert desk.position == 0.010
    assert desk.venue.open_orders(desk.account) == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (json.dumps([ENTRY] * 6), -4082),
        ("[]", -4082),
        ("[{'symbol': 'BTCUSDT'}]", -1102),
        ('{"symbol": "BTCUSDT"}', -1102),
        ('["BTCUSDT"]', -1102),
        (None, -1102),
    ],
)
def test_a_batch_that_cannot_be_read_is_refused_whole(given: str | None, code: int, desk: Any) -> None:
    """More than five, none, or no JSON list of orders: nothing is placed."""
    status, body = desk.ask("POST", PATH, symbol=None, batchOrders=given)
    assert (status, body["code"]) == (400, code)
    assert len(desk.venue.orders) == 0


def test_every_item_has_a_truth_of_its_own_on_record(make_desk: Make) -> None:
    """One row per item, with the role it plays, the order it made or the code it was refused with."""
    desk = make_desk(rules="2025-12-09")
    send(
        desk,
        "POST",
        {"batchOrders": json.dumps([ENTRY, STOP, {**ENTRY, "side": "SELL", "reduceOnly": "true"}])},
    )
    assert truths(desk) == [
        ("entry", "applied", 1, 0),
        ("sl", "not_applied", -1, -4120),
        ("flatten", "applied", 2, 0),
    ]
    assert desk.frame("write").request.tolist() == [1, 1, 1]
    assert desk.frame("order").role.tolist() == ["entry", "entry", "flatten", "flatten"]


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        (Effect("f", "test", "reply_leg", "applied", None), "applied"),
        (Effect("f", "test", "request_leg", "not_applied", None), "not_applied"),
        (Effect("f", "test", "gateway", "not_applied", (503, "Service Unavailable.")), "not_applied"),
    ],
)
def test_one_unknown_answer_hides_the_truth_of_each_item(
    effect: Effect, expected: str, make_desk: Make
) -> None:
    """Silence or a 503 on a batch makes as many unknowns as it has items (failures F44)."""
    desk = make_desk(script={1: [effect]}, timeout_s=1.0)
    send(desk, "POST", {"batchOrders": json.dumps([ENTRY, {**LIMIT, "price": "1"}, LIMIT])})
    got = truths(desk)
    assert [role for role, *_ in got] == ["entry", "entry", "entry"]
    # The price of the second lies outside the band whatever happens to the reply.
    wanted = [expected, "not_applied", expected]
    assert [truth for _, truth, *_ in got] == wanted


def test_several_orders_are_cancelled_by_id(desk: Any) -> None:
    """Each has its answer; what rests no more is -2011 among the others."""
    first = desk.order(**{**LIMIT, "newClientOrderId": "a"})[1]["orderId"]
    filled = desk.buy()[1]["orderId"]
    desk.order(**{**LIMIT, "newClientOrderId": "b"})
    status, body = desk.ask("DELETE", PATH, orderIdList=json.dumps([first, filled, 99]))
    assert status == 200
    assert [item.get("status", item.get("code")) for item in body] == ["CANCELED", -2011, -2011]
    status, body = desk.ask("DELETE", PATH, origClientOrderIdList='["b","a"]')
    assert [item.get("status", item.get("code")) for item in body] == ["CANCELED", -2011]


def test_a_cancel_of_several_is_on_record_item_by_item(desk: Any) -> None:
    """Cancels have truths too."""
    first = desk.order(**LIMIT)[1]["orderId"]
    send(desk, "DELETE", {"symbol": "BTCUSDT", "orderidlist": f"[{first},99]"})
    assert truths(desk) == [("none", "applied", first, 0), ("none", "not_applied", -1, -2011)]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, -1102),
        ({"orderIdList": "[]"}, -1130),
        ({"orderIdList": json.dumps(list(range(11)))}, -1130),
        ({"orderIdList": '["x"]'}, -1130),
        ({"orderIdList": "1,2"}, -1102),
        ({"symbol": None, "orderIdList": "[1]"}, -1102),
    ],
)
def test_a_cancel_that_cannot_be_read_is_refused_whole(params: dict[str, Any], code: int, desk: Any) -> None:
    """No list, an empty or long one, or no ids at all."""
    status, body = desk.ask("DELETE", PATH, **params)
    assert (status, body["code"]) == (400, code)
