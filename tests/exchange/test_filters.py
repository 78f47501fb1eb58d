"""The table of symbols holds together: every row is one the venue itself could have."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from sim.exchange.filters import RULES, SymbolFilters, filters_of, known_symbols
from sim.exchange.tiers import maintenance_of, tier_of

EVERY: list[Any] = [(symbol, rules) for rules in RULES for symbol in known_symbols(rules)]


def of(symbol: str, rules: Any = "2025-01") -> SymbolFilters:
    filters = filters_of(symbol, rules)
    assert filters is not None
    return filters


@pytest.mark.parametrize("rules", RULES)
def test_there_are_ten_symbols_and_more(rules: Any) -> None:
    """Under each rules version the same symbols are known; a stranger is not."""
    assert len(known_symbols(rules)) >= 10
    assert known_symbols(rules) == known_symbols("2025-01")
    assert filters_of("NOSUCHUSDT", rules) is None


@pytest.mark.parametrize(("symbol", "rules"), EVERY)
def test_a_row_is_one_the_venue_could_have(symbol: str, rules: Any) -> None:
    """Bounds lie on their grids, decimals hold the grids, the market's lot is no larger than the limit's."""
    filters = of(symbol, rules)
    for value, grid in (
        (filters.min_price, filters.tick),
        (filters.max_price, filters.tick),
        (filters.min_quantity, filters.step),
        (filters.max_quantity, filters.step),
        (filters.max_market_quantity, filters.step),
    ):
        assert value > 0
        assert value % grid == 0
    assert filters.tick >= Decimal(1).scaleb(-filters.price_decimals)
    assert filters.step >= Decimal(1).scaleb(-filters.quantity_decimals)
    assert filters.max_market_quantity <= filters.max_quantity
    assert filters.min_notional >= 5


@pytest.mark.parametrize(("symbol", "rules"), EVERY)
def test_tiers_grow_and_maintenance_has_no_steps(symbol: str, rules: Any) -> None:
    """Caps and rates rise, leverage falls, and at each cap both tiers ask the same (binance-facts 3.3)."""
    filters = of(symbol, rules)
    tiers = filters.tiers
    for lower, upper in pairwise(tiers):
        assert (lower.cap < upper.cap, lower.rate < upper.rate) == (True, True)
        assert lower.max_leverage > upper.max_leverage
        assert lower.cap * lower.rate - lower.cum == pytest.approx(lower.cap * upper.rate - upper.cum)
    assert (filters.max_leverage, filters.maintenance_rate) == (tiers[0].max_leverage, tiers[0].rate)


@pytest.mark.parametrize(
    ("symbol", "rules", "notional", "rate", "cum"),
    [
        ("BTCUSDT", "2025-01", 50_000, 0.004, 0),
        ("BTCUSDT", "2025-01", 600_000, 0.005, 50),
        ("BTCUSDT", "2025-01", 2_000_000, 0.0065, 950),
        ("BTCUSDT", "2025-01", 230e6, 0.05, 2_981_450),
        ("ETHUSDT", "2025-01", 65e6, 0.025, 381_450),
        ("SOLUSDT", "2025-01", 40e6, 0.05, 228_380),
        ("BTCUSDT", "2025-12-09", 300_000, 0.004, 0),
        ("BTCUSDT", "2025-12-09", 800_000, 0.005, 300),
        ("BTCUSDT", "2025-12-09", 900_000, 0.0065, 1_500),
    ],
)
def test_tiers_are_those_of_the_facts(
    symbol: str, rules: Any, notional: float, rate: float, cum: float
) -> None:
    """The figures binance-facts 3.3 quotes stand in the table."""
    tiers = of(symbol, rules).tiers
    tier = tier_of(tiers, notional)
    assert (tier.rate, tier.cum) == (rate, cum)
    assert maintenance_of(tiers, notional) == pytest.approx(notional * rate - cum)


def test_a_symbol_of_ones_own_has_one_tier() -> None:
    """Without tiers of its own a symbol has the first rate for every size."""
    filters = SymbolFilters(
        symbol="X", tick=Decimal("0.1"), price_decimals=1, step=Decimal(1), quantity_decimals=0,
        min_quantity=Decimal(1), max_market_quantity=Decimal(10), min_notional=Decimal(5), maintenance_rate=0.01,
    )  # fmt: skip
    (tier,) = filters.tiers
    assert (tier.rate, tier.max_leverage, tier.cum) == (0.01, 125, 0.0)


@pytest.mark.parametrize(("symbol", "rules"), EVERY)
def test_the_entry_of_exchange_info_is_complete(symbol: str, rules: Any) -> None:
    """Every field of binance-facts 10, texts where the venue sends texts."""
    entry = of(symbol, rules).entry()
    assert set(entry) == {
        "symbol", "pair", "contractType", "deliveryDate", "onboardDate", "status", "maintMarginPercent",
        "requiredMarginPercent", "baseAsset", "quoteAsset", "marginAsset", "pricePrecision", "quantityPrecision",
        "baseAssetPrecision", "quotePrecision", "underlyingType", "underlyingSubType", "triggerProtect",
        "liquidationFee", "marketTakeBound", "maxMoveOrderLimit", "filters", "orderTypes", "timeInForce",
        "permissionSets",
    }  # fmt: skip
    assert (entry["triggerProtect"], entry["marketTakeBound"]) == ("0.0500", "0.05")


def test_small_ticks_are_written_out() -> None:
    """A tick of a hundred millionth is plain text, without an exponent."""
    filters = replace(of("BTCUSDT"), tick=Decimal("0.00000001"))
    assert filters.entry()["filters"][0]["tickSize"] == "0.00000001"
