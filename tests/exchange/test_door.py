"""Shapes of answers, in Binance's own field names (binance-facts 10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.exchange.orders import decimal_text

ORDER_FIELDS = {
    "orderId", "symbol", "status", "clientOrderId", "price", "avgPrice", "origQty", "executedQty", "cumQty", "cumQuote",
    "timeInForce", "type", "reduceOnly", "closePosition", "side", "positionSide", "stopPrice", "workingType",
    "priceProtect", "origType", "priceMatch", "selfTradePreventionMode", "goodTillDate", "updateTime",
}  # fmt: skip
ALGO_FIELDS = {
    "algoId", "clientAlgoId", "algoType", "orderType", "symbol", "side", "positionSide", "timeInForce", "quantity",
    "algoStatus", "triggerPrice", "price", "icebergQuantity", "selfTradePreventionMode", "workingType", "priceMatch",
    "closePosition", "priceProtect", "reduceOnly", "activatePrice", "callbackRate", "createTime", "updateTime",
    "triggerTime", "goodTillDate",
}  # fmt: skip


def test_an_acknowledgement_knows_nothing_of_the_fill(desk: Any) -> None:
    """The default reply of a MARKET order says NEW and nought executed; RESULT and a query tell (F17)."""
    ack = desk.buy()[1]
    assert set(ack) >= ORDER_FIELDS
    assert (ack["status"], ack["executedQty"], ack["avgPrice"]) == ("NEW", "0", "0")
    result = desk.buy(newOrderRespType="RESULT")[1]
    assert (result["status"], result["executedQty"], result["avgPrice"]) == ("FILLED", "0.01", "50000")
    query = desk.ask("GET", "/fapi/v1/order", orderId=ack["orderId"])[1]
    assert (query["status"], query["executedQty"], query["cumQuote"]) == ("FILLED", "0.01", "500")


def test_an_algo_order_has_its_own_shape(make_desk: Callable[..., Any]) -> None:
    """algoId and algoStatus, no orderId; closePosition reads GTE_GTC; a cancel's code is a text."""
    desk = make_desk(rules="2025-12-09")
    desk.buy()
    stop = {"side": "SELL", "type": "STOP_MARKET", "triggerPrice": "49000.0", "closePosition": "true"}
    status, body = desk.algo(**stop, clientAlgoId="guard")
    assert (status, set(body)) == (200, ALGO_FIELDS)
    assert (body["algoStatus"], body["timeInForce"], body["triggerPrice"]) == ("NEW", "GTE_GTC", "49000")
    assert desk.ask("GET", "/fapi/v1/openAlgoOrders")[1] == [body]
    cancelled = desk.ask("DELETE", "/fapi/v1/algoOrder", clientAlgoId="guard")[1]
    assert cancelled == {"algoId": body["algoId"], "clientAlgoId": "guard", "code": "200", "msg": "success"}
    assert desk.ask("GET", "/fapi/v1/algoOrder", clientAlgoId="guard")[1]["algoStatus"] == "CANCELED"


def test_position_risk_tells_the_position(make_desk: Callable[..., Any]) -> None:
    """Signed amount, entry, mark and open profit as decimal texts."""
    desk = make_desk(pct_per_s=0.01)
    desk.sell("0.020")
    desk.run_to(10)
    (row,) = desk.ask("GET", "/fapi/v2/positionRisk")[1]
    assert (row["positionAmt"], row["entryPrice"], row["markPrice"]) == ("-0.02", "50000", "50050")
    assert (row["unRealizedProfit"], row["notional"], row["positionSide"]) == ("-1", "-1001", "BOTH")
    assert desk.ask("GET", "/fapi/v3/positionRisk", symbol=None)[1][0]["symbol"] == "BTCUSDT"


def test_leverage_is_remembered(desk: Any) -> None:
    """The setting shows in positionRisk."""
    assert desk.ask("POST", "/fapi/v1/leverage", leverage="7")[1]["leverage"] == 7
    assert desk.ask("GET", "/fapi/v2/positionRisk")[1][0]["leverage"] == "7"


def test_prices_are_those_of_the_path(make_desk: Callable[..., Any]) -> None:
    """Ticker is last now; premiumIndex is the mark as published, with the time of its publication."""
    desk = make_desk(pct_per_s=0.01)
    desk.run_to(1.5)
    assert desk.ask("GET", "/fapi/v1/ticker/price")[1] == {
        "symbol": "BTCUSDT", "price": "50007.5", "time": 1_705_276_801_500,
    }  # fmt: skip
    index = desk.ask("GET", "/fapi/v1/premiumIndex")[1]
    assert (index["markPrice"], index["time"]) == ("50005", 1_705_276_801_000)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1.0, "1"), (0.1, "0.1"), (1e-8, "0.00000001"), (-0.02, "-0.02"), (1e9, "1000000000")],
)
def test_numbers_are_written_as_plain_decimals(value: float, text: str) -> None:
    """No exponent and no trailing noughts."""
    assert decimal_text(value) == text
