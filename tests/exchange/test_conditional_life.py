"""Whole lives of conditional orders: acceptance, trigger, child, and all the ways in which it goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.exchange.events import VenueEvent
from sim.exchange.matching import FillSpec
from sim.exchange.minute_volume import MinuteVolume
from sim.exchange.orders import Order
from sim.exchange.venue import Venue
from sim.exchange.venue_spec import VenueSpec
from sim.market import MarkSpec

Make = Callable[..., Any]

QUICK = FillSpec(
    half_spread_bps=0.0,
    spread_range_share=0.0,
    impact_bps=0.0,
    taker_fee=0.0,
    maker_fee=0.0,
    trigger_delay_ms=21.0,
)
STOP = {"side": "SELL", "type": "STOP_MARKET"}
CLOSE = {**STOP, "closePosition": "true"}


def with_ways(desk: Any, **ways: float) -> Any:
    """Give the desk a venue with these ways; nothing has happened on it yet."""
    desk.venue = desk.door.venue = Venue(
        desk.loop, desk.venue.paths, desk.venue.filters, desk.venue.fill_spec, desk.venue.rules, desk.trace, 0,
        {desk.symbol: MinuteVolume({0: float("inf")})}, VenueSpec(**ways),
    )  # fmt: skip
    return desk


def algo_of(desk: Any, number: int) -> Any:
    return desk.ask("GET", "/fapi/v1/algoOrder", algoId=number)[1]


def order_of(desk: Any, number: Any) -> Any:
    return desk.ask("GET", "/fapi/v1/order", orderId=number)[1]


def placed(desk: Any, **params: Any) -> int:
    """Place a conditional order where the rules want it and return its id."""
    if desk.venue.rules == "2025-12-09":
        params["triggerPrice"] = params.pop("stopPrice")
        status, body = desk.algo(**params)
        assert status == 200, body
        return int(body["algoId"])
    status, body = desk.order(**params)
    assert status == 200, body
    return int(body["orderId"])


def statuses(desk: Any, number: int) -> list[str]:
    return [state for state, _ in desk.states(number)]


# -- the child --------------------------------------------------------------------------------------------


def test_an_algo_order_becomes_an_ordinary_one_with_an_id_of_its_own(make_desk: Make) -> None:
    """binance-facts 2.2, 5: actualOrderId names the MARKET order, which the ordinary endpoint shows."""
    desk = make_desk(rules="2025-12-09", pct_per_s=-0.1, fills=QUICK)
    desk.buy("0.010")
    number = placed(desk, **CLOSE, stopPrice="49900", clientAlgoId="mine")
    assert algo_of(desk, number)["actualOrderId"] == ""
    desk.run_to(3)
    algo = algo_of(desk, number)
    assert (algo["algoStatus"], algo["actualType"], float(algo["actualQty"])) == ("FINISHED", "MARKET", 0.01)
    child = order_of(desk, algo["actualOrderId"])
    assert (child["status"], child["type"], float(child["origQty"])) == ("FILLED", "MARKET", 0.01)
    assert float(child["avgPrice"]) == float(algo["actualPrice"]) == 49_899.0
    assert algo["actualOrderId"] != str(number)
    assert order_of(desk, number)["code"] == -2013
    # The record tells one life, under one number.
    assert desk.states(number) == [("NEW", 0), ("TRIGGERED", 2_000_000), ("FILLED", 2_021_000)]
    assert set(desk.frame("fill").order) == {1, number}


def test_an_older_order_turns_into_the_child_itself(make_desk: Make) -> None:
    """Under rules "2025-01" the id stays, the type becomes MARKET, origType tells what it was."""
    desk = make_desk(pct_per_s=-0.1, fills=QUICK)
    desk.buy("0.010")
    number = placed(desk, **CLOSE, stopPrice="49900")
    assert order_of(desk, number)["type"] == "STOP_MARKET"
    desk.run_to(3)
    body = order_of(desk, number)
    assert (body["status"], body["type"], body["origType"]) == ("FILLED", "MARKET", "STOP_MARKET")


@pytest.mark.parametrize("rules", ["2025-01", "2025-12-09"])
@pytest.mark.parametrize(("kind", "pct"), [("STOP", -0.1), ("TAKE_PROFIT", 0.1)])
def test_a_limit_child_within_reach_fills(rules: Any, kind: str, pct: float, make_desk: Make) -> None:
    """A price beyond the market takes at once, as a taker, at the book's price."""
    desk = make_desk(rules=rules, pct_per_s=pct, fills=QUICK)
    desk.buy("0.010")
    trigger = 50_000 + (100 if pct > 0 else -100)
    number = placed(
        desk,
        side="SELL",
        type=kind,
        stopPrice=f"{trigger}",
        price="49800",
        quantity="0.010",
        reduceOnly="true",
    )
    desk.run_to(3)
    assert statuses(desk, number) == ["NEW", "TRIGGERED", "FILLED"]
    assert desk.position == 0.0


