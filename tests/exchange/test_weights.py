"""What each route costs: the rows of binance-facts 4, and the routes whose parameters decide."""

from __future__ import annotations

from typing import Any

import pytest

from sim.exchange.door import ROUTES
from sim.exchange.weights import COSTS, orders_of, weight_of

ONE = {"symbol": "BTCUSDT"}

FACTS = [
    # method, path, params, weight, orders in 10 s, orders in 1 min: binance-facts 4, "Weights".
    ("POST", "/fapi/v1/order", ONE, 0, 1, 1),
    ("POST", "/fapi/v1/batchOrders", {}, 5, 5, 1),
    ("POST", "/fapi/v1/algoOrder", ONE, 0, 1, 1),
    ("DELETE", "/fapi/v1/order", ONE, 1, 0, 0),
    ("DELETE", "/fapi/v1/batchOrders", ONE, 1, 0, 0),
    ("DELETE", "/fapi/v1/allOpenOrders", ONE, 1, 0, 0),
    ("DELETE", "/fapi/v1/algoOrder", {}, 1, 0, 0),
    ("DELETE", "/fapi/v1/algoOpenOrders", ONE, 1, 0, 0),
    ("GET", "/fapi/v1/order", ONE, 1, 0, 0),
    ("GET", "/fapi/v1/algoOrder", {}, 1, 0, 0),
    ("GET", "/fapi/v1/openOrders", ONE, 1, 0, 0),
    ("GET", "/fapi/v1/openOrders", {}, 40, 0, 0),
    ("GET", "/fapi/v1/openAlgoOrders", ONE, 1, 0, 0),
    ("GET", "/fapi/v1/openAlgoOrders", {}, 40, 0, 0),
    ("GET", "/fapi/v1/allOrders", ONE, 5, 0, 0),
    ("GET", "/fapi/v2/positionRisk", {}, 5, 0, 0),
    ("GET", "/fapi/v3/positionRisk", ONE, 5, 0, 0),
    ("GET", "/fapi/v2/account", {}, 5, 0, 0),
    ("GET", "/fapi/v3/account", {}, 5, 0, 0),
    ("GET", "/fapi/v1/userTrades", ONE, 5, 0, 0),
    ("GET", "/fapi/v1/exchangeInfo", {}, 1, 0, 0),
    ("GET", "/fapi/v1/premiumIndex", ONE, 1, 0, 0),
    ("GET", "/fapi/v1/premiumIndex", {}, 10, 0, 0),
    ("GET", "/fapi/v1/ticker/price", ONE, 1, 0, 0),
    ("GET", "/fapi/v1/ticker/price", {}, 2, 0, 0),
    ("GET", "/fapi/v1/ticker/bookTicker", ONE, 2, 0, 0),
    ("GET", "/fapi/v1/ticker/bookTicker", {}, 5, 0, 0),
    ("GET", "/fapi/v1/klines", {**ONE, "limit": 99}, 1, 0, 0),
    ("GET", "/fapi/v1/klines", {**ONE, "limit": "100"}, 2, 0, 0),
    ("GET", "/fapi/v1/klines", {**ONE, "limit": "499"}, 2, 0, 0),
    ("GET", "/fapi/v1/klines", {**ONE, "limit": 500}, 5, 0, 0),
    ("GET", "/fapi/v1/klines", ONE, 5, 0, 0),
    ("GET", "/fapi/v1/klines", {**ONE, "limit": 1000}, 5, 0, 0),
    ("GET", "/fapi/v1/klines", {**ONE, "limit": 1500}, 10, 0, 0),
    ("GET", "/fapi/v1/klines", {**ONE, "limit": "many"}, 5, 0, 0),
    ("POST", "/fapi/v1/leverage", ONE, 1, 0, 0),
    ("POST", "/fapi/v1/countdownCancelAll", ONE, 10, 0, 0),
    ("GET", "/fapi/v1/rateLimit/order", {}, 1, 0, 0),
]


@pytest.mark.parametrize(("method", "path", "params", "weight", "ten", "one"), FACTS)
def test_a_route_costs_what_the_facts_say(
    method: str, path: str, params: dict[str, Any], weight: int, ten: int, one: int
) -> None:
    """binance-facts 4: weight on the address, one or five orders on the account."""
    assert weight_of(method, path, params) == weight
    assert orders_of(method, path) == (ten, one)


def test_a_row_names_facts_only_where_they_speak() -> None:
    """Every row that cites the facts stands in the table above."""
    told = {f"{method} {path}" for method, path, *_ in FACTS}
    alike = {"GET /fapi/v2/ticker/price", *(call for call in COSTS if "Klines" in call)}
    assert {call for call, cost in COSTS.items() if cost.source == "4"} - alike == told


def test_every_route_of_the_door_has_a_row() -> None:
    """Nothing that is answered is charged by guess."""
    assert {f"{method} {path}" for method, path in ROUTES} <= set(COSTS)


def test_a_route_nobody_knows_costs_one() -> None:
    """A path that does not exist is a request all the same."""
    assert weight_of("GET", "/fapi/v1/nothing", {}) == 1
    assert orders_of("GET", "/fapi/v1/nothing") == (0, 0)


def test_a_weight_by_parameter_never_falls_below_that_of_the_plain_call() -> None:
    """The row's own weight is that of one symbol and the default limit."""
    for call, cost in COSTS.items():
        if cost.weigh is not None:
            assert cost.weigh(ONE) == cost.weight, call
