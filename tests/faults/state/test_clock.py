"""A client whose wall clock is wrong: what its code reads, what its requests are stamped with, what the venue says."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from typing import Any

import pytest

from sim.clock import fenced

ACCOUNT_S = 1_705_276_800


def _window(at: float, for_s: float) -> dict[str, Any]:
    return {"how": {"window": {"at": at, "for_s": for_s}}}


def test_the_code_under_test_reads_the_wrong_time(make: Callable[..., Any]) -> None:
    """Wall clocks are ahead in the window and right after it; monotonic ones are never wrong."""
    exchange = make({"kind": "clock", "offset_ms": 1500.0, **_window(10.0, 10.0)})
    seen = []
    with fenced(exchange.loop, 1_705_276_800_000_000, ahead=exchange.faults.clock):
        for at_s in (5, 15, 25):
            exchange.run_to(at_s)
            now = datetime.datetime.now(datetime.UTC).timestamp()
            assert now == time.time() == time.time_ns() / 1e9
            seen.append((time.time() - ACCOUNT_S, time.monotonic()))
    assert seen == [(5.0, 5.0), (16.5, 15.0), (25.0, 25.0)]


def test_a_drift_grows_and_ends(make: Callable[..., Any]) -> None:
    """Fifty ms a minute from the window's beginning on; faults add up."""
    exchange = make(
        {"kind": "clock", "drift_ms_per_min": 50.0, **_window(60.0, 600.0)},
        {"kind": "clock", "offset_ms": -6000.0, **_window(300.0, 60.0)},
    )
    offsets = [exchange.faults.clock(at_s * 1_000_000) / 1000 for at_s in (30, 60, 120, 300, 700)]
    assert offsets == [0.0, 0.0, 50.0, 200.0 - 6000.0, 0.0]
    exchange.run_to(400)
    assert [kind for _, kind, _ in exchange.fired] == ["clock +0 ms +50 ms/min", "clock -6000 ms +0 ms/min"]


@pytest.mark.parametrize(("offset_ms", "code"), [(900.0, 0), (1500.0, -1021), (-4000.0, 0), (-6000.0, -1021)])
def test_signed_calls_fail_as_documented(make: Callable[..., Any], offset_ms: float, code: int) -> None:
    """binance-facts 4: at most a second ahead, at most recvWindow behind; market data does not care."""
    exchange = make({"kind": "clock", "offset_ms": offset_ms, **_window(10.0, 100.0)})
    exchange.run_to(20)

    async def place() -> int:
        try:
            await exchange.client.futures_create_order(
                symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.010"
            )
        except Exception as error:  # noqa: BLE001
            return int(getattr(error, "code", 1))
        return 0

    async def ticker() -> Any:
        return await exchange.client.futures_symbol_ticker(symbol="BTCUSDT")

    for call, expected in ((place, code), (ticker, None)):
        task = exchange.loop.create_task(call())
        exchange.loop.run_until(exchange.loop.now_us + 1000)
        assert expected is None or task.result() == expected


def test_a_client_that_resynchronises_is_right_again(make: Callable[..., Any]) -> None:
    """``timestamp_offset`` corrects the stamps, as in the library."""
    exchange = make({"kind": "clock", "offset_ms": 5000.0, **_window(0.0, 100.0)})
    exchange.run_to(20)

    async def synced() -> Any:
        server = await exchange.client.futures_time()
        exchange.client.timestamp_offset = server["serverTime"] - exchange.client.stamp_ms()
        return await exchange.client.futures_account()

    task = exchange.loop.create_task(synced())
    exchange.loop.run_until(exchange.loop.now_us + 1000)
    assert exchange.client.timestamp_offset == -5000
    assert "totalWalletBalance" in task.result()
