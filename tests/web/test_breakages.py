"""Connections that break, as unmodified libraries meet them: each raises what it raises on a real network."""

from __future__ import annotations

import asyncio
import errno
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")
pytest.importorskip("binance", reason="python-binance is not installed (dependency group test)")
pytest.importorskip("ccxt", reason="ccxt is not installed (dependency group test)")

import aiohttp
import ccxt
from binance.exceptions import BinanceAPIException

from sim.web import Answer
from sim.web.application import make_application, make_runner
from sim.web.breaking import CONNECTING
from sim.web.clients import ccxt_binanceusdm, python_binance

ORDER = "/fapi/v1/order"
MARKET = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "MARKET",
    "quantity": "0.010",
    "newClientOrderId": "entry-1",
}

RAISED: dict[str, tuple[type[Exception], type[Exception]]] = {
    "refused": (aiohttp.ClientConnectorError, ccxt.ExchangeNotAvailable),
    "dns": (aiohttp.ClientConnectorDNSError, ccxt.ExchangeNotAvailable),
    "tls": (aiohttp.ClientConnectorSSLError, ccxt.ExchangeNotAvailable),
    "pool": (aiohttp.ConnectionTimeoutError, ccxt.RequestTimeout),
    "timeout": (aiohttp.ConnectionTimeoutError, ccxt.RequestTimeout),
    "reset": (aiohttp.ClientOSError, ccxt.ExchangeNotAvailable),
    "disconnected": (aiohttp.ServerDisconnectedError, ccxt.ExchangeNotAvailable),
    "truncated": (aiohttp.ClientPayloadError, ccxt.ExchangeError),
}  # fmt: skip


def _break(booth: Any, how: str) -> None:
    if how in CONNECTING:
        booth.fault(ORDER, stage="connect", breakage=how, after_us=7_000)
    else:
        booth.fault(ORDER, stage="read", truth="applied", breakage=how)


async def _caught(call: Any) -> Any:
    try:
        return await call
    except (TimeoutError, aiohttp.ClientError, ccxt.BaseError) as error:
        return error


def _held(booth: Any) -> float:
    return float(booth.account.position("BTCUSDT").quantity)


@pytest.mark.parametrize("how", list(RAISED))
def test_python_binance_raises_what_aiohttp_raises(booth: Any, key: tuple[str, str], how: str) -> None:
    """An order whose connection broke raises aiohttp's exception of that name; it is placed unless none stood."""
    _break(booth, how)

    async def program(_: Any) -> tuple[Any, Any]:
        async with python_binance(*key) as client:
            await client.futures_ping()  # the connection stands already: what breaks is this request's
            first = await _caught(client.futures_create_order(**MARKET))
            return first, (await client.futures_position_information(symbol="BTCUSDT"))

    error, positions = booth.run(program)
    assert type(error) is RAISED[how][0], repr(error)
    assert _held(booth) == (0.0 if how in CONNECTING else 0.01)
    assert len(positions) == (0 if how in CONNECTING else 1)


@pytest.mark.parametrize("how", list(RAISED))
def test_ccxt_raises_its_own_class(booth: Any, key: tuple[str, str], how: str) -> None:
    """ccxt turns each into its own exception; what was sent is placed all the same."""
    _break(booth, how)

    async def program(_: Any) -> Any:
        async with ccxt_binanceusdm(*key) as client:
            await client.load_markets()
            return await _caught(client.create_order("BTC/USDT:USDT", "market", "buy", 0.01))

    error = booth.run(program)
    assert type(error) is RAISED[how][1], repr(error)
    assert _held(booth) == (0.0 if how in CONNECTING else 0.01)


def test_a_connection_that_is_reset_says_so(booth: Any, key: tuple[str, str]) -> None:
    """The error carries the number of a reset, as on a socket."""
    _break(booth, "reset")

    async def program(_: Any) -> Any:
        async with python_binance(*key) as client:
            return await _caught(client.futures_create_order(**MARKET))

    assert booth.run(program).errno == errno.ECONNRESET


