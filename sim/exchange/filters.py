"""Hold symbols' filters as data, per rule version (binance-facts 3.2; rows and sources: ``filter_rows.py``).

Prices and quantities are decimals, as the venue computes them (binance-facts 3.1: "compute with decimals").
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, Literal

from sim.exchange.filter_rows import FilterRow, filter_rows
from sim.exchange.tier_rows import known_tiers
from sim.exchange.tiers import Tiers, one_tier

RulesVersion = Literal["2025-01", "2025-12-09"]
RULES: Final[tuple[RulesVersion, ...]] = ("2025-01", "2025-12-09")

_UNBOUNDED: Final = Decimal(10**15)


@dataclass(frozen=True, kw_only=True)
class SymbolFilters:
    """State one symbol's trading rules; ``min_notional`` is in quote currency.

    ``min_price`` and ``max_price`` 0: not limited, as the venue writes it (binance-facts 3.1).  Shares of price or
    notional: ``maintenance_rate`` (first tier), ``percent_price``, ``trigger_protect``, ``market_take_bound`` and
    ``liquidation_fee``.  Fees are the account's, not the symbol's (:class:`sim.exchange.matching.FillSpec`).
    """

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
    min_price: Decimal = Decimal(0)
    max_price: Decimal = Decimal(0)
    max_quantity: Decimal = _UNBOUNDED
    """The most a limit order may ask for (LOT_SIZE); ``max_market_quantity`` is MARKET_LOT_SIZE's."""
    trigger_protect: float = 0.05
    """How far last and mark may lie apart, as a share, for a protected order to fire (binance-facts 2.2)."""
    market_take_bound: float = 0.05
    liquidation_fee: float = 0.0125
    max_open_orders: int = 200
    """MAX_NUM_ORDERS, per account and symbol (binance-facts 3.1)."""
    own_tiers: Tiers = ()
    """Maintenance tiers, the smallest first; none: one tier of ``maintenance_rate`` and ``max_leverage``."""

    @cached_property
    def tick_size(self) -> float:
        """Return the tick as a float, for arithmetic on simulated prices."""
        return float(self.tick)

    @cached_property
    def least_notional(self) -> float:
        """Return the minimum notional as a float."""
        return float(self.min_notional)

    @cached_property
    def multiplier_up(self) -> Decimal:
        """Return PERCENT_PRICE's upper multiplier of mark, four decimals as the venue states it."""
        return Decimal(f"{1 + self.percent_price:.4f}")

    @cached_property
    def multiplier_down(self) -> Decimal:
        """Return PERCENT_PRICE's lower multiplier of mark."""
        return Decimal(f"{1 - self.percent_price:.4f}")

    @cached_property
    def tiers(self) -> Tiers:
        """Return the maintenance tiers, the smallest first, at least one."""
        return self.own_tiers or one_tier(self.maintenance_rate, self.max_leverage)

    def entry(self) -> dict[str, Any]:
        """Return the symbol's object of ``exchangeInfo`` (shape: binance-facts 10).

        The two margin percentages, the dates and the underlying's kind are what every row is remembered to show;
        the venue itself asks to ignore the percentages.
        """
        return {
            "symbol": self.symbol,
            "pair": self.symbol,
            "contractType": "PERPETUAL",
            "deliveryDate": 4133404800000,
            "onboardDate": 1569398400000,
            "status": "TRADING",
            "maintMarginPercent": "2.5000",
            "requiredMarginPercent": "5.0000",
            "baseAsset": self.symbol.removesuffix("USDT"),
            "quoteAsset": "USDT",
            "marginAsset": "USDT",
            "pricePrecision": self.price_decimals,
            "quantityPrecision": self.quantity_decimals,
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "underlyingType": "COIN",
            "underlyingSubType": [],
            "triggerProtect": f"{self.trigger_protect:.4f}",
            "liquidationFee": f"{self.liquidation_fee:.6f}",
            "marketTakeBound": f"{self.market_take_bound:.2f}",
            "maxMoveOrderLimit": 10000,
            "filters": self._filter_entries(),
            "orderTypes": list(_ORDER_TYPES),
            "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
            "permissionSets": ["GRID", "COPY"],
        }

    def _filter_entries(self) -> list[dict[str, Any]]:
        lot = {"minQty": _plain(self.min_quantity), "stepSize": _plain(self.step)}
        return [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": _plain(self.min_price),
                "maxPrice": _plain(self.max_price),
                "tickSize": _plain(self.tick),
            },
            {"filterType": "LOT_SIZE", **lot, "maxQty": _plain(self.max_quantity)},
            {"filterType": "MARKET_LOT_SIZE", **lot, "maxQty": _plain(self.max_market_quantity)},
            {"filterType": "MAX_NUM_ORDERS", "limit": self.max_open_orders},
            {"filterType": "MIN_NOTIONAL", "notional": _plain(self.min_notional)},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": _plain(self.multiplier_up),
                "multiplierDown": _plain(self.multiplier_down),
                "multiplierDecimal": "4",
            },
            {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
        ]


def _plain(value: Decimal) -> str:
    return f"{value:f}"  # str() would write a tick of 0.0000001 with an exponent


_ORDER_TYPES: Final = (
    "LIMIT",
    "MARKET",
    "STOP",
    "STOP_MARKET",
    "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
)


def filters_of(symbol: str, rules: RulesVersion) -> SymbolFilters | None:
    """Return the filters of ``symbol`` under ``rules``, or None when the table has no row for it."""
    return _TABLE[rules].get(symbol)


def known_symbols(rules: RulesVersion) -> list[str]:
    """List the symbols with filters under ``rules``."""
    return sorted(_TABLE[rules])


def _filters(row: FilterRow, rules: RulesVersion) -> SymbolFilters:
    tiers = known_tiers(row.symbol, rules)
    return SymbolFilters(
        symbol=row.symbol,
        tick=Decimal(row.tick),
        price_decimals=row.price_decimals,
        min_price=Decimal(row.min_price),
        max_price=Decimal(row.max_price),
        step=Decimal(row.step),
        quantity_decimals=row.quantity_decimals,
        min_quantity=Decimal(row.step),
        max_quantity=Decimal(row.max_quantity),
        max_market_quantity=Decimal(row.max_market_quantity),
        min_notional=Decimal(row.min_notional),
        liquidation_fee=row.liquidation_fee,
        max_leverage=tiers[0].max_leverage,
        maintenance_rate=tiers[0].rate,
        own_tiers=tiers,
    )


_TABLE: Final[dict[RulesVersion, dict[str, SymbolFilters]]] = {
    rules: {row.symbol: _filters(row, rules) for row in filter_rows(rules)} for rules in RULES
}
