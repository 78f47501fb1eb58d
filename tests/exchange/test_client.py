"""The client looks like python-binance of the rules' date: names, routes, exceptions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.exchange.attribution import CURRENT_INTENT
from sim.exchange.effects import Effect
from sim.exchange.exceptions import api_exception_class, error_text
from sim.exchange.replies import UNKNOWN_503, error_reply

BUY = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
STOP = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "STOP_MARKET",
    "stopPrice": "49000",
    "closePosition": "true",
}


def run(desk: Any, work: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
    async def main() -> Any:
        CURRENT_INTENT.set(desk.slot)
        return await work(desk.client)

    return run_virtual(main(), loop=desk.loop)


def calls(desk: Any) -> list[str]:
    return [request.call for request in desk.injector.seen]


@pytest.mark.parametrize(
    ("rules", "kind", "path"),
    [
        ("2025-01", "MARKET", "/fapi/v1/order"),
        ("2025-01", "STOP_MARKET", "/fapi/v1/order"),
        ("2025-12-09", "MARKET", "/fapi/v1/order"),
        ("2025-12-09", "STOP_MARKET", "/fapi/v1/algoOrder"),
        ("2025-12-09", "TAKE_PROFIT_MARKET", "/fapi/v1/algoOrder"),
        ("2025-12-09", "TRAILING_STOP_MARKET", "/fapi/v1/algoOrder"),
    ],
)
def test_create_order_routes_as_the_library_of_that_date(
    rules: str, kind: str, path: str, make_desk: Callable[..., Any]
) -> None:
    """Since python-binance 1.0.33 conditional types go to the algo endpoint (binance-facts 1.4)."""
    desk = make_desk(rules=rules)
    extra = {"TAKE_PROFIT_MARKET": {"stopPrice": "51000"}, "TRAILING_STOP_MARKET": {"callbackRate": "1"}}
    base = BUY if kind in ("MARKET", "TRAILING_STOP_MARKET") else STOP
    params = {**base, "type": kind, **extra.get(kind, {})}

    async def work(client: Any) -> Any:
        await client.futures_create_order(**BUY)
        return await client.futures_create_order(**params)

    reply = run(desk, work)
    assert calls(desk)[-1] == f"POST {path}"
    assert ("algoId" in reply) is path.endswith("algoOrder")
    assert ("orderId" in reply) is path.endswith("/order")


def test_the_rerouted_order_loses_the_callers_id(make_desk: Callable[..., Any]) -> None:
    """stopPrice is renamed, newClientOrderId dropped and an id invented: nothing to query by after silence."""
    desk = make_desk(rules="2025-12-09")

    async def work(client: Any) -> Any:
        await client.futures_create_order(**BUY)
        one = await client.futures_create_order(**STOP, newClientOrderId="mine")
        other = await client.futures_create_order(
            **{**STOP, "type": "TAKE_PROFIT_MARKET", "stopPrice": "51000"}
        )
        own = await client.futures_create_order(
            **{**STOP, "quantity": "0.010", "reduceOnly": "true", "closePosition": "false"},
            clientAlgoId="own",
        )
        return one, other, own

    one, other, own = run(desk, work)
    sent = desk.injector.seen[1].params
    assert sent["triggerPrice"] == "49000"
    assert sent["algoType"] == "CONDITIONAL"
    assert not {"stopPrice", "newClientOrderId"} & set(sent)
    assert one["clientAlgoId"].startswith("x-")
    assert len({one["clientAlgoId"], other["clientAlgoId"], "mine"}) == 3
    assert own["clientAlgoId"] == "own"


def test_a_signed_request_goes_where_it_is_sent(make_desk: Callable[..., Any]) -> None:
    """_signed_request does no routing: the old path gets -4120 under the new rules."""
    desk = make_desk(rules="2025-12-09")

    async def work(client: Any) -> Any:
        await client.futures_create_order(**BUY)
        return await client._signed_request("POST", "/fapi/v1/order", STOP)

    with pytest.raises(api_exception_class()) as caught:
        run(desk, work)
    assert caught.value.code == -4120


@pytest.mark.parametrize(
    ("reply", "code", "message", "status"),
    [
        (error_reply(-2021), -2021, "Order would immediately trigger.", 400),
        (error_reply(-1001), -1001, "Internal error; unable to process your request. Please try again.", 503),
        ((503, {"msg": UNKNOWN_503}), None, UNKNOWN_503, 503),
        ((403, "<html>WAF</html>"), 0, "Invalid JSON error message from Binance: <html>WAF</html>", 403),
    ],
    ids=["business", "internal error", "503 without a code", "not JSON"],
)
def test_an_error_raises_the_librarys_exception(
    reply: Any, code: int | None, message: str, status: int, make_desk: Callable[..., Any]
) -> None:
    """code is None when the body has none and 0 when it is no JSON (binance-facts 1.4)."""
    desk = make_desk(script={1: [Effect("f", "test", "gateway", "not_applied", reply)]})
    with pytest.raises(api_exception_class()) as caught:
        run(desk, lambda client: client.futures_create_order(**BUY))
    error = caught.value
    assert type(error).__name__ == "BinanceAPIException"
    assert (error.code, error.message, error.status_code) == (code, message, status)
    assert str(error) == f"APIError(code={code}): {message}"


def test_silence_raises_timeout_error(make_desk: Callable[..., Any]) -> None:
    """No answer is asyncio.TimeoutError, as from aiohttp, after the client's patience and naming the call."""
    desk = make_desk(timeout_s=2.5, script={1: [Effect("f", "test", "reply_leg", "applied", None)]})
    with pytest.raises(asyncio.TimeoutError, match=r"POST /fapi/v1/order: no answer within 2\.5 s"):
        run(desk, lambda client: client.futures_create_order(**BUY))
    assert desk.loop.now_us == 2_500_000
    assert desk.position == 0.01


