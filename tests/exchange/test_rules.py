"""What the rows of the rule tables cannot say: nothing breaks the reader, and what it states is what it enforces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.exchange.filters import RULES, filters_of
from sim.exchange.replies import STATUS_AND_TEXT, Refusal
from sim.exchange.rules import NewOrder, read_batch, read_new_order

MARKET = {"side": "BUY", "type": "MARKET", "quantity": "0.010"}
LIMIT = {"side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010", "price": "50000"}
STOP = {"side": "SELL", "type": "STOP_MARKET", "stopPrice": "49000", "closePosition": "true"}
STOP_LIMIT = {"side": "SELL", "type": "STOP", "stopPrice": "49000", "price": "48900", "quantity": "0.010"}
TRAIL = {"side": "SELL", "type": "TRAILING_STOP_MARKET", "quantity": "0.010", "callbackRate": "1"}
ALGO = {"side": "SELL", "type": "STOP_MARKET", "triggerPrice": "49000", "closePosition": "true"}


def read(params: dict[str, Any], rules: Any = "2025-01", **named: Any) -> NewOrder | Refusal:
    """Return what the parameters describe, or why not."""
    given = {"symbol": "BTCUSDT", "algoType": "CONDITIONAL", **params}
    options = {"algo": False, "filters": filters_of("BTCUSDT", rules), "mark": lambda: 50_000.0, **named}
    try:
        return read_new_order(given, rules=rules, **options)
    except Refusal as refusal:
        return refusal


def test_a_read_order_says_all_that_was_asked() -> None:
    """Every parameter stands in its field, and what was not sent has the venue's default."""
    order = read({**STOP_LIMIT, "timeInForce": "IOC", "workingType": "MARK_PRICE", "priceProtect": "TRUE",
                  "newClientOrderId": "me", "newOrderRespType": "RESULT", "reduceOnly": "true"})  # fmt: skip
    assert order == NewOrder(
        "BTCUSDT", "STOP", -1, 0.01, 49_000.0, 0.0, 0.0, True, False, True, False, "me", "BOTH", 48_900.0, "IOC",
        True, "RESULT",
    )  # fmt: skip
    assert read(MARKET) == NewOrder(
        "BTCUSDT", "MARKET", 1, 0.01, 0.0, 0.0, 0.0, False, False, False, False, "", "BOTH", 0.0, "GTC", False, "ACK"
    )  # fmt: skip
    trail = read({**TRAIL, "positionSide": "LONG", "activationPrice": "51000"}, hedge=True)
    assert isinstance(trail, NewOrder)
    assert (trail.position_side, trail.activation_price, trail.callback_rate) == ("LONG", 51_000.0, 0.01)


def test_a_parameter_of_none_is_not_sent() -> None:
    """None in a client's keyword arguments is an absent parameter, wanted or not."""
    assert isinstance(read({**MARKET, "price": None, "timeInForce": None, "stopPrice": None}), NewOrder)
    refusal = read({**LIMIT, "price": None})
    assert isinstance(refusal, Refusal)
    assert (refusal.code, "'price'" in refusal.message) == (-1102, True)


def test_the_notional_is_counted_in_decimals() -> None:
    """0.0020 * 50000.0 is 100 exactly, whatever floats make of it; a tick less is too little."""
    at = {**LIMIT, "side": "BUY", "quantity": "0.002", "price": "50000"}
    assert isinstance(read(at), NewOrder)
    refusal = read({**at, "price": "49999.9"})
    assert isinstance(refusal, Refusal)
    assert refusal.code == -4164


def test_a_mark_that_is_no_tick_bounds_prices_all_the_same() -> None:
    """The bound is mark times the multiplier, cut to the price's decimals towards mark."""
    texts = []
    for side, price in (("BUY", "60000"), ("SELL", "40000")):
        refusal = read({**LIMIT, "side": side, "price": price}, mark=lambda: 50_000.01)
        assert isinstance(refusal, Refusal)
        texts.append(refusal.message)
    assert texts == [
        "Limit price can't be higher than 52500.01.",
        "Limit price can't be lower than 47500.01.",
    ]


def test_a_symbol_without_price_limits_has_none() -> None:
    """Nought means not limited (binance-facts 3.1): a scenario's own symbol takes any price on its tick."""
    filters = filters_of("BTCUSDT", "2025-01")
    assert filters is not None
    free = type(filters)(
        symbol="X", tick=filters.tick, price_decimals=2, step=filters.step, quantity_decimals=3,
        min_quantity=filters.step, max_market_quantity=filters.max_market_quantity, min_notional=filters.min_notional,
    )  # fmt: skip
    assert isinstance(
        read({**STOP, "type": "TAKE_PROFIT_MARKET", "stopPrice": "9999999999"}, filters=free), NewOrder
    )


def test_a_batch_may_be_a_list_or_its_text() -> None:
    """Libraries send JSON; the in-process client may hand the list over."""
    assert read_batch({"batchOrders": '[{"side": "BUY"}]'}) == read_batch({"batchOrders": [{"side": "BUY"}]})


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
    assert filters["PRICE_FILTER"] == {
        "filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10",
    }  # fmt: skip
    assert filters["LOT_SIZE"] == {
        "filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001",
    }  # fmt: skip
    assert filters["MARKET_LOT_SIZE"] == {
        **filters["LOT_SIZE"],
        "filterType": "MARKET_LOT_SIZE",
        "maxQty": "120",
    }
    assert filters["MIN_NOTIONAL"]["notional"] == {"2025-01": "100", "2025-12-09": "50"}[rules]
    assert (filters["PERCENT_PRICE"]["multiplierUp"], filters["PERCENT_PRICE"]["multiplierDown"]) == (
        "1.0500", "0.9500",
    )  # fmt: skip


words = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(),
    st.text(max_size=12),
    st.decimals().map(str),
    st.lists(st.integers(), max_size=2),
    st.sampled_from(
        [
            "true",
            "BUY",
            "SELL",
            "MARKET",
            "LIMIT",
            "STOP",
            "CONDITIONAL",
            "LONG",
            "GTX",
            "1e400",
            "-0",
            "1e-400",
            "9" * 40,
        ]
    ),
)
names = st.sampled_from(
    [
        "symbol", "side", "type", "quantity", "price", "stopPrice", "triggerPrice", "closePosition", "reduceOnly",
        "callbackRate", "activationPrice", "activatePrice", "workingType", "positionSide", "newClientOrderId",
        "clientAlgoId", "algoType", "timeInForce", "priceProtect", "newOrderRespType", "priceMatch", "goodTillDate",
        "selfTradePreventionMode",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    st.sampled_from([MARKET, LIMIT, STOP, STOP_LIMIT, TRAIL, ALGO]),
    st.dictionaries(names, words, max_size=4),
    st.booleans(),
    st.booleans(),
    st.sampled_from(RULES),
)
def test_nonsense_is_refused_and_never_breaks_the_exchange(
    base: dict[str, Any], changes: dict[str, Any], algo: bool, hedge: bool, rules: Any
) -> None:
    """Whatever the parameters hold, the answer is an order within the filters or a refusal with a code of the table."""
    answer = read({**base, **changes}, rules, algo=algo, hedge=hedge)
    if isinstance(answer, Refusal):
        assert answer.code in STATUS_AND_TEXT
        return
    at_market = answer.type.endswith("MARKET")
    assert answer.close_position or 0.001 <= answer.quantity <= (120 if at_market else 1000)
    assert (answer.price == 0.0) == at_market
    assert answer.price == 0.0 or 556.8 <= answer.price <= 4_529_764
    assert (answer.position_side != "BOTH") == hedge
