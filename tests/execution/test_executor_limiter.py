"""The executor's limiter: one for all who ask from one address, or its own, where the policy wants one."""

from __future__ import annotations

import asyncio

import pytest

from sim.clock import run_virtual
from sim.execution import EventDrivenExecutor, GlobalRateLimiter
from tests.execution.venue_fake import VenueError, VenueFake, enter, policy


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


@pytest.mark.usefixtures("wall_clock")
@pytest.mark.parametrize(("changes", "waits"), [({}, True), ({"keep_journal": False}, False)])
def test_a_process_that_starts_anew_in_a_ban_does_not_knock(changes: dict[str, bool], waits: bool) -> None:
    """What the last one was told is in its journal: a request during a ban makes it longer (failures F09)."""

    async def main() -> float:
        journal: dict[str, str] = {}
        books = VenueFake()
        books.on("entry", VenueError(-1003, "Too many requests."))
        first = EventDrivenExecutor(books.client(), policy(**changes), journal=journal)
        entering = asyncio.create_task(enter(first))
        await asyncio.sleep(0.1)
        entering.cancel()
        await enter(EventDrivenExecutor(books.client(), policy(**changes), journal=journal), intent_id="i2")
        return asyncio.get_running_loop().time()

    assert (run_virtual(main()) >= 4.0) is waits


def test_a_store_that_holds_no_time_is_refused() -> None:
    """A ban that cannot be read is worse than a process that does not start."""
    with pytest.raises(ValueError, match="could not convert"):
        GlobalRateLimiter(store={"limiter:away_until_s": "soon"})
