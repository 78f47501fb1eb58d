"""The simulated client sends what the installed python-binance would send, call by call."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import MethodType
from typing import Any
from urllib.parse import unquote_plus

import pytest

from sim.clock import run_virtual
from sim.exchange.client import SimulatedClient
from sim.exchange.client_calls import PlainCalls

STOP = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "STOP_MARKET",
    "stopPrice": "49000",
    "closePosition": "true",
}
MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": 0.01}
LIMIT = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "price": 1.5,
    "quantity": 1,
    "timeInForce": "GTC",
}
ONE = {"symbol": "BTCUSDT"}

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("futures_create_order", MARKET),
    ("futures_create_order", {**MARKET, "newClientOrderId": "mine", "price": None}),
    ("futures_create_order", LIMIT),
    ("futures_create_order", STOP),
    ("futures_create_order", {**STOP, "type": "stop_market"}),
    ("futures_create_order", {**STOP, "newClientOrderId": "mine"}),
    ("futures_create_order", {**STOP, "clientAlgoId": "own", "triggerPrice": "48000"}),
    ("futures_create_order", {**STOP, "type": "TRAILING_STOP_MARKET", "activationPrice": "51000", "callbackRate": 1}),
    ("futures_create_order", {**LIMIT, "type": "TAKE_PROFIT", "stopPrice": "51000"}),
    ("futures_create_algo_order", {**ONE, "side": "SELL", "type": "STOP_MARKET", "triggerPrice": "49000"}),
    ("futures_create_algo_order", {**ONE, "algoType": "VP", "clientAlgoId": "own"}),
    ("futures_limit_order", LIMIT),
    ("futures_market_order", MARKET),
    ("futures_limit_buy_order", ONE),
    ("futures_limit_sell_order", ONE),
    ("futures_market_buy_order", {**ONE, "newClientOrderId": "mine"}),
    ("futures_market_sell_order", ONE),
    ("futures_place_batch_order", {"batchOrders": [MARKET, {**LIMIT, "newClientOrderId": "a@b"}]}),
    ("futures_place_batch_order", {"batchOrders": [{**MARKET, "reduceOnly": True}]}),
    ("futures_get_order", {**ONE, "orderId": 7}),
    ("futures_get_order", {**ONE, "origClientOrderId": "mine", "conditional": False}),
    ("futures_get_order", {**ONE, "algoId": 7}),
    ("futures_get_order", {**ONE, "clientAlgoId": "mine"}),
    ("futures_get_order", {**ONE, "orderId": 7, "conditional": True}),
    ("futures_cancel_order", {**ONE, "orderId": 7}),
    ("futures_cancel_order", {**ONE, "algoId": 7}),
    ("futures_cancel_order", {**ONE, "clientAlgoId": "mine", "conditional": False}),
    ("futures_cancel_order", {**ONE, "conditional": True}),
    ("futures_cancel_orders", {**ONE, "orderidlist": [1, 2]}),
    ("futures_cancel_orders", {**ONE, "origclientorderidlist": ["a", "b c"]}),
    ("futures_stream_keepalive", {"listenKey": "key"}),
    ("futures_stream_close", {"listenKey": "key"}),
    ("futures_change_multi_assets_mode", {"multiAssetsMargin": True}),
    ("futures_change_multi_assets_mode", {"multiAssetsMargin": False}),
    ("futures_get_multi_assets_mode", {}),
    ("futures_stream_get_listen_key", {}),
    ("futures_ping", {}),
    ("futures_time", {}),
    ("futures_exchange_info", {}),
    ("futures_account", {"version": 3}),
    ("futures_symbol_ticker", {"version": 1, "symbol": None}),
    *(
        (name, {**ONE, **more})
        for name in (
            "futures_get_open_orders", "futures_get_all_orders", "futures_cancel_all_open_orders",
        )
        for more in ({}, {"conditional": False}, {"conditional": True})
    ),
    *(
        (name, ONE)
        for name in vars(PlainCalls)
        if name.startswith("futures_") and name not in ("futures_ping", "futures_time", "futures_exchange_info")
    ),
]  # fmt: skip

Sent = list[tuple[str, str, dict[str, Any]]]


@pytest.fixture(scope="module")
def library() -> Any:
    """Give the library's asynchronous client class."""
    return pytest.importorskip(
        "binance.async_client", reason="python-binance is not installed: nothing to compare with"
    ).AsyncClient


