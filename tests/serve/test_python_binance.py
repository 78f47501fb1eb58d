"""python-binance, unmodified but for its addresses, against a scenario on a port of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")
pytest.importorskip("binance", reason="python-binance is not installed (dependency group test)")

import aiohttp
from binance.exceptions import BinanceAPIException

from sim.execution import EventDrivenExecutor
from tests.serve.at_port import KEY, python_binance, python_binance_sockets
from tests.web.python_binance_script import CAUSES, SYMBOL, TRADED, Call, close, order, trade


def _run(serve: Callable[..., Any], program: Callable[[Any, Any], Any], **given: Any) -> Any:
    async def with_client(server: Any) -> Any:
        async with python_binance(server.url) as client:
            return await program(server, client)

    return serve(with_client, **given)


def test_a_whole_trade(serve: Any) -> None:
    """Filters, leverage, entry, stop, take-profit, trailing stop, queries, cancels and the flat position at the end."""

    async def program(server: Any, client: Any) -> None:
        assert await trade(client) == TRADED
        assert server.stand.slots[KEY].account.position(SYMBOL).quantity == 0.0
        # One call to set the clock and sixteen of the trade, of 40 ms each; however long the machine took.
        assert server.pace.now_us == 17 * 40_000

    _run(serve, program)


@pytest.mark.parametrize(("calls", "code"), [row[1:] for row in CAUSES], ids=[row[0] for row in CAUSES])
def test_an_error_arrives_as_the_library_shows_it(serve: Any, calls: list[Call], code: int) -> None:
    """What a client does wrong raises BinanceAPIException with the venue's code, status and text."""

    async def program(server: Any, client: Any) -> BinanceAPIException:
        for call in calls[:-1]:
            await call(client)
        with pytest.raises(BinanceAPIException) as caught:
            await calls[-1](client)
        return caught.value

    error = _run(serve, program, wallet=100_000.0)
    assert (error.code, error.status_code) == (code, 404 if code == -5000 else 400)
    assert error.message


@pytest.mark.parametrize(("credentials", "code"), [(("nobody", "x"), -2015), ((KEY, "wrong"), -1022)])
def test_who_is_not_let_in(serve: Any, credentials: tuple[str, str], code: int) -> None:
    """An unknown key and a wrong secret raise with their codes."""

    async def program(server: Any) -> int | None:
        async with python_binance(server.url, *credentials) as client:
            with pytest.raises(BinanceAPIException) as caught:
                await client.futures_account_balance()
            return caught.value.code

    assert serve(program) == code


def test_a_bare_client_carries_the_shipped_executor(serve: Any) -> None:
    """No adapter: entry, stop, read-back, target, close and sweep go through what the library itself offers."""

    async def program(server: Any, client: Any) -> None:
        assert not hasattr(client, "_signed_request")
        executor = EventDrivenExecutor(client)
        opened = await executor.submit_order(
            symbol=SYMBOL, side="buy", quantity=0.5, planned_price=50_000.0, sl_percent=0.01, tp_percent=0.02,
            intent_id="i1",
        )  # fmt: skip
        assert (opened.status, opened.protected) == ("open", True), opened.error_message
        account = server.stand.slots[KEY].account
        assert account.position(SYMBOL).quantity == 0.5
        resting = await client.futures_get_open_algo_orders(symbol=SYMBOL)
        assert sorted(found["clientAlgoId"] for found in resting) == ["i1-s", "i1-t"]
        closed = await executor.close_position(symbol=SYMBOL, side="buy", quantity=0.5, intent_id="i1")
        assert closed.success
        assert account.position(SYMBOL).quantity == 0.0
        assert not await client.futures_get_open_algo_orders(symbol=SYMBOL)

    _run(serve, program, wallet=100_000.0)


def test_the_user_stream_tells_a_trade(serve: Any) -> None:
    """An entry, a stop that fires while time is moved on, and what becomes of both, in order."""

    async def program(server: Any, client: Any) -> list[tuple[str, str]]:
        manager = python_binance_sockets(client, server.url)
        user_socket = manager.futures_user_socket()
        # How long its reader goes on waiting for one more event after it was told to end.
        user_socket.TIMEOUT = 0.1
        async with user_socket as socket, aiohttp.ClientSession() as session:
            await order(newClientOrderId="entry-1")(client)
            await close(stopPrice="49990", clientAlgoId="stop-1")(client)
            async with session.post(f"{server.url}/sim/time", json={"advance_s": 10}) as response:
                assert response.status == 200
            heard = [await asyncio.wait_for(socket.recv(), 10) for _ in range(12)]
        return [(event["e"], event.get("o", {}).get("X", "")) for event in heard]

    assert _run(serve, program, pct_per_s=-0.01) == [
        ("ORDER_TRADE_UPDATE", "NEW"), ("TRADE_LITE", ""), ("ORDER_TRADE_UPDATE", "FILLED"), ("ACCOUNT_UPDATE", ""),
        ("ALGO_UPDATE", "NEW"), ("ALGO_UPDATE", "TRIGGERING"), ("ALGO_UPDATE", "TRIGGERED"),
        ("ORDER_TRADE_UPDATE", "NEW"), ("TRADE_LITE", ""), ("ORDER_TRADE_UPDATE", "FILLED"), ("ACCOUNT_UPDATE", ""),
        ("ALGO_UPDATE", "FINISHED"),
    ]  # fmt: skip


def test_market_streams(serve: Any) -> None:
    """Trades, mark and best prices come over the port while time moves on."""

    async def program(server: Any, client: Any) -> list[str]:
        manager = python_binance_sockets(client, server.url)
        heard = []
        for socket in (
            manager.aggtrade_futures_socket(SYMBOL),
            manager.futures_multiplex_socket(["btcusdt@markPrice@1s"]),
            manager.symbol_ticker_futures_socket(SYMBOL),
        ):
            async with socket as open_socket:
                moving = asyncio.ensure_future(server.pace.advance(5_000_000))
                heard.append((await asyncio.wait_for(open_socket.recv(), 10))["data"]["e"])
                await moving
        return heard

    assert _run(serve, program, pct_per_s=0.01) == ["aggTrade", "markPriceUpdate", "bookTicker"]


def test_no_answer_is_the_clients_own_timeout(serve: Any) -> None:
    """A reply that is lost leaves the client waiting as long as it will, and the order is there all the same."""

    async def program(server: Any, client: Any) -> str:
        lost = '[[faults]]\nname = "lost"\nkind = "timeout"\ntruth = "applied"\nhow = { script = [1] }\n'
        async with client.session.post(f"{server.url}/sim/faults", data=lost) as response:
            assert response.status == 200, await response.text()
        with pytest.raises(TimeoutError):
            await client.futures_create_order(
                symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.010", newClientOrderId="lost-1",
                requests_params={"timeout": 0.2},
            )  # fmt: skip
        # Ten seconds went by at the venue, as long as its scenario grants a client.
        client.timestamp_offset += 10_000
        return str((await client.futures_get_order(symbol=SYMBOL, origClientOrderId="lost-1"))["status"])

    assert _run(serve, program) == "FILLED"
