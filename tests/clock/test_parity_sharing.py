"""Locks, queues and cancellation: the same programs on a stock and on the virtual loop.

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


# -- locks and queues ------------------------------------------------------------------------------------


@program
async def lock_is_fair(log: Log) -> None:
    lock = asyncio.Lock()

    async def worker(name: str) -> None:
        for turn in range(2):
            async with lock:
                log.append((name, turn))
                await asyncio.sleep(0)

    await asyncio.gather(worker("a"), worker("b"), worker("c"))


@program
async def lock_waiter_cancelled(log: Log) -> Any:
    lock = asyncio.Lock()
    await lock.acquire()
    first, second = (asyncio.create_task(lock.acquire()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    lock.release()
    await second
    return first.cancelled(), lock.locked()


@program
async def semaphore_lets_two_in(log: Log) -> None:
    gate = asyncio.Semaphore(2)

    async def worker(name: int) -> None:
        async with gate:
            log.append(f"{name} in")
            await asyncio.sleep(0)
            log.append(f"{name} out")

    await asyncio.gather(*(worker(name) for name in range(5)))


@program
async def queue_between_two(log: Log) -> Any:
    queue: asyncio.Queue[int] = asyncio.Queue(maxsize=2)

    async def producer() -> None:
        for item in range(5):
            await queue.put(item)
            log.append(f"put {item}")

    async def consumer() -> None:
        while True:
            item = await queue.get()
            log.append(f"got {item}")
            queue.task_done()

    taker = asyncio.create_task(consumer())
    await producer()
    await queue.join()
    taker.cancel()
    return queue.qsize()


@program
async def queue_get_with_a_limit(log: Log) -> Any:
    queue: asyncio.Queue[int] = asyncio.Queue()
    await asyncio.wait_for(queue.get(), 1 * MS)


@program
async def event_wakes_all(log: Log) -> None:
    event = asyncio.Event()

    async def waiter(name: int) -> None:
        await event.wait()
        log.append(name)

    waiters = [asyncio.create_task(waiter(name)) for name in range(3)]
    await asyncio.sleep(1 * MS)
    log.append("set")
    event.set()
    await asyncio.gather(*waiters)


@program
async def condition_notifies_in_order(log: Log) -> None:
    condition = asyncio.Condition()

    async def waiter(name: int) -> None:
        async with condition:
            await condition.wait()
            log.append(name)

    waiters = [asyncio.create_task(waiter(name)) for name in range(3)]
    await asyncio.sleep(0)
    async with condition:
        condition.notify(1)
        log.append("one")
    await asyncio.sleep(0)
    async with condition:
        condition.notify_all()
        log.append("all")
    await asyncio.gather(*waiters)


@program
async def barrier_releases_together(log: Log) -> None:
    barrier = asyncio.Barrier(3)

    async def party(name: int) -> None:
        await asyncio.sleep(name * 2 * MS)
        log.append(f"{name} arrives")
        await barrier.wait()
        log.append("through")

    await asyncio.gather(*(party(name) for name in range(3)))


# -- cancellation ----------------------------------------------------------------------------------------


@program
async def cancellation_runs_finally_and_may_wait_there(log: Log) -> Any:
    async def worker() -> None:
        try:
            await asyncio.sleep(1)
        finally:
            log.append("finally")
            await asyncio.sleep(1 * MS)
            log.append("after a wait in finally")

    task = asyncio.create_task(worker())
    await asyncio.sleep(0)
    task.cancel("with a message")
    try:
        await task
    except asyncio.CancelledError as error:
        return error.args, task.cancelling()


@program
async def cancellation_swallowed_and_uncancelled(log: Log) -> Any:
    async def worker() -> str:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            assert task is not None
            log.append(task.uncancel())
        return "survived"

    task = asyncio.create_task(worker())
    await asyncio.sleep(0)
    task.cancel()
    return await task


@program
async def cancelled_before_it_began(log: Log) -> Any:
    task = asyncio.create_task(step(log, "never begun"))
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return "cancelled"


@program
async def cancelled_twice(log: Log) -> Any:
    async def worker() -> None:
        try:
            await asyncio.sleep(1)
        finally:
            try:
                await asyncio.sleep(1)
            finally:
                log.append("second")

    task = asyncio.create_task(worker())
    for _ in range(2):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.wait([task])
    return task.cancelled()


@program
async def a_task_cancels_its_waiter(log: Log) -> Any:
    waiter = asyncio.create_task(step(log, "waits", 1))

    async def canceller() -> None:
        await asyncio.sleep(1 * MS)
        waiter.cancel()

    helper = asyncio.create_task(canceller())
    await asyncio.wait([waiter])
    await helper
    return waiter.cancelled()


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_program_runs_alike_on_both_loops(name: str, runs_alike: Callable[[Program], bool]) -> None:
    """Log, result and exception of a program do not depend on the loop."""
    assert runs_alike(PROGRAMS[name])
