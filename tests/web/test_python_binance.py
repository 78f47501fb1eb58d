"""python-binance, unmodified, with its production addresses, against the exchange in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")
pytest.importorskip("binance", reason="python-binance is not installed (dependency group test)")

import aiohttp
from binance import AsyncClient
from binance.exceptions import BinanceAPIException

from sim.clock import RealWorldCall
from sim.exchange.replies import UNAVAILABLE_503, UNKNOWN_503, error_reply
from sim.web.clients import SOCKET, python_binance, python_binance_sockets
from tests.web.python_binance_script import CAUSES, SYMBOL, TRADED, Call, close, order, trade

ORDER = "/fapi/v1/order"
EPOCH_US = 1_705_276_800_000_000


def _run(booth: Any, key: tuple[str, str], program: Callable[[Any], Any]) -> Any:
    async def with_client(_: Any) -> Any:
        async with python_binance(*key) as client:
            return await program(client)

    return booth.run(with_client)


def test_a_whole_trade(booth: Any, key: tuple[str, str]) -> None:
    """Filters, leverage, entry, stop, take-profit, trailing stop, queries, cancels and the flat position at the end."""
    assert _run(booth, key, trade) == TRADED
    assert booth.account.position(SYMBOL).quantity == 0.0
    # Sixteen calls of 40 ms each, nothing else takes time.
    assert booth.loop.now_us == 16 * 40_000


def test_create_measures_the_clock(booth: Any, key: tuple[str, str]) -> None:
    """create() pings and reads the server's clock as on the real venue; the offset is the reply's delay."""

    async def program(_: Any) -> tuple[int, int]:
        connector = aiohttp.UnixConnector(path=SOCKET)
        client = await AsyncClient.create(*key, session_params={"connector": connector})
        time_ms = (await client.futures_time())["serverTime"]
        await client.close_connection()
        return client.timestamp_offset, time_ms - EPOCH_US // 1000

    # The clock is read 30 ms after the question left and compared when it came back, 10 ms later.
    assert booth.run(program) == (-10, 40 + 40 + 30)


def test_nothing_but_the_exchange_is_reached(booth: Any, key: tuple[str, str]) -> None:
    """A client that was built without the pipe raises instead of reaching the real venue."""

    async def program(_: Any) -> None:
        client = AsyncClient(*key)
        with pytest.raises(RealWorldCall):
            await client.futures_ping()
        await client.close_connection()

    booth.run(program)


# -- errors ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("calls", "code"), [row[1:] for row in CAUSES], ids=[row[0] for row in CAUSES])
def test_an_error_arrives_as_the_library_shows_it(
    make_booth: Any, key: tuple[str, str], calls: list[Call], code: int
) -> None:
    """What a client does wrong raises BinanceAPIException with the venue's code, status and text."""
    booth = make_booth(wallet=100_000.0)

    async def program(client: Any) -> BinanceAPIException:
        for call in calls[:-1]:
            await call(client)
        with pytest.raises(BinanceAPIException) as caught:
            await calls[-1](client)
        return caught.value

    error = _run(booth, key, program)
    assert (error.code, error.status_code) == (code, 404 if code == -5000 else 400)
    assert error.message


@pytest.mark.parametrize(("credentials", "code"), [(("nobody", "x"), -2015), (("the-key", "wrong"), -1022)])
def test_who_is_not_let_in(booth: Any, credentials: tuple[str, str], code: int) -> None:
    """An unknown key and a wrong secret raise with their codes after the time a request takes."""

    async def program(client: Any) -> int | None:
        with pytest.raises(BinanceAPIException) as caught:
            await client.futures_account_balance()
        return caught.value.code

    assert _run(booth, credentials, program) == code
    assert booth.loop.now_us == 40_000


