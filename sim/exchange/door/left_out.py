"""Name what this exchange model leaves out, so that nobody mistakes a gap for an answer."""

from __future__ import annotations

from typing import Any, Final

from sim.exchange.rules.texts import outside

LEFT_OUT: Final[dict[tuple[str, str], str]] = {
    ("PUT", "/fapi/v1/order"): "amending orders",
    ("PUT", "/fapi/v1/batchOrders"): "amending orders",
    ("GET", "/fapi/v1/orderAmendment"): "amending orders",
    ("POST", "/fapi/v1/countdownCancelAll"): "the countdown that cancels all orders",
    ("POST", "/fapi/v1/order/test"): "test orders",
    ("GET", "/fapi/v1/multiAssetsMargin"): "multi-assets margin",
    ("POST", "/fapi/v1/multiAssetsMargin"): "multi-assets margin",
    ("POST", "/fapi/v1/positionMargin"): "moving margin of a position",
    ("GET", "/fapi/v1/positionMargin/history"): "moving margin of a position",
    ("GET", "/fapi/v1/pmAccountInfo"): "portfolio margin",
    ("GET", "/fapi/v1/adlQuantile"): "auto-deleveraging",
    ("GET", "/fapi/v1/symbolAdlRisk"): "auto-deleveraging",
    ("GET", "/fapi/v1/forceOrders"): "the list of forced orders",
    ("GET", "/fapi/v1/apiTradingStatus"): "trading indicators",
    ("GET", "/fapi/v1/feeBurn"): "paying fees in BNB",
    ("POST", "/fapi/v1/feeBurn"): "paying fees in BNB",
    ("GET", "/fapi/v1/fundingRate"): "funding",
    ("GET", "/fapi/v1/fundingInfo"): "funding",
    ("GET", "/fapi/v1/depth"): "the order book beyond its touch",
    ("GET", "/fapi/v1/rpiDepth"): "the order book beyond its touch",
    ("GET", "/fapi/v1/trades"): "sizes of other people's trades",
    ("GET", "/fapi/v1/historicalTrades"): "sizes of other people's trades",
    ("GET", "/fapi/v1/aggTrades"): "sizes of other people's trades",
    ("GET", "/fapi/v1/ticker/24hr"): "statistics of a day",
    ("GET", "/fapi/v1/continuousKlines"): "klines other than those of last",
    ("GET", "/fapi/v1/markPriceKlines"): "klines other than those of last",
    ("GET", "/fapi/v1/indexPriceKlines"): "klines other than those of last",
    ("GET", "/fapi/v1/premiumIndexKlines"): "klines other than those of last",
    ("GET", "/fapi/v1/openInterest"): "open interest",
    ("GET", "/fapi/v1/indexInfo"): "the index",
    ("GET", "/fapi/v1/constituents"): "the index",
    ("GET", "/fapi/v1/assetIndex"): "the index",
    ("GET", "/fapi/v1/order/asyn"): "downloads of history",
    ("GET", "/fapi/v1/order/asyn/id"): "downloads of history",
    ("GET", "/fapi/v1/trade/asyn"): "downloads of history",
    ("GET", "/fapi/v1/trade/asyn/id"): "downloads of history",
    ("GET", "/fapi/v1/income/asyn"): "downloads of history",
    ("GET", "/fapi/v1/income/asyn/id"): "downloads of history",
}
"""What the venue offers and this model does not, by (method, path)."""


def refuse_by_name(method: str, path: str) -> dict[str, Any]:
    """Return the body of a 404 for what the venue does not know either; Refusal -1020 for what is left out."""
    what = LEFT_OUT.get((method, path))
    if what is not None:
        raise outside(f"{method} {path} ({what}) is")
    return {"code": -5000, "msg": f"Path {path}, Method {method} is invalid"}
