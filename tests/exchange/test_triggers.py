"""When conditional orders fire: the direction table, both prices, trailing, and what happens at the trigger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.exchange.matching import FillSpec
from sim.exchange.triggers import fires_rising, trailing_would_trigger, would_trigger
from sim.market import MarkSpec

DELAYED = FillSpec(
    half_spread_bps=0.0, spread_range_share=0.0, impact_bps=0.0, taker_fee=0.0, trigger_delay_ms=21.0
)

# binance-facts 2.1: type, side, fires at or above (True) or at or below (False) its trigger.
DIRECTIONS = [
    ("STOP_MARKET", 1, True),
    ("STOP_MARKET", -1, False),
    ("TAKE_PROFIT_MARKET", 1, False),
    ("TAKE_PROFIT_MARKET", -1, True),
    ("STOP", 1, True),
    ("STOP", -1, False),
    ("TAKE_PROFIT", 1, False),
    ("TAKE_PROFIT", -1, True),
]


@pytest.mark.parametrize(("kind", "side", "rising"), DIRECTIONS)
@pytest.mark.parametrize("price", [99.0, 100.0, 101.0])
def test_the_direction_table(kind: str, side: int, rising: bool, price: float) -> None:
    """Each type and side fires on one side of its trigger; equality counts as fired (binance-facts 2.1)."""
    assert fires_rising(kind, side) is rising
    assert would_trigger(kind, side, 100.0, price) is (price >= 100.0 if rising else price <= 100.0)


@pytest.mark.parametrize(("side", "activation", "refused"), [
    (-1, 101.0, False), (-1, 100.0, True), (-1, 99.0, True), (1, 99.0, False), (1, 100.0, True), (1, 101.0, True),
])  # fmt: skip
def test_trailing_activation_lies_ahead_of_the_price(side: int, activation: float, refused: bool) -> None:
    """A sell needs its activation above the price, a buy below; equality is refused (binance-facts 2.1)."""
    assert trailing_would_trigger(side, activation, 100.0) is refused


def conditional(kind: str, side: int, trigger: float, **more: Any) -> dict[str, Any]:
    return {
        "type": kind, "side": "BUY" if side > 0 else "SELL", "stopPrice": f"{trigger:.1f}", "quantity": "0.010",
        "reduceOnly": "true", **more,
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "side", "rising"), DIRECTIONS[:4])
@pytest.mark.parametrize("working", ["CONTRACT_PRICE", "MARK_PRICE"])
@pytest.mark.parametrize("distance", [-10.0, 0.0, 10.0])
def test_a_trigger_already_met_is_refused(
    kind: str, side: int, rising: bool, working: str, distance: float, desk: Any
) -> None:
    """-2021 exactly when the condition holds at placement, equality included, for last and for mark."""
    (desk.sell if side > 0 else desk.buy)("0.010")
    status, body = desk.order(**conditional(kind, side, 50_000.0 + distance, workingType=working))
    met = distance <= 0 if rising else distance >= 0
    assert body.get("code") == (-2021 if met else None)
    assert status == (400 if met else 200)


@pytest.mark.parametrize(("kind", "side", "rising"), DIRECTIONS[:4])
def test_an_order_fires_on_the_first_print_that_meets_it(
    kind: str, side: int, rising: bool, make_desk: Callable[..., Any]
) -> None:
    """The line moves 50.0 per second and prints every 10 ms: a level 100 away is met after 2 s, equality counting."""
    desk = make_desk(pct_per_s=0.1 if rising else -0.1)
    (desk.sell if side > 0 else desk.buy)("0.010")
    number = desk.order(**conditional(kind, side, 50_100.0 if rising else 49_900.0))[1]["orderId"]
    desk.run_to(10)
    assert desk.states(number) == [("NEW", 0), ("TRIGGERED", 2_000_000), ("FILLED", 2_000_000)]
    fill = desk.frame("fill").iloc[-1]
    assert (fill.price, fill.reference, fill.trigger_price) == ((50_100.0 if rising else 49_900.0,) * 3)
    assert desk.position == 0.0


@pytest.mark.parametrize(("kind", "side", "rising"), DIRECTIONS[:4])
def test_an_order_does_not_fire_while_the_price_goes_away(
    kind: str, side: int, rising: bool, make_desk: Callable[..., Any]
) -> None:
    """The other direction never triggers it."""
    desk = make_desk(pct_per_s=-0.01 if rising else 0.01)
    desk.ask("POST", "/fapi/v1/leverage", leverage="1")  # a position that survives the way
    (desk.sell if side > 0 else desk.buy)("0.010")
    number = desk.order(**conditional(kind, side, 50_100.0 if rising else 49_900.0))[1]["orderId"]
    desk.run_to(500)
    assert desk.states(number) == [("NEW", 0)]


def test_mark_triggers_wait_for_the_mark(make_desk: Callable[..., Any]) -> None:
    """A mark stop fires when a published mark shows, once a second and late, not when last crosses."""
    desk = make_desk(pct_per_s=-0.1, mark=MarkSpec(delay_ms=200.0))
    desk.buy("0.020")
    by_last = desk.order(**conditional("STOP_MARKET", -1, 49_975.0))[1]["orderId"]
    by_mark = desk.order(**conditional("STOP_MARKET", -1, 49_975.0, workingType="MARK_PRICE"))[1]["orderId"]
    desk.run_to(10)
    assert desk.states(by_last)[1] == ("TRIGGERED", 500_000)
    assert desk.states(by_mark)[1] == ("TRIGGERED", 1_200_000)
    assert desk.frame("fill").price.tolist()[1:] == [49_975.0, 49_940.0]


def test_a_basis_decides_between_mark_and_last(make_desk: Callable[..., Any]) -> None:
    """With mark 20 bps above last, a stop between them is refused against one and not against the other."""
    desk = make_desk(mark=MarkSpec(basis_bps=20.0))
    desk.sell("0.020")
    assert desk.order(**conditional("STOP_MARKET", 1, 50_050.0, workingType="MARK_PRICE"))[1]["code"] == -2021
    assert desk.order(**conditional("STOP_MARKET", 1, 50_050.0))[0] == 200


def test_the_child_fills_a_trigger_delay_later_from_the_price_then(make_desk: Callable[..., Any]) -> None:
    """Fill rule 4: overshoot hurts; between trigger and fill the order can no longer be cancelled."""
    desk = make_desk(pct_per_s=-0.1, fills=DELAYED)
    desk.buy("0.010")
    number = desk.order(**conditional("STOP_MARKET", -1, 49_900.0))[1]["orderId"]
    desk.run_to(2.01)
    assert desk.ask("DELETE", "/fapi/v1/order", orderId=number)[1]["code"] == -4117
    assert desk.ask("GET", "/fapi/v1/order", orderId=number)[1]["status"] == "NEW"
    desk.run_to(3)
    assert desk.states(number) == [("NEW", 0), ("TRIGGERED", 2_000_000), ("FILLED", 2_021_000)]
    assert desk.frame("fill").price.iloc[-1] == 49_899.0
    # The stop covers the position until its child is done.
    exposure = desk.frame("exposure")
    assert exposure.cover.tolist() == [0.0, 0.01, 0.0]


def test_an_order_of_algo_shape_tells_its_stages(make_desk: Callable[..., Any]) -> None:
    """On the algo endpoint the same life reads NEW, TRIGGERING, FINISHED (binance-facts 5)."""
    desk = make_desk(rules="2025-12-09", pct_per_s=-0.1, fills=DELAYED)
    desk.buy("0.010")
    params = {"side": "SELL", "type": "STOP_MARKET", "triggerPrice": "49900", "closePosition": "true"}
    number = desk.algo(**params)[1]["algoId"]
    seen = []
    for seconds in (1, 2.01, 3):
        desk.run_to(seconds)
        seen.append(desk.ask("GET", "/fapi/v1/algoOrder", algoId=number)[1]["algoStatus"])
    assert seen == ["NEW", "TRIGGERING", "FINISHED"]
    assert desk.ask("GET", "/fapi/v1/order", orderId=number)[1]["code"] == -2013


def test_an_exit_that_finds_nothing_to_reduce_expires(make_desk: Callable[..., Any]) -> None:
    """A reduce-only stop outlives the position; at its trigger it expires and opens nothing (failures F14)."""
    desk = make_desk(pct_per_s=-0.1)
    desk.buy("0.010")
    number = desk.order(**conditional("STOP_MARKET", -1, 49_900.0))[1]["orderId"]
    desk.sell("0.010", reduceOnly="true")
    desk.run_to(3)
    assert [state for state, _ in desk.states(number)] == ["NEW", "TRIGGERED", "EXPIRED"]
    assert desk.position == 0.0
    assert desk.ask("GET", "/fapi/v1/order", orderId=number)[1]["status"] == "EXPIRED"


def test_close_position_orders_expire_when_the_position_goes(desk: Any) -> None:
    """binance-facts 2.2: without a position closePosition orders end by themselves, at once."""
    desk.buy("0.010")
    orders = [
        desk.order(side="SELL", type=kind, stopPrice=level, closePosition="true")[1]["orderId"]
        for kind, level in (("STOP_MARKET", "49000"), ("TAKE_PROFIT_MARKET", "51000"))
    ]
    sized = desk.order(**conditional("STOP_MARKET", -1, 49_500.0))[1]["orderId"]
    desk.sell("0.010")
    assert [desk.states(number)[-1][0] for number in orders] == ["EXPIRED", "EXPIRED"]
    assert desk.states(sized) == [("NEW", 0)]
    assert [order["orderId"] for order in desk.ask("GET", "/fapi/v1/openOrders")[1]] == [sized]


def test_one_leg_of_a_bracket_ends_the_other(make_desk: Callable[..., Any]) -> None:
    """When the target closes the position the closePosition stop expires; the account is flat and clean."""
    desk = make_desk(pct_per_s=0.1)
    desk.buy("0.010")
    stop = desk.order(side="SELL", type="STOP_MARKET", stopPrice="49000", closePosition="true")[1]["orderId"]
    desk.order(side="SELL", type="TAKE_PROFIT_MARKET", stopPrice="50100", closePosition="true")
    desk.run_to(5)
    assert desk.states(stop)[-1] == ("EXPIRED", 2_000_000)
    assert desk.position == 0.0
    assert desk.venue.open_orders(desk.account) == []


def test_a_turned_position_ends_close_orders_of_the_old_side(desk: Any) -> None:
    """Selling twice the position leaves a short; the long's closePosition stop is gone."""
    desk.buy("0.010")
    stop = desk.order(side="SELL", type="STOP_MARKET", stopPrice="49000", closePosition="true")[1]["orderId"]
    desk.sell("0.020")
    assert desk.position == pytest.approx(-0.010)
    assert desk.states(stop)[-1][0] == "EXPIRED"


