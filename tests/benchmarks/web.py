"""What the HTTP door costs: the same library asking the exchange, against asking a handler that does nothing."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from statistics import median
from typing import Any

from aiohttp import web

from sim.clock import PipedLoop, fenced, run_virtual
from sim.exchange.filters import filters_of
from sim.exchange.minute_volume import MinuteVolume
from sim.market import LinePath, MarkSpec
from sim.web.application import make_application
from sim.web.client_world import ClientWorld, Credential
from sim.web.clients import ccxt_binanceusdm, modules_to_fence, python_binance, served
from tests.benchmarks.measure import Row, figure

_EPOCH_US = 1_705_276_800_000_000
_REQUESTS = 300
_AT_MOST_US = 300.0
_CPU_S = time.process_time
_ORDER = (
    '{"orderId":1,"symbol":"BTCUSDT","status":"FILLED","clientOrderId":"entry-1","price":"0.00","side":"BUY"}'
)

Ask = Callable[[Any], Awaitable[Any]]


def _exchange() -> tuple[PipedLoop, web.Application]:
    filters = filters_of("BTCUSDT", "2025-12-09")
    assert filters is not None
    path = LinePath(
        "BTCUSDT", _EPOCH_US, 7_200_000_000, filters.tick_size, filters.price_decimals, 50_000.0, 0.0, mark=MarkSpec()
    )  # fmt: skip
    world = ClientWorld(
        {"BTCUSDT": path}, {"BTCUSDT": filters}, "2025-12-09", {"key": Credential("secret")},
        volumes={"BTCUSDT": MinuteVolume({0: math.inf})},
    )  # fmt: skip
    return world.loop, make_application(world.exchange, {"key": "secret"})


def _nothing() -> tuple[PipedLoop, web.Application]:
    """Build an application that answers everything with one order and reads nothing."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=_ORDER, content_type="application/json")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    return PipedLoop(), application


def _cpu_us(
    make: Callable[[], tuple[PipedLoop, web.Application]], client: Any, prepare: Ask, ask: Ask
) -> float:
    """Return the CPU µs of one request, client library included."""

    async def main() -> float:
        async with served(application), client("key", "secret") as library:
            await prepare(library)
            for _ in range(30):
                await ask(library)
            began_s = _CPU_S()
            for _ in range(_REQUESTS):
                await ask(library)
            return (_CPU_S() - began_s) / _REQUESTS * 1e6

    loop, application = make()
    with fenced(loop, _EPOCH_US, modules_to_fence()):
        return run_virtual(main(), loop=loop)


_CASES: dict[str, tuple[Any, Ask, Ask]] = {
    "python-binance": (
        python_binance,
        lambda client: client.futures_create_order(
            symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.010", newClientOrderId="entry-1"
        ),
        lambda client: client.futures_get_order(symbol="BTCUSDT", origClientOrderId="entry-1"),
    ),
    "ccxt": (
        ccxt_binanceusdm,
        lambda client: client.fapiPrivatePostOrder(
            {
                "symbol": "BTCUSDT",
                "side": "BUY",
                "type": "MARKET",
                "quantity": "0.010",
                "newClientOrderId": "entry-1",
            }
        ),
        lambda client: client.fapiPrivateGetOrder({"symbol": "BTCUSDT", "origClientOrderId": "entry-1"}),
    ),
}


def requests() -> list[Row]:
    """Time one signed query in each library that is installed, beyond what it costs against nothing."""
    rows = []
    for name, (client, prepare, ask) in _CASES.items():
        if find_spec({"python-binance": "binance"}.get(name, name)) is None:
            continue
        pairs = [
            (
                _cpu_us(_exchange, client, prepare, ask),
                _cpu_us(_nothing, client, prepare, ask),
            )
            for _ in range(9)
        ]
        beyond = [subject - base for subject, base in pairs[1:]]
        rows.append(
            figure(f"{name}: a request, beyond the library talking to nothing", beyond, "µs", _AT_MOST_US)
        )
        whole = [subject for subject, _ in pairs[1:]]
        rows.append(
            Row(f"{name}: a request, library included", median(whole), "µs", None, min(whole), max(whole))
        )
    return rows


BENCHMARKS: dict[str, Callable[[], list[Row]]] = {"web": requests}
