"""The control calls: how the server stands, its time, its faults, the truth, its end, and who may ask."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")

from tests.serve.at_port import KEY, SECRET

EPOCH_MS = 1_705_276_800_000
LOST: dict[str, Any] = {
    "name": "lost", "kind": "timeout", "truth": "applied", "how": {"script": [1]}, "match": {"call": "order"},
}  # fmt: skip
LOST_TOML = """
[[faults]]
name = "lost"
kind = "timeout"
truth = "applied"
how = { script = [1] }
match = { call = "order" }
"""


def test_the_state_costs_no_time(plainly: Any) -> None:
    """GET /sim/state shows time, speed, accounts and counts, and time stands meanwhile."""

    async def program(server: Any, client: Any) -> Any:
        await client.order(newClientOrderId="entry-1")
        await client.signed(
            "POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC",
            price="49000", quantity="0.010", newClientOrderId="rests",
        )  # fmt: skip
        await client.get("/sim/state")
        return (await client.get("/sim/state"))[1]

    state = plainly(program)
    assert (state["now_us"], state["speed"], state["held"], state["utc"]) == (
        80_000, "max", False, "2024-01-15T00:00:00.080Z",
    )  # fmt: skip
    assert state["counts"]["answers"] == {"200": 2}
    account = state["accounts"][KEY]
    assert [(row["symbol"], row["quantity"]) for row in account["positions"]] == [("BTCUSDT", 0.01)]
    assert [(row["client_id"], row["type"], row["price"]) for row in account["open_orders"]] == [
        ("rests", "LIMIT", 49_000.0)
    ]


def test_time_is_advanced(plainly: Any) -> None:
    """advance_s moves virtual time by exactly that, and no request is needed for it."""

    async def program(server: Any, client: Any) -> Any:
        status, state = await client.post("/sim/time", {"advance_s": 90.5})
        return status, state["now_us"], (await client.get("/fapi/v1/time"))[1]["serverTime"]

    status, now_us, server_time = plainly(program)
    assert (status, now_us) == (200, 90_500_000)
    assert server_time == EPOCH_MS + 90_530


def test_an_advance_stops_at_an_event(plainly: Any) -> None:
    """With until = "event" time goes no further than to what the user stream tells of itself."""

    async def program(server: Any, client: Any) -> Any:
        await client.order()
        key = (await client.signed("POST", "/fapi/v1/listenKey"))[1]["listenKey"]
        async with client.session.ws_connect(f"{server.url}/ws/{key}") as socket:
            await client.signed(
                "POST", "/fapi/v1/algoOrder", symbol="BTCUSDT", side="SELL", type="STOP_MARKET", algoType="CONDITIONAL",
                triggerPrice="49990", closePosition="true",
            )  # fmt: skip
            first = (await socket.receive_json(timeout=5))["o"]["X"]
            _, state = await client.post("/sim/time", {"advance_s": 3600, "until": "event"})
            return first, state["event"], state["now_s"], (await socket.receive_json(timeout=5))["o"]["X"]

    first, event, now_s, state = plainly(program, pct_per_s=-0.01)
    assert (first, event, state) == ("NEW", True, "TRIGGERING")
    # The stop is two seconds of the line away, and the event five milliseconds of the stream.
    assert 1.9 <= now_s < 3.1


def test_time_can_be_held(plainly: Any) -> None:
    """While time is held requests are in flight together; once it goes on they are answered together."""

    async def program(server: Any, client: Any) -> Any:
        await client.post("/sim/time", {"hold": True})
        asked = [asyncio.ensure_future(client.get("/fapi/v1/time")) for _ in range(3)]
        while server.pace.waiting < 3:
            await asyncio.sleep(0.001)
        held = (await client.get("/sim/state"))[1]
        assert not any(one.done() for one in asked)
        await client.post("/sim/time", {"resume": True})
        answers = await asyncio.gather(*asked)
        return held["held"], held["waiting"], {body["serverTime"] for _, body in answers}, server.pace.now_us

    held, waiting, times, now_us = plainly(program)
    assert (held, waiting, len(times), now_us) == (True, 3, 1, 40_000)


def test_a_held_request_moves_with_an_advance(plainly: Any) -> None:
    """Held time moves only as far as an advance says: to the venue first, and then back."""

    async def program(server: Any, client: Any) -> Any:
        await client.post("/sim/time", {"hold": True})
        asked = asyncio.ensure_future(client.order())
        while not server.pace.waiting:
            await asyncio.sleep(0.001)
        await client.post("/sim/time", {"advance_s": 0.03})
        orders = (await client.get("/sim/truth"))[1]["orders"]
        assert orders[0]["status"] == "NEW"
        assert not asked.done()
        await client.post("/sim/time", {"advance_s": 0.01})
        return (await asked)[0]

    assert plainly(program) == 200


@pytest.mark.parametrize(
    "body", [LOST, [LOST], {"faults": [LOST]}, LOST_TOML], ids=["one", "list", "table", "TOML"]
)
def test_a_fault_is_armed_and_taken_away(plainly: Any, body: Any) -> None:
    """A fault comes into force in the shapes of a scenario, is listed, and goes again."""

    async def program(server: Any, client: Any) -> Any:
        status, answer = await client.post("/sim/faults", body)
        assert status == 200, answer
        listed = (await client.get("/sim/faults"))[1]["faults"]
        status, _ = await client.ask("DELETE", "/sim/faults/lost")
        left = (await client.get("/sim/faults"))[1]["faults"]
        return [(fault["name"], fault["kind"]) for fault in listed], status, left

    assert plainly(program) == ([("lost", "timeout")], 200, [])


def test_a_fault_of_the_scenario_is_taken_away(plainly: Any) -> None:
    """Also what the scenario brought can be taken away, and a fault of the same name be armed again."""
    more = '[[faults]]\nname = "refuses"\ncode = -1001\napplied = 0.0\nhow = { rate = 1.0 }\n'

    async def program(server: Any, client: Any) -> Any:
        statuses = [(await client.get("/fapi/v1/time"))[0]]
        await client.ask("DELETE", "/sim/faults/refuses")
        statuses.append((await client.get("/fapi/v1/time"))[0])
        await client.post(
            "/sim/faults", {"name": "refuses", "kind": "unavailable_503", "how": {"script": [2]}}
        )
        statuses += [(await client.ask("GET", "/fapi/v1/ping"))[0], (await _text(client, "/fapi/v1/time"))]
        return statuses

    assert plainly(program, more=more) == [503, 200, 200, 503]


async def _text(client: Any, path: str) -> int:
    async with client.session.get(client.url + path) as response:
        return int(response.status)


def test_the_truth_is_told(plainly: Any) -> None:
    """Behind a reply that never came stand the write, the order and its fill, found by the client's own id."""

    async def program(server: Any, client: Any) -> Any:
        await client.post("/sim/faults", LOST)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.order(newClientOrderId="entry-1"), 0.2)
        truth = (await client.get("/sim/truth"))[1]
        await client.get("/fapi/v1/time")
        more = (await client.get("/sim/truth", params={"since": truth["next"]}))[1]
        since = (await client.get("/sim/truth", params={"since": str(truth["now_us"])}))[1]
        return truth, more, since

    truth, more, since = plainly(program)
    [request] = truth["requests"]
    [write] = truth["writes"]
    assert (request["client_id"], request["status"]) == ("entry-1", 0)
    assert (write["client_id"], write["truth"], write["request"]) == (
        "entry-1",
        "applied",
        request["request"],
    )
    assert [row["status"] for row in truth["orders"]] == ["NEW", "FILLED"]
    assert [row["client_id"] for row in truth["fills"]] == ["entry-1"]
    assert [(row["fault"], row["truth"]) for row in truth["faults"]] == [("lost", "applied")]
    # What came after: the one request, by the text of the first answer as by its time.
    assert [row["call"] for row in more["requests"]] == ["GET /fapi/v1/time"]
    assert (more["writes"], more["fills"]) == ([], [])
    assert [row["call"] for row in since["requests"]][-1] == "GET /fapi/v1/time"


