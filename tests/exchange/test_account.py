"""Position arithmetic: money is conserved whatever is traded, and isolated wallets are parts of the wallet."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.exchange.account import Account

trades = st.lists(
    st.tuples(
        st.sampled_from(["BTCUSDT", "ETHUSDT"]),
        st.integers(-50, 50).filter(bool).map(lambda steps: steps / 1000),
        st.integers(1, 900_000).map(lambda ticks: ticks / 10),
        st.floats(0, 5),
    ),
    max_size=40,
)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(trades)
def test_money_and_positions_are_conserved(fills: list[tuple[str, float, float, float]]) -> None:
    """wallet = opening + realised - fees; positions are sums; realised plus open value is the cash that moved."""
    account = Account(1, 1_000.0)
    realised = {"BTCUSDT": 0.0, "ETHUSDT": 0.0}
    for symbol, quantity, price, fee in fills:
        realised[symbol] += account.fill(symbol, quantity, price, fee)
    assert account.wallet == pytest.approx(1_000.0 + account.realised - account.fees, abs=1e-6)
    assert account.opening_wallet == 1_000.0
    for symbol, gained in realised.items():
        mine = [(quantity, price) for name, quantity, price, _ in fills if name == symbol]
        position = account.position(symbol)
        assert position.quantity == pytest.approx(float(sum(Fraction(str(q)) for q, _ in mine)), abs=1e-9)
        cash = -sum(quantity * price for quantity, price in mine)
        assert gained == pytest.approx(cash + position.quantity * position.entry_price, abs=1e-4)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(trades, st.integers(1, 125))
def test_isolated_wallets_are_parts_of_the_wallet(
    fills: list[tuple[str, float, float, float]], leverage: int
) -> None:
    """Each is nought when flat and never negative, their sum is the account's, and opening never overdraws it."""
    account = Account(1, 1_000.0, leverage={"BTCUSDT": leverage, "ETHUSDT": leverage})
    for symbol, quantity, price, fee in fills:
        free = account.free
        held = account.position(symbol).quantity
        account.fill(symbol, quantity, price, fee)
        for position in account.positions.values():
            assert position.isolated >= -1e-9
            assert position.quantity or abs(position.isolated) < 1e-9
        assert account.isolated == pytest.approx(
            sum(position.isolated for position in account.positions.values()), abs=1e-6
        )
        if held * quantity >= 0 and free >= fee:
            assert account.free >= -1e-9


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(trades)
def test_long_and_short_are_mirror_images(fills: list[tuple[str, float, float, float]]) -> None:
    """The opposite trades at the same prices lose exactly what these gain."""
    one, other = Account(1, 0.0), Account(2, 0.0)
    for symbol, quantity, price, _ in fills:
        assert one.fill(symbol, quantity, price, 0.0) == pytest.approx(
            -other.fill(symbol, -quantity, price, 0.0)
        )


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["LONG", "SHORT"]),
            st.integers(1, 50).map(lambda steps: steps / 1000),
            st.booleans(),
            st.integers(1, 900_000).map(lambda ticks: ticks / 10),
        ),
        max_size=40,
    )
)
def test_hedge_sides_do_not_know_of_each_other(fills: list[tuple[str, float, bool, float]]) -> None:
    """Long and short in one account move as they would in two accounts of their own."""
    both = Account(1, 1e9, hedge=True)
    alone = {"LONG": Account(2, 1e9, hedge=True), "SHORT": Account(3, 1e9, hedge=True)}
    for side, size, opens, price in fills:
        direction = 1 if side == "LONG" else -1
        held = abs(both.position("BTCUSDT", side).quantity)
        signed = direction * size if opens else -direction * min(size, held)
        if signed:
            gained = both.fill("BTCUSDT", signed, price, 0.1, side)
            assert gained == alone[side].fill("BTCUSDT", signed, price, 0.1, side)
    for side, account in alone.items():
        mine, theirs = both.position("BTCUSDT", side), account.position("BTCUSDT", side)
        assert (mine.quantity, mine.entry_price) == (theirs.quantity, theirs.entry_price)
        assert mine.isolated == pytest.approx(theirs.isolated, abs=1e-6)
    assert both.net("BTCUSDT") == sum(one.net("BTCUSDT") for one in alone.values())
    assert both.wallet - 1e9 == pytest.approx(sum(one.wallet - 1e9 for one in alone.values()), abs=1e-4)


