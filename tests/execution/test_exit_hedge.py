"""Further exits beside one that is not answered: when they are sent, whose answer counts, and when it is over."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.exit_hedge import ExitHedge
from sim.execution.placement import OrderResult
from sim.execution.policy_keys import Settings


class Own:
    """Stand for a position at a venue that is slow, throttles, or neither; further exits end as scripted."""

    def __init__(
        self,
        *ends: tuple[float, OrderResult],
        slowest_s: float = 0.0,
        throttled: bool = False,
        deadline_s: float = -60.0,
    ) -> None:
        self.settings = Settings(hedge_stop_sec=0.25, protect_deadline_sec=3.5)
        self.deadline_s = deadline_s
        replies = SimpleNamespace(
            was_throttled=lambda: throttled,
            slowest_s=lambda floor_s: slowest_s if slowest_s > floor_s else 0.0,
        )
        self.executor = SimpleNamespace(replies=replies)
        self.further: list[Any] = []
        self.ends = list(ends)
        self.sent_s: list[float] = []
        self.withdrawn: list[str | None] = []

    async def place(self, before_attempt: Any) -> OrderResult:
        self.sent_s.append(asyncio.get_running_loop().time())
        takes_s, result = self.ends.pop(0) if self.ends else (1e6, OrderResult(False))
        await asyncio.sleep(takes_s)
        self.withdrawn.append(await before_attempt(2, {}))
        return result


def close(own: Own) -> tuple[OrderResult, float]:
    """Close; return what counted, and when."""

    async def main() -> tuple[OrderResult, float]:
        result = await ExitHedge(own, own.place).run()  # type: ignore[arg-type]
        over_s = asyncio.get_running_loop().time()
        await asyncio.sleep(30)
        for task in own.further:
            task.cancel()
        return result, over_s

    return run_virtual(main())


FIRST = OrderResult(True, "first")


@pytest.mark.parametrize(
    ("slowest_s", "throttled", "sent_s"),
    [
        (0.0, False, []),
        (0.5, False, []),
        (0.6, False, [0.75, 1.5, 2.25, 3.0, 3.75, 4.5]),
        (0.0, True, [0.75, 1.5, 2.25, 3.0, 3.75, 4.5]),
    ],
)
def test_six_more_exits_go_out_where_the_venue_is_slow_or_throttles(
    slowest_s: float, throttled: bool, sent_s: list[float]
) -> None:
    """Three waits of a quarter of a second apart; at a quick venue that throttles nothing none does."""
    own = Own((5.0, FIRST), slowest_s=slowest_s, throttled=throttled)
    assert close(own) == (FIRST, 5.0)
    assert own.sent_s == pytest.approx([0.0, *sent_s])


@pytest.mark.parametrize(
    ("deadline_s", "slowest_s", "sent_s"),
    [
        (1.8, 1.0, [0.75, 1.0, 1.25, 1.5, 1.75, 2.0]),
        (-3.0, 1.0, [0.25, 0.75, 1.5, 2.25, 3.0, 3.75]),
        (1.8, 0.0, [2.0, 2.25, 2.5, 2.75, 3.0, 3.25]),
        (-3.0, 0.0, [0.25]),
    ],
)
def test_a_bare_position_that_has_no_time_for_an_answer_sends_one_at_every_wait(
    deadline_s: float, slowest_s: float, sent_s: list[float]
) -> None:
    """From one answer before its deadline, at a quick venue from the deadline, and for as long as that was after it."""
    own = Own((6.0, FIRST), slowest_s=slowest_s, deadline_s=deadline_s)
    assert close(own) == (FIRST, 6.0)
    assert own.sent_s == pytest.approx([0.0, *sent_s])


@pytest.mark.parametrize("answer", [OrderResult(True, "second"), OrderResult(False, None, -2022)])
def test_the_first_answer_of_a_further_exit_is_the_exits_result(answer: OrderResult) -> None:
    """Also that there is nothing left to reduce; no more are sent, and the first goes on until its fate is known."""
    own = Own((9.0, OrderResult(False, None, -2022)), (0.4, answer), slowest_s=1.0)
    assert close(own) == (answer, 1.15)
    assert (own.sent_s, own.withdrawn) == ([0.0, 0.75], [None, "another exit was answered"])


def test_another_refusal_counts_for_nothing() -> None:
    """The first exit may still do what it was sent for."""
    own = Own((1.4, FIRST), (0.1, OrderResult(False, None, -1008)), slowest_s=1.0)
    assert (close(own), own.withdrawn[0]) == ((FIRST, 1.4), None)


def test_none_is_sent_again_once_the_first_has_ended() -> None:
    """What is under way then may still be answered, and is not repeated; a failure of the first is the result."""
    refused = OrderResult(False, None, -4140)
    own = Own((1.0, refused), (2.0, OrderResult(False, None, -1008)), slowest_s=1.0)
    assert close(own) == (refused, 1.0)
    assert (own.sent_s, own.withdrawn) == ([0.0, 0.75], [None, "another exit was answered"])


def test_who_is_cancelled_takes_the_first_exit_along_and_an_error_is_raised_to_who_closes() -> None:
    """Neither is left to the loop."""

    async def broken(before_attempt: Any) -> OrderResult:
        raise ValueError("no such side")

    async def main() -> list[bool]:
        own = Own()
        closing = asyncio.ensure_future(ExitHedge(own, own.place).run())  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        await asyncio.sleep(0)
        with pytest.raises(ValueError, match="no such side"):
            await ExitHedge(Own(), broken).run()  # type: ignore[arg-type]
        return [task.cancelled() for task in own.further]

    assert run_virtual(main()) == [True]


def test_a_first_exit_that_breaks_after_another_was_answered_keeps_its_own_error() -> None:
    """What counts stays the answer; whoever looks at the task sees why it ended."""

    async def main() -> tuple[OrderResult, BaseException | None]:
        own = Own((0.1, FIRST), slowest_s=1.0)
        calls = iter(range(9))

        async def place(before_attempt: Any) -> OrderResult:
            if next(calls):
                return await own.place(before_attempt)
            await asyncio.sleep(2.0)
            raise ValueError("no such side")

        result = await ExitHedge(own, place).run()  # type: ignore[arg-type]
        await asyncio.sleep(3.0)
        return result, own.further[0].exception()

    result, error = run_virtual(main())
    assert (result, type(error)) == (FIRST, ValueError)
