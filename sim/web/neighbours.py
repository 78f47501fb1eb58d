"""Answer what libraries ask of the exchange's other houses while they start.

python-binance's ``create()`` pings the spot house and measures the clock there; ccxt's ``load_markets`` asks the
wallet for currencies as soon as it has a key.  Both reach the futures house here, because the socket ignores hosts.
Clock and ping are the same everywhere; the wallet knows no currencies, which ccxt then takes from the markets.
"""

from __future__ import annotations

from typing import Final

SAME_HERE: Final = {"/api/v3/ping": "/fapi/v1/ping", "/api/v3/time": "/fapi/v1/time"}
"""Paths of the spot house, and those of the futures house that answer alike."""

EMPTY_LISTS: Final = frozenset(
    {("GET", "/sapi/v1/capital/config/getall"), ("GET", "/sapi/v1/margin/allPairs")}
)
"""Calls whose true answer is a list of things that do not exist here."""