@pytest.mark.parametrize(
    ("fills", "position", "entry", "realised"),
    [
        ([(2, 100)], 2, 100, 0),
        ([(2, 100), (2, 200)], 4, 150, 0),
        ([(2, 100), (-1, 130)], 1, 100, 30),
        ([(2, 100), (-2, 130)], 0, 0, 60),
        ([(2, 100), (-3, 130)], -1, 130, 60),
        ([(-2, 100), (3, 130)], 1, 130, -60),
        ([(-2, 100), (-2, 120), (4, 90)], 0, 0, 80),
    ],
    ids=["open", "add", "reduce", "close", "turn a long", "turn a short", "a short that gains"],
)
def test_entry_price_and_profit(
    fills: list[tuple[float, float]], position: float, entry: float, realised: float
) -> None:
    """Adding averages the entry, reducing keeps it, turning through zero starts anew at the fill's price."""
    account = Account(1, 0.0)
    total = sum(account.fill("BTCUSDT", quantity, price, 0.0) for quantity, price in fills)
    held = account.position("BTCUSDT")
    assert (held.quantity, held.entry_price, total) == (position, entry, realised)


@pytest.mark.parametrize(
    ("fills", "isolated", "free"),
    [
        ([(2, 100, 1)], 19.0, 980.0),
        ([(2, 100, 1), (2, 200, 2)], 57.0, 940.0),
        ([(2, 100, 1), (-1, 130, 1)], 9.5, 980.0 + 9.5 + 30 - 1),
        ([(2, 100, 1), (-2, 70, 1)], 0.0, 1000.0 - 1 - 60 - 1),
        ([(2, 100, 1), (-3, 130, 3)], 12.0, 1000.0 - 1 + 60 - 3 - 12),
        ([(-2, 100, 1)], 19.0, 980.0),
    ],
    ids=["open", "add", "reduce", "close beyond the wallet of its own", "turn", "short"],
)
def test_what_a_position_posts(fills: list[tuple[float, float, float]], isolated: float, free: float) -> None:
    """Rules 1, 2 and 4, at leverage 10: notional / leverage less the commission, given back by shares."""
    account = Account(1, 1_000.0, leverage={"BTCUSDT": 10})
    for quantity, price, fee in fills:
        account.fill("BTCUSDT", quantity, price, fee)
    assert account.position("BTCUSDT").isolated == pytest.approx(isolated)
    assert account.free == pytest.approx(free)


def test_a_position_posts_no_more_than_there_is() -> None:
    """Rule 1: what the balance does not reach is not posted, and the position is liquidated the sooner."""
    account = Account(1, 15.0, leverage={"BTCUSDT": 10})
    account.fill("BTCUSDT", 2.0, 100.0, 1.0)
    assert account.position("BTCUSDT").isolated == 14.0
    assert account.free == 0.0


def test_break_even_counts_fees_and_realised_losses() -> None:
    """2 at 100 for a fee of 1, one sold at 90 for another: the one left must make up for 12."""
    account = Account(1, 1_000.0)
    account.fill("BTCUSDT", 2.0, 100.0, 1.0)
    assert account.position("BTCUSDT").break_even == 100.5
    account.fill("BTCUSDT", -1.0, 90.0, 1.0)
    assert account.position("BTCUSDT").break_even == 112.0
    account.fill("BTCUSDT", -1.0, 90.0, 1.0)
    assert account.position("BTCUSDT").break_even == 0.0


def test_float_dust_is_flat() -> None:
    """Three tenths less three times a tenth is nothing, not a position."""
    account = Account(1, 0.0)
    account.fill("BTCUSDT", 0.3, 100.0, 0.0)
    for _ in range(3):
        account.fill("BTCUSDT", -0.1, 100.0, 0.0)
    assert account.position("BTCUSDT").quantity == 0.0
