"""One heap for coroutines and SimPy processes: order, time, and the ways a run can fail to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

import pytest
import simpy

import sim.clock.loop
from sim.clock import Deadlock, EventLimit, RealWorldCall, Runaway, VirtualLoop, run_virtual


def test_time_is_whole_microseconds_from_zero() -> None:
    """The clock starts at 0 and shows seconds to coroutines, microseconds to models."""

    async def main() -> tuple[float, int]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        await asyncio.sleep(86_400.000_001)
        return loop.time(), loop.now_us

    assert run_virtual(main()) == (86_400.000_001, 86_400_000_001)


def test_processes_and_coroutines_share_one_order() -> None:
    """At one instant SimPy's and asyncio's events run in the order in which they were scheduled.

    A coroutine is two events away from its timer (the timer completes a future, which wakes the task).
    """
    loop = VirtualLoop()
    log: list[str] = []

    def process(name: str) -> Generator[Any, Any, None]:
        for turn in range(3):
            yield loop.env.timeout(10)
            log.append(f"{name}{turn}")

    async def coroutine(name: str) -> None:
        for turn in range(3):
            await asyncio.sleep(10e-6)
            log.append(f"{name}{turn}")

    async def main() -> None:
        first = asyncio.create_task(coroutine("task "))
        await asyncio.sleep(0)
        loop.env.process(process("process "))
        loop.at_us(15, log.append, "appointment")
        await first
        await asyncio.sleep(1)

    run_virtual(main(), loop=loop)
    assert log == [
        "process 0", "task 0", "appointment", "process 1", "task 1", "process 2", "task 2",
    ]  # fmt: skip


def test_a_process_wakes_a_coroutine_at_the_same_instant() -> None:
    """A future completed by a process resumes its coroutine without time passing."""
    loop = VirtualLoop()
    future = loop.create_future()

    def process() -> Generator[Any, Any, None]:
        yield loop.env.timeout(7)
        future.set_result(loop.env.now)

    async def main() -> tuple[int, int]:
        loop.env.process(process())
        return await future, loop.now_us

    assert run_virtual(main(), loop=loop) == (7, 7)


def test_urgent_simpy_events_go_first() -> None:
    """SimPy's priority decides before insertion, also against asyncio's callbacks."""
    loop = VirtualLoop()
    log: list[str] = []

    def process() -> Generator[Any, Any, None]:
        log.append("process")  # a new process starts by an URGENT event
        yield loop.env.timeout(0)

    loop.call_soon(log.append, "callback")
    loop.env.process(process())
    loop.run_until(0)
    assert log == ["process", "callback"]


@pytest.mark.parametrize("delay", [0.0, 1e-16, 4e-7, -1.0])
def test_a_timer_takes_at_least_one_microsecond(delay: float) -> None:
    """Waking in 1e-16 s would spin for ever; the clock moves by its smallest step instead."""
    loop = VirtualLoop()
    for schedule in (
        lambda: loop.call_later(delay, loop.stop),
        lambda: loop.call_at(loop.time() + delay, loop.stop),
    ):
        before = loop.now_us
        schedule()
        loop.run_forever()
        assert loop.now_us == before + 1


def test_an_appointment_in_the_past_is_kept_now() -> None:
    """A model may ask for this very instant; it never moves the clock back."""
    loop = VirtualLoop()
    seen: list[int] = []
    loop.at_us(50, lambda: loop.at_us(10, lambda: seen.append(loop.now_us)))
    loop.run_until(100)
    assert seen == [50]


def test_cancelled_timers_do_not_move_the_end() -> None:
    """A time-out that was not needed leaves no trace in the clock."""

    async def main() -> float:
        await asyncio.wait_for(asyncio.sleep(0.001), 3600)
        return asyncio.get_running_loop().time()

    loop = VirtualLoop()
    loop.call_later(7200, print).cancel()
    assert run_virtual(main(), loop=loop) == 0.001
    assert loop.now_us == 1000


def test_rubbish_is_swept_without_harm() -> None:
    """Thousands of cancelled timers leave the heap, and the live ones still fire in order."""
    loop = VirtualLoop()
    fired: list[int] = []
    for number in range(50):
        loop.call_later(1 + number, fired.append, number)
    for number in range(5000):
        loop.call_later(10_000 + number, print).cancel()
    assert len(loop._queue) < 2200
    loop.run_until(None)
    assert fired == list(range(50))


def test_a_bounded_run_ends_at_its_bound() -> None:
    """run_until stops the clock at the bound, leaving later events where they are."""
    loop = VirtualLoop()
    fired: list[int] = []
    for at_us in (10, 20, 21):
        loop.at_us(at_us, fired.append, at_us)
    assert loop.run_until(20) is False
    assert (loop.now_us, fired) == (20, [10, 20])
    assert loop.run_until(30) is False
    assert (loop.now_us, fired) == (30, [10, 20, 21])


def test_a_deadlock_names_the_tasks_that_wait() -> None:
    """When nothing can happen any more the error says who waits, and since when."""

    async def forever() -> None:
        await asyncio.get_running_loop().create_future()

    async def main() -> None:
        await asyncio.sleep(2)
        waiting = asyncio.create_task(forever(), name="the reader")
        await waiting

    loop = VirtualLoop()
    with pytest.raises(Deadlock, match=r"at 2\.000000 s.*Task-1, the reader"):
        loop.run_until_complete(main())
    loop.run_until_complete(_cancel_all(loop))
    loop.close()


async def _cancel_all(loop: VirtualLoop) -> None:
    others = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@pytest.mark.parametrize("kind", ["callbacks", "appointments", "simpy"])
def test_an_instant_that_never_ends_is_a_runaway(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many callbacks without time moving on end the run and name the last one."""
    monkeypatch.setattr(sim.clock.loop, "RUNAWAY_CALLBACKS", 500)
    loop = VirtualLoop()

    def spin() -> None:
        loop.call_soon(spin)

    def again() -> None:
        loop.at_us(loop.now_us, again)

    def process() -> Generator[Any, Any, None]:
        while True:
            yield loop.env.timeout(0)

    start: dict[str, Callable[[], Any]] = {
        "callbacks": spin,
        "appointments": again,
        "simpy": lambda: loop.env.process(process()),
    }
    start[kind]()
    name = {"callbacks": "spin", "appointments": "again", "simpy": "Timeout"}[kind]
    with pytest.raises(Runaway, match=f"500 callbacks at 0.000000 s.*{name}"):
        loop.run_until(1000)


