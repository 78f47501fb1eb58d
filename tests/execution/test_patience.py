"""How long an answer is waited for: the policy's limit, longer at a slow venue, shorter at a quick one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.lookup import Sighting
from sim.execution.patience import ReplyTimes, patience_s
from sim.execution.policy_keys import Settings


def patience(
    *took_s: float, exits: bool = True, limit_s: float = 1.0, deadline_s: float = 3.5, since_s: float = 0.0
) -> float:
    """Return the patience ``since_s`` after answers that took so long came at one moment."""

    async def main() -> float:
        replies = ReplyTimes()
        for took in took_s:
            replies.note(took)
        await asyncio.sleep(since_s)
        settings = Settings(attempt_timeout_sec=limit_s, protect_deadline_sec=deadline_s)
        return patience_s(settings, replies, exits=exits)

    return run_virtual(main())


@pytest.mark.parametrize(
    ("took_s", "waits_s"),
    [
        ((), 1.0),
        ((0.01,), 0.35),
        ((0.2,), 0.6),
        ((0.2, 0.05), 0.6),
        ((0.05, 0.2), 0.6),
        ((0.4,), 1.0),
        ((0.5,), 1.0),
        ((0.7,), 1.4),
        ((0.7, 0.01), 1.4),
        ((2.0,), 1.75),
    ],
)
def test_a_request_a_position_waits_for_follows_the_recent_answers(
    took_s: tuple[float, ...], waits_s: float
) -> None:
    """Thrice the slowest, never under 0.35 s nor over the limit; twice it at a slow venue, to half the deadline."""
    assert patience(*took_s) == pytest.approx(waits_s)


@pytest.mark.parametrize(("state", "waits_s"), [("absent", 0.6), ("there", 0.6), ("unreadable", 1.0)])
def test_the_answer_to_a_look_counts_as_one(state: Any, waits_s: float) -> None:
    """What was read, here by two requests, shows how quick the venue is; what could not be read shows nothing."""

    async def look() -> Sighting:
        await asyncio.sleep(0.4)
        return Sighting(state, asks=2)

    async def main() -> float:
        replies = ReplyTimes()
        await replies.timed(look(), 9.0)
        return patience_s(Settings(attempt_timeout_sec=1.0, protect_deadline_sec=3.5), replies, exits=True)

    assert run_virtual(main()) == pytest.approx(waits_s)


@pytest.mark.parametrize(("deadline_s", "waits_s"), [(3.5, 2.975), (10.0, 8.5), (1.0, 1.0), (0.0, 1.0)])
def test_while_nothing_is_held_most_of_the_deadline_may_pass(deadline_s: float, waits_s: float) -> None:
    """0.85 of it, or the limit where that is longer; how quick the venue is does not matter."""
    for took_s in ((), (0.01,), (5.0,)):
        assert patience(*took_s, exits=False, deadline_s=deadline_s) == pytest.approx(waits_s)


@pytest.mark.parametrize("exits", [True, False])
def test_without_a_limit_nothing_is_given_up(exits: bool) -> None:
    """0 means for ever, at a slow venue too."""
    assert patience(0.01, exits=exits, limit_s=0.0) == patience(9.0, exits=exits, limit_s=0.0) == 0.0


def test_without_a_deadline_a_quick_venue_makes_nobody_hasty() -> None:
    """The limit holds as it is: nothing has to be sent again in time."""
    assert patience(0.01, deadline_s=0.0) == patience(5.0, deadline_s=0.0) == 1.0


@pytest.mark.parametrize("took_s", [0.01, 0.7])
@pytest.mark.parametrize(("since_s", "recent"), [(10.0, True), (10.1, False)])
def test_answers_of_ten_seconds_ago_say_nothing_any_more(took_s: float, since_s: float, recent: bool) -> None:
    """Neither that the venue is slow nor that it is quick."""
    assert (patience(took_s, since_s=since_s) != 1.0) is recent


def test_a_slow_answer_is_forgotten_while_quick_ones_come_in() -> None:
    """By its age, or once sixteen others came: then the slowest of those counts."""

    async def main() -> list[float]:
        replies, seen = ReplyTimes(), list[float]()
        replies.note(3.0)
        seen.append(replies.slowest_s())
        await asyncio.sleep(9.0)
        replies.note(0.2)
        seen.append(replies.slowest_s())
        await asyncio.sleep(2.0)
        seen.append(replies.slowest_s())
        replies.note(4.0)
        for _ in range(15):
            replies.note(0.1)
        seen.append(replies.slowest_s())
        replies.note(0.1)
        return [*seen, replies.slowest_s(), replies.slowest_s(0.2), replies.slowest_s(0.1), replies.quick_s()]

    assert run_virtual(main()) == [3.0, 3.0, 0.2, 4.0, 0.1, 0.0, 0.0, 0.1]


@pytest.mark.parametrize(
    ("silences", "slowest_s"),
    [([1.0], 0.0), ([1.0, 1.0], 1.0), ([1.0, 0.2, 1.0], 0.2), ([1.0, -0.4, 1.0], 1.0), ([-0.4, -0.4], 0.0)],
)
def test_one_silence_may_be_a_lost_answer_two_in_a_row_are_slow(
    silences: list[float], slowest_s: float
) -> None:
    """1.0: silence for that long; 0.2: an answer after that long; -0.4: cut short then, which says nothing."""

    async def main() -> float:
        replies, loop = ReplyTimes(), asyncio.get_running_loop()
        for took_s in silences:
            sent_s = loop.time()
            await asyncio.sleep(abs(took_s))
            replies.take_in(sent_s, 1.0, answered=0 < took_s < 1)
        return replies.slowest_s()

    assert run_virtual(main()) == pytest.approx(slowest_s)


def test_an_answers_time_may_be_told() -> None:
    """``now_s`` stands for the loop's time where it is known."""

    async def main() -> list[Any]:
        replies = ReplyTimes()
        await asyncio.sleep(20.0)
        replies.note(0.3, 5.0)
        old = replies.quick_s()
        replies.note(0.3, 15.0)
        return [old, replies.quick_s()]

    assert run_virtual(main()) == [0.0, 0.3]


def test_a_throttled_stop_is_remembered_for_a_while() -> None:
    """By default ten seconds, or as long as is asked for; a venue that never did has not."""

    async def main() -> list[bool]:
        replies = ReplyTimes()
        seen = [replies.was_throttled(1e9)]
        replies.note_throttled()
        await asyncio.sleep(9.9)
        seen.append(replies.was_throttled())
        await asyncio.sleep(0.1)
        return [*seen, replies.was_throttled(), replies.was_throttled(10.1), replies.was_throttled(10.0)]

    assert run_virtual(main()) == [False, True, False, True, False]
