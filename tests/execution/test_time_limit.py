"""A limited call costs no timer where its answer is there, and ends like asyncio.timeout where it is not."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.time_limit import AskedLimit, TimeLimit, finish_within


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


def _limited(limit: TimeLimit, work: Any, *steps: tuple[float, Any]) -> tuple[str, float]:
    """Run work under a limit, take each step at its second; say how and when it ended."""

    async def main() -> tuple[str, float]:
        loop = asyncio.get_running_loop()
        for at_s, step in steps:
            loop.call_at(loop.time() + at_s, step)
        try:
            ended = await finish_within(limit, work)
        except TimeoutError:
            ended = "time-out"
        task = asyncio.current_task()
        assert task is not None
        ended_s = loop.time()
        # No timer is left that would cancel the task later.
        await asyncio.sleep(50.0)
        assert not task.cancelling()
        return str(ended), round(ended_s, 4)

    return run_virtual(main())


@pytest.mark.parametrize(
    ("rest_s", "anew_s", "ended"),
    [
        (0.5, 2.0, ("time-out", 3.0)),
        (0.5, None, ("answer", 9.0)),
        (None, 0.5, ("time-out", 1.5)),
        (1.5, 2.0, ("time-out", 1.0)),
    ],
)
def test_a_limit_that_rests_on_the_way_begins_anew(
    rest_s: float | None, anew_s: float | None, ended: tuple[str, float]
) -> None:
    """It stands still from then on, and all of it runs from where it begins anew; what passed stays passed."""
    limit = TimeLimit(1.0)
    steps = [(rest_s, limit.rest), (anew_s, limit.begin_anew)]
    assert _limited(limit, _after(9.0), *[(at, step) for at, step in steps if at is not None]) == ended
    assert limit.passed is (ended[0] == "time-out")


def test_a_limit_that_rested_from_the_first_step_stays_at_rest_until_told() -> None:
    """Waiting does not begin it, and to hurry it is of no use."""

    async def work(limit: TimeLimit) -> str:
        limit.rest()
        return await _after(5.0)

    limit = TimeLimit(1.0)
    assert _limited(limit, work(limit), (2.0, lambda: limit.hurry(0.1))) == ("answer", 5.0)


@pytest.mark.parametrize(
    ("at_s", "left_s", "ended_s"),
    [(0.5, 0.0, 0.5), (0.5, 0.25, 0.75), (0.5, 0.5, 1.0), (0.5, 0.6, 1.0), (2.0, 0.0, 1.0)],
)
def test_a_hurried_limit_ends_when_it_was_told(at_s: float, left_s: float, ended_s: float) -> None:
    """Never later than it would have; a limit that is over is none of it."""
    limit = TimeLimit(1.0)
    assert _limited(limit, _after(9.0), (at_s, lambda: limit.hurry(left_s))) == ("time-out", ended_s)
    assert limit.seconds == pytest.approx(ended_s, abs=1e-5)


def test_a_limit_whose_work_answered_is_neither_hurried_nor_begun_anew() -> None:
    """Both come after the answer, and cancel nobody."""
    limit = TimeLimit(1.0)
    steps = (2.0, lambda: limit.hurry(0.0)), (3.0, limit.begin_anew)
    assert _limited(limit, _after(0.5), *steps) == ("answer", 0.5)
    assert (limit.fired, limit.passed, limit.seconds) == (False, False, 1.0)


def test_a_call_that_answers_although_it_was_cancelled_is_no_time_out() -> None:
    """It caught the cancellation of the limit and went on: its answer counts, and the task is not marked."""

    async def stubborn() -> str:
        try:
            await asyncio.sleep(9.0)
        except asyncio.CancelledError:
            await asyncio.sleep(1.0)
        return "late"

    limit = TimeLimit(1.0)
    assert _limited(limit, stubborn()) == ("late", 2.0)
    assert (limit.fired, limit.passed) == (True, False)


def test_a_call_that_fails_when_it_is_cancelled_fails_and_leaves_no_mark() -> None:
    """What it raises comes through instead of the time-out."""

    async def fail() -> str:
        try:
            await asyncio.sleep(9.0)
        except asyncio.CancelledError:
            raise ValueError("in the way") from None
        return ""

    async def main() -> int:
        with pytest.raises(ValueError, match="in the way"):
            await finish_within(TimeLimit(1.0), fail())
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert run_virtual(main()) == 0


def test_a_limit_outside_of_a_task_is_an_error() -> None:
    """Nobody could be cancelled."""

    async def main() -> list[str]:
        said: list[str] = []

        def arm() -> None:
            try:
                TimeLimit(1.0).arm()
            except RuntimeError as error:
                said.append(str(error))

        asyncio.get_running_loop().call_soon(arm)
        await asyncio.sleep(0.0)
        return said

    assert run_virtual(main()) == ["a time limit needs a running task"]


@pytest.mark.parametrize(("seconds", "asked", "given_s"), [(0.0, 0, math.inf), (0.5, 1, 1.0)])
def test_how_long_is_asked_only_where_there_is_something_to_wait_for(
    seconds: float, asked: int, given_s: float
) -> None:
    """An answer that is there at once asks for nothing and calls nobody; a wait does both once."""
    calls: list[str] = []

    def ask() -> float:
        calls.append("asked")
        return 1.0

    async def main() -> float:
        limit = AskedLimit(ask)
        await finish_within(limit, _after(seconds), lambda: calls.append("waiting"))
        return limit.given_s

    assert (run_virtual(main()), calls) == (given_s, ["waiting", "asked"] * asked)


def test_what_was_asked_for_is_the_limit_and_stays_known_when_it_is_made_shorter() -> None:
    """What an answer would have been given tells a lost one from one that was cut short."""

    async def main() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        limit = AskedLimit(lambda: 2.0)
        loop.call_later(0.5, limit.hurry, 0.25)
        with pytest.raises(TimeoutError):
            await finish_within(limit, _after(9.0))
        return limit.given_s, loop.time()

    assert run_virtual(main()) == (2.0, 0.75)
