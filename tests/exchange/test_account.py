"""Position arithmetic: money is conserved whatever is traded."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.exchange.account import Account, liquidation_price

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


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(trades)
def test_long_and_short_are_mirror_images(fills: list[tuple[str, float, float, float]]) -> None:
    """The opposite trades at the same prices lose exactly what these gain."""
    one, other = Account(1, 0.0), Account(2, 0.0)
    for symbol, quantity, price, _ in fills:
        assert one.fill(symbol, quantity, price, 0.0) == pytest.approx(
            -other.fill(symbol, -quantity, price, 0.0)
        )


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


def test_float_dust_is_flat() -> None:
    """Three tenths less three times a tenth is nothing, not a position."""
    account = Account(1, 0.0)
    account.fill("BTCUSDT", 0.3, 100.0, 0.0)
    for _ in range(3):
        account.fill("BTCUSDT", -0.1, 100.0, 0.0)
    assert account.position("BTCUSDT").quantity == 0.0


@pytest.mark.parametrize(
    ("direction", "leverage", "expected"),
    [(1, 5, 40_200.0), (-1, 5, 59_800.0), (1, 20, 47_700.0), (1, 1, 200.0)],
)
def test_liquidation_lies_inside_one_over_leverage(direction: int, leverage: int, expected: float) -> None:
    """binance-facts 3.3, first tier: the distance is 1/leverage less maintenance."""
    assert liquidation_price(50_000.0, direction, leverage, 0.004) == pytest.approx(expected)
