"""Run the same coroutines on a stock asyncio loop and on the virtual loop, and compare what happened when.

Each program gets a ``log`` to write to and may return a value or raise; log, value and exception must agree.
The stock loop's clock jumps from timer to timer, so that no program takes real time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

Log = list[Any]
Program = Callable[[Log], Coroutine[Any, Any, Any]]
PROGRAMS: dict[str, Program] = {}
MS = 0.001


def program(function: Program) -> Program:
    PROGRAMS[function.__name__] = function
    return function


async def step(log: Log, name: str, delay: float = 0.0, value: Any = None) -> Any:
    try:
        await asyncio.sleep(delay)
        log.append(name)
        return value if value is not None else name
    except asyncio.CancelledError:
        log.append(f"{name} cancelled")
        raise
    finally:
        log.append(f"{name} over")


async def fail(log: Log, name: str, delay: float = 0.0) -> None:
    await step(log, name, delay)
    raise ValueError(name)


# -- sleep and time --------------------------------------------------------------------------------------


@program
async def sleeps_of_different_lengths(log: Log) -> Any:
    return await asyncio.gather(*(step(log, f"{ms} ms", ms * MS) for ms in (9, 1, 5)))


@program
async def sleep_zero_yields_once(log: Log) -> None:
    async def loops(name: str) -> None:
        for turn in range(3):
            log.append((name, turn))
            await asyncio.sleep(0)

    await asyncio.gather(loops("a"), loops("b"))


@program
async def sleep_returns_its_result(log: Log) -> Any:
    return await asyncio.sleep(0.001, "slept"), await asyncio.sleep(-1, "negative")


@program
async def time_passes_at_least_as_long_as_asked(log: Log) -> bool:
    loop = asyncio.get_running_loop()
    before = loop.time()
    await asyncio.sleep(0.004)
    return loop.time() - before >= 0.004


# -- wait_for and timeout --------------------------------------------------------------------------------


@program
async def wait_for_that_is_in_time(log: Log) -> Any:
    return await asyncio.wait_for(step(log, "quick", 1 * MS), 1)


@program
async def wait_for_that_fires(log: Log) -> Any:
    try:
        await asyncio.wait_for(step(log, "slow", 1), 2 * MS)
    except TimeoutError as error:
        return type(error.__cause__).__name__, str(error)


@program
async def wait_for_of_nothing_left(log: Log) -> Any:
    done = asyncio.ensure_future(step(log, "ready"))
    await asyncio.sleep(1 * MS)
    return await asyncio.wait_for(done, 0)


@program
async def wait_for_zero_on_a_sleeper(log: Log) -> Any:
    await asyncio.wait_for(step(log, "never", 1), 0)


@program
async def wait_for_without_a_limit(log: Log) -> Any:
    return await asyncio.wait_for(step(log, "free", 1 * MS), None)


@program
async def wait_for_passes_the_exception_on(log: Log) -> Any:
    await asyncio.wait_for(fail(log, "bad", 1 * MS), 1)


@program
async def wait_for_waits_for_a_slow_cleanup(log: Log) -> Any:
    async def stubborn() -> None:
        try:
            await asyncio.sleep(1)
        finally:
            log.append("cleaning")
            await asyncio.sleep(3 * MS)
            log.append("clean")

    try:
        await asyncio.wait_for(stubborn(), 1 * MS)
    except TimeoutError:
        log.append("timed out")


@program
async def timeout_that_fires(log: Log) -> Any:
    try:
        async with asyncio.timeout(2 * MS) as limit:
            await step(log, "slow", 1)
    except TimeoutError:
        return limit.expired()


@program
async def timeout_that_is_moved(log: Log) -> Any:
    async with asyncio.timeout(1 * MS) as limit:
        limit.reschedule(asyncio.get_running_loop().time() + 1)
        await step(log, "slow", 4 * MS)
    return limit.expired()


@program
async def timeouts_nested(log: Log) -> Any:
    try:
        async with asyncio.timeout(1):
            try:
                async with asyncio.timeout(2 * MS):
                    await step(log, "inner", 1)
            except TimeoutError:
                log.append("inner fired")
                await asyncio.sleep(1 * MS)
    except TimeoutError:
        log.append("outer fired")
    return "done"


@program
async def timeout_already_over(log: Log) -> Any:
    async with asyncio.timeout(-1):
        log.append("before the first await")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        log.append("not reached")


# -- gather, wait, TaskGroup, shield ---------------------------------------------------------------------


@program
async def gather_with_an_exception(log: Log) -> Any:
    try:
        await asyncio.gather(step(log, "slow", 4 * MS), fail(log, "bad", 1 * MS))
    except ValueError as error:
        log.append(repr(error))
    await asyncio.sleep(8 * MS)


@program
async def gather_returning_exceptions(log: Log) -> Any:
    return repr(await asyncio.gather(step(log, "a"), fail(log, "b"), step(log, "c"), return_exceptions=True))


@program
async def gather_of_the_same_future(log: Log) -> Any:
    task = asyncio.ensure_future(step(log, "once"))
    return await asyncio.gather(task, task)


@program
async def gather_cancelled(log: Log) -> Any:
    both = asyncio.gather(step(log, "a", 1), step(log, "b", 1))
    await asyncio.sleep(0)
    both.cancel()
    try:
        await both
    except asyncio.CancelledError:
        return "cancelled"


@program
async def gather_of_nothing(log: Log) -> Any:
    return await asyncio.gather()


@program
async def task_group_that_succeeds(log: Log) -> Any:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(step(log, name, ms * MS)) for name, ms in (("a", 4), ("b", 1))]
    return [task.result() for task in tasks]


@program
async def task_group_whose_failure_cancels_siblings(log: Log) -> Any:
    try:
        async with asyncio.TaskGroup() as group:
            for name in ("a", "b", "c"):
                group.create_task(step(log, name, 1))
            group.create_task(fail(log, "bad", 1 * MS))
    except* ValueError as group_error:
        log.append(repr(group_error.exceptions))
    # A stock loop cancels siblings in the order of their addresses: only what happened can be compared.
    log.sort()


@program
async def task_group_whose_body_fails(log: Log) -> Any:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(step(log, "child", 1))
            await asyncio.sleep(0)
            raise KeyError("body")
    except* KeyError:
        log.append("caught")


@program
async def wait_for_the_first(log: Log) -> Any:
    tasks = [
        asyncio.create_task(step(log, name, ms * MS), name=name)
        for name, ms in (("a", 6), ("b", 1), ("c", 11))
    ]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    log.append(sorted(task.get_name() for task in done))
    done, pending = await asyncio.wait(pending)
    return sorted(task.get_name() for task in done), len(pending)


@program
async def wait_for_the_first_exception(log: Log) -> Any:
    tasks = [asyncio.create_task(fail(log, "bad", 1 * MS)), asyncio.create_task(step(log, "slow", 1))]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    for task in pending:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return len(done), len(pending)


@program
async def wait_with_a_limit(log: Log) -> Any:
    tasks = [asyncio.create_task(step(log, "quick", 1 * MS)), asyncio.create_task(step(log, "slow", 1))]
    done, pending = await asyncio.wait(tasks, timeout=5 * MS)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    return len(done), len(pending)


@program
async def as_completed_yields_in_order_of_completion(log: Log) -> Any:
    jobs = [step(log, name, ms * MS) for name, ms in (("c", 9), ("a", 1), ("b", 5))]
    return [await job for job in asyncio.as_completed(jobs)]


@program
async def shield_keeps_the_inner_task(log: Log) -> Any:
    inner = asyncio.create_task(step(log, "inner", 3 * MS))
    outer = asyncio.ensure_future(asyncio.shield(inner))
    await asyncio.sleep(0)
    outer.cancel()
    try:
        await outer
    except asyncio.CancelledError:
        log.append("outer cancelled")
    return await inner


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_program_runs_alike_on_both_loops(name: str, runs_alike: Callable[[Program], bool]) -> None:
    """Log, result and exception of a program do not depend on the loop."""
    assert runs_alike(PROGRAMS[name])
