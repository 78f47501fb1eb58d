"""Margin: where positions end, what orders tie up, and what an account may not open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.exchange.account import Account
from sim.exchange.filters import filters_of
from sim.exchange.margin import bankruptcy_price, liquidation_price
from sim.exchange.tiers import Tiers, maintenance_of


def tiers_of(symbol: str = "BTCUSDT") -> Tiers:
    filters = filters_of(symbol, "2025-01")
    assert filters is not None
    return filters.tiers


BTC = tiers_of()
sizes = st.integers(1, 2_000_000).map(lambda steps: steps / 1000)
prices = st.integers(1_000, 2_000_000).map(lambda ticks: ticks / 10)
directions = st.sampled_from([1, -1])


@pytest.mark.parametrize(
    ("quantity", "entry", "isolated", "expected"),
    [
        (0.02, 50_000.0, 50.0, 950.0 / (0.02 * 0.996)),
        (-0.02, 50_000.0, 50.0, 1050.0 / (0.02 * 1.004)),
        (2.0, 50_000.0, 2_000.0, (100_000 - 2_000 - 50) / (2 * 0.995)),
        (1.02, 50_000.0, 2_550.0, 48_450.0 / (1.02 * 0.996)),
        (-0.98, 50_000.0, 2_450.0, (49_000 + 2_450 + 50) / (0.98 * 1.005)),
        (20.0, 50_000.0, 50_000.0, (1e6 - 50_000 - 950) / (20 * 0.9935)),
        (0.02, 50_000.0, 1_000.0, 0.0),
        (0.02, 50_000.0, 999.5, 0.5 / (0.02 * 0.996)),
        (0.0, 0.0, 0.0, 0.0),
    ],
    ids=[
        "long at 20", "short at 20", "a second tier", "a long that falls into a lower tier",
        "a short that rises into a higher tier", "a third tier", "all posted", "nearly all posted", "flat",
    ],
)  # fmt: skip
def test_liquidation_price_by_hand(quantity: float, entry: float, isolated: float, expected: float) -> None:
    """Rule 2, with the rates and amounts of binance-facts 3.3."""
    assert liquidation_price(quantity, entry, isolated, BTC) == pytest.approx(expected, rel=1e-12)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(directions, sizes, prices, st.integers(1, 125))
def test_margin_is_just_maintenance_at_the_liquidation_price(
    direction: int, size: float, entry: float, leverage: int
) -> None:
    """Whatever the tier, isolated wallet plus profit equals maintenance there, and it is on the losing side."""
    isolated = size * entry / leverage
    price = liquidation_price(direction * size, entry, isolated, BTC)
    if price == 0.0:
        assert (direction, leverage) == (1, 1)
        return
    balance = isolated + direction * size * (price - entry)
    assert balance == pytest.approx(maintenance_of(BTC, size * price), rel=1e-9, abs=1e-6)
    if balance < isolated:
        assert direction * (entry - price) > 0


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(directions, sizes, prices, st.integers(1, 124))
def test_more_leverage_is_liquidated_sooner(direction: int, size: float, entry: float, leverage: int) -> None:
    """The liquidation price moves towards the entry as leverage rises, and away from it as margin is added."""
    one, more = (
        liquidation_price(direction * size, entry, size * entry / times, BTC)
        for times in (leverage, leverage + 1)
    )
    assert direction * (more - one) > 0


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(directions, sizes, prices, st.integers(2, 20), st.floats(0.1, 0.9))
def test_a_position_is_liquidated_before_it_is_bankrupt(
    direction: int, size: float, entry: float, leverage: int, share: float
) -> None:
    """Mark meets the liquidation price before the isolated wallet is used up; closing a part moves neither much."""
    account = Account(1, 1e15, leverage={"BTCUSDT": leverage})
    account.fill("BTCUSDT", direction * size, entry, 0.0)
    position = account.position("BTCUSDT")
    before = liquidation_price(position.quantity, entry, position.isolated, BTC)
    bankrupt = bankruptcy_price(position)
    assert direction * (before - bankrupt) > 0
    account.fill("BTCUSDT", -direction * size * share, entry * (1 - direction * 0.01), 0.0)
    assert bankruptcy_price(position) == pytest.approx(bankrupt, rel=1e-6)


# -- what may be opened ----------------------------------------------------------------------------------


def code(answer: tuple[int, Any]) -> int:
    status, body = answer
    return 0 if status == 200 else body["code"]


def limit(desk: Any, side: str, quantity: str, price: str, **more: Any) -> int:
    return code(
        desk.order(side=side, type="LIMIT", timeInForce="GTC", quantity=quantity, price=price, **more)
    )


@pytest.mark.parametrize(
    ("wallet", "quantity", "refused"),
    [
        (25.0, "0.010", 0),
        (24.9, "0.010", -2019),
        (50.0, "0.020", 0),
        (1.0, "0.002", -2019),
        (5.0, "0.002", 0),
    ],
)
def test_an_order_costs_its_initial_margin(
    wallet: float, quantity: str, refused: int, make_desk: Callable[..., Any]
) -> None:
    """Rule 1: notional / 20 at the default leverage, and what is not available is refused."""
    desk = make_desk(wallet=wallet)
    assert code(desk.buy(quantity)) == refused


def test_orders_that_close_need_nothing(make_desk: Callable[..., Any]) -> None:
    """With everything posted a close still goes through, and opening more does not."""
    desk = make_desk(wallet=25.0)
    desk.buy("0.010")
    assert code(desk.buy("0.002")) == -2019
    assert code(desk.sell("0.005", reduceOnly="true")) == 0
    assert code(desk.sell("0.005")) == 0
    assert (desk.account.wallet, desk.account.isolated) == (25.0, 0.0)


def test_turning_needs_margin_for_what_it_opens_beyond_what_it_gives_back(
    make_desk: Callable[..., Any],
) -> None:
    """A long of 0.01 may become a short of 0.01 without money, and not one of 0.02."""
    desk = make_desk(wallet=25.0)
    desk.buy("0.010")
    assert code(desk.sell("0.030")) == -2019
    assert code(desk.sell("0.020")) == 0
    assert desk.position == pytest.approx(-0.01)
    assert desk.account.position("BTCUSDT").isolated == pytest.approx(25.0)


def test_resting_orders_tie_up_margin_until_they_end(make_desk: Callable[..., Any]) -> None:
    """Rules 4 and 5: a buy at 49 000 ties up its own notional; sells of the same symbol cost no more beside it."""
    desk = make_desk(wallet=50.0)
    available = lambda: round(desk.venue.margin.available(desk.account), 6)  # noqa: E731
    assert limit(desk, "BUY", "0.010", "49000") == 0
    assert available() == 25.5
    assert limit(desk, "SELL", "0.010", "51000") == 0
    assert available() == 24.5
    assert limit(desk, "BUY", "0.011", "49000") == -2019
    assert code(desk.ask("DELETE", "/fapi/v1/allOpenOrders")) == 0
    assert available() == 50.0


def test_sells_against_a_long_count_beyond_it_only(make_desk: Callable[..., Any]) -> None:
    """Rule 5: the sell closes first, and what the long gives back pays for as much again."""
    desk = make_desk(wallet=25.0)
    desk.buy("0.010")
    assert limit(desk, "SELL", "0.010", "51000") == 0
    assert desk.venue.margin.orders_margin(desk.account) == 0.0
    assert limit(desk, "SELL", "0.020", "51000") == -2019


def test_an_order_that_loses_at_once_costs_that_too(make_desk: Callable[..., Any]) -> None:
    """Rule 6: a buy at 52 000 with mark at 50 000 costs 0.01 * 2 000 on top of its margin of 26."""
    assert limit(make_desk(wallet=45.9), "BUY", "0.010", "52000") == -2019
    assert limit(make_desk(wallet=46.1), "BUY", "0.010", "52000") == 0


def test_leverage_caps_a_position_with_its_orders(make_desk: Callable[..., Any]) -> None:
    """Rule 7: at 125 times no more than 50 000 (binance-facts 3.3), resting orders included."""
    desk = make_desk(wallet=1e6)
    desk.ask("POST", "/fapi/v1/leverage", leverage=125)
    assert code(desk.buy("1.001")) == -2027
    assert code(desk.buy("0.500")) == 0
    assert limit(desk, "BUY", "0.400", "49000") == 0
    assert code(desk.buy("0.200")) == -2027
    assert code(desk.sell("0.500")) == 0


def test_a_conditional_entry_is_asked_for_margin_at_its_trigger(make_desk: Callable[..., Any]) -> None:
    """binance-facts 2.2: accepted without a check, REJECTED at the trigger when nothing is available."""
    desk = make_desk(rules="2025-12-09", wallet=10.0, pct_per_s=0.1)
    status, body = desk.algo(side="BUY", type="STOP_MARKET", triggerPrice="50100", quantity="0.010")
    assert status == 200
    desk.run_to(10)
    asked = desk.ask("GET", "/fapi/v1/algoOrder", algoId=body["algoId"])[1]
    assert asked["algoStatus"] == "REJECTED"
    assert desk.position == 0.0


def test_hedge_sides_need_margin_each(make_desk: Callable[..., Any]) -> None:
    """In hedge mode a short beside a long is opened, not netted, and posts its own margin."""
    desk = make_desk(wallet=50.0)
    desk.account.hedge = True
    assert code(desk.buy("0.010", positionSide="LONG")) == 0
    assert code(desk.sell("0.011", positionSide="SHORT")) == -2019
    assert code(desk.sell("0.010", positionSide="SHORT")) == 0
    assert desk.account.isolated == pytest.approx(50.0)
    assert code(desk.sell("0.010", positionSide="LONG")) == 0
    assert desk.account.position("BTCUSDT", "SHORT").quantity == -0.01