def test_many_callbacks_are_no_runaway_while_time_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """The budget is per instant."""
    monkeypatch.setattr(sim.clock.loop, "RUNAWAY_CALLBACKS", 20)

    async def main() -> None:
        for _ in range(300):
            await asyncio.sleep(1e-6)

    run_virtual(main())


def test_an_event_limit_ends_the_run() -> None:
    """The limit counts over several calls, and its error says when it was reached."""
    loop = VirtualLoop()
    loop.event_limit = 30

    def tick() -> None:
        loop.at_us(loop.now_us + 1, tick)

    tick()
    loop.run_until(10)
    assert loop.events_run == 10
    with pytest.raises(EventLimit, match="30 events used up"):
        loop.run_until(1000)
    assert (loop.now_us, loop.events_run) == (30, 30)


def test_an_event_limit_loses_no_event() -> None:
    """What the limit cuts off is still due: a task not yet begun can be cancelled, and a raised limit goes on."""
    loop = VirtualLoop()
    seen: list[int] = []
    for number in range(6):
        loop.at_us(number, seen.append, number)
        loop.call_soon(seen.append, -number)
    for limit in range(1, 12):
        loop.event_limit = limit
        with pytest.raises(EventLimit):
            loop.run_until(100)
        assert len(seen) == loop.events_run == limit
    loop.event_limit = 12
    assert loop.run_until(100) is False
    assert sorted(seen) == [-5, -4, -3, -2, -1, 0, 0, 1, 2, 3, 4, 5]


def test_a_failed_process_ends_the_run() -> None:
    """A SimPy process that dies is a broken model: its exception comes out."""
    loop = VirtualLoop()

    def process() -> Generator[Any, Any, None]:
        yield loop.env.timeout(1)
        raise ValueError("broken model")

    loop.env.process(process())
    with pytest.raises(ValueError, match="broken model"):
        loop.run_until(10)


def test_a_failed_appointment_ends_the_run() -> None:
    """A model's callback is not the code under test: its exception is never filed away."""
    loop = VirtualLoop()
    loop.at_us(3, lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        loop.run_until(10)


def test_an_environment_of_ones_own_can_be_used() -> None:
    """A loop joins an environment that already has processes."""
    env = simpy.Environment(initial_time=5)
    loop = VirtualLoop(env)

    def process() -> Generator[Any, Any, None]:
        yield env.timeout(2)

    env.process(process())
    loop.run_until(None)
    assert loop.now_us == 7


def test_loops_do_not_nest() -> None:
    """Running a loop inside a running loop raises, as on a stock loop."""

    async def inner() -> None: ...

    async def main() -> None:
        coroutine = inner()
        try:
            with pytest.raises(RuntimeError, match="already running"):
                VirtualLoop().run_until(1)
        finally:
            coroutine.close()

    run_virtual(main())


def test_a_closed_loop_refuses_work() -> None:
    """Nothing can be started on a closed loop, and a running one cannot be closed."""
    loop = VirtualLoop()

    async def main() -> None:
        with pytest.raises(RuntimeError, match="cannot close"):
            loop.close()

    run_virtual(main(), loop=loop)
    assert loop.is_closed()
    with pytest.raises(RuntimeError, match="closed"):
        loop.run_until(1)


def test_a_runner_takes_the_loop_as_its_factory() -> None:
    """asyncio.Runner works unchanged, several coroutines one after another."""

    async def nap() -> float:
        await asyncio.sleep(10)
        return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert (runner.run(nap()), runner.run(nap())) == (10.0, 20.0)


def test_debug_mode_is_refused() -> None:
    """Debug mode times callbacks by the wall clock."""
    with pytest.raises(RealWorldCall, match="debug"):
        VirtualLoop().set_debug(True)
    with asyncio.Runner(loop_factory=VirtualLoop, debug=False) as runner:
        assert runner.get_loop().get_debug() is False
