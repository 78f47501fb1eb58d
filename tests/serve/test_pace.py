"""Virtual time against the wall: no further than asked for, as fast as said, and one record for one row of requests."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")

from sim.clock import VirtualLoop
from sim.serve.pace import MAX, Pace

SILENCE = (0, {}, None)


def _paced(program: Any, *, speed: float = MAX, end_us: int = 3_600_000_000) -> Any:
    """Run ``program(pace, virtual loop, ends)``; ``ends`` collects what the pace says of its end."""

    async def main() -> Any:
        loop, ends = VirtualLoop(), []
        pace = Pace(loop, end_us, speed, lambda: ends.append("end"), ends.append)
        try:
            return await program(pace, loop, ends)
        finally:
            pace.close()

    return asyncio.run(main())


def _answered_in(loop: VirtualLoop, delay_us: int, answer: Any) -> Any:
    def send() -> Any:
        future = loop.create_future()
        loop.at_us(loop.now_us + delay_us, future.set_result, answer)
        return future

    return send


def test_at_max_time_goes_to_the_answer_and_stands() -> None:
    """Each request takes its own time and no more, whatever is due later."""

    async def program(pace: Pace, loop: VirtualLoop, ends: list[Any]) -> Any:
        late: list[int] = []
        loop.at_us(1_000_000, late.append, 1)
        seen = [
            (await pace.ask(_answered_in(loop, 40_000, number), SILENCE), pace.now_us) for number in (1, 2)
        ]
        return seen, late

    assert _paced(program) == ([(1, 40_000), (2, 80_000)], [])


def test_at_max_requests_take_turns() -> None:
    """Requests that are out together are answered one after the other, in the order in which they came."""

    async def program(pace: Pace, loop: VirtualLoop, ends: list[Any]) -> Any:
        delays = (30_000, 10_000, 20_000)
        asked = [pace.ask(_answered_in(loop, delay, delay), SILENCE) for delay in delays]
        return await asyncio.gather(*asked), pace.now_us

    assert _paced(program) == ([30_000, 10_000, 20_000], 60_000)


def test_the_wall_moves_time_at_its_speed() -> None:
    """At 10 a tenth of a second on the wall is a second at the venue, and what is due then happens by itself."""

    async def program(pace: Pace, loop: VirtualLoop, ends: list[Any]) -> Any:
        began_s, happened = time.monotonic(), asyncio.Event()
        take = pace.deferred(lambda body: happened.set(), event=False)
        loop.at_us(1_000_000, take, {})
        pace.look_again()
        await asyncio.wait_for(happened.wait(), 5)
        return time.monotonic() - began_s, pace.now_us

    passed_s, now_us = _paced(program, speed=10)
    assert 0.1 <= passed_s < 1.0
    assert now_us >= 1_000_000


def test_a_request_takes_its_time_on_the_wall() -> None:
    """At 10 an answer that takes 500 ms at the venue takes 50 ms on the wall, and others are in flight meanwhile."""

    async def program(pace: Pace, loop: VirtualLoop, ends: list[Any]) -> Any:
        began_s = time.monotonic()
        asked = [pace.ask(_answered_in(loop, 500_000, number), SILENCE) for number in range(20)]
        return await asyncio.gather(*asked), time.monotonic() - began_s

    answers, passed_s = _paced(program, speed=10)
    assert answers == list(range(20))
    assert 0.05 <= passed_s < 0.5


def test_the_speed_changes_from_now_on() -> None:
    """What has passed stays; a change of speed neither jumps nor goes back."""

    async def program(pace: Pace, loop: VirtualLoop, ends: list[Any]) -> Any:
        await pace.advance(5_000_000)
        pace.set_speed(10.0)
        first_us = pace.now_us
        await asyncio.sleep(0.01)
        pace.set_speed(MAX)
        second_us = pace.now_us
        await asyncio.sleep(0.01)
        return first_us, second_us, pace.now_us

    first_us, second_us, third_us = _paced(program)
    assert first_us == 5_000_000
    assert 5_100_000 <= second_us < 10_000_000
    assert third_us == second_us


def test_the_tapes_end_is_told_once() -> None:
    """At the end time stands, whoever waits for more gets silence, and the server hears of it once."""

    async def program(pace: Pace, loop: VirtualLoop, ends: list[Any]) -> Any:
        beyond = await pace.ask(_answered_in(loop, 40_000, "late"), SILENCE)
        after = await pace.ask(_answered_in(loop, 1, "after"), SILENCE)
        return beyond, after, pace.now_us, ends

    assert _paced(program, end_us=30_000) == (SILENCE, SILENCE, 30_000, ["end"])


def test_the_wall_reaches_the_tapes_end_by_itself() -> None:
    """A server that follows the wall comes to its end although nobody asks anything."""

    async def program(pace: Pace, loop: VirtualLoop, ends: list[Any]) -> Any:
        while not ends:
            await asyncio.sleep(0.001)
        return ends, pace.now_us

    assert _paced(program, speed=1000, end_us=5_000_000) == (["end"], 5_000_000)


def test_what_the_model_breaks_on_is_told() -> None:
    """An exception of the model ends time and reaches the server as well as who asked."""

    async def program(pace: Pace, loop: VirtualLoop, ends: list[Any]) -> Any:
        def breaks() -> None:
            raise ZeroDivisionError("planted")

        loop.at_us(10, breaks)
        with pytest.raises(ZeroDivisionError):
            await pace.ask(_answered_in(loop, 40_000, 1), SILENCE)
        return [type(end) for end in ends], await pace.ask(_answered_in(loop, 1, 1), SILENCE)

    assert _paced(program) == ([ZeroDivisionError], SILENCE)


def test_the_same_requests_leave_the_same_record(plainly: Any) -> None:
    """At max the record is the same byte by byte, however long the client takes between its requests."""
    more = '[[faults]]\nname = "some"\ncode = -1001\napplied = 0.5\nhow = { rate = 0.3 }\nmatch = { call = "order" }\n'

    def record(pause_s: float, side: str = "SELL") -> tuple[str, list[int]]:
        async def program(server: Any, client: Any) -> tuple[str, list[int]]:
            statuses = []
            for number in range(12):
                turns = {"side": "BUY" if number % 3 else side, "newClientOrderId": f"order-{number}"}
                statuses.append((await client.order(**turns))[0])
                await asyncio.sleep(pause_s)
            await client.post("/sim/time", {"advance_s": 5})
            return server.stand.trace.sha256(), statuses

        return plainly(program, pct_per_s=0.01, more=more)  # type: ignore[no-any-return]

    quick = record(0.0)
    assert set(quick[1]) == {200, 503}
    assert record(0.003) == quick
    assert record(0.0, "BUY")[0] != quick[0]
