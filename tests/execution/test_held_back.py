"""Time that a request is held back is none of its attempt's, in whichever task and however deep it is held."""

from __future__ import annotations

import asyncio
from typing import Any

from sim.clock import run_virtual
from sim.execution.outcomes import Failure, attempt_within, unhurried


async def _held(held_s: float, took_s: float) -> str:
    with unhurried():
        await asyncio.sleep(held_s)
    await asyncio.sleep(took_s)
    return "answer"


def _ended(reply: Any) -> str:
    return reply.kind if isinstance(reply, Failure) else str(reply)


async def _timed(work: Any) -> tuple[str, float]:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    return _ended(await work), round(loop.time() - began_s, 3)


def test_what_is_held_back_in_a_task_of_its_own_counts_as_the_attempts() -> None:
    """A client that sends in a task of its own is held back for the attempt that asked."""

    async def in_a_task() -> str:
        work = _held(3.0, 0.9)
        return str(await asyncio.ensure_future(work))

    assert run_virtual(_timed(attempt_within(1.0, in_a_task))) == ("answer", 3.9)


def test_each_attempt_rests_by_itself_whatever_others_do_meanwhile() -> None:
    """Of two side by side only the one that is held back is given time, as often as it is."""

    async def twice() -> str:
        await _held(2.0, 0.5)
        return await _held(2.0, 0.9)

    async def main() -> list[tuple[str, float]]:
        hangs = _timed(attempt_within(1.0, asyncio.sleep, 9.0))
        return list(await asyncio.gather(_timed(attempt_within(1.0, twice)), hangs))

    assert run_virtual(main()) == [("answer", 5.4), ("silent", 1.0)]


def test_an_attempt_within_another_is_the_one_that_rests() -> None:
    """Once it is over the outer one rests again."""

    async def outer() -> str:
        inner = await attempt_within(1.0, _held, 2.0, 0.5)
        return _ended(inner) if isinstance(inner, Failure) else await _held(5.0, 0.9)

    async def main() -> list[tuple[str, float]]:
        return [await _timed(attempt_within(3.0, outer)), await _timed(attempt_within(2.0, outer))]

    assert run_virtual(main()) == [("answer", 8.4), ("silent", 2.0)]


def test_outside_of_an_attempt_nothing_rests() -> None:
    """A request nobody limits is only held back; an attempt that is over leaves nothing behind."""

    async def main() -> tuple[str, float]:
        await attempt_within(1.0, _held, 0.0, 2.0)
        return await _timed(_held(2.0, 1.0))

    assert run_virtual(main()) == ("answer", 3.0)