@pytest.mark.parametrize("rules", ["2025-01", "2025-12-09"])
def test_a_stop_limit_that_is_jumped_over_rests_naked(rules: Any, make_desk: Make) -> None:
    """failures F10: the price falls through stop and limit; the child waits above the market and covers nothing."""
    desk = make_desk(rules=rules, pct_per_s=-0.1, fills=QUICK)
    desk.buy("0.010")
    number = placed(
        desk,
        side="SELL",
        type="STOP",
        stopPrice="49900",
        price="49899.5",
        quantity="0.010",
        reduceOnly="true",
    )
    assert desk.frame("exposure").cover.iloc[-1] == 0.01
    desk.run_to(10)
    assert statuses(desk, number) == ["NEW", "TRIGGERED"]
    assert desk.position == 0.01
    last = desk.frame("exposure").iloc[-1]
    assert (last.at_us, last.position, last.cover) == (2_021_000, 0.01, 0.0)
    child = number
    if rules == "2025-12-09":
        algo = algo_of(desk, number)
        assert (algo["algoStatus"], algo["actualType"]) == ("TRIGGERED", "LIMIT")
        assert desk.ask("GET", "/fapi/v1/openAlgoOrders")[1] == []
        assert desk.ask("DELETE", "/fapi/v1/algoOrder", algoId=number)[1]["code"] == -2011
        child = int(algo["actualOrderId"])
    (open_order,) = desk.ask("GET", "/fapi/v1/openOrders")[1]
    assert (open_order["orderId"], open_order["status"], open_order["type"]) == (child, "NEW", "LIMIT")
    assert desk.ask("DELETE", "/fapi/v1/order", orderId=child)[1]["status"] == "CANCELED"
    assert statuses(desk, number) == ["NEW", "TRIGGERED", "CANCELED"]
    if rules == "2025-12-09":
        assert algo_of(desk, number)["algoStatus"] == "FINISHED"


def test_what_a_triggering_order_answers_to_a_cancel(make_desk: Make) -> None:
    """-4117 between trigger and child, -2011 after (binance-facts 1.2c)."""
    desk = make_desk(rules="2025-12-09", pct_per_s=-0.1, fills=QUICK)
    desk.buy("0.010")
    number = placed(desk, **CLOSE, stopPrice="49900")
    desk.run_to(2.01)
    assert algo_of(desk, number)["algoStatus"] == "TRIGGERING"
    assert desk.ask("DELETE", "/fapi/v1/algoOrder", algoId=number)[1]["code"] == -4117
    desk.run_to(3)
    assert desk.ask("DELETE", "/fapi/v1/algoOrder", algoId=number)[1]["code"] == -2011


# -- refused, protected, stuck ----------------------------------------------------------------------------


