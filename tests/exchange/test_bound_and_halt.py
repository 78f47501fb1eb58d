"""What happens where the market gives out: the market take bound, PERCENT_PRICE, halts, late trigger engines."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from sim.exchange.matching import FillSpec, TriggerDelay
from sim.exchange.shadow import Bracket, Stage
from sim.market import LinePath, MarkSpec

Make = Callable[..., Any]

# The bound of 1 % is met by the last unit of half a minute's volume, which pays 0.5 % on average.
THIN = FillSpec(
    half_spread_bps=0.0, spread_range_share=0.0, impact_bps=100.0, impact_exponent=1.0, crash_depth_multiplier=1.0,
    market_take_bound=0.01, taker_fee=0.0, trigger_delay_ms=0.0,
)  # fmt: skip
HALT_US = (10_000_000, 20_000_000)
STOP = {"side": "SELL", "type": "STOP_MARKET", "closePosition": "true"}


class Halted(LinePath):
    """A line that halts from 10 s to 20 s; its prints run on, so the halt is only seen by who asks."""

    def halt_end_us(self, t_us: int) -> int | None:
        return HALT_US[1] if HALT_US[0] <= t_us < HALT_US[1] else None


@pytest.mark.parametrize(
    ("side", "sign", "quantity", "filled", "average"),
    [("BUY", 1, "12", "12", "50250"), ("BUY", 1, "15", "12", "50250"), ("SELL", -1, "20", "12", "49750")],
)
def test_the_remainder_of_a_market_order_expires(
    side: str, sign: int, quantity: str, filled: str, average: str, make_desk: Make
) -> None:
    """Half a minute's volume, 12 of 24, fills up to 1 % from mark; the rest is gone, and every reply says so."""
    desk = make_desk(fills=THIN, depth=24.0, wallet=1e9)
    body = desk.order(side=side, type="MARKET", quantity=quantity, newOrderRespType="RESULT")[1]
    whole = quantity == filled
    assert body["status"] == ("FILLED" if whole else "EXPIRED")
    assert (body["origQty"], body["executedQty"], body["avgPrice"]) == (
        f"{quantity}.000", f"{filled}.000", f"{average}.00000",
    )  # fmt: skip
    assert float(body["cumQuote"]) == float(filled) * float(average)
    query = desk.ask("GET", "/fapi/v1/order", orderId=body["orderId"])[1]
    assert {name: query[name] for name in ("status", "executedQty", "avgPrice", "cumQuote")} == {
        name: body[name] for name in ("status", "executedQty", "avgPrice", "cumQuote")
    }
    last = desk.frame("order").iloc[-1]
    assert (last.status, last.reason) == (
        ("FILLED", "") if whole else ("EXPIRED", "remainder beyond the market take bound")
    )
    assert desk.frame("fill").quantity.tolist() == [float(filled)]
    assert desk.position == sign * float(filled)
    assert desk.frame("exposure").position.tolist() == [sign * float(filled)]


def test_a_stop_cut_short_leaves_a_naked_rest(make_desk: Make) -> None:
    """The child closes what the book gives; the position that is left has no stop, and the record shows it bare."""
    desk = make_desk(fills=THIN, depth=24.0, pct_per_s=-0.1, wallet=1e9)
    heard: list[str] = []
    desk.venue.on_flat = lambda account, symbol: heard.append(symbol)
    desk.buy("10")
    desk.buy("10")
    number = desk.order(**STOP, stopPrice="49900")[1]["orderId"]
    desk.run_to(5)
    assert [state for state, _ in desk.states(number)] == ["NEW", "TRIGGERED", "EXPIRED"]
    exposure = desk.frame("exposure").iloc[-1]
    left = 20.0 - desk.frame("fill").quantity.iloc[-1]
    assert 5.0 < left < 10.0
    assert (exposure.position, exposure.cover, math.isnan(exposure.stop_price)) == (
        pytest.approx(left), 0.0, True,
    )  # fmt: skip
    assert heard == []
    assert desk.venue.open_orders(desk.account) == []


@pytest.mark.parametrize(("bound", "status"), [(0.01, "FILLED"), (0.001, "EXPIRED")])
def test_an_order_whose_touch_is_beyond_the_bound_expires_unfilled(
    bound: float, status: str, make_desk: Make
) -> None:
    """Last 0.5 % above mark: a bound of 0.1 % gives nothing, and nothing is booked for the order."""
    spec = THIN.model_copy(update={"market_take_bound": bound, "impact_bps": 0.0})
    desk = make_desk(fills=spec, mark=MarkSpec(basis_bps=-50.0))
    body = desk.buy("1", newOrderRespType="RESULT")[1]
    assert body["status"] == status
    filled = ("1.000", "50000.00000") if status == "FILLED" else ("0.000", "0.00")
    assert (body["executedQty"], body["avgPrice"]) == filled
    assert desk.position == (1.0 if status == "FILLED" else 0.0)
    assert len(desk.frame("fill")) == (status == "FILLED")


