"""Hold symbols' price and quantity rules as rows of text, as the venue writes them, per rule version.

Where each column comes from:

- BTCUSDT, ETHUSDT, SOLUSDT: binance-facts 3.2 (live exchangeInfo of 2024 and 2026, snapshot of 2023), confirmed by
  the decimals of klines: SOL's prices had three decimals and whole quantities in 2025-01, two and two in 2025-05.
  ETH's and SOL's lowest and highest price are assumed.
- AVAXUSDT, NEARUSDT, APEUSDT: tick, step and decimals measured on klines and trades of 2025-02, 2025-02 and
  2024-10; the rest is assumed.
- BNBUSDT, XRPUSDT, DOGEUSDT, ADAUSDT, LINKUSDT, LTCUSDT, BCHUSDT: assumed, as exchangeInfo is remembered to have
  shown them.  A scenario that depends on one states its own ([market.filters.SYMBOL]).
- Lowest notional: 5 is what 561 of 897 symbols had (binance-facts 3.2); 20 of LINK, LTC and BCH is assumed.
- Liquidation fee: 0.0125 for BTC, 0.015 for SOL (binance-facts 3.2), ETH as BTC, the others as SOL: assumed.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class FilterRow(NamedTuple):
    """State one symbol's rules; prices in quote currency, quantities in base currency."""

    symbol: str
    tick: str
    price_decimals: int
    min_price: str
    max_price: str
    step: str
    quantity_decimals: int
    max_quantity: str
    max_market_quantity: str
    min_notional: str
    liquidation_fee: float


_ROWS: Final = (
    FilterRow("BTCUSDT", "0.10", 2, "556.80", "4529764", "0.001", 3, "1000", "120", "100", 0.0125),
    FilterRow("ETHUSDT", "0.01", 2, "39.86", "306177", "0.001", 3, "10000", "2000", "20", 0.0125),
    FilterRow("SOLUSDT", "0.0010", 4, "0.4200", "6857", "1", 0, "1000000", "5000", "5", 0.015),
    FilterRow("BNBUSDT", "0.010", 3, "6.600", "100000", "0.01", 2, "100000", "2000", "5", 0.015),
    FilterRow("XRPUSDT", "0.0001", 4, "0.0143", "100000", "0.1", 1, "10000000", "2000000", "5", 0.015),
    FilterRow("DOGEUSDT", "0.000010", 6, "0.002440", "30", "1", 0, "50000000", "30000000", "5", 0.015),
    FilterRow("ADAUSDT", "0.00010", 5, "0.01740", "200", "1", 0, "2000000", "300000", "5", 0.015),
    FilterRow("AVAXUSDT", "0.0010", 4, "0.0010", "100000", "1", 0, "1000000", "20000", "5", 0.015),
    FilterRow("LINKUSDT", "0.001", 3, "0.477", "100000", "0.01", 2, "200000", "20000", "20", 0.015),
    FilterRow("LTCUSDT", "0.01", 2, "3.61", "100000", "0.001", 3, "10000", "5000", "20", 0.015),
    FilterRow("NEARUSDT", "0.0010", 4, "0.0010", "100000", "1", 0, "1000000", "150000", "5", 0.015),
    FilterRow("APEUSDT", "0.0001", 4, "0.0001", "100000", "1", 0, "1000000", "150000", "5", 0.015),
    FilterRow("BCHUSDT", "0.01", 2, "13.93", "100000", "0.001", 3, "10000", "850", "20", 0.015),
)

# What had changed by the newer version (binance-facts 3.2).
_LATER: Final = (
    _ROWS[0]._replace(min_notional="50"),
    _ROWS[2]._replace(tick="0.0100", step="0.01", quantity_decimals=2),
)


def filter_rows(rules: str) -> list[FilterRow]:
    """Return the rows that hold under ``rules``."""
    later = {row.symbol: row for row in _LATER} if rules == "2025-12-09" else {}
    return [later.get(row.symbol, row) for row in _ROWS]
