"""Run the same coroutines on a stock asyncio loop and on the virtual loop, and compare what happened when.

Each program gets a ``log`` to write to and may return a value or raise; log, value and exception must agree.
Delays are a few real milliseconds, far enough apart to be in the same order on any machine.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from sim.clock import VirtualLoop

Log = list[Any]
Program = Callable[[Log], Coroutine[Any, Any, Any]]
PROGRAMS: dict[str, Program] = {}
MS = 0.001


def program(function: Program) -> Program:
    PROGRAMS[function.__name__] = function
    return function


def run(function: Program, loop_factory: Callable[[], Any] | None) -> tuple[Log, str]:
    log: Log = []

    async def main() -> Any:
        return await function(log)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        try:
            end = f"returned {runner.run(main())!r}"
        except Exception as error:  # noqa: BLE001 - the exception is the result that is compared
            end = f"raised {error!r}"
    return log, end


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


# -- async generators and context ------------------------------------------------------------------------


@program
async def async_generator_closed(log: Log) -> Any:
    stream = _ticks(log)
    log.append(await anext(stream))
    await stream.aclose()
    log.append("closed")


@program
async def async_generator_left_early(log: Log) -> Any:
    async for tick in _ticks(log):
        log.append(tick)
        if tick == 1:
            break
    log.append("left")
    # The generator is dropped here and now; its clean-up is scheduled and must not wait for the loop's end.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    log.append("later")


@program
async def async_generator_left_open_to_the_end(log: Log) -> Any:
    stream = _ticks(log)
    log.append(await anext(stream))
    KEPT.append(stream)
    return "end"


KEPT: list[Any] = []


async def _ticks(log: Log) -> AsyncIterator[int]:
    try:
        for tick in range(10):
            yield tick
            await asyncio.sleep(0)
    finally:
        log.append("generator closed")


VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="outer")


@program
async def context_variables_are_inherited_and_kept_apart(log: Log) -> Any:
    async def child(name: str) -> None:
        log.append((name, VARIABLE.get()))
        VARIABLE.set(name)
        await asyncio.sleep(0)
        log.append((name, VARIABLE.get()))

    VARIABLE.set("parent")
    await asyncio.gather(child("a"), child("b"))
    return VARIABLE.get()


@program
async def callbacks_run_in_the_context_they_were_made_in(log: Log) -> None:
    loop = asyncio.get_running_loop()
    VARIABLE.set("first")
    loop.call_soon(lambda: log.append(VARIABLE.get()))
    loop.call_later(1 * MS, lambda: log.append(VARIABLE.get()))
    other = contextvars.copy_context()
    other.run(VARIABLE.set, "other")
    loop.call_soon(lambda: log.append(VARIABLE.get()), context=other)
    VARIABLE.set("second")
    await asyncio.sleep(3 * MS)


@program
async def a_task_takes_a_context(log: Log) -> Any:
    async def read() -> str:
        return VARIABLE.get()

    context = contextvars.copy_context()
    context.run(VARIABLE.set, "given")
    return await asyncio.get_running_loop().create_task(read(), context=context)


# -- callbacks -------------------------------------------------------------------------------------------


@program
async def callbacks_of_one_instant_keep_their_order(log: Log) -> None:
    loop = asyncio.get_running_loop()
    for number in range(3):
        loop.call_soon(log.append, number)
    loop.call_later(2 * MS, log.append, "later")
    loop.call_at(loop.time() + 1 * MS, log.append, "sooner")
    await asyncio.sleep(0)
    log.append("after one turn")
    await asyncio.sleep(5 * MS)


@program
async def handles_can_be_cancelled(log: Log) -> Any:
    loop = asyncio.get_running_loop()
    soon, later = loop.call_soon(log.append, "soon"), loop.call_later(1 * MS, log.append, "later")
    soon.cancel()
    later.cancel()
    later.cancel()
    await asyncio.sleep(3 * MS)
    return soon.cancelled(), later.cancelled()


@program
async def a_callback_scheduled_by_a_callback_waits_its_turn(log: Log) -> None:
    loop = asyncio.get_running_loop()
    loop.call_soon(lambda: (log.append("a"), loop.call_soon(log.append, "c")))
    loop.call_soon(log.append, "b")
    await asyncio.sleep(0)
    log.append("turn")
    await asyncio.sleep(0)


@program
async def done_callbacks_follow_the_order_of_their_making(log: Log) -> None:
    task = asyncio.create_task(step(log, "job"))
    for number in range(3):
        task.add_done_callback(lambda _, number=number: log.append(number))
    await task
    log.append("awaited")
    await asyncio.sleep(0)


@program
async def future_results_and_exceptions(log: Log) -> Any:
    loop = asyncio.get_running_loop()
    good, bad = loop.create_future(), loop.create_future()
    loop.call_soon(good.set_result, 7)
    loop.call_soon(bad.set_exception, ValueError("bad"))
    log.append(await good)
    await bad


@program
async def current_task_and_names(log: Log) -> Any:
    async def who() -> str:
        task = asyncio.current_task()
        assert task is not None
        return task.get_name()

    return await asyncio.create_task(who(), name="worker")


@program
async def an_eager_task_runs_to_its_first_wait(log: Log) -> Any:
    if not hasattr(asyncio, "eager_task_factory"):
        return None
    loop = asyncio.get_running_loop()
    loop.set_task_factory(asyncio.eager_task_factory)
    task = loop.create_task(step(log, "eager"), name="eager")
    log.append("made")
    await task
    loop.set_task_factory(None)
    return task.get_name()


@program
async def a_failing_callback_reaches_the_exception_handler(log: Log) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: log.append(repr(context["exception"])))
    loop.call_soon(lambda: 1 / 0)
    await asyncio.sleep(0)
    log.append("goes on")
    loop.set_exception_handler(None)


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_program_runs_alike_on_both_loops(name: str) -> None:
    """Log, result and exception of a program do not depend on the loop."""
    assert run(PROGRAMS[name], VirtualLoop) == run(PROGRAMS[name], None)


def test_run_until_complete_says_when_it_was_stopped_too_soon() -> None:
    """A loop stopped before its future is done raises the stock loop's RuntimeError."""
    texts = []
    for loop in (VirtualLoop(), asyncio.new_event_loop()):
        loop.call_soon(loop.stop)
        with pytest.raises(RuntimeError) as caught:
            loop.run_until_complete(loop.create_future())
        texts.append(str(caught.value))
        loop.close()
    assert texts[0] == texts[1]