@pytest.mark.parametrize(("basis", "side", "code"), [
    (-520.0, "BUY", -4131), (-520.0, "SELL", None), (-400.0, "BUY", None), (540.0, "SELL", -4131), (540.0, "BUY", None),
])  # fmt: skip
def test_beyond_percent_price_a_market_order_is_refused(
    basis: float, side: str, code: int | None, make_desk: Make
) -> None:
    """binance-facts 3.1: a buy needs the touch within mark · 1.05, a sell within mark · 0.95, else -4131."""
    desk = make_desk(mark=MarkSpec(basis_bps=basis))
    status, body = desk.order(side=side, type="MARKET", quantity="1")
    assert (status, body.get("code")) == ((400, code) if code else (200, None))
    assert len(desk.frame("order")) == (0 if code else 2)


def test_a_child_beyond_the_bound_expires_and_uncovers(make_desk: Make) -> None:
    """The stop watches last, mark stands 6 % above: its child has nobody to refuse, and the position stays bare."""
    desk = make_desk(fills=THIN, mark=MarkSpec(basis_bps=90.0), pct_per_s=-0.1, depth=24.0)
    desk.buy("0.010")
    number = desk.order(**STOP, stopPrice="49900")[1]["orderId"]
    desk.venue.books["BTCUSDT"].spec = THIN.model_copy(update={"market_take_bound": 0.001})
    desk.run_to(5)
    assert [state for state, _ in desk.states(number)] == ["NEW", "TRIGGERED", "EXPIRED"]
    assert desk.frame("order").reason.iloc[-1] == "touch beyond the market take bound"
    assert desk.frame("exposure").cover.tolist() == [0.0, 0.01, 0.0]
    assert desk.position == 0.01


# -- halts ---------------------------------------------------------------------------------------------


def test_market_orders_are_refused_while_halted(make_desk: Make) -> None:
    """Opening -4140, closing -1122; conditional orders come and go; afterwards all trade again."""
    desk = make_desk(line=Halted)
    desk.buy("0.010")
    desk.run_to(12)
    assert desk.buy("0.010")[1]["code"] == -4140
    assert desk.sell("0.010", reduceOnly="true")[1]["code"] == -1122
    number = desk.order(**STOP, stopPrice="49000")[1]["orderId"]
    assert desk.ask("DELETE", "/fapi/v1/order", orderId=number)[0] == 200
    desk.run_to(20)
    assert desk.sell("0.010", reduceOnly="true")[0] == 200
    assert desk.position == 0.0


@pytest.mark.parametrize("working", ["CONTRACT_PRICE", "MARK_PRICE"])
def test_a_trigger_met_in_a_halt_waits_for_the_first_price_after(working: str, make_desk: Make) -> None:
    """49 250 is met at 15 s; the order fires at 20 s and fills from 49 000, the price then."""
    desk = make_desk(line=Halted, pct_per_s=-0.1)
    desk.buy("0.010")
    number = desk.order(**STOP, stopPrice="49250", workingType=working)[1]["orderId"]
    desk.run_to(19)
    assert desk.states(number) == [("NEW", 0)]
    desk.run_to(25)
    assert desk.states(number)[1:] == [("TRIGGERED", 20_000_000), ("FILLED", 20_000_000)]
    assert desk.frame("fill").price.iloc[-1] == 49_000.0


def test_a_trigger_met_only_inside_the_halt_rests_on(make_desk: Make) -> None:
    """Prices of a halt are nobody's: an order that the reopening price does not meet rests, and can still fire."""

    class Dip(Halted):
        def first_last_crossing(self, level: float, rising: bool, after_us: int, until_us: int) -> int | None:
            found = super().first_last_crossing(level, rising, after_us, until_us)
            return 15_000_000 if after_us < HALT_US[0] else found

    desk = make_desk(line=Dip, pct_per_s=-0.1)
    desk.buy("0.010")
    number = desk.order(**STOP, stopPrice="48500")[1]["orderId"]
    desk.run_to(25)
    assert desk.states(number) == [("NEW", 0)]
    desk.run_to(40)
    assert desk.states(number)[1:] == [("TRIGGERED", 30_000_000), ("FILLED", 30_000_000)]


def test_a_child_due_in_a_halt_waits_and_covers(make_desk: Make) -> None:
    """Triggered at 9 s with a delay of 3 s: no cancel, cover as long as it waits, filled at 20 s."""
    desk = make_desk(
        line=Halted,
        pct_per_s=-0.1,
        fills=THIN.model_copy(update={"trigger_delay_ms": 3_000.0, "impact_bps": 0.0}),
    )
    desk.buy("0.010")
    number = desk.order(**STOP, stopPrice="49550")[1]["orderId"]
    desk.run_to(15)
    assert desk.ask("DELETE", "/fapi/v1/order", orderId=number)[1]["code"] == -4117
    assert desk.frame("exposure").cover.iloc[-1] == 0.01
    desk.run_to(25)
    assert desk.states(number)[1:] == [("TRIGGERED", 9_000_000), ("FILLED", 20_000_000)]


