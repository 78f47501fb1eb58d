"""Hold symbols' filters as data, per rule version (binance-facts 3.2; live exchangeInfo 2024 and 2026).

Prices and quantities are decimals, as the venue computes them (binance-facts 3.1: "compute with decimals").
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, Literal

RulesVersion = Literal["2025-01", "2025-12-09"]
RULES: Final[tuple[RulesVersion, ...]] = ("2025-01", "2025-12-09")


@dataclass(frozen=True, kw_only=True)
class SymbolFilters:
    """State one symbol's trading rules; ``min_notional`` is in quote currency."""

    symbol: str
    tick: Decimal
    price_decimals: int
    step: Decimal
    quantity_decimals: int
    min_quantity: Decimal
    max_market_quantity: Decimal
    min_notional: Decimal
    max_leverage: int = 125
    maintenance_rate: float = 0.004
    percent_price: float = 0.05
    """How far from mark, as a share of it, a price may lie: PERCENT_PRICE 1.05 / 0.95 (binance-facts 3.2)."""

    @cached_property
    def tick_size(self) -> float:
        """Return the tick as a float, for arithmetic on simulated prices."""
        return float(self.tick)

    @cached_property
    def least_notional(self) -> float:
        """Return the minimum notional as a float."""
        return float(self.min_notional)

    def entry(self) -> dict[str, Any]:
        """Return the symbol's object of ``exchangeInfo`` (shape: binance-facts 10)."""
        return {
            "symbol": self.symbol,
            "pair": self.symbol,
            "contractType": "PERPETUAL",
            "status": "TRADING",
            "baseAsset": self.symbol.removesuffix("USDT"),
            "quoteAsset": "USDT",
            "marginAsset": "USDT",
            "pricePrecision": self.price_decimals,
            "quantityPrecision": self.quantity_decimals,
            "triggerProtect": "0.0500",
            "marketTakeBound": "0.05",
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": str(self.tick),
                    "maxPrice": "4529764",
                    "tickSize": str(self.tick),
                },
                {
                    "filterType": "LOT_SIZE",
                    "minQty": str(self.min_quantity),
                    "maxQty": "1000",
                    "stepSize": str(self.step),
                },
                {
                    "filterType": "MARKET_LOT_SIZE",
                    "minQty": str(self.min_quantity),
                    "maxQty": str(self.max_market_quantity),
                    "stepSize": str(self.step),
                },
                {"filterType": "MAX_NUM_ORDERS", "limit": 200},
                {"filterType": "MIN_NOTIONAL", "notional": str(self.min_notional)},
                {
                    "filterType": "PERCENT_PRICE",
                    "multiplierUp": f"{1 + self.percent_price:.4f}",
                    "multiplierDown": f"{1 - self.percent_price:.4f}",
                    "multiplierDecimal": "4",
                },
            ],
            "orderTypes": [
                "LIMIT",
                "MARKET",
                "STOP",
                "STOP_MARKET",
                "TAKE_PROFIT",
                "TAKE_PROFIT_MARKET",
                "TRAILING_STOP_MARKET",
            ],
            "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
        }


def _row(
    symbol: str,
    tick: str,
    price_decimals: int,
    step: str,
    quantity_decimals: int,
    max_market: str,
    notional: str,
) -> SymbolFilters:
    return SymbolFilters(
        symbol=symbol,
        tick=Decimal(tick),
        price_decimals=price_decimals,
        step=Decimal(step),
        quantity_decimals=quantity_decimals,
        min_quantity=Decimal(step),
        max_market_quantity=Decimal(max_market),
        min_notional=Decimal(notional),
    )


_BTC = {"2025-01": "100", "2025-12-09": "50"}


def filters_of(symbol: str, rules: RulesVersion) -> SymbolFilters | None:
    """Return the filters of ``symbol`` under ``rules``, or None when the table has no row for it."""
    return _TABLE[rules].get(symbol)


def known_symbols(rules: RulesVersion) -> list[str]:
    """List the symbols with filters under ``rules``."""
    return sorted(_TABLE[rules])


def _rows(rules: RulesVersion) -> dict[str, SymbolFilters]:
    rows = (
        _row("BTCUSDT", "0.10", 2, "0.001", 3, "120", _BTC[rules]),
        _row("ETHUSDT", "0.01", 2, "0.001", 3, "2000", "20"),
        _row(
            "SOLUSDT",
            "0.0010" if rules == "2025-01" else "0.0100",
            4,
            "1" if rules == "2025-01" else "0.01",
            2,
            "5000",
            "5",
        ),
    )
    return {row.symbol: row for row in rows}


_TABLE: Final[dict[RulesVersion, dict[str, SymbolFilters]]] = {rules: _rows(rules) for rules in RULES}
