"""Name the calls of python-binance that go to one endpoint as they are, with its versions of 1.0.37.

Whatever such a call is given becomes the request's parameters; None is not sent.  ``version`` overrides the path's, as
in the library.  Calls whose endpoints this exchange model leaves out are here too: the venue refuses them by name.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import lru_cache
from typing import Any, Protocol


class _Sends(Protocol):
    async def _send(self, method: str, path: str, params: dict[str, Any]) -> Any: ...


@lru_cache(maxsize=256)
def futures_path(name: str, version: object) -> str:
    """Return the path of an endpoint of the futures venue."""
    return f"/fapi/v{version}/{name}"


def _call(method: str, name: str, version: int = 1) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def call(self: _Sends, **params: Any) -> Any:
        path = futures_path(name, params.pop("version", version) if "version" in params else version)
        return await self._send(method, path, params)

    call.__doc__ = f"Send {method} {name} and return its answer."
    return call


class PlainCalls:
    """Hold the calls; whoever derives from it sends."""

    # Market data.
    futures_ping = _call("GET", "ping")
    futures_time = _call("GET", "time")
    futures_exchange_info = _call("GET", "exchangeInfo")
    futures_symbol_ticker = _call("GET", "ticker/price", 2)
    futures_orderbook_ticker = _call("GET", "ticker/bookTicker")
    futures_mark_price = _call("GET", "premiumIndex")
    futures_klines = _call("GET", "klines")
    futures_ticker = _call("GET", "ticker/24hr")
    futures_order_book = _call("GET", "depth")
    futures_rpi_depth = _call("GET", "rpiDepth")
    futures_recent_trades = _call("GET", "trades")
    futures_historical_trades = _call("GET", "historicalTrades")
    futures_aggregate_trades = _call("GET", "aggTrades")
    futures_continuous_klines = _call("GET", "continuousKlines")
    futures_mark_price_klines = _call("GET", "markPriceKlines")
    futures_index_price_klines = _call("GET", "indexPriceKlines")
    futures_premium_index_klines = _call("GET", "premiumIndexKlines")
    futures_funding_rate = _call("GET", "fundingRate")
    futures_v1_get_funding_info = _call("GET", "fundingInfo")
    futures_open_interest = _call("GET", "openInterest")
    futures_index_info = _call("GET", "indexInfo")
    futures_index_price_constituents = _call("GET", "constituents")
    futures_v1_get_asset_index = _call("GET", "assetIndex")

    # Orders.
    futures_modify_order = _call("PUT", "order")
    futures_create_test_order = _call("POST", "order/test")
    futures_v1_get_open_order = _call("GET", "openOrder")
    futures_v1_get_order_amendment = _call("GET", "orderAmendment")
    futures_countdown_cancel_all = _call("POST", "countdownCancelAll")
    futures_cancel_algo_order = _call("DELETE", "algoOrder")
    futures_cancel_all_algo_open_orders = _call("DELETE", "algoOpenOrders")
    futures_get_algo_order = _call("GET", "algoOrder")
    futures_get_open_algo_orders = _call("GET", "openAlgoOrders")
    futures_get_all_algo_orders = _call("GET", "allAlgoOrders")
    futures_account_trades = _call("GET", "userTrades")
    futures_income_history = _call("GET", "income")
    futures_liquidation_orders = _call("GET", "forceOrders")

    # The account.
    futures_account_balance = _call("GET", "balance", 3)
    futures_account = _call("GET", "account", 2)
    futures_position_information = _call("GET", "positionRisk", 3)
    futures_account_config = _call("GET", "accountConfig")
    futures_symbol_config = _call("GET", "symbolConfig")
    futures_commission_rate = _call("GET", "commissionRate")
    futures_v1_get_rate_limit_order = _call("GET", "rateLimit/order")
    futures_leverage_bracket = _call("GET", "leverageBracket")
    futures_change_leverage = _call("POST", "leverage")
    futures_change_margin_type = _call("POST", "marginType")
    futures_change_position_margin = _call("POST", "positionMargin")
    futures_position_margin_history = _call("GET", "positionMargin/history")
    futures_change_position_mode = _call("POST", "positionSide/dual")
    futures_get_position_mode = _call("GET", "positionSide/dual")
    futures_adl_quantile_estimate = _call("GET", "adlQuantile")
    futures_symbol_adl_risk = _call("GET", "symbolAdlRisk")
    futures_api_trading_status = _call("GET", "apiTradingStatus")
    futures_v1_get_pm_account_info = _call("GET", "pmAccountInfo")
    futures_v1_get_fee_burn = _call("GET", "feeBurn")
    futures_v1_post_fee_burn = _call("POST", "feeBurn")
