"""Shapes of answers about orders, in Binance's own field names and kinds (binance-facts 10)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from sim.exchange.door.shapes import fixed
from sim.exchange.orders import decimal_text

Make = Callable[..., Any]

TEXT, WHOLE, FLAG, DECIMAL = "text", "whole", "flag", "decimal"

NEW_ORDER = {
    "orderId": WHOLE, "symbol": TEXT, "status": TEXT, "clientOrderId": TEXT, "price": DECIMAL, "avgPrice": DECIMAL,
    "origQty": DECIMAL, "executedQty": DECIMAL, "cumQty": DECIMAL, "cumQuote": DECIMAL, "timeInForce": TEXT,
    "type": TEXT, "reduceOnly": FLAG, "closePosition": FLAG, "side": TEXT, "positionSide": TEXT, "stopPrice": DECIMAL,
    "workingType": TEXT, "priceProtect": FLAG, "origType": TEXT, "priceMatch": TEXT, "selfTradePreventionMode": TEXT,
    "goodTillDate": WHOLE, "updateTime": WHOLE,
}  # fmt: skip
QUERY = {name: kind for name, kind in NEW_ORDER.items() if name != "cumQty"} | {"time": WHOLE}
ALGO = {
    "algoId": WHOLE, "clientAlgoId": TEXT, "algoType": TEXT, "orderType": TEXT, "symbol": TEXT, "side": TEXT,
    "positionSide": TEXT, "timeInForce": TEXT, "quantity": DECIMAL, "algoStatus": TEXT, "triggerPrice": DECIMAL,
    "price": DECIMAL, "icebergQuantity": None, "selfTradePreventionMode": TEXT, "workingType": TEXT,
    "priceMatch": TEXT, "closePosition": FLAG, "priceProtect": FLAG, "reduceOnly": FLAG, "activatePrice": TEXT,
    "callbackRate": TEXT, "createTime": WHOLE, "updateTime": WHOLE, "triggerTime": WHOLE, "goodTillDate": WHOLE,
}  # fmt: skip
ALGO_QUERY = ALGO | {
    "actualOrderId": TEXT, "actualPrice": DECIMAL, "actualQty": DECIMAL, "actualType": TEXT,
    "tpTriggerPrice": DECIMAL, "tpPrice": DECIMAL, "slTriggerPrice": DECIMAL, "slPrice": DECIMAL,
    "tpOrderType": TEXT,
}  # fmt: skip
STOP = {"side": "SELL", "type": "STOP_MARKET", "triggerPrice": "49000.0", "closePosition": "true"}
LIMIT = {"side": "BUY", "type": "LIMIT", "price": "49000.00", "quantity": "0.010", "timeInForce": "GTC"}


def kind_of(value: Any) -> str | None:
    """Say what a value of a body is on the wire."""
    if value is None:
        return None
    if isinstance(value, bool):
        return FLAG
    if isinstance(value, int):
        return WHOLE
    assert isinstance(value, str)
    return TEXT


def assert_shape(body: dict[str, Any], shape: dict[str, str | None]) -> None:
    """Hold a body against the names and kinds of its fields."""
    assert set(body) == set(shape)
    for name, kind in shape.items():
        if kind == DECIMAL:
            assert isinstance(body[name], str), name
            assert "E" not in str(Decimal(body[name]) + 0) or Decimal(body[name]) == 0, name
        else:
            assert kind_of(body[name]) == kind, name


def test_an_acknowledgement_knows_nothing_of_the_fill(desk: Any) -> None:
    """The default reply of a MARKET order says NEW and nought executed; RESULT and a query tell (F17)."""
    ack = desk.buy()[1]
    assert_shape(ack, NEW_ORDER)
    assert (ack["status"], ack["executedQty"], ack["avgPrice"]) == ("NEW", "0.000", "0.00")
    result = desk.buy(newOrderRespType="RESULT")[1]
    assert_shape(result, NEW_ORDER)
    assert (result["status"], result["executedQty"], result["avgPrice"]) == ("FILLED", "0.010", "50000.00000")
    query = desk.ask("GET", "/fapi/v1/order", orderId=ack["orderId"])[1]
    assert_shape(query, QUERY)
    assert (query["status"], query["executedQty"], query["cumQuote"]) == ("FILLED", "0.010", "500.00000")


def test_a_limit_order_shows_its_price_in_lists_and_when_cancelled(desk: Any) -> None:
    """Prices and sizes carry the symbol's decimals; a cancel has the order's shape without its time."""
    placed = desk.order(**LIMIT, newClientOrderId="mine")[1]
    assert (placed["price"], placed["origQty"], placed["clientOrderId"]) == ("49000.00", "0.010", "mine")
    (listed,) = desk.ask("GET", "/fapi/v1/openOrders")[1]
    assert_shape(listed, QUERY)
    assert desk.ask("GET", "/fapi/v1/openOrder", origClientOrderId="mine")[1] == listed
    cancelled = desk.ask("DELETE", "/fapi/v1/order", origClientOrderId="mine")[1]
    assert_shape(cancelled, NEW_ORDER)
    assert (cancelled["status"], cancelled["orderId"]) == ("CANCELED", placed["orderId"])
    assert desk.ask("GET", "/fapi/v1/openOrders")[1] == []


def test_an_open_order_that_is_filled_does_not_exist(desk: Any) -> None:
    """``openOrder`` of a filled order gives -2013 where ``order`` still shows it (binance-facts 6)."""
    number = desk.buy()[1]["orderId"]
    assert desk.ask("GET", "/fapi/v1/openOrder", orderId=number)[1]["code"] == -2013
    assert desk.ask("GET", "/fapi/v1/order", orderId=number)[0] == 200


def test_an_order_of_another_symbol_is_not_found_under_this_one(make_desk: Make) -> None:
    """The symbol is part of the look-up, in cancels too."""
    desk = make_desk()
    number = desk.order(**LIMIT)[1]["orderId"]
    desk.venue.orders[number].symbol = "ETHUSDT"
    for method, path, code in (
        ("GET", "order", -2013),
        ("GET", "openOrder", -2013),
        ("DELETE", "order", -2011),
    ):
        assert desk.ask(method, f"/fapi/v1/{path}", orderId=number)[1]["code"] == code


def test_an_algo_order_has_its_own_shape(make_desk: Make) -> None:
    """algoId and algoStatus, no orderId; closePosition reads GTE_GTC; a cancel's code is a text."""
    desk = make_desk(rules="2025-12-09")
    desk.buy()
    body = desk.algo(**STOP, clientAlgoId="guard")[1]
    assert_shape(body, ALGO)
    assert (body["algoStatus"], body["timeInForce"], body["triggerPrice"]) == ("NEW", "GTE_GTC", "49000.00")
    (listed,) = desk.ask("GET", "/fapi/v1/openAlgoOrders")[1]
    assert_shape(listed, ALGO_QUERY)
    assert desk.ask("GET", "/fapi/v1/openOrders")[1] == []
    cancelled = desk.ask("DELETE", "/fapi/v1/algoOrder", clientAlgoId="guard")[1]
    assert cancelled == {"algoId": body["algoId"], "clientAlgoId": "guard", "code": "200", "msg": "success"}
    assert desk.ask("GET", "/fapi/v1/algoOrder", clientAlgoId="guard")[1]["algoStatus"] == "CANCELED"


