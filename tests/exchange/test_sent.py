"""What is written of orders as they leave, and of waits the venue asks for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from sim.exchange.attribution import CURRENT_INTENT
from sim.exchange.effects import Effect
from sim.exchange.sent import id_number, number, wait_until_us

ORDER, BATCH = "/fapi/v1/order", "/fapi/v1/batchOrders"
BUY = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
STOP = {
    "symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "stopPrice": "49000.0", "closePosition": "true",
    "workingType": "MARK_PRICE",
}  # fmt: skip
EPOCH_US = 1_705_276_800_000_000


def send(desk: Any, params: dict[str, Any], path: str = ORDER) -> None:
    """Send one request as the desk's intent and let it be answered."""
    token = CURRENT_INTENT.set(desk.slot)
    desk.gateway.send("POST", path, dict(params))
    CURRENT_INTENT.reset(token)
    desk.loop.run_until(desk.loop.now_us + 1_000_000)


def rows(desk: Any) -> list[dict[str, Any]]:
    return [
        {str(name): value for name, value in row.items()} for row in desk.frame("sent").to_dict("records")
    ]


def test_an_order_is_written_as_it_left(make_desk: Callable[..., Any]) -> None:
    """Side, numbers, flags and the price at that moment; what was not sent is NaN."""
    desk = make_desk()
    send(desk, STOP)
    (row,) = rows(desk)
    assert (row["role"], row["side"], row["type"], row["trigger_price"]) == (
        "sl",
        -1,
        "STOP_MARKET",
        49_000.0,
    )
    assert (row["close_position"], row["reduce_only"], row["client_id"], row["last"]) == (
        True,
        False,
        -1,
        50_000.0,
    )
    assert math.isnan(row["quantity"])
    assert math.isnan(row["price"])


def test_only_orders_are_written(make_desk: Callable[..., Any]) -> None:
    """Reads and cancels leave no row; a refused order does, as it left all the same."""
    desk = make_desk()
    send(desk, {"symbol": "BTCUSDT", "leverage": 5}, "/fapi/v1/leverage")
    send(desk, {**BUY, "quantity": "0.0105"})
    assert [row["quantity"] for row in rows(desk)] == [0.0105]


def test_stamps_and_ids_are_no_part_of_an_order(make_desk: Callable[..., Any]) -> None:
    """The same order has the same number however it is spelt and stamped; another price makes another."""
    desk = make_desk()
    send(desk, BUY)
    send(desk, {**dict(reversed(BUY.items())), "newClientOrderId": "mine", "recvWindow": 3000})
    send(desk, {**BUY, "quantity": "0.011"})
    first, second, third = rows(desk)
    assert (first["params"], first["rest"]) == (second["params"], second["rest"])
    assert first["params"] != third["params"]


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ("mine-1", True),
        ("x-Cb7ytekJ0000000000000000000001", False),
        ("x-xcKtGhcu0000000001", False),
        (None, False),
    ],
)
def test_an_invented_id_is_none(make_desk: Callable[..., Any], given: str | None, chosen: bool) -> None:
    """Ids that client libraries make up on each call count as not chosen."""
    desk = make_desk()
    send(desk, BUY if given is None else {**BUY, "newClientOrderId": given})
    (row,) = rows(desk)
    assert row["client_id"] == (id_number(str(given)) if chosen else -1)


def test_each_item_of_a_batch_has_a_row(make_desk: Callable[..., Any]) -> None:
    """Roles and prices are the items' own; a batch nobody can read has none."""
    desk = make_desk()
    send(desk, {"batchOrders": [BUY, STOP]}, BATCH)
    send(desk, {"batchOrders": "no list"}, BATCH)
    assert [(row["role"], row["last"]) for row in rows(desk)] == [("entry", 50_000.0), ("sl", 50_000.0)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1.50", 1.5), (2, 2.0), ("NaN", math.inf), ("-inf", math.inf), ("ten", math.inf), ([], math.inf)],
)
def test_what_is_no_number_is_told_from_what_was_not_sent(value: Any, expected: float) -> None:
    """A value that is sent and no finite number is inf; NaN means that nothing was sent."""
    assert number(value) == expected
    assert math.isnan(number(None))


@pytest.mark.parametrize(
    ("headers", "message", "expected"),
    [
        ({"Retry-After": "3"}, "", 5_000_000),
        ({"retry-after": "0.5"}, "", 2_500_000),
        ({}, f"Way too many requests; IP(1.2.3.4) banned until {EPOCH_US // 1000 + 9000}. Please", 9_000_000),
        ({}, "Too many requests; current limit is 2400.", -1),
        ({"Retry-After": "soon"}, "", -1),
    ],
)
def test_until_when_an_answer_says_to_wait(headers: dict[str, str], message: str, expected: int) -> None:
    """By its header, else by a ban's text; an answer that says neither asks for nothing definite."""
    assert wait_until_us(headers, message, 2_000_000, EPOCH_US) == expected


def test_a_wait_is_written_when_it_is_heard(make_desk: Callable[..., Any]) -> None:
    """A 429 with Retry-After leaves one row: who, when, until when."""
    told = Effect(
        "limit", "test", "gateway", "not_applied", (429, {"code": -1003, "msg": "no"}),
        headers={"Retry-After": "7"},
    )  # fmt: skip
    desk = make_desk(script={1: [told]})
    send(desk, BUY)
    (row,) = desk.frame("told_to_wait").to_dict("records")
    assert (row["intent"], row["status"], row["until_us"] - row["at_us"]) == (0, 429, 7_000_000)


def test_an_answer_nobody_waits_for_is_silence(make_desk: Callable[..., Any]) -> None:
    """A client that gave up early did not hear of the order, which the venue executed all the same."""
    desk = make_desk()
    token = CURRENT_INTENT.set(desk.slot)
    desk.gateway.send("POST", ORDER, dict(BUY)).cancel()
    CURRENT_INTENT.reset(token)
    desk.loop.run_until(desk.loop.now_us + 1_000_000)
    assert desk.frame("request").status.tolist() == [0]
    assert desk.frame("write").truth.tolist() == ["applied"]
