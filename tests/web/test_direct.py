"""Client libraries without HTTP in between see and raise what they do through the application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")
pytest.importorskip("binance", reason="python-binance is not installed (dependency group test)")
pytest.importorskip("ccxt", reason="ccxt is not installed (dependency group test)")

import aiohttp
import ccxt
from binance.exceptions import BinanceAPIException, BinanceRequestException

from sim.exchange.attribution import CURRENT_INTENT
from sim.exchange.client import SimulatedClient
from sim.exchange.replies import UNAVAILABLE_503
from sim.web.direct import direct_ccxt, direct_python_binance
from tests.web import ccxt_script, python_binance_script

ORDER = "/fapi/v1/order"
MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}


def run(booth: Any, make: Callable[[Any], Any], program: Callable[[Any], Awaitable[Any]]) -> Any:
    async def with_client(_: Any) -> Any:
        CURRENT_INTENT.set(next(iter(booth.world.slots.values())))
        client = make(SimulatedClient(booth.world.gateway, "2025-12-09", 10.0))
        if hasattr(client, "load_markets"):
            await client.load_markets()
        try:
            return await program(client)
        finally:
            await (client.close() if hasattr(client, "close") else client.close_connection())

    return booth.run(with_client)


def test_a_whole_trade_of_python_binance(booth: Any) -> None:
    """The same trade is seen in the same way as through the application."""
    seen = run(booth, direct_python_binance, python_binance_script.trade)
    assert seen == python_binance_script.TRADED
    assert booth.account.position("BTCUSDT").quantity == 0.0


def test_a_whole_trade_of_ccxt(booth: Any) -> None:
    """The same trade is seen in the same way as through the application."""
    assert run(booth, direct_ccxt, ccxt_script.trade) == ccxt_script.TRADED
    assert booth.account.position("BTCUSDT").quantity == 0.0


ANSWERS: dict[str, tuple[dict[str, Any], type[Exception], type[Exception] | None]] = {
    "a reset": ({"breakage": "reset"}, aiohttp.ClientOSError, ccxt.ExchangeNotAvailable),
    "refused": (
        {"stage": "connect", "breakage": "refused"},
        aiohttp.ClientConnectorError,
        ccxt.ExchangeNotAvailable,
    ),
    "half a body": ({"breakage": "truncated"}, aiohttp.ClientPayloadError, ccxt.ExchangeError),
    "silence": ({"truth": "applied"}, TimeoutError, ccxt.RequestTimeout),
    "503": ({"reply": (503, UNAVAILABLE_503)}, BinanceAPIException, ccxt.ExchangeNotAvailable),
    "no JSON": ({"reply": (200, "{nonsense")}, BinanceRequestException, None),
    "a page": ({"reply": (200, "<html></html>")}, aiohttp.ContentTypeError, None),
}
"""What the venue or the network does to an order, and what each library raises.

ccxt makes an order without an id of a 200 that it cannot read.
"""


@pytest.mark.parametrize("how", ANSWERS)
def test_what_breaks_raises_what_it_raises_over_http(booth: Any, make_booth: Any, how: str) -> None:
    """Each library meets the exceptions it knows, and raises its own."""
    effect, of_python_binance, of_ccxt = ANSWERS[how]

    async def order(client: Any) -> None:
        booth.fault(ORDER, **effect)
        with pytest.raises(of_python_binance):
            await client.futures_create_order(**MARKET)

    run(booth, direct_python_binance, order)
    other = make_booth()

    async def order_of_ccxt(client: Any) -> None:
        other.fault(ORDER, **effect)
        asked = client.create_order("BTC/USDT:USDT", "market", "buy", 0.01)
        if of_ccxt is None:
            assert (await asked)["id"] is None
            return
        with pytest.raises(of_ccxt):
            await asked

    run(other, direct_ccxt, order_of_ccxt)


def test_an_answer_without_a_body_is_an_empty_one_to_python_binance(booth: Any) -> None:
    """A 200 that says nothing is {} there, as over HTTP."""

    async def order(client: Any) -> Any:
        booth.fault(ORDER, breakage="empty", truth="applied")
        return await client.futures_create_order(**MARKET)

    assert run(booth, direct_python_binance, order) == {}