def test_a_triggered_algo_order_names_the_order_it_became(make_desk: Make) -> None:
    """The query gives the child's id, and the ordinary endpoint shows the child under it (binance-facts 10)."""
    desk = make_desk(rules="2025-12-09", pct_per_s=-0.1)
    desk.buy()
    number = desk.algo(**{**STOP, "triggerPrice": "49900.00"})[1]["algoId"]
    desk.run_to(5)
    query = desk.ask("GET", "/fapi/v1/algoOrder", algoId=number)[1]
    assert_shape(query, ALGO_QUERY)
    assert (query["algoStatus"], query["actualQty"], query["actualType"]) == ("FINISHED", "0.010", "MARKET")
    child = desk.ask("GET", "/fapi/v1/order", orderId=query["actualOrderId"])[1]
    assert (child["status"], child["executedQty"], child["avgPrice"]) == (
        "FILLED",
        "0.010",
        query["actualPrice"],
    )


def test_a_conditional_order_of_the_older_rules_tells_what_it_became(make_desk: Make) -> None:
    """It keeps its id; ``type`` becomes MARKET at the trigger and ``origType`` remembers."""
    desk = make_desk(pct_per_s=-0.1)
    desk.buy()
    stop = {
        "side": "SELL",
        "type": "STOP_MARKET",
        "stopPrice": "49900",
        "quantity": "0.010",
        "reduceOnly": "true",
    }
    number = desk.order(**stop)[1]["orderId"]
    before = desk.ask("GET", "/fapi/v1/order", orderId=number)[1]
    assert (before["type"], before["origType"], before["stopPrice"]) == (
        "STOP_MARKET",
        "STOP_MARKET",
        "49900.00",
    )
    desk.run_to(5)
    after = desk.ask("GET", "/fapi/v1/order", orderId=number)[1]
    assert (after["type"], after["origType"], after["status"]) == ("MARKET", "STOP_MARKET", "FILLED")


