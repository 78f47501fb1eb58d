"""The same program in two processes: the same bytes on the pipe, the same events, the same trace, at the replayed date.

Processes of their own, with hash seeds of their own: what other tests left in the libraries' modules plays no part.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")
pytest.importorskip("binance", reason="python-binance is not installed (dependency group test)")
pytest.importorskip("ccxt", reason="ccxt is not installed (dependency group test)")

from sim.clock.memory_transport import MemoryTransport
from sim.exchange.latency import LatencySpec
from sim.web.clients import ccxt_binanceusdm, python_binance, python_binance_sockets

SYMBOL = "BTCUSDT"


async def _trade(booth: Any, key: tuple[str, str], written: list[bytes]) -> list[Any]:
    """Trade with both libraries at once and return what their streams said and when."""
    heard: list[Any] = []

    async def listen(socket: Any) -> None:
        while True:
            heard.append((booth.loop.now_us, await socket.recv()))

    async with (
        python_binance(*key) as first,
        ccxt_binanceusdm(*key) as second,
        python_binance_sockets(first).futures_user_socket() as socket,
    ):
        # Handshakes carry a nonce of the operating system; what follows them does not.
        written.clear()
        listening = asyncio.create_task(listen(socket))
        await second.load_markets()
        for _ in range(3):
            await asyncio.gather(
                first.futures_create_order(symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.010"),
                second.create_order("BTC/USDT:USDT", "market", "buy", 0.02),
            )
            await first.futures_create_order(
                symbol=SYMBOL, side="SELL", type="STOP_MARKET", stopPrice="49000", quantity="0.010"
            )
        await asyncio.sleep(1)
        listening.cancel()
    return heard


def _run(make_booth: Any, key: tuple[str, str], seed: int) -> tuple[bytes, str, str]:
    """Return what was written on the pipe, what the streams said, and the hash of the trace."""
    written: list[bytes] = []
    write = MemoryTransport.write

    def noting(transport: MemoryTransport, data: Any) -> None:
        if b"Sec-WebSocket" not in data and not _is_masked(data):
            written.append(bytes(data))
        write(transport, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryTransport, "write", noting)
        booth = make_booth(latency=LatencySpec(), seed=seed)
        heard = booth.run(lambda _: _trade(booth, key, written))
    return b"".join(written), json.dumps(heard), booth.trace.sha256()


def _is_masked(data: bytes) -> bool:
    """Tell a client's WebSocket frame: its mask comes from the operating system, and it carries only pings here."""
    return len(data) > 1 and data[0] >= 0x80 and data[1] >= 0x80


def _digest(seed: int, hash_seed: str) -> str:
    command = [sys.executable, __file__, str(seed)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return done.stdout


@pytest.mark.campaign
def test_two_processes_write_the_same_bytes() -> None:
    """With drawn latencies and both libraries at work, requests, answers, events and trace are equal byte by byte."""
    assert _digest(1, "0") == _digest(1, "4711")


def test_another_seed_and_the_replayed_date_show_in_the_bytes(make_booth: Any, key: tuple[str, str]) -> None:
    """The bytes depend on the seed, and their clocks show the date of the tape."""
    first = _run(make_booth, key, seed=1)
    assert first != _run(make_booth, key, seed=2)
    assert first[0].count(b"Date: Mon, 15 Jan 2024 00:00:0") > 9
    assert b"timestamp=17052768" in first[0]


if __name__ == "__main__":
    from conftest import KEY, SECRET, Booth  # beside this file, which is run as a program

    found = _run(Booth, (KEY, SECRET), int(sys.argv[1]))
    print(hashlib.sha256(repr(found).encode()).hexdigest())
