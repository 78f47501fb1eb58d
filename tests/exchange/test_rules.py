"""Every refusal that arises from a request or from state, with the document it comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.exchange.filters import RULES, filters_of
from sim.exchange.replies import STATUS_AND_TEXT, Refusal
from sim.exchange.rules import NewOrder, read_new_order

MARKET = {"side": "BUY", "type": "MARKET", "quantity": "0.010"}
STOP = {"side": "SELL", "type": "STOP_MARKET", "stopPrice": "49000", "closePosition": "true"}
TARGET = {"side": "SELL", "type": "TAKE_PROFIT_MARKET", "stopPrice": "51000", "closePosition": "true"}
TRAIL = {
    "side": "SELL",
    "type": "TRAILING_STOP_MARKET",
    "quantity": "0.010",
    "callbackRate": "1",
    "reduceOnly": "true",
}
ALGO = {"side": "SELL", "type": "STOP_MARKET", "triggerPrice": "49000", "closePosition": "true"}
ABSENT = None
SIZED = {"closePosition": ABSENT, "quantity": "0.010", "reduceOnly": "true"}


class Row(NamedTuple):
    """One rule: ``code`` (0: accepted) of ``params`` sent to ``path``, after ``before`` was done."""

    name: str
    code: int
    source: str
    params: dict[str, Any]
    before: str = ""
    rules: tuple[str, ...] = RULES
    symbol: str = "BTCUSDT"
    path: str = "order"


OLD, NEW = ("2025-01",), ("2025-12-09",)
REQUEST = [
    Row("no symbol", -1102, "1.2", {**MARKET, "symbol": ABSENT}),
    Row("unknown symbol", -1121, "1.2", {**MARKET, "symbol": "NOSUCHUSDT"}),
    Row("no side", -1102, "1.2", {**MARKET, "side": ABSENT}),
    Row("side in small letters", -1117, "1.2", {**MARKET, "side": "buy"}),
    Row("no type", -1102, "1.2", {**MARKET, "type": ABSENT}),
    Row("unknown type", -1116, "1.2", {**MARKET, "type": "ICEBERG"}),
    Row("limit orders are not modelled", -1020, "rules: a type outside this model", {**MARKET, "type": "LIMIT"}),
    Row("stop-limits are not modelled", -1020, "rules", {**STOP, "type": "STOP"}, rules=OLD),
    Row("limit targets are not modelled", -1020, "rules", {**TARGET, "type": "TAKE_PROFIT"}, rules=OLD),
    Row("hedge side in one-way mode", -4061, "2.2", {**MARKET, "positionSide": "LONG"}),
    Row("one-way side", 0, "2.2", {**MARKET, "positionSide": "BOTH"}),
    Row("market with closePosition", -4136, "1.2c", {**MARKET, "quantity": ABSENT, "closePosition": "true"}),
    Row("trailing with closePosition", -4136, "1.2c", {**TRAIL, "closePosition": "true"}, rules=OLD),
    Row("closePosition with quantity", -4137, "2.2", {**STOP, "quantity": "0.010"}, "long", OLD),
    Row("closePosition with quantity nought", 0, "1.2c", {**STOP, "quantity": "0"}, "long", OLD),
    Row("closePosition with reduceOnly", -1106, "2.2", {**STOP, "reduceOnly": "true"}, "long", OLD),
    Row("no quantity", -1102, "1.2", {**MARKET, "quantity": ABSENT}),
    Row("quantity empty", -1102, "1.2", {**MARKET, "quantity": ""}),
    Row("quantity not a number", -1102, "1.2", {**MARKET, "quantity": "ten"}),
    Row("quantity NaN", -1102, "1.2", {**MARKET, "quantity": "NaN"}),
    Row("quantity nought", -4003, "1.2c", {**MARKET, "quantity": "0"}),
    Row("quantity negative", -4003, "1.2c", {**MARKET, "quantity": "-0.010"}),
    Row("quantity too fine", -1111, "1.2", {**MARKET, "quantity": "0.0105"}),
    Row("trailing zeros are not precision", 0, "1.2", {**MARKET, "quantity": "0.010000"}),
    Row("quantity as a float", 0, "1.2", {**MARKET, "quantity": 0.01}),
    Row("quantity below the minimum", -4004, "1.2c", {**MARKET, "quantity": "0.5"}, rules=OLD, symbol="SOLUSDT"),
    Row("quantity above the market maximum", -4005, "1.2c", {**MARKET, "quantity": "120.001"}),
    Row("quantity beyond arithmetic", -4005, "1.2c", {**MARKET, "quantity": 1e40}),
    Row("quantity at the market maximum", 0, "3.2", {**MARKET, "quantity": "120"}),
    Row("quantity off the step", -4023, "1.2c", {**MARKET, "quantity": "1.5"}, rules=OLD, symbol="SOLUSDT"),
    Row("no trigger price", -1102, "1.2", {**STOP, "stopPrice": ABSENT}, rules=OLD),
    Row("trigger price nought", -4006, "1.2c", {**STOP, "stopPrice": "0"}, rules=OLD),
    Row("trigger price too fine", -1111, "1.2", {**STOP, "stopPrice": "49000.001"}, rules=OLD),
    Row("trigger price off tick", -4014, "1.2c, F31", {**STOP, "stopPrice": "49000.05"}, rules=OLD),
    Row("trigger price beyond arithmetic", -4014, "1.2c", {**STOP, "stopPrice": 1e40}, rules=OLD),
    Row("no callback rate", -1102, "2.1", {**TRAIL, "callbackRate": ABSENT}, "long", OLD),
    Row("callback rate too small", -1130, "2.1, F32", {**TRAIL, "callbackRate": "0.09"}, "long", OLD),
    Row("callback rate too large", -1130, "2.1, F32", {**TRAIL, "callbackRate": "10.1"}, "long", OLD),
    Row("callback rates at both ends", 0, "2.1", {**TRAIL, "callbackRate": "10"}, "long", OLD),
    Row("activation off tick", -4014, "1.2c", {**TRAIL, "activationPrice": "51000.05"}, "long", OLD),
    Row("working type", -4031, "1.2c", {**STOP, "workingType": "INDEX"}, "long", OLD),
    Row("client id too long", -4015, "1.2c, 6", {**MARKET, "newClientOrderId": "x" * 37}),
    Row("client id of 36", 0, "1.2c", {**MARKET, "newClientOrderId": "x" * 36}),
    Row("client id with a space", -4015, "6", {**MARKET, "newClientOrderId": "a b"}),
    Row("client id with a line end", -4015, "6", {**MARKET, "newClientOrderId": "ab\n"}),
    Row("notional too small", -4164, "3.2", {**MARKET, "quantity": "0.001"}, rules=OLD),
    Row("notional at the newer minimum", 0, "3.2", {**MARKET, "quantity": "0.001"}, rules=NEW),
    Row(
        "exits are exempt from the notional", 0, "1.2c",
        {**MARKET, "side": "SELL", "quantity": "0.001", "reduceOnly": "true"}, "long",
    ),
    Row("conditional type on the old endpoint", -4120, "5", STOP, "long", NEW),
    Row("target on the old endpoint", -4120, "5", TARGET, "long", NEW),
    Row("trailing on the old endpoint", -4120, "5", TRAIL, "long", NEW),
    Row("stop-limit on the old endpoint", -4120, "5", {**STOP, "type": "STOP"}, "long", NEW),
    Row("limit target on the old endpoint", -4120, "5", {**TARGET, "type": "TAKE_PROFIT"}, "long", NEW),
    Row("stop on the algo endpoint", 0, "5", ALGO, "long", NEW, path="algo"),
    Row("no algoType", -1102, "5", {**ALGO, "algoType": ABSENT}, "long", NEW, path="algo"),
    Row("market on the algo endpoint", -1130, "5", MARKET, "", NEW, path="algo"),
    Row("limit on the algo endpoint", -1130, "5", {**MARKET, "type": "LIMIT"}, "", NEW, path="algo"),
    Row("stop-limit on the algo endpoint", -1020, "rules", {**ALGO, "type": "STOP"}, "", NEW, path="algo"),
    Row(
        "the old field name is ignored there", -1102, "5: no stopPrice",
        {**ALGO, "triggerPrice": ABSENT, "stopPrice": "49000"}, "long", NEW, path="algo",
    ),
    Row("algo id too long", -4015, "5", {**ALGO, "clientAlgoId": "x" * 37}, "long", NEW, path="algo"),
    Row("the algo endpoint before it existed", -5000, "5", ALGO, "long", OLD, path="algo"),
]  # fmt: skip
STATE = [
    Row("reduceOnly while flat", -2022, "1.2b", {**MARKET, "reduceOnly": "true"}),
    Row("reduceOnly on the wrong side", -2022, "1.2b", {**MARKET, "reduceOnly": "true"}, "long"),
    Row("closePosition while flat", -4509, "2.2", STOP, "", OLD),
    Row("closePosition on the wrong side", -4509, "2.2", {**STOP, "side": "BUY", "stopPrice": "51000"}, "long", OLD),
    Row("a second closePosition stop", -4130, "2.2, F35", {**STOP, "stopPrice": "48000"}, "stop", OLD),
    Row("one stop and one target", 0, "2.2", TARGET, "stop", OLD),
    Row("a second target", -4130, "2.2", {**TARGET, "stopPrice": "52000"}, "target", OLD),
    Row("a sized stop beside one", 0, "F07", {**STOP, **SIZED}, "stop", OLD),
    Row("client id of an open order", -4116, "6", {**MARKET, "newClientOrderId": "my-stop"}, "stop", OLD),
    Row("client id of an order that is over", 0, "6", {**MARKET, "newClientOrderId": "my-entry"}, "long"),
    Row("client id of an algo order", 0, "F19: two id spaces", {**MARKET, "newClientOrderId": "my-stop"}, "algo", NEW),
    Row(
        "algo id of an open algo order", -4116, "5 [U]", {**ALGO, **SIZED, "clientAlgoId": "my-stop"}, "algo", NEW,
        path="algo",
    ),
    Row("a stop the price has passed", -2021, "2.1", {**STOP, "stopPrice": "50100"}, "long", OLD),
    Row("an algo stop the price has passed", -2021, "2.1", {**ALGO, "triggerPrice": "50100"}, "long", NEW, path="algo"),
    Row("trailing activation below the price", -2021, "2.1", {**TRAIL, "activationPrice": "49000"}, "long", OLD),
    Row("trailing activation at the price", -2021, "2.1", {**TRAIL, "activationPrice": "50000"}, "long", OLD),
    Row("trailing activation above the price", 0, "2.1", {**TRAIL, "activationPrice": "51000"}, "long", OLD),
    Row("trailing without activation", 0, "2.1", TRAIL, "long", OLD),
    Row("trailing for a short, activation above", -2021, "2.1", {**TRAIL, "side": "BUY", "activationPrice": "51000"},
        "short", OLD),
]  # fmt: skip


def prepare(desk: Any, before: str) -> None:
    """Bring the account into the state a row needs."""
    if before in ("long", "stop", "target", "algo"):
        assert desk.buy("0.020", newClientOrderId="my-entry")[0] == 200
    if before == "short":
        assert desk.sell("0.020")[0] == 200
    if before == "stop":
        assert desk.order(**STOP, newClientOrderId="my-stop")[0] == 200
    if before == "target":
        assert desk.order(**TARGET)[0] == 200
    if before == "algo":
        assert desk.algo(**ALGO, clientAlgoId="my-stop")[0] == 200


@pytest.mark.parametrize(
    ("row", "rules"),
    [pytest.param(row, rules, id=f"{row.name} [{rules}]") for row in REQUEST + STATE for rules in row.rules],
)
def test_the_venue_answers_with_its_documented_code(
    row: Row, rules: str, make_desk: Callable[..., Any]
) -> None:
    """A request gets the code that the documents (and the row's source) give it, or is accepted."""
    desk = make_desk(rules=rules, symbol=row.symbol, price=50_000.0 if row.symbol == "BTCUSDT" else 100.0)
    prepare(desk, row.before)
    before = len(desk.venue.orders)
    params = {"algoType": "CONDITIONAL", **row.params} if row.path == "algo" else row.params
    status, body = desk.ask(
        "POST", "/fapi/v1/order" if row.path == "order" else "/fapi/v1/algoOrder", **params
    )
    if row.code == 0:
        assert (status, body.get("code")) == (200, None), row.source
        assert len(desk.venue.orders) == before + 1
    else:
        assert (status, body["code"]) == (STATUS_AND_TEXT[row.code][0], row.code), row.source
        assert body["msg"]
        assert len(desk.venue.orders) == before


@pytest.mark.parametrize(
    ("method", "path", "params", "status", "code", "source"),
    [
        ("GET", "order", {"orderId": 99}, 400, -2013, "1.2b"),
        ("GET", "order", {"origClientOrderId": "nobody"}, 400, -2013, "1.2b"),
        ("GET", "order", {"orderId": "²"}, 400, -2013, "an id that is no number"),
        ("GET", "order", {}, 400, -1102, "1.2"),
        ("DELETE", "order", {"orderId": 99}, 400, -2011, "1.2b"),
        ("DELETE", "order", {"orderId": 1}, 400, -2011, "1.2b: already filled"),
        ("DELETE", "order", {"symbol": None, "orderId": 1}, 400, -1102, "1.2"),
        ("GET", "ticker/price", {"symbol": "NOSUCH"}, 400, -1121, "1.2"),
        ("POST", "leverage", {"leverage": 0}, 400, -4028, "1.2c"),
        ("POST", "leverage", {"leverage": 126}, 400, -4028, "1.2c"),
        ("POST", "leverage", {"leverage": "five"}, 400, -4028, "1.2c"),
        ("POST", "leverage", {}, 400, -4028, "1.2c"),
        ("GET", "nothing", {}, 404, -5000, "door"),
        ("PUT", "order", {}, 404, -5000, "door"),
    ],
)
def test_other_endpoints_refuse_by_code(
    method: str, path: str, params: dict[str, Any], status: int, code: int, source: str, desk: Any
) -> None:
    """Look-ups, cancels and settings answer with their own codes."""
    desk.buy()
    got = desk.ask(method, f"/fapi/v1/{path}", **params)
    assert (got[0], got[1]["code"]) == (status, code), source


def test_a_market_order_may_repeat_the_id_of_a_filled_one(desk: Any) -> None:
    """Two MARKET orders with one client id both fill: the id is no idempotency key (binance-facts 6)."""
    assert desk.buy(newClientOrderId="same")[0] == desk.buy(newClientOrderId="same")[0] == 200
    assert desk.position == pytest.approx(0.020)


@pytest.mark.parametrize("rules", RULES)
def test_exchange_info_states_the_filters_that_are_enforced(
    rules: str, make_desk: Callable[..., Any]
) -> None:
    """What a client reads in exchangeInfo is what the rules apply (binance-facts 3.2)."""
    _, body = make_desk(rules=rules).ask("GET", "/fapi/v1/exchangeInfo")
    filters = {item["filterType"]: item for item in body["symbols"][0]["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.10"
    assert filters["MARKET_LOT_SIZE"] == {
        "filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001",
    }  # fmt: skip
    assert filters["MIN_NOTIONAL"]["notional"] == {"2025-01": "100", "2025-12-09": "50"}[rules]


words = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(),
    st.text(max_size=12),
    st.decimals().map(str),
    st.sampled_from(
        ["true", "BUY", "SELL", "MARKET", "STOP_MARKET", "CONDITIONAL", "1e400", "-0", "1e-400", "0.001"]
    ),
)
names = st.sampled_from(
    [
        "symbol", "side", "type", "quantity", "stopPrice", "triggerPrice", "closePosition", "reduceOnly",
        "callbackRate", "activationPrice", "activatePrice", "workingType", "positionSide", "newClientOrderId",
        "clientAlgoId", "algoType",
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    st.sampled_from([MARKET, STOP, TARGET, TRAIL, ALGO]),
    st.dictionaries(names, words, max_size=4),
    st.booleans(),
    st.sampled_from(RULES),
)
def test_nonsense_is_refused_and_never_breaks_the_exchange(
    base: dict[str, Any], changes: dict[str, Any], algo: bool, rules: Any
) -> None:
    """Whatever the parameters hold, the answer is an order or a refusal with a code of the table."""
    params = {"symbol": "BTCUSDT", "algoType": "CONDITIONAL", **base, **changes}
    answer = answer_to(params, algo, rules)
    if isinstance(answer, Refusal):
        assert answer.code in STATUS_AND_TEXT
    else:
        assert answer.close_position or 0.001 <= answer.quantity <= 120


def answer_to(params: dict[str, Any], algo: bool, rules: Any) -> NewOrder | Refusal:
    filters = filters_of("BTCUSDT", rules)
    try:
        return read_new_order(params, algo=algo, rules=rules, filters=filters, mark=lambda: 50_000.0)
    except Refusal as refusal:
        return refusal