def test_a_trailing_order_of_the_older_rules_shows_its_rate(desk: Any) -> None:
    """activatePrice and priceRate come with it (binance-facts 10, "legacy trailing")."""
    desk.buy()
    trail = {
        "side": "SELL",
        "type": "TRAILING_STOP_MARKET",
        "callbackRate": "1.5",
        "activationPrice": "51000",
    }
    number = desk.order(**trail, quantity="0.010", reduceOnly="true")[1]["orderId"]
    query = desk.ask("GET", "/fapi/v1/order", orderId=number)[1]
    assert_shape(query, QUERY | {"activatePrice": DECIMAL, "priceRate": DECIMAL})
    assert (query["activatePrice"], query["priceRate"]) == ("51000.00", "1.5")


@pytest.mark.parametrize("rules", ["2025-01", "2025-12-09"])
def test_cancelling_all_leaves_the_other_endpoints_orders(rules: str, make_desk: Make) -> None:
    """A safe "cancel all" must call both (binance-facts 5)."""
    desk = make_desk(rules=rules)
    desk.buy()
    desk.order(**LIMIT)
    if rules == "2025-01":
        desk.order(**{**STOP, "stopPrice": "49000.0", "triggerPrice": None})
    else:
        desk.algo(**STOP)
    said = desk.ask("DELETE", "/fapi/v1/allOpenOrders")[1]
    assert said == {"code": 200, "msg": "The operation of cancel all open order is done."}
    left = desk.venue.open_orders(desk.account)
    assert [order.type for order in left] == ([] if rules == "2025-01" else ["STOP_MARKET"])
    if left:
        assert desk.ask("DELETE", "/fapi/v1/algoOpenOrders")[1]["code"] == 200
        assert desk.venue.open_orders(desk.account) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1.0, "1"), (0.1, "0.1"), (1e-8, "0.00000001"), (-0.02, "-0.02"), (1e9, "1000000000")],
)
def test_numbers_are_written_as_plain_decimals(value: float, text: str) -> None:
    """No exponent and no trailing noughts."""
    assert decimal_text(value) == text


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.0, 2, "0.00"),
        (-0.0, 3, "0.000"),
        (0.01, 3, "0.010"),
        (-1.5, 8, "-1.50000000"),
        (-1e-12, 8, "0.00000000"),
    ],
)
def test_decimals_are_those_asked_for(value: float, decimals: int, text: str) -> None:
    """A nought has no sign."""
    assert fixed(value, decimals) == text
