"""The executor's limiter: one for all who ask from one address, or its own, where the policy wants one."""

from __future__ import annotations

import asyncio

import pytest

from sim.clock import run_virtual
from sim.execution import EventDrivenExecutor, GlobalRateLimiter
from tests.execution.venue_fake import VenueFake, enter, policy


@pytest.mark.usefixtures("wall_clock")
@pytest.mark.parametrize(("use_limiter", "waits"), [(True, True), (False, False)])
def test_an_executor_asks_the_limiter_it_shares_with_others(use_limiter: bool, waits: bool) -> None:
    """What another one was told holds for it too: nothing leaves for as long as the venue wants."""

    async def main() -> tuple[str, float]:
        limiter, books = GlobalRateLimiter(), VenueFake()
        limiter.stay_away(5.0)
        executor = EventDrivenExecutor(books.client(), policy(use_limiter=use_limiter), limiter=limiter)
        result = await enter(executor)
        return result.status, asyncio.get_running_loop().time()

    status, over_s = run_virtual(main())
    assert (status, over_s >= 5.0) == ("open", waits)