@pytest.mark.parametrize(("rules", "state"), [("2025-01", "EXPIRED"), ("2025-12-09", "REJECTED")])
def test_margin_is_asked_for_at_the_trigger(rules: Any, state: str, make_desk: Make) -> None:
    """binance-facts 2.2: the order is accepted, and refused when it would open; 8 BTC cost 20 000 at leverage 20."""
    desk = make_desk(rules=rules, pct_per_s=0.1, fills=QUICK, wallet=30_000.0)
    order = {"side": "BUY", "type": "STOP_MARKET", "stopPrice": "50100", "quantity": "8"}
    number = placed(desk, **order)
    assert desk.buy("8")[0] == 200
    desk.run_to(5)
    assert statuses(desk, number) == ["NEW", "TRIGGERED", state]
    assert desk.frame("order").reason.iloc[-1] == "Margin is insufficient."
    assert desk.position == 8.0
    if rules == "2025-12-09":
        assert algo_of(desk, number)["algoStatus"] == "REJECTED"


@pytest.mark.parametrize(("rules", "state"), [("2025-01", "EXPIRED"), ("2025-12-09", "REJECTED")])
def test_a_reduce_only_orphan_is_refused_at_its_trigger(rules: Any, state: str, make_desk: Make) -> None:
    """failures F14: it outlives the position and opens nothing."""
    desk = make_desk(rules=rules, pct_per_s=-0.1, fills=QUICK)
    desk.buy("0.010")
    number = placed(desk, **STOP, stopPrice="49900", quantity="0.010", reduceOnly="true")
    desk.sell("0.010")
    desk.run_to(3)
    assert statuses(desk, number) == ["NEW", "TRIGGERED", state]
    assert desk.position == 0.0


@pytest.mark.parametrize(("tif", "price"), [("FOK", "49899.5"), ("GTX", "49000")])
def test_a_time_in_force_may_refuse_the_child(tif: str, price: str, make_desk: Make) -> None:
    """FOK that cannot fill and GTX that would take are refused at the trigger."""
    desk = make_desk(rules="2025-12-09", pct_per_s=-0.1, fills=QUICK)
    desk.buy("0.010")
    number = placed(
        desk, side="SELL", type="STOP", stopPrice="49900", price=price, quantity="0.010", timeInForce=tif,
        reduceOnly="true",
    )  # fmt: skip
    desk.run_to(3)
    assert statuses(desk, number) == ["NEW", "TRIGGERED", "REJECTED"]
    assert desk.frame("exposure").cover.iloc[-1] == 0.0


@pytest.mark.parametrize(("basis_bps", "protect", "fires"), [
    (-600.0, "true", False), (-600.0, "false", True), (-400.0, "true", True),
])  # fmt: skip
def test_price_protect_holds_an_order_back(
    basis_bps: float, protect: str, fires: bool, make_desk: Make
) -> None:
    """binance-facts 2.2: with mark and last further apart than triggerProtect (5 %) the order does not fire."""
    desk = make_desk(pct_per_s=0.1, fills=QUICK, mark=MarkSpec(basis_bps=basis_bps), for_s=30.0)
    desk.sell("0.010")
    number = placed(
        desk, side="BUY", type="STOP_MARKET", stopPrice="50100", closePosition="true", priceProtect=protect
    )
    desk.run_to(20)
    assert ("TRIGGERED" in statuses(desk, number)) is fires


@pytest.mark.parametrize(("protect", "fires"), [("true", False), ("false", True)])
def test_price_protect_holds_a_trailing_stop_back(protect: str, fires: bool, make_desk: Make) -> None:
    """Its level is kept and judged again at each print; with the gap unchanged it never fires."""
    desk = make_desk(pct_per_s=0.1, fills=QUICK, mark=MarkSpec(basis_bps=-600.0), for_s=30.0)
    desk.sell("0.010")
    number = placed(
        desk, side="BUY", type="TRAILING_STOP_MARKET", quantity="0.010", callbackRate="0.1", reduceOnly="true",
        priceProtect=protect,
    )  # fmt: skip
    desk.run_to(20)
    assert ("TRIGGERED" in statuses(desk, number)) is fires


def test_a_stuck_order_never_acts_and_covers_nothing(make_desk: Make) -> None:
    """It reads TRIGGERING for good, cannot be cancelled, and the position counts as naked."""
    desk = with_ways(make_desk(rules="2025-12-09", pct_per_s=-0.1, fills=QUICK), stuck_trigger_share=1.0)
    desk.buy("0.010")
    number = placed(desk, **CLOSE, stopPrice="49900")
    desk.run_to(20)
    assert algo_of(desk, number)["algoStatus"] == "TRIGGERING"
    assert desk.ask("DELETE", "/fapi/v1/algoOrder", algoId=number)[1]["code"] == -4117
    assert desk.position == 0.01
    assert desk.frame("exposure").cover.tolist() == [0.0, 0.01, 0.0]


