"""ccxt's binanceusdm, unmodified but for its addresses, against a scenario on a port of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")
pytest.importorskip("ccxt", reason="ccxt is not installed (dependency group test)")

import ccxt

from tests.serve.at_port import KEY, ccxt_binanceusdm
from tests.web.ccxt_script import MISTAKES, SYMBOL, TRADED, trade


def _run(
    serve: Callable[..., Any], program: Callable[[Any, Any], Any], *, streams: bool = False, **given: Any
) -> Any:
    async def with_client(server: Any) -> Any:
        async with ccxt_binanceusdm(server.url, streams=streams) as client:
            return await program(server, client)

    return serve(with_client, **given)


def test_a_whole_trade(serve: Any) -> None:
    """Markets, leverage, entry, stop, take-profit, trailing stop, queries, cancels and the flat position at the end."""

    async def program(server: Any, client: Any) -> None:
        assert await trade(client) == TRADED
        assert server.stand.slots[KEY].account.position("BTCUSDT").quantity == 0.0

    _run(serve, program)


@pytest.mark.parametrize(("act", "expected"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_a_mistake_arrives_as_the_librarys_class(
    serve: Any, act: Callable[[Any], Any], expected: type[Exception]
) -> None:
    """What a client does wrong is refused by the venue's state and raises ccxt's class for it."""

    async def program(server: Any, client: Any) -> type[BaseException]:
        await client.load_markets()
        with pytest.raises(ccxt.BaseError) as caught:
            await act(client)
        return caught.type

    assert issubclass(_run(serve, program), expected)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param({"code": -1001, "applied": 0.0}, ccxt.OperationFailed, id="an internal error"),
        pytest.param({"kind": "unknown_503", "applied": 1.0}, ccxt.ExchangeNotAvailable, id="503 unknown"),
        pytest.param({"kind": "unavailable_503"}, ccxt.ExchangeNotAvailable, id="503 in plain text"),
        pytest.param({"code": -1021}, ccxt.InvalidNonce, id="a timestamp refused"),
    ],
)
def test_an_armed_fault_arrives_as_the_librarys_class(
    serve: Any, fault: dict[str, Any], expected: type[Exception]
) -> None:
    """A fault armed over the port strikes the next order, and ccxt raises what it raises on the real venue."""

    async def program(server: Any, client: Any) -> type[BaseException]:
        await client.load_markets()
        body = {"name": "armed", "how": {"script": [1]}, "match": {"call": "order"}, **fault}
        async with client.session.post(f"{server.url}/sim/faults", json=body) as response:
            assert response.status == 200, await response.text()
        with pytest.raises(ccxt.BaseError) as caught:
            await client.create_order(SYMBOL, "market", "buy", 0.01)
        await client.create_order(SYMBOL, "market", "buy", 0.01)
        return caught.type

    assert issubclass(_run(serve, program), expected)


def test_the_user_stream_tells_a_trade(serve: Any) -> None:
    """watch_orders sees the entry fill and the stop open and close, as ccxt reads the venue's events."""

    async def program(server: Any, client: Any) -> list[tuple[str, str]]:
        await client.load_markets()
        seen: list[tuple[str, str]] = []

        async def watch(wanted: tuple[str, str]) -> None:
            # Read at once: ccxt goes on writing into the orders it handed out.
            while wanted not in seen:
                orders = await asyncio.wait_for(client.watch_orders(), 10)
                seen.extend((order["id"], order["status"]) for order in orders)

        watching = asyncio.ensure_future(watch(("1", "closed")))
        while not server.exchange.streams:
            await asyncio.sleep(0.001)
        await client.create_order(SYMBOL, "market", "buy", 0.01)
        await watching
        watching = asyncio.ensure_future(watch(("2", "open")))
        await client.create_order(
            SYMBOL, "market", "sell", 0.01, None, {"stopLossPrice": 49_990, "reduceOnly": True}
        )
        await watching
        watching = asyncio.ensure_future(watch(("2", "closed")))
        await server.pace.advance(60_000_000)
        await watching
        return seen

    seen = _run(serve, program, streams=True, pct_per_s=-0.01)
    assert [seen[0], seen[-1]] == [("1", "closed"), ("2", "closed")]
    assert ("2", "open") in seen
