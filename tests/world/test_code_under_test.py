"""What the code under test does wrong ends where it belongs: in the record, and never in silence."""

from __future__ import annotations

import asyncio
import gc
import queue
import socket
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from sim.execution.errors import UnknownSymbol

Make = Callable[..., Any]
Rows = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def world(make_line: Make, make_plan: Make) -> Any:
    """Give a quiet world of six intents, one per second, held for five."""
    return make_line([make_plan(number, 1_000_000 * (number + 1), hold_us=5_000_000) for number in range(6)])


def _before_order(world: Any, act: Callable[[int], None]) -> None:
    """Call ``act`` with the intent's number as its entry is sent."""
    send = world.gateway.send

    def acting(method: str, path: str, params: dict[str, Any]) -> Any:
        if params.get("type") == "MARKET" and "reduceOnly" not in params:
            act(int(asyncio.current_task().get_name().rpartition("-")[2]))  # type: ignore[union-attr]
        return send(method, path, params)

    world.gateway.send = acting


def _ends(record: Any, rows_of: Rows) -> dict[int, tuple[str, str]]:
    return {row["intent"]: (row["outcome"], row["error"]) for row in rows_of(record.trace, "intent_end")}


def test_an_escaped_exception_ends_that_intent_only(world: Any, rows_of: Rows) -> None:
    """A bug that throws after the entry ends one intent, is recorded with its text, and leaves its position on book."""
    submit = world.executor.submit_order

    async def buggy(**keywords: Any) -> Any:
        result = await submit(**keywords)
        if asyncio.current_task().get_name() == "intent-2":  # type: ignore[union-attr]
            raise ZeroDivisionError("a bug of the bot")
        return result

    world.executor.submit_order = buggy
    record = world.run()
    ends = _ends(record, rows_of)
    outcome, text = ends.pop(2)
    assert outcome == "escaped"
    assert text.startswith("ZeroDivisionError: a bug of the bot (world/test_code_under_test.py:")
    assert {outcome for outcome, _ in ends.values()} == {"closed"}
    assert len(ends) == 5
    books = {row["intent"]: row for row in rows_of(record.trace, "account_end")}
    assert len(books) == 6
    assert books[2]["position"] == 0.02
    assert (record.ended, record.errors) == ("finished", ())


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: time.sleep(0.5), "time.sleep(0.5)"),
        (lambda: socket.socket().connect(("127.0.0.1", 9)), "socket.connect"),
        (lambda: threading.Thread(target=print).start(), "threading.Thread.start"),
        (lambda: asyncio.get_running_loop().run_in_executor(None, print), "loop.run_in_executor"),
    ],
)
def test_a_real_world_call_inside_submit_is_no_failed_order(
    world: Any, rows_of: Rows, call: Callable[[], object], named: str
) -> None:
    """A call that leaves virtual time ends its intent with the call's name; no retry takes it for the venue's no."""
    _before_order(world, lambda number: call() if number == 3 else None)  # type: ignore[func-returns-value]
    record = world.run()
    outcome, error = _ends(record, rows_of)[3]
    assert outcome == "escaped"
    assert error.startswith(f"RealWorldCall: {named}")
    assert rows_of(record.trace, "attempt", intent=3) == []
    assert rows_of(record.trace, "fill", intent=3) == []
    assert sum(outcome == "closed" for outcome, _ in _ends(record, rows_of).values()) == 5


def test_a_task_that_dies_unseen_is_an_error_of_the_run(world: Any, rows_of: Rows) -> None:
    """A side task that fails and that nobody awaits fails the run by name, though every intent closed well."""

    async def dies() -> None:
        await asyncio.sleep(0.1)
        raise KeyError("nobody looks")

    _before_order(world, lambda number: number == 1 and asyncio.create_task(dies()) and None)
    record = world.run()
    assert {outcome for outcome, _ in _ends(record, rows_of).values()} == {"closed"}
    assert len(record.errors) == 1
    assert "never retrieved" in record.errors[0]


def test_a_task_that_dies_unseen_in_a_reference_cycle_counts_too(world: Any) -> None:
    """A forgotten task that only the cycle collector finds still counts."""

    async def dies() -> None:
        raise KeyError("nobody looks")

    def start(number: int) -> None:
        if number == 1:
            task: Any = asyncio.create_task(dies())
            cycle: list[Any] = [task]
            cycle.append(cycle)

    _before_order(world, start)
    assert len(world.run().errors) == 1


def test_a_coroutine_never_awaited_is_an_error_of_the_run(world: Any) -> None:
    """A call whose await was forgotten fails the run, naming the coroutine."""

    async def notify() -> None:
        return None

    def forget(number: int) -> None:
        if number == 4:
            notify()  # type: ignore[unused-coroutine]

    _before_order(world, forget)
    (error,) = world.run().errors
    assert error.startswith("coroutine never awaited: ")
    assert error.endswith("notify")


def test_a_bot_that_cannot_boot_stops_the_run(world: Any) -> None:
    """What the code under test refuses at boot is raised, not recorded six times as a failed intent."""

    async def prepare(symbols: Any) -> None:
        raise UnknownSymbol("symbol 'BTCUSDT' is not in the exchange information")

    world.executor.prepare = prepare
    with pytest.raises(UnknownSymbol):
        world.run()


def test_a_run_leaves_the_real_world_as_it_was(world: Any) -> None:
    """After a run, clocks, threads and sockets are the real ones again."""
    real = (time.time, time.sleep, threading.Thread.start, socket.socket.connect)
    world.run()
    assert (time.time, time.sleep, threading.Thread.start, socket.socket.connect) == real
    assert time.time() > 1_700_000_000


def test_rubbish_from_before_is_not_blamed_on_the_run(world: Any) -> None:
    """A coroutine forgotten in a reference cycle before the run began is no error of the run."""

    async def earlier() -> None:
        return None

    cycle: list[Any] = [earlier()]
    cycle.append(cycle)
    del cycle
    assert world.run().errors == ()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        gc.collect()


def test_a_thread_beside_the_run_keeps_the_real_world(world: Any, rows_of: Rows) -> None:
    """A helper thread of the process, such as a notebook kernel has, may sleep and reads the real clock."""
    asked: queue.SimpleQueue[bool] = queue.SimpleQueue()
    told: queue.SimpleQueue[object] = queue.SimpleQueue()
    before_s = time.time()

    def helper() -> None:
        while asked.get():
            try:
                time.sleep(0.0)
                told.put(time.time())
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is the answer
                told.put(error)

    thread = threading.Thread(target=helper, daemon=True)
    thread.start()
    heard: list[object] = []

    def ask(number: int) -> None:
        asked.put(True)
        heard.append(told.get(timeout=10))

    _before_order(world, ask)
    record = world.run()
    asked.put(False)
    thread.join()
    assert len(heard) == 6
    assert all(isinstance(moment, float) and before_s <= moment < before_s + 60 for moment in heard), heard
    assert {outcome for outcome, _ in _ends(record, rows_of).values()} == {"closed"}


def test_a_run_inside_a_running_loop_is_the_same_run(make_line: Make, make_plan: Make) -> None:
    """In a notebook's cell or an async function a run gives the same bytes, and the outer loop goes on after it."""

    def run() -> str:
        plans = [make_plan(number, 1_000_000 * (number + 1)) for number in range(6)]
        digest: str = make_line(plans).run().trace.sha256()
        return digest

    async def cell() -> tuple[str, bool]:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        digest = run()
        same = asyncio.current_task() is task and asyncio.get_running_loop() is loop
        await asyncio.sleep(0)
        return digest, same

    assert asyncio.run(cell()) == (run(), True)