# -- closePosition orders and their position --------------------------------------------------------------


def test_a_close_order_outlives_its_position_for_a_while(make_desk: Make) -> None:
    """In the lag it blocks a new one (-4130); then it expires, though a new position stands there, naked."""
    desk = with_ways(make_desk(fills=QUICK), gte_expiry_lag_s=2.0)
    desk.buy("0.010")
    old = placed(desk, **CLOSE, stopPrice="49000")
    desk.sell("0.010")
    assert statuses(desk, old) == ["NEW"]
    desk.run_to(1)
    desk.buy("0.010")
    assert desk.order(**CLOSE, stopPrice="49100")[1]["code"] == -4130
    assert desk.frame("exposure").cover.iloc[-1] == 0.01
    desk.run_to(3)
    assert desk.states(old)[-1] == ("EXPIRED", 2_000_000)
    assert desk.frame("exposure").cover.iloc[-1] == 0.0
    assert desk.order(**CLOSE, stopPrice="49100")[0] == 200


def test_an_old_stop_may_close_the_new_position(make_desk: Make) -> None:
    """Re-entered within the lag, the old level decides."""
    desk = with_ways(make_desk(fills=QUICK, pct_per_s=-0.1), gte_expiry_lag_s=5.0)
    desk.buy("0.010")
    old = placed(desk, **CLOSE, stopPrice="49900")
    desk.sell("0.010")
    desk.run_to(1)
    desk.buy("0.020")
    desk.run_to(3)
    assert statuses(desk, old) == ["NEW", "TRIGGERED", "FILLED"]
    assert desk.position == 0.0


def test_close_orders_are_one_per_kind_direction_and_position_side(make_desk: Make) -> None:
    """binance-facts 2.2: one STOP and one TP coexist; in hedge mode each side has its own pair."""
    desk = make_desk(fills=QUICK)
    desk.account.hedge = True
    for side, position in (("BUY", "LONG"), ("SELL", "SHORT")):
        assert desk.order(side=side, type="MARKET", quantity="0.010", positionSide=position)[0] == 200
    for side, position, stop, target in (
        ("SELL", "LONG", "49000", "51000"),
        ("BUY", "SHORT", "51000", "49000"),
    ):
        for kind, level in (("STOP_MARKET", stop), ("TAKE_PROFIT_MARKET", target)):
            order = {
                "side": side, "type": kind, "stopPrice": level, "closePosition": "true", "positionSide": position,
            }  # fmt: skip
            assert desk.order(**order)[0] == 200
            assert desk.order(**order)[1]["code"] == -4130
    assert desk.frame("exposure").iloc[-1].cover == 0.0  # net 0, both sides covered: nothing naked
    desk.order(side="SELL", type="MARKET", quantity="0.010", positionSide="LONG")
    assert sorted(order.position_side for order in desk.venue.open_orders(desk.account)) == ["SHORT", "SHORT"]


# -- ids and caps -----------------------------------------------------------------------------------------


def test_a_reused_id_finds_the_latest_order(make_desk: Make) -> None:
    """Two MARKET orders under one id are both filled (6); either id finds an order, the client id the latest."""
    desk = make_desk(fills=QUICK)
    first, second = (desk.buy("0.010", newClientOrderId="again")[1]["orderId"] for _ in range(2))
    assert first != second
    assert desk.position == 0.02
    assert desk.ask("GET", "/fapi/v1/order", origClientOrderId="again")[1]["orderId"] == second
    assert order_of(desk, first)["orderId"] == first