def numbered() -> Callable[[], str]:
    """Return a maker of 22 digits, as the simulated client numbers its ids."""
    made = iter(range(1, 1000))
    return lambda: f"{next(made):022x}"


def sent_by_library(library: Any, name: str, params: dict[str, Any]) -> Sent:
    """Call the library's method and return what it hands to its HTTP layer, before signing."""
    sent: Sent = []
    client = object.__new__(library)
    client.testnet = client.demo = False
    client.uuid22 = numbered()

    async def _request(
        self: Any, method: str, uri: str, signed: bool, force_params: bool = False, **kwargs: Any
    ) -> Any:
        data = kwargs.get("data") or {}
        # None is dropped as the request is written; lists of a batch travel encoded and are decoded at the venue.
        wire = {key: value for key, value in data.items() if value is not None}
        for key in ("batchOrders", "orderidlist", "origclientorderidlist"):
            if key in wire:
                wire[key] = unquote_plus(wire[key])
        sent.append((method.upper(), uri[uri.index("/fapi/") :], wire))
        return {"listenKey": "key"}

    client._request = MethodType(_request, client)
    _finish(getattr(client, name)(**_fresh(params)))
    return sent


def sent_by_simulation(name: str, params: dict[str, Any]) -> Sent:
    """Call the simulated client's method and return what reaches its gateway."""
    sent: Sent = []

    class Gateway:
        async def ask(
            self, method: str, path: str, params: dict[str, Any]
        ) -> tuple[int, dict[str, str], Any]:
            sent.append((method, path, params))
            return 200, {}, {"listenKey": "key"}

    gateway: Any = Gateway()
    _finish(getattr(SimulatedClient(gateway, "2025-12-09", 10.0), name)(**_fresh(params)))
    return sent


def _finish(coroutine: Any) -> None:
    async def main() -> None:
        await coroutine

    run_virtual(main())


def _fresh(params: dict[str, Any]) -> dict[str, Any]:
    # The library writes into the dicts of a batch.
    return {
        key: [dict(item) if isinstance(item, dict) else item for item in value]
        if isinstance(value, list)
        else value
        for key, value in params.items()
    }


@pytest.mark.parametrize(("name", "params"), CALLS, ids=lambda value: value if isinstance(value, str) else "")
def test_the_same_request_leaves(name: str, params: dict[str, Any], library: Any) -> None:
    """Method, path and parameters are equal, invented ids too."""
    assert sent_by_simulation(name, params) == sent_by_library(library, name, params)


def test_named_arguments_have_the_librarys_names(library: Any) -> None:
    """Where the library names its arguments, so does the simulated client."""
    for name, method in vars(SimulatedClient).items():
        if not name.startswith("futures_"):
            continue
        ours = list(inspect.signature(method).parameters.items())[1:]
        theirs = list(inspect.signature(getattr(library, name)).parameters.items())[1:]
        assert [(key, value.kind) for key, value in ours] == [(key, value.kind) for key, value in theirs], (
            name
        )


def test_before_the_migration_nothing_is_rerouted() -> None:
    """Under the older rules the library of that day knew no algo endpoint."""
    sent: Sent = []

    class Gateway:
        async def ask(
            self, method: str, path: str, params: dict[str, Any]
        ) -> tuple[int, dict[str, str], Any]:
            sent.append((method, path, params))
            return 200, {}, {}

    gateway: Any = Gateway()
    client = SimulatedClient(gateway, "2025-01", 10.0)
    for call in (
        client.futures_create_order(**STOP),
        client.futures_cancel_order(symbol="BTCUSDT", algoId=1),
    ):
        _finish(call)
    assert [(method, path) for method, path, _ in sent] == [
        ("POST", "/fapi/v1/order"), ("DELETE", "/fapi/v1/order"),
    ]  # fmt: skip
    assert sent[0][2]["stopPrice"] == "49000"
