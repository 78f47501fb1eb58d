"""Liquidation: when mark says so, whole, from the book, and for no more than the isolated wallet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.exchange.events import VenueEvent
from sim.exchange.matching import FillSpec
from sim.market import LinePath, MarkSpec

PAID = FillSpec(half_spread_bps=0.0, spread_range_share=0.0, impact_bps=0.0, trigger_delay_ms=0.0)
STOP = {"side": "SELL", "type": "STOP_MARKET", "closePosition": "true", "workingType": "MARK_PRICE"}


class HaltedLine(LinePath):
    """A line that halts from 47 s to 60 s; its marks run on, so the halt is only seen by who asks."""

    def halt_end_us(self, t_us: int) -> int | None:
        return 60_000_000 if 47_000_000 <= t_us < 60_000_000 else None


class RecoveringLine(HaltedLine):
    """The same, back at its start when it reopens."""

    def _ticks_of(self, times: Any) -> Any:
        ticks = super()._ticks_of(times)
        return np.where(times >= 59_000_000, 500_000, ticks)


def leverage(desk: Any, times: int) -> int:
    status, body = desk.ask("POST", "/fapi/v1/leverage", leverage=times)
    return 0 if status == 200 else int(body["code"])


def test_a_long_is_liquidated_at_the_first_mark_that_reaches_its_price(make_desk: Callable[..., Any]) -> None:
    """0.02 from 50 000 at 20 times ends at 47 690.76 (binance-facts 3.3): 47 s down a line of 0.1 % a second."""
    desk = make_desk(pct_per_s=-0.1)
    desk.buy("0.020")
    assert desk.account.position("BTCUSDT").liquidation == pytest.approx(47_690.763, abs=0.001)
    desk.run_to(46)
    assert desk.position == 0.02
    desk.run_to(60)
    assert desk.position == 0.0
    row = desk.frame("liquidation").iloc[0]
    assert (row.at_us, row["mark"], row.side, row.quantity) == (47_000_000, 47_650.0, 1, 0.02)
    assert row.isolated == pytest.approx(50.0)
    fill = desk.frame("fill").iloc[-1]
    assert (fill.role, fill.price, fill.at_us) == ("liquidation", 47_650.0, 47_000_000)


def test_its_order_reads_as_the_venues_own(make_desk: Callable[..., Any]) -> None:
    """binance-facts 10: the client id begins with autoclose-, and it can be asked for like any other."""
    desk = make_desk(pct_per_s=-0.1)
    desk.buy("0.020")
    desk.run_to(60)
    order = desk.venue.orders[int(desk.frame("liquidation").order.iloc[0])]
    body = desk.ask("GET", "/fapi/v1/order", orderId=order.number)[1]
    assert body["clientOrderId"].startswith("autoclose-")
    assert (body["status"], body["side"], body["type"]) == ("FILLED", "SELL", "LIMIT")
    assert (body["timeInForce"], float(body["executedQty"])) == ("IOC", 0.02)
    assert desk.states(order.number) == [("NEW", 47_000_000), ("FILLED", 47_000_000)]


def test_the_fees_come_out_of_what_is_left(make_desk: Callable[..., Any]) -> None:
    """Rule 4: of 50 less the entry's commission less the loss, commission first, then 1.25 % as far as it reaches."""
    desk = make_desk(pct_per_s=-0.1, fills=PAID)
    desk.buy("0.020")
    desk.run_to(60)
    row, fill = desk.frame("liquidation").iloc[0], desk.frame("fill").iloc[-1]
    left = 50.0 - 0.5 + 0.02 * (row.book_price - 50_000.0)
    assert row.commission == pytest.approx(0.02 * row.book_price * 0.0005)
    assert row.fee == pytest.approx(left - row.commission)
    assert fill.fee == pytest.approx(row.commission + row.fee)
    assert row.insurance == 0.0
    assert desk.account.liquidation_fees == row.fee
    assert desk.account.wallet == pytest.approx(10_000.0 - 50.0)
    assert desk.account.wallet == pytest.approx(10_000.0 + desk.account.realised - desk.account.fees)


def test_a_low_leverage_leaves_something(make_desk: Callable[..., Any]) -> None:
    """Where maintenance is more than both fees the rest goes back to the account."""
    desk = make_desk(pct_per_s=-0.1, symbol="SOLUSDT", price=100.0, wallet=30e6)
    leverage(desk, 2)
    desk.buy("4000")
    desk.buy("4000")
    assert desk.position == 8000.0
    desk.run_to(600)
    row = desk.frame("liquidation").iloc[0]
    assert row.fee == pytest.approx(
        min(8000 * row.book_price * 0.015, row.isolated + 8000 * (row.book_price - 100.0))
    )
    assert desk.account.wallet >= 30e6 - row.isolated - 1e-6


