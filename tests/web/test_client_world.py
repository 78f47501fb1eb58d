"""A world for client libraries: accounts by key, the code under test in virtual time, errors that stay visible."""

from __future__ import annotations

import asyncio
import datetime
import time
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")

import hashlib
import hmac

from sim.web.clients import make_session

HOST = "https://fapi.binance.com"


async def _signed(session: Any, booth: Any, key: str, method: str, path: str, **params: str) -> Any:
    asked = {**params, "timestamp": str(int(time.time() * 1000))}
    text = "&".join(f"{name}={value}" for name, value in asked.items())
    signature = hmac.new(b"the-secret", text.encode(), hashlib.sha256).hexdigest()
    url = f"{HOST}{path}?{text}&signature={signature}"
    async with session.request(method, url, headers={"X-MBX-APIKEY": key}) as response:
        return await response.json()


def test_each_key_has_an_account_of_its_own(make_booth: Any) -> None:
    """Two accounts use one client id, and neither sees the other's orders or positions."""
    booth = make_booth(keys=("first", "second"))
    order = {"symbol": "BTCUSDT", "type": "MARKET", "newClientOrderId": "entry-1"}

    async def program(_: Any) -> list[Any]:
        async with make_session() as session:
            for key, side, quantity in (("first", "BUY", "0.010"), ("second", "SELL", "0.030")):
                await _signed(
                    session, booth, key, "POST", "/fapi/v1/order", side=side, quantity=quantity, **order
                )
            query = {"symbol": "BTCUSDT", "origClientOrderId": "entry-1"}
            return [
                (await _signed(session, booth, key, "GET", "/fapi/v1/order", **query))["origQty"]
                for key in ("first", "second")
            ]

    assert [float(quantity) for quantity in booth.run(program)] == [0.01, 0.03]
    positions = [booth.world.account(key).position("BTCUSDT").quantity for key in ("first", "second")]
    assert positions == [0.01, -0.03]


def test_clocks_show_the_replayed_date(booth: Any) -> None:
    """Whatever the program reads, it reads the run's time; afterwards the machine's is back."""

    async def program(_: Any) -> tuple[str, float]:
        await asyncio.sleep(90)
        return datetime.datetime.now().isoformat(), time.monotonic()

    assert booth.run(program) == ("2024-01-15T00:01:30", 90.0)
    assert time.time() > 1_700_000_000 + 365 * 86_400


def test_a_program_that_fails_is_not_hidden(make_booth: Any) -> None:
    """Its exception comes out; so does a task of its that died unseen."""

    async def breaks(_: Any) -> None:
        raise KeyError("mine")

    async def leaves_a_dead_task(_: Any) -> None:
        task = asyncio.ensure_future(breaks(None))
        await asyncio.sleep(1)
        del task

    with pytest.raises(KeyError, match="mine"):
        make_booth().run(breaks)
    with pytest.raises(RuntimeError, match="nobody saw"):
        make_booth().run(leaves_a_dead_task)