def test_the_text_of_an_error_is_what_stands_on_the_wire() -> None:
    """A dict travels as JSON, a text as it is."""
    assert error_text({"code": -1}) == '{"code": -1}'
    assert error_text("Service Unavailable.") == "Service Unavailable."


def test_parameters_are_not_changed_behind_the_callers_back(make_desk: Callable[..., Any]) -> None:
    """The caller's dict stays as it was on both routes."""
    desk = make_desk(rules="2025-12-09")
    params, before = dict(STOP), dict(STOP)

    async def work(client: Any) -> None:
        await client.futures_create_order(**BUY)
        await client.futures_create_order(**params)
        await client._signed_request("GET", "/fapi/v1/openAlgoOrders", params)

    run(desk, work)
    assert params == before


@pytest.mark.parametrize(
    ("method", "params", "call"),
    [
        ("futures_get_order", {"orderId": 1}, "GET /fapi/v1/order"),
        ("futures_get_algo_order", {"algoId": 2}, "GET /fapi/v1/algoOrder"),
        ("futures_cancel_algo_order", {"algoId": 2}, "DELETE /fapi/v1/algoOrder"),
        ("futures_cancel_all_open_orders", {}, "DELETE /fapi/v1/allOpenOrders"),
        ("futures_cancel_all_algo_open_orders", {}, "DELETE /fapi/v1/algoOpenOrders"),
        ("futures_get_open_orders", {}, "GET /fapi/v1/openOrders"),
        ("futures_get_open_algo_orders", {}, "GET /fapi/v1/openAlgoOrders"),
        ("futures_position_information", {}, "GET /fapi/v3/positionRisk"),
        ("futures_change_leverage", {"leverage": 27}, "POST /fapi/v1/leverage"),
        ("futures_symbol_ticker", {}, "GET /fapi/v2/ticker/price"),
        ("futures_mark_price", {}, "GET /fapi/v1/premiumIndex"),
    ],
)
def test_each_method_calls_its_endpoint(
    method: str, params: dict[str, Any], call: str, make_desk: Callable[..., Any]
) -> None:
    """The library's names reach the library's paths, and the venue answers them."""
    desk = make_desk(rules="2025-12-09")

    async def work(client: Any) -> Any:
        await client.futures_create_order(**BUY)
        await client.futures_create_order(**STOP)
        return await getattr(client, method)(symbol="BTCUSDT", **params)

    assert run(desk, work) is not None
    assert calls(desk)[-1] == call


def test_calls_without_a_symbol(make_desk: Callable[..., Any]) -> None:
    """Time is the replayed date's; ping and exchangeInfo need nothing."""

    async def work(client: Any) -> Any:
        return await client.futures_time(), await client.futures_ping(), await client.futures_exchange_info()

    moment, ping, info = run(make_desk(), work)
    assert moment == {"serverTime": 1_705_276_800_000}
    assert ping == {}
    assert [item["symbol"] for item in info["symbols"]] == ["BTCUSDT"]