def test_a_live_id_is_taken_until_its_order_has_ended(make_desk: Make) -> None:
    """-4116 while it rests and while it is triggering; the two endpoints have id spaces of their own (F19)."""
    desk = make_desk(rules="2025-12-09", pct_per_s=-0.1, fills=QUICK)
    desk.buy("0.010")
    placed(desk, **CLOSE, stopPrice="49900", clientAlgoId="x")
    target = {"side": "SELL", "type": "TAKE_PROFIT_MARKET", "triggerPrice": "51000", "quantity": "0.010"}
    assert desk.algo(**target, clientAlgoId="x")[1]["code"] == -4116
    assert desk.buy("0.010", newClientOrderId="x")[0] == 200
    desk.run_to(2.01)
    assert desk.algo(**target, clientAlgoId="x")[1]["code"] == -4116
    desk.run_to(3)
    assert desk.algo(**target, clientAlgoId="x")[0] == 200


def test_no_more_than_200_conditional_orders_an_account(make_desk: Make) -> None:
    """-4045 for the 201st, whatever its kind; a cancel makes room (3.1, failures F34)."""
    desk = make_desk(rules="2025-12-09", fills=QUICK, wallet=1e6)
    desk.buy("1")
    order = {**STOP, "stopPrice": "49000", "quantity": "0.003", "reduceOnly": "true"}
    numbers = [placed(desk, **order) for _ in range(200)]
    refused = {**STOP, "triggerPrice": "49000", "quantity": "0.003", "reduceOnly": "true"}
    assert desk.algo(**refused)[1]["code"] == -4045
    assert desk.algo(**CLOSE, triggerPrice="48000")[1]["code"] == -4045
    assert desk.order(side="BUY", type="LIMIT", price="49000", quantity="0.010", timeInForce="GTC")[0] == 200
    desk.ask("DELETE", "/fapi/v1/algoOrder", algoId=numbers[0])
    assert desk.algo(**refused)[0] == 200


# -- events -----------------------------------------------------------------------------------------------


def test_every_change_is_told_in_order(make_desk: Make) -> None:
    """An algo order's life in events: its own statuses, and those of the order it became."""
    desk = make_desk(rules="2025-12-09", pct_per_s=-0.1, fills=QUICK)
    heard: list[tuple[str, str, float]] = []

    def listen(event: VenueEvent) -> None:
        order = event.order
        heard.append((event.kind, order.state.value if isinstance(order, Order) else "", event.quantity))

    desk.venue.publish = listen
    desk.buy("0.010")
    placed(desk, **CLOSE, stopPrice="49900")
    other = placed(desk, side="SELL", type="TAKE_PROFIT_MARKET", stopPrice="51000", closePosition="true")
    desk.run_to(3)
    assert heard == [
        ("order", "NEW", 0.0), ("trade", "FILLED", 0.01), ("account", "FILLED", 0.0),
        ("algo", "NEW", 0.0), ("algo", "NEW", 0.0),
        ("algo", "TRIGGERING", 0.0), ("algo", "TRIGGERED", 0.0), ("order", "NEW", 0.0),
        ("trade", "FILLED", 0.01), ("account", "FILLED", 0.0), ("algo", "FINISHED", 0.0),
        ("algo", "EXPIRED", 0.0),
    ]  # fmt: skip
    assert algo_of(desk, other)["algoStatus"] == "EXPIRED"


def test_a_cut_short_order_is_told_as_a_part_and_an_end(make_desk: Make) -> None:
    """What the take bound lets through is an execution; then the rest expires."""
    spec = QUICK.model_copy(update={
        "impact_bps": 100.0, "impact_exponent": 1.0, "crash_depth_multiplier": 1.0, "market_take_bound": 0.01,
    })  # fmt: skip
    desk = make_desk(fills=spec, depth=24.0, wallet=1e9)
    heard: list[tuple[str, str]] = []
    desk.venue.publish = lambda event: heard.append((event.kind, event.order.state.value))
    desk.buy("15")
    assert heard == [
        ("order", "NEW"), ("trade", "PARTIALLY_FILLED"), ("account", "PARTIALLY_FILLED"), ("order", "EXPIRED"),
    ]  # fmt: skip
    assert statuses(desk, 1) == ["NEW", "EXPIRED"]