@pytest.mark.parametrize(
    ("path", "body", "line"),
    [
        ("time", {"advance_s": -1}, "advance_s: given -1, expected a number > 0 and <= 31622400"),
        ("time", {"hold": True, "resume": True}, "the body: given hold, resume, expected exactly one of"),
        ("time", {"speed": "fast"}, "speed: given 'fast', expected"),
        ("time", {"speed": 0}, "speed: given 0.0, expected \"max\" or a number above 0"),
        ("time", {"until": "event"}, "until: given \"event\", expected no until, which belongs to advance_s"),
        ("time", {"advnce_s": 1}, "(did you mean 'advance_s'?)"),
        ("time", "no JSON", "the body: given 'no JSON', expected JSON such as"),
        ("time", [1], "the body: given [1], expected a JSON object"),
        ("faults", {**LOST, "how": {"rate": 2}}, "faults[0].how.rate: given 2, expected a number from 0 to 1"),
        ("faults", {**LOST, "kind": "timeot"}, "faults[0].kind: given 'timeot', expected one of"),
        ("faults", {**LOST, "match": {"symbol": "ETHUSDT"}}, "faults[0].match.symbol: given 'ETHUSDT', expected"),
        ("faults", [LOST, LOST], "faults[1].name: given 'lost', expected a name that no armed fault has"),
        ("faults", {**LOST, "how": {"window": {"at": 9000, "for_s": 1}}}, "a time on the tape, which lasts 7200 s"),
        ("faults", {"name": "c", "kind": "crash", "how": {"script": [1]}, "restart_s": 5}, "given 'crash', expected"),
        ("faults", "", "the body: given nothing, expected one fault"),
        ("faults", "{", "the body: given '{', expected one fault"),
        ("faults", "[[faults]]\nname = ", "valid TOML"),
        ("faults", "7", "the body: given 7, expected one fault"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_on_one_line(plainly: Any, path: str, body: Any, line: str) -> None:
    """A wrong value is 400 with a line in the words that a scenario's file would get, and changes nothing."""

    async def program(server: Any, client: Any) -> Any:
        status, answer = await client.post(f"/sim/{path}", body)
        return status, answer["errors"], server.pace.now_us, server.stand.faults.specs

    status, errors, now_us, armed = plainly(program)
    assert status == 400
    assert any(line in error for error in errors), errors
    assert all("\n" not in error for error in errors)
    assert (now_us, armed) == (0, [])


@pytest.mark.parametrize("since", ["abc", "-1", "1.2", "1.2.3.4.5.x"])
def test_a_since_that_is_none_is_told(plainly: Any, since: str) -> None:
    """What is neither a time nor an earlier answer's word is 400."""

    async def program(server: Any, client: Any) -> Any:
        return await client.get("/sim/truth", params={"since": since})

    status, answer = plainly(program)
    assert (status, answer["errors"][0].split(",")[0]) == (400, f"since: given '{since}'")


def test_a_call_that_is_none_is_told(plainly: Any) -> None:
    """An unknown control call is 404 and names the nearest; so is a fault that is not armed."""

    async def program(server: Any, client: Any) -> Any:
        return await client.get("/sim/stat"), await client.ask("DELETE", "/sim/faults/lots")

    (unknown, told), (absent, why) = plainly(program)
    assert (unknown, absent) == (404, 404)
    assert "did you mean 'GET /sim/state'?" in told["errors"][0]
    assert "given 'lots', expected the name of an armed fault: none is armed" in why["errors"][0]


@pytest.mark.parametrize("headers", [{"Origin": "http://127.0.0.1:1"}, {"Host": "evil.example"}])
def test_no_web_page_controls_the_server(plainly: Any, headers: dict[str, str]) -> None:
    """A page in this machine's browser, or a name that leads here from outside, is 403."""

    async def program(server: Any, client: Any) -> Any:
        return (await client.get("/sim/state", headers=headers))[0]

    assert plainly(program) == 403


def test_beyond_loopback_the_token_is_needed(plainly: Any) -> None:
    """A server that others may reach obeys only who has its token; the venue itself stays as it is."""

    async def program(server: Any, client: Any) -> Any:
        without = await client.get("/sim/state")
        wrong = await client.post("/sim/stop", {}, headers={"X-SIM-TOKEN": "guess"})
        right = await client.get("/sim/state", headers={"X-SIM-TOKEN": server.token})
        venue = await client.get("/fapi/v1/ping")
        return [status for status, _ in (without, wrong, right, venue)], server.stopped.is_set()

    assert plainly(program, options={"allow_remote": True}) == ([403, 403, 200, 200], False)


def test_the_server_is_stopped(plainly: Any) -> None:
    """POST /sim/stop is answered with the last state and ends the server."""

    async def program(server: Any, client: Any) -> Any:
        status, state = await client.post("/sim/stop")
        await asyncio.wait_for(server.stopped.wait(), 1)
        return status, state["now_us"], server.ended

    assert plainly(program) == (200, 0, "stopped by POST /sim/stop")


def test_a_mistake_of_the_model_ends_the_server(plainly: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client gets a bare 500, the server ends with one line that says where, and no stack trace leaves it."""

    async def program(server: Any, client: Any) -> Any:
        def breaks(*_: Any) -> Any:
            raise ZeroDivisionError("planted")

        monkeypatch.setattr(server.stand.venue, "place", breaks)
        at_ms = (await client.get("/sim/state"))[1]["server_time_ms"]
        path = f"/fapi/v1/order?symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.010&timestamp={at_ms}"
        signature = hmac.new(SECRET.encode(), path.partition("?")[2].encode(), hashlib.sha256).hexdigest()
        url = f"{server.url}{path}&signature={signature}"
        async with client.session.post(url, headers={"X-MBX-APIKEY": KEY}) as response:
            body = await response.text()
        return response.status, body, server.failed, server.ended

    status, body, failed, ended = plainly(program)
    assert (status, failed) == (500, True)
    assert "planted" not in body
    assert "Traceback" not in body
    assert ended.startswith("the model failed: ZeroDivisionError: planted (")
    assert "\n" not in ended