# -- the trigger engine -------------------------------------------------------------------------------


def test_a_late_trigger_engine_judges_old_prices(make_desk: Make) -> None:
    """With a view 500 ms old, 49 900 (met at 2 s) fires at 2.5 s, and -2021 too is judged by the old price."""
    desk = make_desk(
        pct_per_s=-0.1, fills=THIN.model_copy(update={"trigger_view_delay_ms": 500.0, "impact_bps": 0.0})
    )
    desk.buy("0.010")
    number = desk.order(**STOP, stopPrice="49900")[1]["orderId"]
    desk.run_to(1)
    assert desk.path.last(1_000_000) == 49_950.0
    sized = {"side": "SELL", "type": "STOP_MARKET", "quantity": "0.010", "reduceOnly": "true"}
    assert desk.order(**sized, stopPrice="49975")[1]["code"] == -2021
    seen_late = desk.order(**sized, stopPrice="49970")[1]["orderId"]
    desk.run_to(5)
    assert desk.states(seen_late)[1] == ("TRIGGERED", 1_100_000)
    assert desk.states(number)[1][0] == "EXPIRED"


def test_drawn_delays_reach_the_child(make_desk: Make) -> None:
    """The child of intent 0's first stop fills after the delay that its key draws."""
    spec = THIN.model_copy(update={"trigger_jitter_ms": 30.0, "impact_bps": 0.0})
    desk = make_desk(pct_per_s=-0.1, fills=spec, seed=3)
    desk.buy("0.010")
    desk.slot.counts.clear()
    number = desk.order(**STOP, stopPrice="49900")[1]["orderId"]
    desk.run_to(5)
    role = desk.frame("order").role.iloc[-1]
    delay_us = TriggerDelay(spec, 3).of_us(0, role, 0)
    assert delay_us > 0
    assert desk.states(number)[1:] == [("TRIGGERED", 2_000_000), ("FILLED", 2_000_000 + delay_us)]


# -- shadows -------------------------------------------------------------------------------------------


def stage(desk: Any) -> Stage:
    return Stage(desk.venue.books["BTCUSDT"], desk.venue.trigger_delay)


def test_a_shadow_enters_no_more_than_the_bound_allows(make_desk: Make) -> None:
    """Of 15 it gets 12, earns on 12, and what cannot be closed at once at the stop is closed at the deadline."""
    desk = make_desk(fills=THIN, depth=24.0, wallet=1e9)
    shadow = stage(desk).play(Bracket(1, 15.0, 49_000.0, 51_000.0, 60_000_000), 0)
    assert (shadow.quantity, shadow.fill_price, shadow.exit_price) == (12.0, 50_250.0, 49_750.0)
    assert shadow.pnl == pytest.approx(12 * -500.0)
    assert stage(desk).result_after(Bracket(1, 15.0, 0.0, 0.0, 60_000_000), shadow, 1_000) == shadow.pnl


def test_a_shadow_that_could_not_enter_earned_nothing(make_desk: Make) -> None:
    """During a halt nothing is entered, and the shadow says so."""
    desk = make_desk(line=Halted, pct_per_s=-0.1)
    shadow = stage(desk).play(Bracket(1, 1.0, 49_000.0, 51_000.0, 60_000_000), 12_000_000)
    assert (shadow.exit_reason, shadow.pnl, shadow.quantity) == ("not_filled", 0.0, 0.0)
    assert math.isnan(shadow.fill_price)


@pytest.mark.parametrize(
    ("stop", "at_us", "reason"), [(49_250.0, 20_000_000, "stopped"), (40_000.0, 20_000_000, "timed_out")]
)
def test_a_shadow_leaves_after_the_halt(stop: float, at_us: int, reason: str, make_desk: Make) -> None:
    """A stop met in the halt, and a deadline inside it, both get the first price after it."""
    desk = make_desk(line=Halted, pct_per_s=-0.1)
    shadow = stage(desk).play(
        Bracket(1, 1.0, stop, 60_000.0, 15_000_000 if reason == "timed_out" else 60_000_000), 0
    )
    assert (shadow.exit_reason, shadow.exit_us, shadow.exit_price) == (reason, at_us, 49_000.0)


def test_a_shadow_draws_the_delay_that_the_venue_draws(make_desk: Make) -> None:
    """Same intent, role and count, same delay: loss against ideal holds no luck of the draw."""
    spec = THIN.model_copy(update={"trigger_jitter_ms": 30.0, "impact_bps": 0.0})
    desk = make_desk(pct_per_s=-0.1, fills=spec, seed=3)
    shadow = stage(desk).play(Bracket(1, 1.0, 49_900.0, 51_000.0, 60_000_000, intent=7), 0)
    assert shadow.exit_us - shadow.stop_crossed_us == TriggerDelay(spec, 3).of_us(7, "sl", 0)
