"""Maintenance tiers: the facts' own numbers, and a maintenance margin without steps."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.exchange.filters import RULES, RulesVersion, filters_of, known_symbols
from sim.exchange.tiers import cap_of, maintenance_of, one_tier, tier_of, tiers_from

BTC = tiers_from(
    [
        (50e3, 0.004, 125),
        (600e3, 0.005, 100),
        (3e6, 0.0065, 75),
        (12e6, 0.01, 50),
        (70e6, 0.02, 25),
        (100e6, 0.025, 20),
    ]
)


def test_what_a_tier_takes_off_follows_from_continuity() -> None:
    """binance-facts 3.3 gives the amounts beside the rates; they are those that leave no step."""
    assert [tier.cum for tier in BTC] == [0.0, 50.0, 950.0, 11_450.0, 131_450.0, 481_450.0]
    sol = filters_of("SOLUSDT", "2025-01")
    assert sol is not None
    assert [tier.cum for tier in sol.tiers[:6]] == [0.0, 30.0, 380.0, 8_380.0, 28_380.0, 228_380.0]


@pytest.mark.parametrize(
    ("notional", "maintenance"),
    [
        (0.0, 0.0),
        (10_000.0, 40.0),
        (50_000.0, 200.0),
        (100_000.0, 450.0),
        (600_000.0, 2_950.0),
        (12e6, 108_550.0),
    ],
)
def test_maintenance_is_notional_times_rate_less_what_is_taken_off(
    notional: float, maintenance: float
) -> None:
    """binance-facts 3.3: maintenance margin = notional * rate - cum."""
    assert maintenance_of(BTC, notional) == pytest.approx(maintenance)


@pytest.mark.parametrize(
    ("leverage", "cap"),
    [(125, 50e3), (101, 50e3), (100, 600e3), (76, 600e3), (20, 100e6), (1, 100e6), (126, 0.0)],
)
def test_leverage_caps_the_position(leverage: int, cap: float) -> None:
    """The largest tier that still takes the leverage says how much it may hold."""
    assert cap_of(BTC, leverage) == cap


@pytest.mark.parametrize("rules", RULES)
def test_every_symbol_has_tiers_that_rise(rules: RulesVersion) -> None:
    """Caps and rates rise, leverage falls, and maintenance stays below what the tier's leverage posts."""
    for symbol in known_symbols(rules):
        filters = filters_of(symbol, rules)
        assert filters is not None
        tiers = filters.tiers
        assert filters.max_leverage == tiers[0].max_leverage
        for lower, upper in pairwise(tiers):
            assert lower.cap < upper.cap
            assert lower.rate < upper.rate
            assert lower.max_leverage > upper.max_leverage
        assert all(tier.rate * tier.max_leverage < 1 for tier in tiers)


def test_a_symbol_without_tiers_has_one_without_end() -> None:
    """What a scenario states of a symbol of its own is its first tier and its only one."""
    tiers = one_tier(0.02, 10)
    assert tier_of(tiers, 1e30) is tiers[0]
    assert cap_of(tiers, 10) == math.inf


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.floats(0, 2e8), st.floats(0, 1e6))
def test_maintenance_grows_without_steps(notional: float, more: float) -> None:
    """More notional needs more, and never more than the highest rate of the difference."""
    grown = maintenance_of(BTC, notional + more) - maintenance_of(BTC, notional)
    assert -1e-6 <= grown <= 0.025 * more + 1e-6
