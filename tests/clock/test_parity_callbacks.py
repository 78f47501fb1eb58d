"""Async generators, contexts and callbacks: the same programs on a stock and on the virtual loop.

Each program gets a ``log`` to write to and may return a value or raise; log, value and exception must agree.
The stock loop's clock jumps from timer to timer, so that no program takes real time.
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
def test_a_program_runs_alike_on_both_loops(name: str, runs_alike: Callable[[Program], bool]) -> None:
    """Log, result and exception of a program do not depend on the loop."""
    assert runs_alike(PROGRAMS[name])


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
