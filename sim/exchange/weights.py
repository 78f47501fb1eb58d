"""Hold what each route costs: request weight, order counts, and whether it is signed; one row per route.

Source "4" is binance-facts 4 (the documented weights); "page" the venue's own page of the route, which the facts do
not quote.  A route that no row knows costs 1 and is signed, as almost all are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from sim.exchange.rules.numbers import is_whole

Weigh = Callable[[dict[str, Any]], int]


class Cost(NamedTuple):
    """State what one route costs.

    ``weight`` counts against the address; ``weigh`` takes its place where a parameter decides.  ``orders_10s`` and
    ``orders_1m`` count against the account.  ``signed``: it carries a timestamp and is held to recvWindow.
    """

    weight: int
    orders_10s: int = 0
    orders_1m: int = 0
    signed: bool = True
    weigh: Weigh | None = None
    source: str = "4"


UNKNOWN_ROUTE: Final = Cost(1, source="page")


def _all_symbols(one: int, every: int) -> Weigh:
    """Return the rule of routes that cost ``every`` when no symbol narrows them."""
    return lambda params: one if params.get("symbol") else every


def _by_limit(default: int, *steps: tuple[int, int]) -> Weigh:
    """Return the rule of routes that cost by ``limit``: the weight of the first step not below it."""

    def weigh(params: dict[str, Any]) -> int:
        text = str(params.get("limit", default))
        limit = int(text) if is_whole(text) else default
        for most, weight in steps:
            if limit <= most:
                return weight
        return steps[-1][1]

    return weigh


_KLINES: Final = _by_limit(500, (99, 1), (499, 2), (1000, 5), (1500, 10))
_DEPTH: Final = _by_limit(500, (50, 2), (100, 5), (500, 10), (1000, 20))
_PUBLIC_KLINES: Final = Cost(5, signed=False, weigh=_KLINES)

COSTS: Final[dict[str, Cost]] = {
    # Orders: nothing on the address, one in each window of the account.
    "POST /fapi/v1/order": Cost(0, 1, 1),
    "PUT /fapi/v1/order": Cost(1, 1, 1, source="page"),
    "POST /fapi/v1/batchOrders": Cost(5, 5, 1),
    "PUT /fapi/v1/batchOrders": Cost(5, 5, 1, source="page"),
    "POST /fapi/v1/algoOrder": Cost(0, 1, 1),
    "POST /fapi/v1/order/test": Cost(0, source="page"),
    # Cancels.
    "DELETE /fapi/v1/order": Cost(1),
    "DELETE /fapi/v1/batchOrders": Cost(1),
    "DELETE /fapi/v1/allOpenOrders": Cost(1),
    "DELETE /fapi/v1/algoOrder": Cost(1),
    "DELETE /fapi/v1/algoOpenOrders": Cost(1),
    "POST /fapi/v1/countdownCancelAll": Cost(10),
    # Look-ups of orders.
    "GET /fapi/v1/order": Cost(1),
    "GET /fapi/v1/openOrder": Cost(1, source="page"),
    "GET /fapi/v1/algoOrder": Cost(1),
    "GET /fapi/v1/openOrders": Cost(1, weigh=_all_symbols(1, 40)),
    "GET /fapi/v1/openAlgoOrders": Cost(1, weigh=_all_symbols(1, 40)),
    "GET /fapi/v1/allOrders": Cost(5),
    "GET /fapi/v1/allAlgoOrders": Cost(5, source="page"),
    "GET /fapi/v1/userTrades": Cost(5),
    "GET /fapi/v1/orderAmendment": Cost(1, source="page"),
    "GET /fapi/v1/forceOrders": Cost(20, weigh=_all_symbols(20, 50), source="page"),
    "GET /fapi/v1/rateLimit/order": Cost(1),
    # The account.
    "GET /fapi/v2/account": Cost(5),
    "GET /fapi/v3/account": Cost(5),
    "GET /fapi/v2/balance": Cost(5, source="page"),
    "GET /fapi/v3/balance": Cost(5, source="page"),
    "GET /fapi/v2/positionRisk": Cost(5),
    "GET /fapi/v3/positionRisk": Cost(5),
    "GET /fapi/v1/income": Cost(30, source="page"),
    "GET /fapi/v1/commissionRate": Cost(20, source="page"),
    "GET /fapi/v1/leverageBracket": Cost(1, source="page"),
    "GET /fapi/v1/adlQuantile": Cost(5, source="page"),
    "GET /fapi/v1/symbolConfig": Cost(5, source="page"),
    "GET /fapi/v1/accountConfig": Cost(5, source="page"),
    "POST /fapi/v1/leverage": Cost(1),
    "POST /fapi/v1/marginType": Cost(1, source="page"),
    "POST /fapi/v1/positionMargin": Cost(1, source="page"),
    "GET /fapi/v1/positionMargin/history": Cost(1, source="page"),
    "POST /fapi/v1/positionSide/dual": Cost(1, source="page"),
    "GET /fapi/v1/positionSide/dual": Cost(30, source="page"),
    "POST /fapi/v1/multiAssetsMargin": Cost(1, source="page"),
    "GET /fapi/v1/multiAssetsMargin": Cost(30, source="page"),
    # The user stream: an API key and no signature.
    "POST /fapi/v1/listenKey": Cost(1, signed=False, source="page"),
    "PUT /fapi/v1/listenKey": Cost(1, signed=False, source="page"),
    "DELETE /fapi/v1/listenKey": Cost(1, signed=False, source="page"),
    # Market data.
    "GET /fapi/v1/ping": Cost(1, signed=False, source="page"),
    "GET /fapi/v1/time": Cost(1, signed=False, source="page"),
    "GET /fapi/v1/exchangeInfo": Cost(1, signed=False),
    "GET /fapi/v1/depth": Cost(10, signed=False, weigh=_DEPTH, source="page"),
    "GET /fapi/v1/trades": Cost(5, signed=False, source="page"),
    "GET /fapi/v1/historicalTrades": Cost(20, signed=False, source="page"),
    "GET /fapi/v1/aggTrades": Cost(20, signed=False, source="page"),
    "GET /fapi/v1/klines": _PUBLIC_KLINES,
    "GET /fapi/v1/continuousKlines": _PUBLIC_KLINES,
    "GET /fapi/v1/indexPriceKlines": _PUBLIC_KLINES,
    "GET /fapi/v1/markPriceKlines": _PUBLIC_KLINES,
    "GET /fapi/v1/premiumIndexKlines": _PUBLIC_KLINES,
    "GET /fapi/v1/premiumIndex": Cost(1, signed=False, weigh=_all_symbols(1, 10)),
    "GET /fapi/v1/fundingRate": Cost(1, signed=False, source="page"),
    "GET /fapi/v1/fundingInfo": Cost(1, signed=False, source="page"),
    "GET /fapi/v1/openInterest": Cost(1, signed=False, source="page"),
    "GET /fapi/v1/ticker/24hr": Cost(1, signed=False, weigh=_all_symbols(1, 40), source="page"),
    "GET /fapi/v1/ticker/price": Cost(1, signed=False, weigh=_all_symbols(1, 2)),
    "GET /fapi/v2/ticker/price": Cost(1, signed=False, weigh=_all_symbols(1, 2)),
    "GET /fapi/v1/ticker/bookTicker": Cost(2, signed=False, weigh=_all_symbols(2, 5)),
}
"""Costs by call, ``"METHOD /path"``; ``weight`` is that of a call for one symbol with the default limit."""

CONDITIONAL_ORDER: Final = "POST /fapi/v1/algoOrder"
"""Its order counts exist since 2026-06-20 only (binance-facts 4)."""


def weight_of(method: str, path: str, params: dict[str, Any]) -> int:
    """Return the request weight of one call with these parameters."""
    cost = COSTS.get(f"{method} {path}", UNKNOWN_ROUTE)
    return cost.weight if cost.weigh is None else cost.weigh(params)


def orders_of(method: str, path: str) -> tuple[int, int]:
    """Return what one call adds to the account's order counts of 10 s and of 1 minute."""
    cost = COSTS.get(f"{method} {path}", UNKNOWN_ROUTE)
    return cost.orders_10s, cost.orders_1m