def test_a_failure_to_connect_takes_its_time_and_is_not_tried_again(booth: Any, key: tuple[str, str]) -> None:
    """aiohttp sends a GET again after a reset, but not where no connection stood."""

    async def program(_: Any) -> tuple[float, int]:
        async with python_binance(*key) as client:
            booth.fault(ORDER, stage="connect", breakage="refused", after_us=7_000)
            began = booth.now_s
            error = await _caught(client.futures_get_order(symbol="BTCUSDT", orderId=1))
            assert isinstance(error, aiohttp.ClientConnectorError)
            return round(booth.now_s - began, 6), len(booth.injector.next)

    assert booth.run(program) == (0.007, 0)


def test_an_empty_answer_is_success_to_python_binance(booth: Any, key: tuple[str, str]) -> None:
    """200 without a body: the library returns {}, with no id to go by, and the order is placed (binance-facts 1.4)."""
    _break(booth, "empty")

    async def program(_: Any) -> Any:
        async with python_binance(*key) as client:
            return await client.futures_create_order(**MARKET)

    assert (booth.run(program), _held(booth)) == ({}, 0.01)


def test_an_empty_answer_is_an_order_without_a_number_to_ccxt(booth: Any, key: tuple[str, str]) -> None:
    """200 without a body: ccxt returns an order whose id and status are None, and the order is placed."""
    _break(booth, "empty")

    async def program(_: Any) -> Any:
        async with ccxt_binanceusdm(*key) as client:
            await client.load_markets()
            return await client.create_order("BTC/USDT:USDT", "market", "buy", 0.01)

    order = booth.run(program)
    assert (order["id"], order["status"], order["filled"], _held(booth)) == (None, None, 0.0, 0.01)


@pytest.mark.parametrize(
    ("text", "python_binance_code", "ccxt_class"),
    [
        ('{"timestamp":1,"path":"/fapi/v1/order","msg":"Unknown error"}', None, ccxt.ExchangeNotAvailable),
        ("Service Unavailable.", 0, ccxt.ExchangeNotAvailable),
        ("<html>504</html>", 0, ccxt.ExchangeNotAvailable),
    ],
)
def test_a_body_without_a_code(
    make_booth: Any,
    key: tuple[str, str],
    text: str,
    python_binance_code: int | None,
    ccxt_class: type[Exception],
) -> None:
    """JSON without a code is code None, what is no JSON code 0; ccxt goes by the status alone."""

    async def first(_: Any) -> Any:
        async with python_binance(*key) as client:
            with pytest.raises(BinanceAPIException) as caught:
                await client.futures_create_order(**MARKET)
            return caught.value.code

    async def second(_: Any) -> Any:
        async with ccxt_binanceusdm(*key) as client:
            await client.load_markets()
            return await _caught(client.create_order("BTC/USDT:USDT", "market", "buy", 0.01))

    heard = []
    for program in (first, second):
        booth = make_booth()
        booth.fault(ORDER, reply=(503, text))
        heard.append(booth.run(program))
    assert (heard[0], type(heard[1])) == (python_binance_code, ccxt_class)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("reset", aiohttp.ClientOSError),
        ("disconnected", aiohttp.ServerDisconnectedError),
        ("truncated", aiohttp.ClientPayloadError),
        ("refused", aiohttp.ServerDisconnectedError),
        ("empty", None),
    ],
)
def test_a_real_port_breaks_its_connections_too(how: str, expected: type[Exception] | None) -> None:
    """Over a socket the client sees the same; one that should never have stood ends without an answer."""

    class Broken:
        async def send(self, method: str, path: str, params: dict[str, Any], api_key: str) -> Answer:
            return (-1, {}, how)

    async def program() -> Any:
        runner = make_runner(make_application(Broken(), {}))  # type: ignore[arg-type]
        await runner.setup()
        site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.post(f"http://127.0.0.1:{port}/fapi/v1/nothing") as response,
            ):
                return await response.text()
        except aiohttp.ClientError as error:
            return error
        finally:
            await runner.cleanup()

    heard = asyncio.run(program())
    assert heard == "" if expected is None else type(heard) is expected
    assert how != "reset" or heard.errno == errno.ECONNRESET