@pytest.mark.parametrize(
    ("reply", "code", "status", "message"),
    [
        pytest.param(
            (503, {"timestamp": 1, "path": ORDER, "msg": UNKNOWN_503}),
            None,
            503,
            UNKNOWN_503,
            id="503 without a code",
        ),
        pytest.param((503, UNAVAILABLE_503), 0, 503, None, id="503 in plain text"),
        pytest.param((502, "<html><body>Bad Gateway</body></html>"), 0, 502, None, id="a gateway's page"),
        pytest.param(error_reply(-1001), -1001, 503, error_reply(-1001)[1]["msg"], id="503 internal error"),
        pytest.param(error_reply(-1008), -1008, 503, error_reply(-1008)[1]["msg"], id="503 throttled"),
        pytest.param(error_reply(-1007), -1007, 408, error_reply(-1007)[1]["msg"], id="408"),
        pytest.param(error_reply(-1003), -1003, 429, error_reply(-1003)[1]["msg"], id="429"),
    ],
)
def test_an_error_that_is_the_venues_own(
    booth: Any, key: tuple[str, str], reply: Any, code: int | None, status: int, message: str | None
) -> None:
    """code is None where JSON has none and 0 where there is no JSON; its text is then lost, as in production."""
    booth.fault(ORDER, reply=reply)

    async def program(client: Any) -> BinanceAPIException:
        with pytest.raises(BinanceAPIException) as caught:
            await order()(client)
        return caught.value

    error = _run(booth, key, program)
    assert (error.code, error.status_code) == (code, status)
    if message is None:
        assert "bound method ClientResponse.text" in error.message
    else:
        assert error.message == message


def test_no_answer_is_a_timeout(booth: Any, key: tuple[str, str]) -> None:
    """Silence raises TimeoutError at the library's ten seconds, which aiohttp rounds up to a whole second of the clock.

    The order may be there all the same.
    """
    booth.fault(ORDER, stage="reply_leg", truth="applied")

    async def program(client: Any) -> tuple[float, str]:
        await client.futures_ping()
        with pytest.raises(TimeoutError):
            await order(newClientOrderId="lost")(client)
        gave_up_s = booth.now_s
        found = await client.futures_get_order(symbol=SYMBOL, origClientOrderId="lost")
        return gave_up_s, found["status"]

    assert _run(booth, key, program) == (11.0, "FILLED")


def test_headers_reach_the_client(booth: Any, key: tuple[str, str]) -> None:
    """The venue's counters stand in the headers of the library's last response."""

    async def program(client: Any) -> tuple[str, str]:
        await client.futures_position_information()
        await order()(client)
        headers = client.response.headers
        return headers["X-MBX-USED-WEIGHT-1M"], headers["X-MBX-ORDER-COUNT-1M"]

    assert _run(booth, key, program) == ("5", "1")


# -- streams --------------------------------------------------------------------------------------------------


async def _hear(booth: Any, socket: Any, number: int) -> list[tuple[float, Any]]:
    heard = []
    for _ in range(number):
        event = await asyncio.wait_for(socket.recv(), 60)
        heard.append((booth.now_s, event))
    return heard


