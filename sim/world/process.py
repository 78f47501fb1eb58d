"""Be the process the code under test runs in: it can die, stand still, and come back with what it had stored.

Everything of a process — tasks, timers, callbacks — carries it in a context variable.  A dead process is never
stepped again: no ``finally`` runs, nothing is sent.  A blocked one runs what fell due once it is released, in the
order in which it fell due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from heapq import heappush
from itertools import count
from typing import Any, Final

from simpy.events import NORMAL

from sim.clock import RealWorldCall, VirtualLoop
from sim.clock.handle import Handle
from sim.clock.tasks import NumberedTask
from sim.exchange.attribution import CURRENT_INTENT, IntentSlot

_CLOSE_TRIES: Final = 8
"""How often a dead coroutine that goes on awaiting in its ``finally`` is asked to close."""


class Process:
    """Hold one process.  ``number`` is its intent under isolation "intent", else -1.

    ``store`` is what survives a crash: the next process of this number is given the same object, and a new
    ``executor``.
    """

    def __init__(self, number: int, store: dict[str, str], executor: Any) -> None:
        self.number = number
        self.store = store
        self.executor = executor
        self.alive = True
        self.blocked_until_us = 0
        self.watched: dict[WatchedCoroutine, None] = {}
        """Coroutines of its tasks that are not over."""
        self.tasks: list[asyncio.Task[Any]] = []

    def dispose(self) -> None:
        """Close what the dead process left suspended: only now, as closing runs its ``finally`` blocks."""
        # Any: that asyncio asks for this mark before it complains is not in its types.
        task: Any
        for task in self.tasks:
            # Nobody will look at them any more, and that is no fault of the code under test.
            if task.done():
                if not task.cancelled():
                    task._log_traceback = False
            else:
                task._log_destroy_pending = False
        self.tasks.clear()
        for coroutine in list(self.watched):
            coroutine.dispose()
        self.watched.clear()


CURRENT_PROCESS: ContextVar[Process | None] = ContextVar("sim_current_process", default=None)
"""The process this code runs in; inherited by every task and timer it starts."""


class _Guarded:
    """Run a callback of a process if it lives, later if it stands still, never if it is dead."""

    __slots__ = ("_callback", "_loop", "_process", "handle")

    handle: Handle

    def __init__(self, loop: ProcessLoop, process: Process, callback: Callable[..., object]) -> None:
        self._loop = loop
        self._process = process
        self._callback = callback

    def __call__(self, *args: Any) -> None:
        process = self._process
        if not process.alive:
            return
        if self._loop.now_us < process.blocked_until_us:
            self._loop.postpone(self.handle, self, args, process.blocked_until_us)
        else:
            self._callback(*args)

    def __repr__(self) -> str:
        return repr(self._callback)


class ProcessLoop(VirtualLoop):
    """Be a virtual loop whose callbacks die and wait with the process they belong to.

    ``suspended(process, slot)`` is told of every suspension of a task of a process.
    """

    def __init__(self, suspended: Callable[[Process, IntentSlot], None]) -> None:
        super().__init__()
        self._suspended = suspended
        self._numbers = count(1)
        self.set_task_factory(self._make_task)

    def _guard(self, callback: Callable[..., object], context: Context | None) -> Callable[..., object]:
        process = CURRENT_PROCESS.get() if context is None else context.get(CURRENT_PROCESS)
        return callback if process is None else _Guarded(self, process, callback)

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        """Run ``callback`` at this instant, after everything already due."""
        guarded = self._guard(callback, context)
        return _known(guarded, super().call_soon(guarded, *args, context=context))

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        """Run ``callback`` in ``delay`` seconds, at least 1 µs from now."""
        guarded = self._guard(callback, context)
        return _known(guarded, super().call_later(delay, guarded, *args, context=context))

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        """Run ``callback`` at loop time ``when`` (seconds), at least 1 µs from now."""
        guarded = self._guard(callback, context)
        return _known(guarded, super().call_at(when, guarded, *args, context=context))

    def postpone(self, handle: Handle, callback: Callable[..., object], args: Any, when_us: int) -> None:
        """Put a handle that just ran back for ``when_us``; whoever holds it can still cancel it."""
        handle._callback, handle._args = callback, args
        heappush(self._queue, (when_us, NORMAL, self._next_id(), handle))

    def _make_task(self, loop: Any, coroutine: Coroutine[Any, Any, Any], **keywords: Any) -> Any:
        number = next(self._numbers)
        context = keywords.get("context")
        process = CURRENT_PROCESS.get() if context is None else context.get(CURRENT_PROCESS)
        slot = CURRENT_INTENT.get() if context is None else context.get(CURRENT_INTENT)
        if process is None:
            return NumberedTask(coroutine, number=number, loop=self, name=f"Task-{number}", **keywords)
        watched = WatchedCoroutine(coroutine, process, slot, self._suspended)
        task = NumberedTask(watched, number=number, loop=self, name=f"Task-{number}", **keywords)
        process.tasks.append(task)
        return task


def _known(guarded: Callable[..., object], handle: Handle) -> Handle:
    if type(guarded) is _Guarded:
        guarded.handle = handle
    return handle


class WatchedCoroutine(Coroutine[Any, Any, Any]):
    """Step a task's coroutine and tell of each of its suspensions."""

    __slots__ = ("_context", "_inner", "_process", "_slot", "_suspended")

    def __init__(
        self,
        inner: Coroutine[Any, Any, Any],
        process: Process,
        slot: IntentSlot | None,
        suspended: Callable[[Process, IntentSlot], None],
    ) -> None:
        self._inner = inner
        self._process = process
        self._slot = slot
        self._suspended = suspended
        self._context = copy_context()
        process.watched[self] = None

    def send(self, value: Any) -> Any:
        """Step the coroutine."""
        return self._stepped(self._inner.send, value)

    def throw(self, *error: Any) -> Any:
        """Step the coroutine with an exception."""
        return self._stepped(self._inner.throw, *error)

    def _stepped(self, step: Callable[..., Any], *args: Any) -> Any:
        try:
            waits_for = step(*args)
        except BaseException:
            self._process.watched.pop(self, None)
            raise
        slot = self._slot or CURRENT_INTENT.get()
        if slot is not None:
            self._suspended(self._process, slot)
        return waits_for

    def close(self) -> None:
        """Close the coroutine."""
        self._inner.close()

    def __await__(self) -> Any:
        return self._inner.__await__()

    def dispose(self) -> None:
        """Close the coroutine, whatever it says to that, where its context shows the dead process."""
        for _ in range(_CLOSE_TRIES):
            try:
                self._context.run(self._inner.close)
                return
            except (Exception, asyncio.CancelledError, GeneratorExit, RealWorldCall):  # noqa: BLE001
                # The dead do not speak; what still awaits is asked once more.
                continue
