"""Tasks hash by number; tasks that die unseen and coroutines never awaited are errors of the run."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import Any

import pytest

from sim.clock import VirtualLoop, fenced, run_virtual


async def nothing() -> None:
    await asyncio.sleep(0)


async def boom() -> None:
    raise ValueError("nobody looks")


def test_tasks_hash_by_creation_number() -> None:
    """The order of a set of tasks follows their creation, not their addresses."""

    async def main() -> list[int]:
        tasks = [asyncio.create_task(nothing()) for _ in range(40)]
        await asyncio.gather(*tasks)
        return [hash(task) for task in set(tasks)]

    assert run_virtual(main()) == list(range(2, 42))


def test_wait_cancels_and_reports_in_order_of_creation() -> None:
    """TaskGroup walks a set of tasks when one fails; the walk is the same in every process."""

    async def main() -> list[int]:
        seen: list[int] = []

        async def worker(number: int) -> None:
            try:
                await asyncio.sleep(100)
            finally:
                seen.append(number)

        async def group_that_fails() -> None:
            async with asyncio.TaskGroup() as group:
                for number in range(20):
                    group.create_task(worker(number))
                group.create_task(boom())

        with pytest.raises(ExceptionGroup):
            await group_that_fails()
        return seen

    assert run_virtual(main()) == list(range(20))


def test_names_are_numbers_unless_given() -> None:
    """Default names count from one in each loop, so that two runs name alike."""

    async def main() -> list[str]:
        tasks = [asyncio.create_task(nothing()), asyncio.create_task(nothing(), name="mine")]
        await asyncio.gather(*tasks)
        return [task.get_name() for task in tasks]

    assert run_virtual(main()) == run_virtual(main()) == ["Task-2", "mine"]


def test_a_task_that_dies_unseen_is_an_error() -> None:
    """An exception that nobody asked for ends as the run's error, with its cause."""

    async def main() -> str:
        asyncio.create_task(boom())  # noqa: RUF006 - losing it is the point
        await asyncio.sleep(1)
        return "fine"

    with pytest.raises(RuntimeError, match=r"nobody saw: .*Task exception was never retrieved") as caught:
        run_virtual(main())
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_task_that_dies_unseen_in_a_cycle_is_an_error() -> None:
    """A lost task kept alive by a reference cycle is found too."""

    class Holder:
        task: asyncio.Task[None]
        me: Holder

    async def main() -> None:
        holder = Holder()
        holder.me = holder
        holder.task = asyncio.create_task(boom())
        await asyncio.sleep(1)

    with pytest.raises(RuntimeError, match="nobody saw"):
        run_virtual(main())


def test_an_exception_that_was_seen_is_none() -> None:
    """Asking for the exception is seeing it."""

    async def main() -> str:
        task = asyncio.create_task(boom())
        await asyncio.wait([task])
        return repr(task.exception())

    assert run_virtual(main()) == "ValueError('nobody looks')"


def test_a_failing_callback_is_an_error() -> None:
    """A callback of the code under test that raises is not lost."""

    async def main() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(1)

    with pytest.raises(RuntimeError, match="Exception in callback"):
        run_virtual(main())


def test_a_coroutine_never_awaited_is_an_error() -> None:
    """Calling without awaiting does nothing; that is never what was meant."""

    async def main() -> str:
        nothing()  # type: ignore[unused-coroutine]
        return "fine"

    with pytest.raises(RuntimeError, match="never awaited: nothing"):
        run_virtual(main())


def test_the_fence_collects_coroutines_never_awaited() -> None:
    """Inside a fence they are named, and the interpreter's own warning is back afterwards."""
    before = warnings._warn_unawaited_coroutine  # type: ignore[attr-defined]
    with fenced(VirtualLoop(), 0) as fence:
        nothing()  # type: ignore[unused-coroutine]
        gc.collect()
    assert fence.never_awaited == ["nothing"]
    assert warnings._warn_unawaited_coroutine is before  # type: ignore[attr-defined]


def test_tasks_left_over_are_cancelled() -> None:
    """What still waits when the main coroutine returns is cancelled, in order of creation."""
    log: list[str] = []

    async def waits(name: str) -> None:
        try:
            await asyncio.sleep(100)
        finally:
            log.append(name)

    async def main() -> list[Any]:
        tasks = [asyncio.create_task(waits(name)) for name in "abc"]
        await asyncio.sleep(1)
        return tasks

    tasks = run_virtual(main())
    assert log == ["a", "b", "c"]
    assert all(task.cancelled() for task in tasks)


def test_the_result_of_a_main_that_fails_is_its_exception() -> None:
    """The main coroutine's own exception comes out unchanged, not as an unseen error."""
    with pytest.raises(ValueError, match="nobody looks"):
        run_virtual(boom())