def test_a_reduce_only_exit_is_cut_to_the_position(desk: Any) -> None:
    """An oversized reduce-only order closes what is there and not more (failures F15)."""
    desk.buy("0.010")
    desk.sell("0.050", reduceOnly="true")
    assert desk.position == 0.0
    assert desk.frame("fill").quantity.tolist() == [0.01, 0.01]


TRAIL = {"type": "TRAILING_STOP_MARKET", "quantity": "0.010", "callbackRate": "0.1", "reduceOnly": "true"}


def test_a_trailing_stop_follows_from_its_activation(make_desk: Callable[..., Any]) -> None:
    """While the price only rises a sell trails it and never fires (binance-facts 2.1)."""
    desk = make_desk(pct_per_s=0.01)
    desk.buy("0.010")
    number = desk.order(**TRAIL, side="SELL", activationPrice="50100")[1]["orderId"]
    desk.run_to(500)
    assert desk.states(number) == [("NEW", 0)]


@pytest.mark.parametrize(("side", "pct_per_s"), [("SELL", -0.02), ("BUY", 0.02)])
def test_a_trailing_stop_without_activation_starts_at_once(
    side: str, pct_per_s: float, make_desk: Callable[..., Any]
) -> None:
    """It fires at the first price that is 0.1 % off the price in force when it was placed: 50 of 50 000, 5 s."""
    desk = make_desk(pct_per_s=pct_per_s)
    (desk.buy if side == "SELL" else desk.sell)("0.010")
    number = desk.order(**TRAIL, side=side)[1]["orderId"]
    desk.run_to(20)
    assert desk.states(number)[1] == ("TRIGGERED", 5_000_000)


def test_a_trailing_stop_that_is_not_activated_does_nothing(make_desk: Callable[..., Any]) -> None:
    """Falling away from the activation leaves it asleep, however far."""
    desk = make_desk(pct_per_s=-0.01)
    desk.ask("POST", "/fapi/v1/leverage", leverage="1")
    desk.buy("0.010")
    number = desk.order(**TRAIL, side="SELL", activationPrice="50100")[1]["orderId"]
    desk.run_to(900)
    assert desk.states(number) == [("NEW", 0)]
