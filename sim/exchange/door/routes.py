"""Hold the table of routes: (method, path) to the function that answers.

A function takes the door and the request and returns the body and the number of the order it created or changed
(-1: none); it raises :class:`Refusal` for the venue's errors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from sim.exchange.door import account, algo, batch, history, klines, listen_keys, market, orders, settings
from sim.exchange.filters import RulesVersion
from sim.exchange.request import Request

if TYPE_CHECKING:
    from sim.exchange.door.door import Door

Route = Callable[["Door", Request], tuple[Any, int]]

_ORDERS: Final[dict[tuple[str, str], Route]] = {
    ("POST", "/fapi/v1/order"): orders.post_order,
    ("GET", "/fapi/v1/order"): orders.get_order,
    ("DELETE", "/fapi/v1/order"): orders.delete_order,
    ("POST", "/fapi/v1/batchOrders"): batch.post_batch,
    ("DELETE", "/fapi/v1/batchOrders"): batch.delete_batch,
    ("DELETE", "/fapi/v1/allOpenOrders"): orders.delete_all,
    ("GET", "/fapi/v1/openOrder"): orders.get_open_order,
    ("GET", "/fapi/v1/openOrders"): orders.get_open_orders,
    ("GET", "/fapi/v1/allOrders"): history.get_all_orders,
    ("GET", "/fapi/v1/userTrades"): history.get_user_trades,
    ("GET", "/fapi/v1/income"): history.get_income,
}
_ALGO: Final[dict[tuple[str, str], Route]] = {
    ("POST", "/fapi/v1/algoOrder"): algo.post_order,
    ("GET", "/fapi/v1/algoOrder"): algo.get_order,
    ("DELETE", "/fapi/v1/algoOrder"): algo.delete_order,
    ("GET", "/fapi/v1/openAlgoOrders"): algo.get_open_orders,
    ("GET", "/fapi/v1/allAlgoOrders"): history.get_all_algo_orders,
    ("DELETE", "/fapi/v1/algoOpenOrders"): algo.delete_all,
}
_ACCOUNT: Final[dict[tuple[str, str], Route]] = {
    ("GET", "/fapi/v2/balance"): account.get_balance,
    ("GET", "/fapi/v3/balance"): account.get_balance,
    ("GET", "/fapi/v2/account"): account.get_account_v2,
    ("GET", "/fapi/v3/account"): account.get_account_v3,
    ("GET", "/fapi/v2/positionRisk"): account.get_position_risk_v2,
    ("GET", "/fapi/v3/positionRisk"): account.get_position_risk_v3,
    ("GET", "/fapi/v1/accountConfig"): settings.get_account_config,
    ("GET", "/fapi/v1/symbolConfig"): settings.get_symbol_config,
    ("GET", "/fapi/v1/commissionRate"): settings.get_commission_rate,
    ("GET", "/fapi/v1/rateLimit/order"): settings.get_order_limits,
    ("GET", "/fapi/v1/leverageBracket"): settings.get_leverage_brackets,
    ("POST", "/fapi/v1/leverage"): settings.post_leverage,
    ("POST", "/fapi/v1/marginType"): settings.post_margin_type,
    ("GET", "/fapi/v1/positionSide/dual"): settings.get_position_mode,
    ("POST", "/fapi/v1/positionSide/dual"): settings.post_position_mode,
    ("POST", "/fapi/v1/listenKey"): listen_keys.post_listen_key,
    ("PUT", "/fapi/v1/listenKey"): listen_keys.put_listen_key,
    ("DELETE", "/fapi/v1/listenKey"): listen_keys.delete_listen_key,
}
_MARKET: Final[dict[tuple[str, str], Route]] = {
    ("GET", "/fapi/v1/ping"): market.get_ping,
    ("GET", "/fapi/v1/time"): market.get_time,
    ("GET", "/fapi/v1/exchangeInfo"): market.get_exchange_info,
    ("GET", "/fapi/v1/ticker/price"): market.get_price,
    ("GET", "/fapi/v2/ticker/price"): market.get_price,
    ("GET", "/fapi/v1/ticker/bookTicker"): market.get_book_ticker,
    ("GET", "/fapi/v1/premiumIndex"): market.get_premium_index,
    ("GET", "/fapi/v1/klines"): klines.get_klines,
}

ROUTES: Final[dict[tuple[str, str], Route]] = {**_ORDERS, **_ALGO, **_ACCOUNT, **_MARKET}
"""Every route that is answered under the newest rules."""


def routes_under(rules: RulesVersion) -> dict[tuple[str, str], Route]:
    """Return the routes of a rules version: there was no algo service before 2025-12-09 (binance-facts 5)."""
    if rules == "2025-12-09":
        return ROUTES
    return {place: route for place, route in ROUTES.items() if place not in _ALGO}
