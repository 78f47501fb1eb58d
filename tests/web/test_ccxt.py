"""ccxt's binanceusdm, unmodified, with its production addresses, against the exchange in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")
pytest.importorskip("ccxt", reason="ccxt is not installed (dependency group test)")

import ccxt

from sim.exchange.replies import UNAVAILABLE_503, UNKNOWN_503, error_reply
from sim.web.clients import ccxt_binanceusdm
from tests.web.ccxt_script import MISTAKES, SYMBOL, TRADED, trade

ORDER = "/fapi/v1/order"
EPOCH_MS = 1_705_276_800_000


def _run(booth: Any, key: tuple[str, str], program: Callable[[Any], Any], **config: Any) -> Any:
    async def with_client(_: Any) -> Any:
        async with ccxt_binanceusdm(*key, **config) as client:
            return await program(client)

    return booth.run(with_client)


def test_a_whole_trade(booth: Any, key: tuple[str, str]) -> None:
    """Markets, leverage, entry, stop, take-profit, trailing stop, queries, cancels and the flat position at the end."""
    assert _run(booth, key, trade) == TRADED
    assert booth.account.position("BTCUSDT").quantity == 0.0


CLASSES: dict[type[Exception], tuple[int, ...]] = {
    ccxt.OperationFailed: (-1000, -1001, -1006, -1008, -2020, -2023),
    ccxt.DDoSProtection: (-1003, -1015),
    ccxt.RequestTimeout: (-1007,),
    ccxt.InvalidNonce: (-1021,),
    ccxt.AuthenticationError: (-1002, -1022, -2014, -2015),
    ccxt.BadRequest: (-1013, -1016, -1102, -1111, -1130, -4003, -4014, -5028),
    ccxt.BadSymbol: (-1121,),
    ccxt.InvalidOrder: (-1014, -2010, -2022, -2026, -4164),
    ccxt.OrderImmediatelyFillable: (-2021, -4142),
    ccxt.OrderNotFound: (-2011, -2013),
    ccxt.InsufficientFunds: (-2018, -2019, -2024),
    ccxt.OperationRejected: (-2025, -2027, -2028, -4045, -4061, -4118, -4131),
    ccxt.MarginModeAlreadySet: (-4046,),
}
"""What ccxt makes of a code on the futures' own address (binance-facts 1.4, checked against 4.5.90).

Codes that come with 418 or 429 are DDoSProtection before the table is asked.
"""


@pytest.mark.parametrize(
    ("code", "expected"), [(code, kind) for kind, codes in CLASSES.items() for code in codes]
)
def test_a_code_arrives_as_the_librarys_class(
    booth: Any, key: tuple[str, str], code: int, expected: type[Exception]
) -> None:
    """Each code raises the class that ccxt raises on the real venue, with the venue's own text in it."""
    text = "No need to change margin type." if code == -4046 else None
    booth.fault(ORDER, reply=error_reply(code, message=text))

    async def program(client: Any) -> Exception:
        await client.load_markets()
        with pytest.raises(ccxt.BaseError) as caught:
            await client.create_order(SYMBOL, "market", "buy", 0.01)
        return caught.value

    error = _run(booth, key, program)
    assert type(error) is expected
    assert str(code) in str(error)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param(
            (503, {"timestamp": 1, "path": ORDER, "msg": UNKNOWN_503}), ccxt.ExchangeNotAvailable, id="503 A"
        ),
        pytest.param((503, UNAVAILABLE_503), ccxt.ExchangeNotAvailable, id="503 B"),
        pytest.param((502, "<html><body>Bad Gateway</body></html>"), ccxt.ExchangeNotAvailable, id="502"),
        pytest.param((403, "<html><body>403 Forbidden</body></html>"), ccxt.ExchangeNotAvailable, id="403"),
    ],
)
def test_an_answer_without_a_code(
    booth: Any, key: tuple[str, str], reply: Any, expected: type[Exception]
) -> None:
    """Without a code ccxt goes by the HTTP status."""
    booth.fault(ORDER, reply=reply)

    async def program(client: Any) -> type[BaseException]:
        await client.load_markets()
        with pytest.raises(ccxt.BaseError) as caught:
            await client.create_order(SYMBOL, "market", "buy", 0.01)
        return caught.type

    assert _run(booth, key, program) is expected