def test_a_gap_beyond_bankruptcy_is_the_insurance_funds(make_desk: Callable[..., Any]) -> None:
    """Rule 3: the price falls 20 % in a second; the account loses its isolated wallet and the fund the rest."""
    desk = make_desk(pct_per_s=-20.0, for_s=3.0)
    desk.buy("0.020")
    desk.run_to(2)
    row = desk.frame("liquidation").iloc[0]
    assert (row.book_price, row.bankruptcy_price) == (40_000.0, 47_500.0)
    assert row.insurance == pytest.approx(0.02 * 7_500.0)
    assert (row.commission, row.fee) == (0.0, 0.0)
    assert desk.account.wallet == pytest.approx(9_950.0)
    assert desk.account.insurance == row.insurance


def test_all_its_orders_are_cancelled_and_the_symbols_alone(make_desk: Callable[..., Any]) -> None:
    """Rule 1: targets, stops beyond liquidation and resting entries of the position end; nothing acts later."""
    desk = make_desk(pct_per_s=-0.1)
    desk.buy("0.020")
    numbers = [
        desk.order(side="SELL", type="TAKE_PROFIT_MARKET", stopPrice="55000", closePosition="true")[1][
            "orderId"
        ],
        desk.order(**STOP, stopPrice="47000")[1]["orderId"],
        desk.order(side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.01", price="45000")[1]["orderId"],
    ]
    desk.run_to(300)
    for number in numbers:
        assert desk.states(number)[-1] == ("CANCELED", 47_000_000)
    assert desk.frame("order").reason.tolist().count("liquidation") == 3
    assert desk.position == 0.0


def test_a_stop_inside_liquidation_comes_first(make_desk: Callable[..., Any]) -> None:
    """One step of the mark inside is enough, and then nothing is liquidated."""
    desk = make_desk(pct_per_s=-0.1)
    desk.buy("0.020")
    desk.order(**STOP, stopPrice="47700")
    assert desk.frame("exposure").cover.iloc[-1] == 0.02
    desk.run_to(300)
    assert desk.frame("fill").role.tolist()[1:] != ["liquidation"]
    assert desk.frame("liquidation").empty
    assert desk.position == 0.0


def test_a_stop_beyond_liquidation_covers_nothing_and_never_fires(make_desk: Callable[..., Any]) -> None:
    """metrics.md: cover lies inside liquidation (failures F26)."""
    desk = make_desk(pct_per_s=-0.1)
    desk.buy("0.020")
    number = desk.order(**STOP, stopPrice="47690")[1]["orderId"]
    assert desk.frame("exposure").cover.iloc[-1] == 0.0
    desk.run_to(300)
    assert [state for state, _ in desk.states(number)] == ["NEW", "CANCELED"]
    assert len(desk.frame("liquidation")) == 1


def test_each_fill_moves_the_appointment(make_desk: Callable[..., Any]) -> None:
    """Added to lower down, a long averages down and dies later; closed in part it dies where it would have."""
    desk = make_desk(pct_per_s=-0.1)
    desk.buy("0.020")
    first = desk.account.position("BTCUSDT").liquidation
    desk.run_to(30)
    desk.sell("0.010")
    assert desk.account.position("BTCUSDT").liquidation == pytest.approx(first)
    desk.buy("0.010")
    added = desk.account.position("BTCUSDT").liquidation
    assert added < first
    desk.run_to(47.5)
    assert desk.position == 0.02
    desk.run_to(100)
    rows = desk.frame("liquidation")
    assert len(rows) == 1
    assert rows["mark"].iloc[0] <= added < rows["mark"].iloc[0] + 50.0


def test_a_closed_position_has_no_appointment(make_desk: Callable[..., Any]) -> None:
    """What was closed in time is not liquidated later."""
    desk = make_desk(pct_per_s=-0.1)
    desk.buy("0.020")
    desk.run_to(40)
    desk.sell("0.020")
    desk.run_to(300)
    assert desk.frame("liquidation").empty
    assert desk.account.isolated == 0.0


def test_more_leverage_brings_it_nearer_and_less_is_refused(make_desk: Callable[..., Any]) -> None:
    """A rise gives margin back and makes the appointment anew; a fall with a position is -4161."""
    desk = make_desk(pct_per_s=-0.1)
    leverage(desk, 5)
    desk.buy("0.020")
    far = desk.account.position("BTCUSDT").liquidation
    assert leverage(desk, 4) == -4161
    assert leverage(desk, 20) == 0
    near = desk.account.position("BTCUSDT").liquidation
    assert (far, near) == (pytest.approx(40_160.64, abs=0.01), pytest.approx(47_690.76, abs=0.01))
    desk.run_to(60)
    assert desk.frame("liquidation").at_us.tolist() == [47_000_000]


def test_hedge_sides_are_liquidated_apart(make_desk: Callable[..., Any]) -> None:
    """The long dies on the way down with its orders, the short lives on with its own."""
    desk = make_desk(pct_per_s=-0.1)
    desk.account.hedge = True
    desk.buy("0.020", positionSide="LONG")
    desk.sell("0.010", positionSide="SHORT")
    stop = {"type": "STOP_MARKET", "closePosition": "true"}
    mine = desk.order(**stop, side="SELL", positionSide="LONG", stopPrice="40000")[1]["orderId"]
    other = desk.order(**stop, side="BUY", positionSide="SHORT", stopPrice="60000")[1]["orderId"]
    desk.run_to(100)
    assert desk.account.position("BTCUSDT", "LONG").quantity == 0.0
    assert desk.account.position("BTCUSDT", "SHORT").quantity == -0.01
    assert desk.states(mine)[-1][0] == "CANCELED"
    assert desk.states(other)[-1][0] == "NEW"
    order = desk.venue.orders[int(desk.frame("liquidation").order.iloc[0])]
    assert order.position_side == "LONG"


def test_last_alone_liquidates_nothing(make_desk: Callable[..., Any]) -> None:
    """The mark decides: with a basis that holds it above the price the position lives on below."""
    desk = make_desk(pct_per_s=-0.1, mark=MarkSpec(basis_bps=1000.0))
    desk.buy("0.020")
    desk.run_to(60)
    assert desk.path.last(60_000_000) < 47_690.0
    assert desk.position == 0.02


def test_in_a_halt_it_waits_for_the_first_price_after(make_desk: Callable[..., Any]) -> None:
    """Rule 5: due at 47 s inside the halt, sold at 60 s for what there is then."""
    desk = make_desk(pct_per_s=-0.1, line=HaltedLine)
    desk.buy("0.020")
    desk.run_to(59)
    assert desk.position == 0.02
    desk.run_to(61)
    assert desk.position == 0.0
    row = desk.frame("liquidation").iloc[0]
    assert (row.at_us, row.book_price, row.bankruptcy_price) == (60_000_000, 47_000.0, 47_500.0)
    assert desk.account.wallet == pytest.approx(9_950.0)


def test_after_a_halt_it_is_judged_anew(make_desk: Callable[..., Any]) -> None:
    """Rule 5: a mark that has recovered by then liquidates nothing."""
    desk = make_desk(pct_per_s=-0.1, line=RecoveringLine, for_s=100.0)
    desk.buy("0.020")
    desk.run_to(90)
    assert desk.position == 0.02
    assert desk.frame("liquidation").empty


def test_those_who_listen_hear_of_it(make_desk: Callable[..., Any]) -> None:
    """A trade whose reason is the liquidation, an account event, and the position's close."""
    desk = make_desk(pct_per_s=-0.1)
    desk.buy("0.020")
    heard: list[VenueEvent] = []
    flat: list[str] = []
    desk.venue.publish = heard.append
    desk.venue.on_flat = lambda account, symbol: flat.append(symbol)
    desk.run_to(60)
    assert [event.kind for event in heard] == ["order", "trade", "account"]
    assert heard[1].reason == "liquidation"
    assert heard[1].order is not None
    assert heard[1].order.client_id.startswith("autoclose-")
    assert flat == ["BTCUSDT"]


def test_closed_books_are_not_liquidated(make_desk: Callable[..., Any]) -> None:
    """An account whose story is over is nobody's any more."""
    desk = make_desk(pct_per_s=-0.1)
    desk.buy("0.020")
    desk.venue.close_books(desk.account)
    desk.run_to(300)
    assert desk.frame("liquidation").empty


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    # The fixture is a class: nothing is shared between examples.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.sampled_from([1, -1]),
    st.integers(2, 50),
    st.integers(20, 2_000),
    st.floats(0.02, 0.3),
    st.sampled_from([0.0, 0.0005]),
)
def test_on_a_continuous_mark_no_isolated_wallet_goes_below_nought(
    make_desk: Callable[..., Any], direction: int, times: int, steps: int, pct_per_s: float, fee: float
) -> None:
    """Law: it comes before its own wallet is used up, the loss is at most that wallet, and money is conserved."""
    fills = PAID.model_copy(update={"taker_fee": fee})
    desk = make_desk(pct_per_s=-direction * pct_per_s, wallet=1e7, for_s=90 / pct_per_s, fills=fills)
    leverage(desk, times)
    size = f"{steps / 1000:.3f}"
    assert (desk.buy if direction > 0 else desk.sell)(size)[0] == 200
    level = desk.account.position("BTCUSDT").liquidation
    desk.run_to(90 / pct_per_s)
    if not 0.0 < abs(level / 50_000.0 - 1) < 0.89:
        return
    row = desk.frame("liquidation").iloc[0]
    assert row.insurance == 0.0
    assert direction * (row["mark"] - row.bankruptcy_price) >= 0
    assert direction * (row["mark"] - level) <= 0
    assert desk.account.wallet >= 1e7 - float(steps / 1000 * 50_000 / times) - 1e-6
    assert desk.account.wallet == pytest.approx(1e7 + desk.account.realised - desk.account.fees)
    assert desk.account.isolated == pytest.approx(0.0, abs=1e-9)
