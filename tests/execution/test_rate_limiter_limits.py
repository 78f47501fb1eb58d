"""The limiter's windows: the documented limits to the last order and weight (binance-facts 4), and where each ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.rate_limiter import GlobalRateLimiter

pytestmark = pytest.mark.usefixtures("wall_clock")


def waits_s(*costs: tuple[int, int], apart_s: float = 0.0) -> list[float]:
    """Return what each request of so much weight and so many orders is told to wait where the limits are used up."""

    async def main() -> list[float]:
        limiter, told = GlobalRateLimiter(share=1.0, exit_reserve=0.0), list[float]()
        for weight, orders in costs:
            told.append(round(limiter.take(weight, orders, "entry"), 3))
            await asyncio.sleep(apart_s)
        return told

    return run_virtual(main())


def test_2400_of_weight_leave_in_a_minute_and_no_more() -> None:
    """The next one is sent a hair after the minute is over."""
    assert waits_s((2399, 0), (1, 0), (1, 0)) == [0.0, 0.0, 60.05]


def test_300_orders_leave_in_ten_seconds_and_no_more() -> None:
    """The next one is sent a hair after they are over."""
    assert waits_s((0, 299), (0, 1), (0, 1)) == [0.0, 0.0, 10.05]


def test_1200_orders_leave_in_a_minute_and_no_more() -> None:
    """However evenly they are spread."""
    assert waits_s(*[(0, 300)] * 4, (0, 1), apart_s=10.0) == [0.0, 0.0, 0.0, 0.0, 20.05]


def _at(limiter: GlobalRateLimiter, *steps: tuple[float, Any]) -> list[Any]:
    """Take each step at its second of the loop (60 s later on the wall) and return what it answers."""

    async def main() -> list[Any]:
        answers = []
        for at_s, step in steps:
            await asyncio.sleep(at_s - asyncio.get_running_loop().time())
            answers.append(step(limiter))
        return answers

    return run_virtual(main())


def _take(weight: int, orders: int, priority: Any = "exit") -> Any:
    return lambda limiter: round(limiter.take(weight, orders, priority), 3)


def test_a_window_ends_exactly_with_its_minute_or_its_ten_seconds() -> None:
    """A moment before it is full, at its end it is a new one."""
    limiter = GlobalRateLimiter(weight_per_min=10, orders_per_10s=2, orders_per_min=4, share=1.0)
    answers = _at(
        limiter,
        (5.0, _take(10, 2)), (5.0, _take(1, 0)), (5.0, _take(0, 1)), (9.5, _take(0, 1)), (10.0, _take(0, 2)),
        (10.0, _take(1, 0)), (20.0, _take(0, 1)), (59.5, _take(1, 0)), (60.0, _take(10, 2)), (60.0, _take(1, 0)),
    )  # fmt: skip
    assert answers == [0.0, 55.05, 5.05, 0.55, 0.0, 50.05, 40.05, 0.55, 0.0, 60.05]


def test_the_venues_count_is_that_of_its_own_minute() -> None:
    """What was used in the last one is over when a header tells of this one."""
    limiter = GlobalRateLimiter(weight_per_min=10, share=1.0)

    def tell(used: object) -> Any:
        return lambda limiter: limiter.observe({"X-MBX-USED-WEIGHT-1M": used})

    answers = _at(
        limiter,
        (1.0, _take(9, 0)), (2.0, tell(4)), (2.0, _take(2, 0)),
        (60.0, tell("3")), (61.0, _take(7, 0)), (61.0, _take(1, 0)),
    )  # fmt: skip
    assert answers == [0.0, None, 58.05, None, 0.0, 59.05]
