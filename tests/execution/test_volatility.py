"""How fast a price moves, and how long orders take, from what was read and sent anyway."""

from __future__ import annotations

import math
import time

import pytest

from sim.execution.volatility import FIRST_DELAY_S, Volatility


def after(prices: list[float], every_s: float, monkeypatch: pytest.MonkeyPatch) -> Volatility:
    volatility = Volatility()
    for number, price in enumerate(prices):
        monkeypatch.setattr(time, "monotonic", lambda number=number: number * every_s)
        volatility.note("BTCUSDT", price)
    return volatility


def test_little_knowledge_is_the_least_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before three moves were seen, and for another symbol, a basis point a second is taken."""
    volatility = after([100.0, 101.0, 102.0], 1.0, monkeypatch)
    assert volatility.sd("BTCUSDT") == volatility.sd("ETHUSDT") == 1e-4
    assert after([100.0] * 9, 1.0, monkeypatch).sd("BTCUSDT") == 1e-4


def test_the_estimate_is_the_size_of_the_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of 1 % every four seconds are half a per cent per root second."""
    prices = [100.0 * 1.01 ** (number % 2) for number in range(60)]
    volatility = after(prices, 4.0, monkeypatch)
    assert volatility.sd("BTCUSDT") == pytest.approx(math.log(1.01) / 2, rel=1e-6)
    assert volatility.move("BTCUSDT", 4.0) == pytest.approx(math.log(1.01), rel=1e-6)
    assert volatility.move("BTCUSDT", -1.0) == 0.0


def test_a_storm_is_noticed_within_its_half_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a quiet hour, five minutes of storm are half of the variance."""
    prices = [100.0] * 400 + [100.0 * 1.01 ** (number % 2) for number in range(31)]
    volatility = after(prices, 10.0, monkeypatch)
    assert volatility.sd("BTCUSDT") ** 2 == pytest.approx(math.log(1.01) ** 2 / 10 / 2, rel=0.05)


def test_gaps_and_doubled_readings_teach_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two readings at one time, or eleven minutes apart, are no move."""
    assert after([100.0, 150.0, 100.0, 150.0, 100.0], 0.0, monkeypatch).sd("BTCUSDT") == 1e-4
    assert after([100.0, 150.0, 100.0, 150.0, 100.0], 660.0, monkeypatch).sd("BTCUSDT") == 1e-4


def test_the_expected_delay_follows_what_orders_took() -> None:
    """A fifth of the way with each answer."""
    volatility = Volatility()
    assert volatility.delay_s == FIRST_DELAY_S
    volatility.note_delay(1.5)
    assert volatility.delay_s == pytest.approx(0.7)


def test_the_first_moves_count_equally(monkeypatch: pytest.MonkeyPatch) -> None:
    """1, 2 and 3 per cent within a second each: the root of their mean square."""
    moves = [math.log(1.01), math.log(1.02), math.log(1.03)]
    prices = [100.0, 101.0, 103.02, 106.1106]
    expected = math.sqrt(sum(move**2 for move in moves) / 3)
    assert after(prices, 1.0, monkeypatch).sd("BTCUSDT") == pytest.approx(expected, rel=1e-6)