@pytest.mark.parametrize(("act", "expected"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_a_mistake_arrives_as_the_librarys_class(
    booth: Any, key: tuple[str, str], act: Callable[[Any], Any], expected: type[Exception]
) -> None:
    """What a client does wrong is refused by the venue's state and raises ccxt's class for it."""

    async def program(client: Any) -> type[BaseException]:
        await client.load_markets()
        with pytest.raises(ccxt.BaseError) as caught:
            await act(client)
        return caught.type

    assert issubclass(_run(booth, key, program), expected)


def test_no_answer_is_a_timeout(booth: Any, key: tuple[str, str]) -> None:
    """Silence raises RequestTimeout at ccxt's ten seconds, and the order may be there all the same."""
    booth.fault(ORDER, stage="reply_leg", truth="applied")

    async def program(client: Any) -> float:
        await client.load_markets()
        began_s = booth.now_s
        with pytest.raises(ccxt.RequestTimeout):
            await client.create_order(SYMBOL, "market", "buy", 0.01)
        return float(booth.now_s - began_s)

    assert _run(booth, key, program) == pytest.approx(10.0)
    assert booth.account.position("BTCUSDT").quantity == 0.01


def test_the_throttler_lives_in_virtual_time(booth: Any, key: tuple[str, str]) -> None:
    """With its rate limit on, ccxt spaces its calls in the run's time and not in the machine's."""

    async def program(client: Any) -> float:
        began_s = booth.now_s
        for _ in range(20):
            await client.fetch_time()
        return float(booth.now_s - began_s)

    assert 0.8 <= _run(booth, key, program, enableRateLimit=True) < 3.0


def test_the_user_stream_tells_a_trade(make_booth: Any, key: tuple[str, str]) -> None:
    """watch_orders sees the entry fill and the stop open and close, as ccxt reads the venue's events."""
    booth = make_booth(pct_per_s=-0.01)

    async def program(client: Any) -> list[tuple[str, str]]:
        await client.load_markets()
        watching = asyncio.ensure_future(client.watch_orders())
        await asyncio.sleep(0.3)
        await client.create_order(SYMBOL, "market", "buy", 0.01)
        seen = [(order["id"], order["status"]) for order in await watching]
        await client.create_order(
            SYMBOL, "market", "sell", 0.01, None, {"stopLossPrice": 49_990, "reduceOnly": True}
        )
        for _ in range(2):
            # Read at once: ccxt goes on writing into the orders it handed out.
            seen += [
                (order["id"], order["status"]) for order in await asyncio.wait_for(client.watch_orders(), 30)
            ]
        return seen

    seen = _run(booth, key, program, streams=True)
    assert seen[0] == ("1", "closed")
    assert ("2", "open") in seen
    assert seen[-1][1] == "closed"
    assert booth.account.position("BTCUSDT").quantity == 0.0


def test_market_streams(make_booth: Any, key: tuple[str, str]) -> None:
    """watch_trades, watch_mark_price and watch_bids_asks see prices 5 ms old."""
    booth = make_booth(pct_per_s=0.01)

    async def program(client: Any) -> list[tuple[int, int]]:
        await client.load_markets()
        mark = await client.watch_mark_price(SYMBOL)
        seen = [(mark["timestamp"], booth.loop.now_us)]
        trades = await client.watch_trades(SYMBOL)
        seen.append((trades[-1]["timestamp"], booth.loop.now_us))
        best = await client.watch_bids_asks([SYMBOL])
        seen.append((best[SYMBOL]["timestamp"], booth.loop.now_us))
        return seen

    assert all(
        now_us == (made_ms - EPOCH_MS) * 1000 + 5000
        for made_ms, now_us in _run(booth, key, program, streams=True)
    )
