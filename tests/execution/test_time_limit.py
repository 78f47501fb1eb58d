"""A limited call costs no timer where its answer is there, and ends like asyncio.timeout where it is not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.time_limit import TimeLimit, finish_within


async def _after(seconds: float) -> str:
    if seconds:
        await asyncio.sleep(seconds)
    return "answer"


@pytest.mark.parametrize("seconds", [0.0, 0.5])
def test_an_answer_in_time_comes_through_and_no_timer_is_left(seconds: float) -> None:
    """At once or after a wait: the task is not cancelled afterwards."""

    async def main() -> tuple[str, int]:
        answer = await finish_within(TimeLimit(1.0), _after(seconds))
        await asyncio.sleep(2.0)
        task = asyncio.current_task()
        assert task is not None
        return answer, task.cancelling()

    assert run_virtual(main()) == ("answer", 0)


def test_a_late_answer_is_a_time_out_at_the_limit_and_the_task_lives_on() -> None:
    """The limit runs from where the call began."""

    async def main() -> tuple[float, int]:
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        with pytest.raises(TimeoutError):
            await finish_within(TimeLimit(1.0), _after(3.0))
        task = asyncio.current_task()
        assert task is not None
        return loop.time() - begun_s, task.cancelling()

    assert run_virtual(main()) == (1.0, 0)


def test_who_cancels_from_outside_is_obeyed_even_at_the_limit() -> None:
    """A cancellation that is not the limit's passes through."""

    async def main() -> bool:
        task = asyncio.ensure_future(finish_within(TimeLimit(1.0), _after(3.0)))
        asyncio.get_running_loop().call_later(1.0, task.cancel)
        await asyncio.wait([task])
        return task.cancelled()

    assert run_virtual(main())


@pytest.mark.parametrize("seconds", [0.0, 0.5])
def test_what_the_call_raises_comes_through(seconds: float) -> None:
    """An error is no time-out."""

    async def fail() -> None:
        await _after(seconds)
        raise ValueError("no")

    async def main() -> None:
        with pytest.raises(ValueError, match="no"):
            await finish_within(TimeLimit(1.0), fail())

    run_virtual(main())


def test_a_limit_within_a_limit_ends_first_and_leaves_the_outer_one_running() -> None:
    """Only the inner call is a time-out; the outer limit still counts."""

    async def inner(seen: list[Any]) -> str:
        with pytest.raises(TimeoutError):
            await finish_within(TimeLimit(1.0), _after(3.0))
        seen.append(asyncio.get_running_loop().time())
        return await _after(5.0)

    async def main() -> tuple[float, float]:
        seen: list[float] = []
        begun_s = asyncio.get_running_loop().time()
        with pytest.raises(TimeoutError):
            await finish_within(TimeLimit(2.0), inner(seen))
        return seen[0] - begun_s, asyncio.get_running_loop().time() - begun_s

    assert run_virtual(main()) == (1.0, 2.0)


def test_time_that_rests_is_not_counted() -> None:
    """Held back for three seconds before anything was sent, the call still has all of its second."""

    async def held_back(limit: TimeLimit) -> str:
        limit.rest()
        await asyncio.sleep(3.0)
        limit.begin_anew()
        return await _after(0.9)

    async def main() -> str:
        limit = TimeLimit(1.0)
        return await finish_within(limit, held_back(limit))

    assert run_virtual(main()) == "answer"


@pytest.mark.parametrize(("hurried_s", "ends_s"), [(0.2, 0.7), (5.0, 1.0)], ids=["shorter", "never longer"])
def test_a_limit_may_be_made_shorter_on_the_way(hurried_s: float, ends_s: float) -> None:
    """Whoever learns more lets no more than so much be left."""

    async def main() -> float:
        loop, limit = asyncio.get_running_loop(), TimeLimit(1.0)
        limit.hurry(0.0)
        loop.call_later(0.5, limit.hurry, hurried_s)
        with pytest.raises(TimeoutError):
            await finish_within(limit, _after(3.0))
        limit.hurry(0.0)
        return loop.time()

    assert run_virtual(main()) == pytest.approx(ends_s)
