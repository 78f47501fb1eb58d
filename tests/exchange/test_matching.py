"""What a taker pays: one test for each fill rule at the top of matching.py."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.exchange.matching import FillSpec, fill_price

FREE = FillSpec(half_spread_bps=0.0, impact_bps=0.0)


def test_rule_2_the_taker_pays_half_the_spread_rounded_against_him() -> None:
    """0.1 bps of 50 000 is 0.5: five ticks each way; less than a tick is charged a whole one."""
    spec = FillSpec(half_spread_bps=0.1, impact_bps=0.0)
    assert fill_price(spec, 1, 50_000.0, 1.0, math.inf, 0.1) == 50_000.5
    assert fill_price(spec, -1, 50_000.0, 1.0, math.inf, 0.1) == 49_999.5
    assert fill_price(spec, 1, 1_000.0, 1.0, math.inf, 0.1) == 1_000.1
    assert fill_price(spec, -1, 1_000.0, 1.0, math.inf, 0.1) == 999.9


@pytest.mark.parametrize("side", [1, -1])
def test_rule_2_a_price_on_tick_is_not_pushed_further(side: int) -> None:
    """Without any cost the fill is last itself, although 41 730.7 / 0.1 is no whole number in floats."""
    for ticks in range(417_000, 417_300):
        last = ticks / 10
        assert fill_price(FREE, side, last, 1.0, math.inf, 0.1) == last


def test_rule_3_impact_is_a_square_root_of_the_share() -> None:
    """Four times the share costs twice the impact; a bar without volume counts as all of it."""
    spec = FillSpec(half_spread_bps=0.0, impact_bps=10.0)
    quarter, whole = (fill_price(spec, 1, 50_000.0, share, 1.0, 0.01) - 50_000.0 for share in (0.25, 1.0))
    assert (quarter, whole) == (pytest.approx(25.0), pytest.approx(50.0))
    assert fill_price(spec, 1, 50_000.0, 9.0, 1.0, 0.01) == pytest.approx(50_050.0)
    assert fill_price(spec, 1, 50_000.0, 0.001, 0.0, 0.01) == pytest.approx(50_050.0)
    assert fill_price(spec, 1, 50_000.0, 1.0, math.inf, 0.01) == 50_000.0


def test_rule_5_fees_are_the_takers_rate_on_notional(make_desk: Callable[..., Any]) -> None:
    """0.05 % of the notional at the fill's own price, in quote currency, both ways."""
    desk = make_desk(fills=FillSpec(half_spread_bps=10.0, impact_bps=0.0, taker_fee=0.0005))
    desk.buy("0.010")
    desk.sell("0.010")
    fills = desk.frame("fill")
    assert fills.price.tolist() == [50_050.0, 49_950.0]
    assert fills.fee.tolist() == [pytest.approx(0.25025), pytest.approx(0.24975)]
    assert desk.account.wallet == pytest.approx(10_000 - 1.0 - 0.5)


def test_rule_6_the_tape_does_not_react(make_desk: Callable[..., Any]) -> None:
    """A large order leaves the price where it was."""
    desk = make_desk(fills=FillSpec())
    before = desk.path.last(0)
    desk.buy("120")
    assert desk.path.last(0) == before


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(
    st.integers(1, 10_000_000),
    st.sampled_from([0.1, 0.01, 0.001]),
    st.sampled_from([1, -1]),
    st.floats(0, 50),
    st.floats(0, 50),
    st.floats(0.001, 100),
)
def test_a_fill_is_on_tick_and_never_a_gift(
    ticks: int, tick: float, side: int, spread: float, impact: float, quantity: float
) -> None:
    """The price is a whole number of ticks, on the taker's wrong side of last, and at most one tick too far."""
    last = round(ticks * tick, 10)
    spec = FillSpec(half_spread_bps=spread, impact_bps=impact)
    price = fill_price(spec, side, last, quantity, 100.0, tick)
    assert Decimal(str(price)) % Decimal(str(tick)) == 0
    cost = side * (price - last)
    fair = last * (spread + impact * math.sqrt(quantity / 100)) * 1e-4
    assert cost >= -1e-9
    assert fair - 1e-5 * tick <= cost <= fair + tick * (1 + 1e-5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("half_spread_bps", -0.1),
        ("taker_fee", 1.0),
        ("trigger_delay_ms", -1.0),
        ("max_volume_share", 0.0),
        ("spread", 1.0),
        ("impact_bps", "5"),
    ],
)
def test_unusable_costs_are_refused(name: str, value: Any) -> None:
    """Negative costs, unknown keys and texts for numbers do not pass."""
    with pytest.raises(ValidationError):
        FillSpec(**{name: value})
