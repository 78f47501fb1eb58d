"""What a scenario states is in force at its port: accounts, limits, clocks, faults on the wire and of the state."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")

import aiohttp

from tests.serve.at_port import KEY, SECRET


def test_each_key_is_an_account(plainly: Any) -> None:
    """Two keys trade for two accounts, which see nothing of each other."""

    async def program(server: Any, client: Any) -> Any:
        await client.order(key="other", secret="hush", newClientOrderId="entry-1")
        found = [
            await client.signed("GET", "/fapi/v2/positionRisk", key=key, secret=secret, symbol="BTCUSDT")
            for key, secret in ((KEY, SECRET), ("other", "hush"))
        ]
        return [float(rows[0]["positionAmt"]) if rows else 0.0 for _, rows in found]

    keys = {KEY: SECRET, "other": "hush"}
    assert plainly(program, options={"keys": keys}, rules="2025-01") == [0.0, 0.01]


@pytest.mark.parametrize(("ahead_ms", "code"), [(-5_100, -1021), (1_100, -1021), (-4_000, None), (900, None)])
def test_timestamps_are_judged_by_virtual_time(plainly: Any, ahead_ms: int, code: int | None) -> None:
    """What is right is the replayed moment, within recvWindow behind and a second ahead; today's is wrong."""

    async def program(server: Any, client: Any) -> Any:
        now_ms = (server.stand.epoch_us + server.pace.now_us) // 1000
        return (await client.signed("GET", "/fapi/v2/balance", at_ms=now_ms + ahead_ms))[1]

    answer = plainly(program)
    assert (answer.get("code") if isinstance(answer, dict) else None) == code


def test_limits_are_counted(plainly: Any) -> None:
    """Beyond the weight of a minute the port answers 429 with the venue's headers, and the next minute is a new one."""

    async def program(server: Any, client: Any) -> Any:
        seen = []
        for _ in range(3):
            async with client.session.get(server.url + "/fapi/v1/time") as response:
                seen.append((response.status, response.headers.get("X-MBX-USED-WEIGHT-1M")))
        await client.post("/sim/time", {"advance_s": 60})
        return seen, (await client.get("/fapi/v1/time"))[0]

    seen, later = plainly(program, more="[limits]\nweight_per_min = 2\n")
    assert ([status for status, _ in seen], later) == ([200, 200, 429], 200)
    assert [weight for _, weight in seen][:2] == ["1", "2"]


def test_the_wallet_and_the_mode_are_the_scenarios(plainly: Any) -> None:
    """What the account cannot post is refused, and in hedge mode an order names its side."""

    async def program(server: Any, client: Any) -> Any:
        return [
            (await client.order(positionSide="LONG", quantity="1"))[1]["code"],
            (await client.order())[1]["code"],
        ]

    assert plainly(program, wallet=100.0, account="hedge_mode = true") == [-2019, -4061]


def test_a_broken_connection_breaks(plainly: Any) -> None:
    """A fault that resets connections resets the real one, and the order is there all the same."""
    more = '[[faults]]\nname = "reset"\nkind = "reset"\napplied = 1.0\nhow = { script = [1] }\n'
    more += 'match = { call = "order" }\n'

    async def program(server: Any, client: Any) -> Any:
        with pytest.raises(aiohttp.ClientError):
            await client.order(newClientOrderId="entry-1")
        found = await client.signed("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="entry-1")
        return found[1]["status"]

    assert plainly(program, more=more) == "FILLED"


def test_faults_of_the_state_are_in_force(plainly: Any) -> None:
    """What a scenario lays over the venue's reads and streams is seen through the port."""
    more = """
[[faults]]
name = "stale"
kind = "read_lag"
how = { rate = 1.0 }
min_s = 5
max_s = 5
[[faults]]
name = "quiet"
kind = "user_stream"
mode = "drop"
how = { rate = 1.0 }
"""

    async def program(server: Any, client: Any) -> Any:
        key = (await client.signed("POST", "/fapi/v1/listenKey"))[1]["listenKey"]
        async with client.session.ws_connect(f"{server.url}/ws/{key}") as socket:
            await client.order(newClientOrderId="entry-1")
            query = {"symbol": "BTCUSDT", "origClientOrderId": "entry-1"}
            early = (await client.signed("GET", "/fapi/v1/order", **query))[1]
            await client.post("/sim/time", {"advance_s": 10})
            later = (await client.signed("GET", "/fapi/v1/order", **query))[1]
            with pytest.raises(TimeoutError):
                await socket.receive_json(timeout=0.02)
        return early.get("code"), later["status"]

    assert plainly(program, more=more) == (-2013, "FILLED")


def test_what_concerns_the_clients_own_process_is_told(serve: Any) -> None:
    """Faults of process and clock do nothing here, and the server says which those are."""
    more = """
[[faults]]
name = "dies"
kind = "crash"
restart_s = 5
how = { script = [1] }
"""

    async def program(server: Any) -> Any:
        await asyncio.sleep(0)
        return server.stand.inert

    assert serve(program, more=more) == ["dies"]
