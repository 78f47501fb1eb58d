"""Faults of state as a client library meets them, over HTTP in virtual time."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")

from pydantic import TypeAdapter

from sim.exchange.filters import filters_of
from sim.faults import Fault, FaultInjector
from sim.market import LinePath
from sim.trace import Trace
from sim.web.client_world import ClientWorld, Credential
from sim.web.clients import make_session

EPOCH_US = 1_705_276_800_000_000
HOST = "https://fapi.binance.com"


def test_a_library_reads_the_wrong_price_and_the_wrong_time() -> None:
    """The price is no number and the wall clock a second and a half ahead, in the window and not after it."""
    filters = filters_of("BTCUSDT", "2025-12-09")
    assert filters is not None
    path = LinePath(
        "BTCUSDT", EPOCH_US, 900_000_000, filters.tick_size, filters.price_decimals, 50_000.0, 0.0
    )
    how = {"window": {"at": 0.0, "for_s": 60.0}}
    read: TypeAdapter[Any] = TypeAdapter(Fault)
    faults = [
        read.validate_python({"name": "no_number", "kind": "price", "mode": "nan", "how": how}),
        read.validate_python({"name": "ahead", "kind": "clock", "offset_ms": 1500.0, "how": how}),
    ]
    injector = FaultInjector(faults, 1, EPOCH_US, 800_000_000, Trace(), {"BTCUSDT": path})
    world = ClientWorld(
        {"BTCUSDT": path}, {"BTCUSDT": filters}, "2025-12-09", {"key": Credential("")}, injector=injector
    )

    async def program() -> list[tuple[str, float]]:
        seen = []
        async with make_session() as session:
            for _ in range(2):
                async with session.get(f"{HOST}/fapi/v2/ticker/price?symbol=BTCUSDT") as response:
                    price = (await response.json())["price"]
                ahead_s = time.time() - (EPOCH_US + world.loop.now_us) / 1e6
                seen.append((price, round(ahead_s, 3)))
                await asyncio.sleep(61)
        return seen

    assert world.run(program) == [("NaN", 1.5), ("50000.00", 0.0)]
