"""Run what is handed to threads at once, in the loop's own thread, and give its result as they would.

A call takes no time but what it sleeps: ``time.sleep`` inside it delays its result by so much, as it would in a thread
of its own.  Processes, and threads that are started by hand, are refused with the name of who started them.
"""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NoReturn

from sim.clock import VirtualLoop
from sim.clock.refusing import RealWorldCall, refuse


class _Inline:
    """Run calls for one run's loop; ``slept_s``: how long the call under way has slept, None outside of calls."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop = loop
        self._slept_s: float | None = None
        self._real_sleep = time.sleep

    def sleep(self, seconds: float) -> None:
        """Let a call of a thread sleep; outside of one the loop would stand, which is refused."""
        if self._slept_s is None:
            self._real_sleep(seconds)
        else:
            self._slept_s += max(0.0, seconds)

    def call(self, function: Callable[..., Any], *args: Any, **keywords: Any) -> tuple[Future[Any], float]:
        """Run a call and return its finished future and how long it slept (s)."""
        before, self._slept_s = self._slept_s, 0.0
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(contextvars.copy_context().run(function, *args, **keywords))
        except RealWorldCall:
            raise
        except BaseException as error:  # noqa: BLE001 - a thread keeps whatever its call raises in its future
            future.set_exception(error)
        finally:
            slept_s, self._slept_s = self._slept_s, before
        return future, slept_s

    def run_in_executor(self, executor: Any, function: Callable[..., Any], *args: Any) -> Any:
        """Stand in for the loop's own: an awaitable that is done when the thread would be."""
        done, slept_s = self.call(function, *args)
        future = self.loop.create_future()

        def finish() -> None:
            if future.cancelled():
                return
            error = done.exception()
            if error is None:
                future.set_result(done.result())
            else:
                future.set_exception(error)

        self.loop.call_later(slept_s, finish)
        return future


def _refuse_process(*args: Any, **keywords: Any) -> NoReturn:
    refuse("concurrent.futures.ProcessPoolExecutor")


@contextmanager
def threads_inline(loop: VirtualLoop) -> Iterator[None]:
    """Run thread calls inline while the block runs.  Enter it inside the fence, whose ``time.sleep`` it builds on."""
    inline = _Inline(loop)
    anyhow: Any = loop

    def submit(self: Any, function: Callable[..., Any], /, *args: Any, **keywords: Any) -> Future[Any]:
        return inline.call(function, *args, **keywords)[0]

    replaced: tuple[tuple[Any, str, Any], ...] = (
        (ThreadPoolExecutor, "submit", submit),
        (ProcessPoolExecutor, "submit", _refuse_process),
        (time, "sleep", inline.sleep),
    )
    kept = [(owner, name, getattr(owner, name)) for owner, name, _ in replaced]
    for owner, name, value in replaced:
        setattr(owner, name, value)
    anyhow.run_in_executor = inline.run_in_executor
    anyhow.call_soon_threadsafe = loop.call_soon
    anyhow.set_default_executor = lambda executor: None
    try:
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)
        for name in ("run_in_executor", "call_soon_threadsafe", "set_default_executor"):
            # Else the loop would be held by its own attribute, and outlive the run.
            anyhow.__dict__.pop(name, None)
