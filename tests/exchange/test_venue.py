"""Orders, exposure and the end of an account's story, on prices that are known in advance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from sim.exchange.matching import FillSpec
from sim.exchange.orders import TRANSITIONS, OrderState

STOP = {"side": "SELL", "type": "STOP_MARKET", "closePosition": "true"}
SIZED = {"side": "SELL", "type": "STOP_MARKET", "stopPrice": "49000"}


def cover(desk: Any) -> list[float]:
    return [round(value, 9) for value in desk.frame("exposure").cover.tolist()]


def test_a_market_order_fills_whole_at_once(desk: Any) -> None:
    """Fill rule 1: NEW and FILLED at the same instant, the position is there when the reply travels."""
    number = desk.buy("0.010")[1]["orderId"]
    assert desk.states(number) == [("NEW", 0), ("FILLED", 0)]
    assert desk.position == 0.01


def test_cancelling_drops_the_appointment(make_desk: Callable[..., Any]) -> None:
    """A cancelled stop never fires, and a second cancel is refused with -2011."""
    desk = make_desk(pct_per_s=-0.1)
    desk.buy("0.010")
    number = desk.order(**STOP, stopPrice="49900")[1]["orderId"]
    desk.run_to(1)
    assert desk.ask("DELETE", "/fapi/v1/order", orderId=number)[1]["status"] == "CANCELED"
    assert desk.ask("DELETE", "/fapi/v1/order", orderId=number)[1]["code"] == -2011
    desk.run_to(10)
    assert desk.states(number) == [("NEW", 0), ("CANCELED", 1_000_000)]
    assert desk.position == 0.01


@pytest.mark.parametrize("endpoint", ["allOpenOrders", "algoOpenOrders"])
def test_cancel_all_sees_its_own_kind_only(endpoint: str, make_desk: Callable[..., Any]) -> None:
    """binance-facts 5: a safe "cancel all" must call both endpoints."""
    desk = make_desk(rules="2025-12-09")
    desk.buy("0.010")
    desk.algo(side="SELL", type="STOP_MARKET", triggerPrice="49000", closePosition="true")
    assert desk.ask("DELETE", f"/fapi/v1/{endpoint}")[1]["code"] == 200
    left = desk.ask("GET", "/fapi/v1/openAlgoOrders")[1]
    assert len(left) == (1 if endpoint == "allOpenOrders" else 0)
    assert desk.ask("GET", "/fapi/v1/openOrders")[1] == []


@pytest.mark.parametrize(
    ("order", "covered"),
    [
        (dict(**STOP, stopPrice="49000"), 0.02),
        ({**SIZED, "quantity": "0.005", "reduceOnly": "true"}, 0.005),
        ({**SIZED, "quantity": "0.050", "reduceOnly": "true"}, 0.02),
        ({**SIZED, "quantity": "0.020"}, 0.0),
        ({"side": "BUY", "type": "STOP_MARKET", "stopPrice": "51000", "quantity": "0.020"}, 0.0),
        ({"side": "SELL", "type": "TAKE_PROFIT_MARKET", "stopPrice": "51000", "closePosition": "true"}, 0.0),
        (dict(**STOP, stopPrice="40000"), 0.0),
        (dict(**STOP, stopPrice="40300"), 0.02),
    ],
    ids=[
        "close-position covers all", "a sized stop covers its size", "never more than the position",
        "a stop that could open covers nothing", "the wrong side covers nothing", "a target covers nothing",
        "beyond liquidation covers nothing", "just inside liquidation covers",
    ],
)  # fmt: skip
def test_cover_is_live_right_sided_exit_only_stops(order: dict[str, Any], covered: float, desk: Any) -> None:
    """metrics.md: cover is the quantity of live, right-sided, exit-only stops inside liquidation.

    At leverage 5 and 0.4 % maintenance a long from 50 000 is liquidated near 40 200.
    """
    desk.ask("POST", "/fapi/v1/leverage", leverage=5)
    desk.buy("0.020")
    assert desk.order(**order)[0] == 200
    assert cover(desk)[0] == 0.0
    assert cover(desk)[-1] == covered


def test_exposure_follows_every_change(desk: Any) -> None:
    """Entry, stop, partial exit, cancel and close each leave a row with position, cover and the best stop."""
    desk.buy("0.020")
    first = desk.order(
        side="SELL", type="STOP_MARKET", stopPrice="49000", quantity="0.020", reduceOnly="true"
    )
    desk.order(side="SELL", type="STOP_MARKET", stopPrice="49500", quantity="0.010", reduceOnly="true")
    desk.sell("0.005", reduceOnly="true")
    desk.ask("DELETE", "/fapi/v1/order", orderId=first[1]["orderId"])
    desk.sell("0.015", reduceOnly="true")
    frame = desk.frame("exposure")
    assert frame.position.round(9).tolist() == [0.02, 0.02, 0.02, 0.015, 0.015, 0.0]
    assert cover(desk) == [0.0, 0.02, 0.02, 0.015, 0.01, 0.0]
    assert frame.stop_price.fillna(0).tolist() == [0.0, 49_000.0, 49_500.0, 49_500.0, 49_500.0, 0.0]


def test_flat_is_announced_once(desk: Any) -> None:
    """The hook hears when a position closes, and not when it shrinks or turns."""
    heard: list[str] = []
    desk.venue.on_flat = lambda account, symbol: heard.append(symbol)
    desk.buy("0.020")
    desk.sell("0.010")
    assert heard == []
    desk.sell("0.010")
    assert heard == ["BTCUSDT"]
    desk.buy("0.010")
    desk.sell("0.020")
    assert heard == ["BTCUSDT"]


def test_what_leaving_would_bring_is_what_leaving_brings(make_desk: Callable[..., Any]) -> None:
    """Open positions are marked at last less the cost of leaving (metrics.md)."""
    desk = make_desk(pct_per_s=0.01, fills=FillSpec(trigger_delay_ms=0.0))
    desk.buy("0.020")
    desk.run_to(60)
    before = desk.account.wallet
    promised = desk.venue.leave_value(desk.account, "BTCUSDT")
    desk.sell("0.020")
    assert desk.account.wallet - before == pytest.approx(promised, abs=1e-9)
    assert desk.venue.leave_value(desk.account, "BTCUSDT") == 0.0


def test_closed_books_never_act_again(make_desk: Callable[..., Any]) -> None:
    """Resting orders of a closed account neither fire nor answer."""
    desk = make_desk(pct_per_s=-0.1)
    desk.buy("0.010")
    number = desk.order(**STOP, stopPrice="49900")[1]["orderId"]
    desk.venue.close_books(desk.account)
    desk.run_to(10)
    assert desk.states(number) == [("NEW", 0)]
    assert desk.venue.orders == {}


def test_accounts_do_not_see_each_other(desk: Any) -> None:
    """An id of one account does not exist for another."""
    from sim.exchange.account import Account
    from sim.exchange.attribution import IntentSlot

    number = desk.buy("0.010", newClientOrderId="mine")[1]["orderId"]
    desk.slot = IntentSlot(1, "BTCUSDT", 1, Account(2, 10_000.0))
    assert desk.ask("GET", "/fapi/v1/order", orderId=number)[1]["code"] == -2013
    assert desk.ask("GET", "/fapi/v1/order", origClientOrderId="mine")[1]["code"] == -2013
    assert desk.ask("GET", "/fapi/v2/positionRisk")[1][0]["positionAmt"] == "0"


@pytest.mark.parametrize("state", list(OrderState))
def test_order_states_follow_one_table(state: OrderState, desk: Any) -> None:
    """A move that is not in the table is a broken exchange and stops the run."""
    desk.buy("0.010")
    order = next(iter(desk.venue.orders.values()))
    for target in OrderState:
        order.state = state
        if target in TRANSITIONS[state]:
            order.move_to(target)
        else:
            with pytest.raises(AssertionError, match="order 1"):
                order.move_to(target)


def test_a_stop_keeps_the_nearest_price_for_the_record(make_desk: Callable[..., Any]) -> None:
    """For a short the best stop is the lowest one."""
    desk = make_desk()
    desk.sell("0.020")
    for level in ("50900", "50500"):
        desk.order(side="BUY", type="STOP_MARKET", stopPrice=level, quantity="0.010", reduceOnly="true")
    prices = desk.frame("exposure").stop_price.tolist()
    assert math.isnan(prices[0])
    assert prices[1:] == [50_900.0, 50_500.0]
