"""Client programs against scenario files: what the file states is what the libraries meet."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")
pytest.importorskip("binance", reason="python-binance is not installed (dependency group test)")
pytest.importorskip("ccxt", reason="ccxt is not installed (dependency group test)")

import aiohttp
from binance.exceptions import BinanceAPIException, BinanceRequestException

from sim import InputError
from sim.api.clients import ScenarioClients, client_world
from sim.faults import KINDS
from sim.scenario import load_scenario
from sim.web.clients import ccxt_binanceusdm, python_binance

KEYS = {"key": "secret"}
MARKET = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "MARKET",
    "quantity": "0.010",
    "newClientOrderId": "entry-1",
}
VENUE = """
title = "a venue that loses the reply to the first entry, and takes three orders a minute"
rules = "2025-12-09"
[market]
path = "line"
line = { start_price = 50000.0, pct_per_s = 0.0 }
[latency]
request = { law = "constant", ms = 30 }
reply = { law = "constant", ms = 10 }
[account]
wallet = 5000.0
[limits]
orders_per_min = 3
[workload]
poisson_per_hour = 1
sl_pct = 0.004
tp_pct = 0.008
[[faults]]
name = "lost"
kind = "timeout"
match = { role = "entry" }
how = { script = [1] }
truth = "applied"
"""


@pytest.fixture
def venue(tmp_path: Path) -> Path:
    """Give the file of a small venue."""
    file = tmp_path / "venue.toml"
    file.write_text(VENUE)
    return file


async def _trade(client: Any) -> list[Any]:
    began = asyncio.get_running_loop().time()
    with pytest.raises(asyncio.TimeoutError):
        await client.futures_create_order(**MARKET)
    waited = asyncio.get_running_loop().time() - began
    found = await client.futures_get_order(symbol="BTCUSDT", origClientOrderId="entry-1")
    seen = [waited, found["status"]]
    for _ in range(3):
        try:
            await client.futures_create_order(**{**MARKET, "side": "SELL", "newClientOrderId": "again"})
        except BinanceAPIException as refusal:
            seen.append((refusal.status_code, refusal.code))
    return seen


def _run(world: ScenarioClients) -> Any:
    async def program() -> Any:
        async with python_binance("key", "secret") as client:
            return await _trade(client)

    return world.run(program)


def test_a_scenarios_faults_limits_and_wallet_meet_the_library(venue: Path) -> None:
    """The lost reply ends at the library's own patience, the order is there, and the fourth in a minute is -1015."""
    world = client_world(venue, KEYS, seed=1)
    assert _run(world) == [10.0, "FILLED", (429, -1015)]
    account = world.account("key")
    assert account.opening_wallet == 5000.0
    assert account.position("BTCUSDT").quantity == -0.01
    assert world.trace.arrays("write")["truth"].size == 4


def test_two_runs_leave_one_record(venue: Path) -> None:
    """The same program, scenario and seed leave the same trace."""
    hashes = []
    for _ in range(2):
        world = client_world(load_scenario(venue), KEYS, seed=3)
        _run(world)
        hashes.append(world.trace.sha256())
    assert hashes[0] == hashes[1]


def test_a_shipped_scenario_by_name_with_overrides() -> None:
    """ccxt trades a shipped day; a wall clock that is wrong is what the program sees."""
    world = client_world("quickstart", KEYS, overrides=["client.clock_offset_ms=-500", "faults=[]"])

    async def program() -> tuple[Any, float]:
        async with ccxt_binanceusdm("key", "secret") as client:
            began = time.time()
            await client.load_markets()
            order = await client.create_order("BTC/USDT:USDT", "market", "buy", 0.01)
            return (await client.fetch_order(order["id"], "BTC/USDT:USDT"))["status"], began

    status, began = world.run(program)
    assert status == "closed"
    assert began == world.stand.epoch_us / 1e6 - 0.5


def test_what_is_no_scenario_is_refused_on_one_line() -> None:
    """A name that nobody has raises InputError with the nearest."""
    with pytest.raises(InputError, match="quickstart"):
        client_world("quickstrat", KEYS)


def _example(kind: str) -> str:
    return VENUE.partition("[[faults]]")[0].replace("orders_per_min = 3", "") + KINDS[kind].example


async def _live(client: Any, heard: list[Any]) -> None:
    """Trade a while as bots do, whatever the answers are; only what libraries raise may come."""

    async def tried(call: Any) -> Any:
        try:
            heard.append(await call)
        except (TimeoutError, BinanceAPIException, BinanceRequestException, aiohttp.ClientError) as error:
            heard.append(error)
        return heard[-1]

    for number in range(4):
        await tried(client.futures_symbol_ticker(symbol="BTCUSDT"))
        await tried(client.futures_create_order(**{**MARKET, "newClientOrderId": f"entry-{number}"}))
        await tried(
            client.futures_create_order(
                symbol="BTCUSDT", side="SELL", type="STOP_MARKET", stopPrice="49000", quantity="0.010",
                clientAlgoId=f"stop-{number}",
            )
        )  # fmt: skip
        await tried(
            client.futures_place_batch_order(batchOrders=[{**MARKET, "newClientOrderId": f"b-{number}"}])
        )
        await tried(client.futures_get_order(symbol="BTCUSDT", origClientOrderId=f"entry-{number}"))
        await tried(client.futures_get_open_algo_orders(symbol="BTCUSDT"))
        await tried(client.futures_position_information(symbol="BTCUSDT"))
        await tried(client.futures_cancel_algo_order(clientAlgoId=f"stop-{number}"))
        await asyncio.sleep(60)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_fault_can_meet_an_unmodified_library(kind: str, tmp_path: Path) -> None:
    """Each kind's own example runs under python-binance: answers or the library's own exceptions, nothing else."""
    file = tmp_path / "venue.toml"
    file.write_text(_example(kind))
    world = client_world(file, KEYS, seed=1)
    heard: list[Any] = []

    async def program() -> None:
        async with python_binance("key", "secret") as client:
            await _live(client, heard)

    world.run(program)
    assert len(heard) == 4 * 8
    orders = [order.client_id for order in world.stand.venue.orders.values()]
    assert len(orders) == len(set(orders))