def test_the_user_stream_tells_a_trade(make_booth: Any, key: tuple[str, str]) -> None:
    """An entry and a stop that fires are told in order, with T of the change, 5 ms after it."""
    booth = make_booth(pct_per_s=-0.01)

    async def program(client: Any) -> list[tuple[float, Any]]:
        async with python_binance_sockets(client).futures_user_socket() as socket:
            await order(newClientOrderId="entry-1")(client)
            await close(stopPrice="49990", clientAlgoId="stop-1")(client)
            return await _hear(booth, socket, 12)

    heard = _run(booth, key, program)
    story = [(event["e"], event.get("o", {}).get("X", "")) for _, event in heard]
    assert story == [
        ("ORDER_TRADE_UPDATE", "NEW"), ("TRADE_LITE", ""), ("ORDER_TRADE_UPDATE", "FILLED"), ("ACCOUNT_UPDATE", ""),
        ("ALGO_UPDATE", "NEW"), ("ALGO_UPDATE", "TRIGGERING"), ("ALGO_UPDATE", "TRIGGERED"),
        ("ORDER_TRADE_UPDATE", "NEW"), ("TRADE_LITE", ""), ("ORDER_TRADE_UPDATE", "FILLED"), ("ACCOUNT_UPDATE", ""),
        ("ALGO_UPDATE", "FINISHED"),
    ]  # fmt: skip
    first, fill, account = heard[0][1]["o"], heard[2][1]["o"], heard[3][1]["a"]
    assert (first["c"], first["S"], first["o"], first["x"], first["i"]) == (
        "entry-1",
        "BUY",
        "MARKET",
        "NEW",
        1,
    )
    assert (fill["x"], fill["l"], fill["z"], fill["L"], fill["ap"]) == (
        "TRADE",
        "0.01",
        "0.01",
        "49999.6",
        "49999.6",
    )
    assert (fill["n"], fill["N"], fill["m"]) == ("0.1999984", "USDT", False)
    assert account["P"][0]["pa"] == "0.01"
    # The stop: its child carries the stop's own price and type, and closes with the loss realised.
    triggered, exit_fill, flat = heard[6][1]["o"], heard[9][1]["o"], heard[10][1]["a"]
    assert (triggered["aid"], triggered["caid"], triggered["act"]) == (2, "stop-1", "MARKET")
    assert triggered["ai"] == str(exit_fill["i"])
    assert (exit_fill["o"], exit_fill["ot"], exit_fill["sp"], exit_fill["cp"]) == (
        "MARKET",
        "STOP_MARKET",
        "49990",
        True,
    )
    assert float(exit_fill["rp"]) < 0 < float(flat["B"][0]["wb"])
    assert flat["P"][0]["pa"] == "0"
    # Events 5 ms after the change; those of the first 160 ms waited for the test, which was asking meanwhile.
    late_ms = [round(at_s * 1000 - (event["T"] - EPOCH_US // 1000)) for at_s, event in heard[5:]]
    assert late_ms == [5] * len(late_ms)


def test_a_listen_key_that_is_not_kept_alive_dies(make_booth: Any, key: tuple[str, str]) -> None:
    """After an hour without keep-alive the stream says so, and trades are no longer told."""
    booth = make_booth(for_s=8000.0)

    async def program(client: Any) -> list[tuple[float, Any]]:
        manager = python_binance_sockets(client)
        manager._user_timeout = 10_000
        async with manager.futures_user_socket() as socket:
            heard = [(await socket.recv(), booth.now_s)]
            await order()(client)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(socket.recv(), 100)
            return heard

    [(event, at_s)] = _run(booth, key, program)
    assert event["e"] == "listenKeyExpired"
    assert at_s == pytest.approx(3600 + 0.030 + 0.005)


def test_the_librarys_own_keep_alive_works(make_booth: Any, key: tuple[str, str]) -> None:
    """The library renews its key every five minutes; two hours later events still come."""
    booth = make_booth(for_s=8000.0)

    async def program(client: Any) -> str:
        async with python_binance_sockets(client).futures_user_socket() as socket:
            await asyncio.sleep(7200)
            await order()(client)
            return str((await socket.recv())["e"])

    assert _run(booth, key, program) == "ORDER_TRADE_UPDATE"


def test_market_streams(make_booth: Any, key: tuple[str, str]) -> None:
    """Trades, mark and best prices come 5 ms after they are made, in the library's own sockets."""
    booth = make_booth(pct_per_s=0.01)

    async def program(client: Any) -> list[Any]:
        manager = python_binance_sockets(client)
        heard = []
        for socket in (
            manager.aggtrade_futures_socket(SYMBOL),
            manager.futures_multiplex_socket(["btcusdt@markPrice@1s"]),
            manager.symbol_ticker_futures_socket(SYMBOL),
        ):
            async with socket as open_socket:
                event = await open_socket.recv()
                heard.append((event["data"], booth.loop.now_us))
        return heard

    heard = _run(booth, key, program)
    assert [event["e"] for event, _ in heard] == ["aggTrade", "markPriceUpdate", "bookTicker"]
    assert all(at_us == event["E"] * 1000 - EPOCH_US + 5000 for event, at_us in heard)
