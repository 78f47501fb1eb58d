"""Put asyncio's callbacks on SimPy's queue, so that coroutines and processes share one order.

Entries are SimPy's own: ``(time_us, priority, insertion number, event)``.  Callbacks due now wait in a lane of
their own (``_ready``) that is merged with the heap *by that same key*: the order is the heap's, the cost a
deque's.  Time is integer microseconds since the start of the run; asyncio sees seconds.

Paid-for lessons kept here: the clock starts at 0 and the epoch is an offset (float seconds near an epoch drift);
timers have a floor of 1 µs (some code asks to wake in 1e-16 s and would spin); cancelled timers are dropped
without moving the clock; an empty heap with waiting tasks is a deadlock that names them; too many callbacks at
one instant is a runaway.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any, Final, TypeVar, cast
from weakref import WeakValueDictionary

import simpy
from simpy.events import NORMAL

from sim.clock.ends import Deadlock, EventLimit, Runaway
from sim.clock.handle import Handle, stepped_by
from sim.clock.refusing import RealWorldCall, RefusingLoop
from sim.clock.tasks import NumberedTask

_T = TypeVar("_T")

RUNAWAY_CALLBACKS: Final = 200_000
"""Callbacks at one instant after which the run is declared a runaway."""

_Key = tuple[int, int, int, Any]


class VirtualLoop(RefusingLoop):
    """Run asyncio on a ``simpy.Environment`` whose time is integer microseconds.

    Whatever needs the real world raises :class:`RealWorldCall`.  ``env`` is the environment; SimPy processes
    started on it and tasks created here interleave in one total order.
    """

    def __init__(self, env: simpy.Environment | None = None) -> None:
        # SimPy types its time as a float too; here it is always an int.
        self._env = cast(Any, env if env is not None else simpy.Environment(initial_time=0))
        self.env: simpy.Environment = self._env
        self._queue: list[_Key] = self._env._queue
        self._next_id = self._env._eid.__next__
        self._ready: deque[_Key] = deque()
        self._running = False
        self._closed = False
        self._stopping = False
        self._cancelled_timers = 0
        self._task_numbers = count(1)
        self._task_factory: Callable[..., Any] | None = None
        # Weak, as on a stock loop: a generator left early is finalised there and then, not at the end.
        self._asyncgens: WeakValueDictionary[int, Any] = WeakValueDictionary()
        self._exception_handler: Callable[[Any, dict[str, Any]], object] | None = None
        self.unseen_errors: list[dict[str, Any]] = []
        """Contexts given to the exception handler: tasks that died unseen, failing callbacks."""
        self.events_run = 0
        """Instants' events executed so far (callbacks and SimPy events)."""
        self.event_limit: int | None = None
        """Stop the run with :class:`EventLimit` after this many events; None for no limit."""

    # -- time -----------------------------------------------------------------------------------------

    @property
    def now_us(self) -> int:
        """Return the current time in microseconds since the start of the run."""
        return self._env._now  # type: ignore[no-any-return]

    def time(self) -> float:
        """Return the current time in seconds since the start of the run."""
        return self._env._now / 1e6  # type: ignore[no-any-return]

    # -- scheduling -----------------------------------------------------------------------------------

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> Handle:
        """Run ``callback`` at this instant, after everything already due."""
        now = self._env._now
        handle = Handle(callback, args, context or contextvars.copy_context(), self, now)
        self._ready.append((now, NORMAL, self._next_id(), handle))
        return handle

    def call_later(  # type: ignore[override]
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> Handle:
        """Run ``callback`` in ``delay`` seconds, at least 1 µs from now."""
        delay_us = round(delay * 1e6)
        when_us = self._env._now + (delay_us if delay_us > 1 else 1)
        handle = Handle(callback, args, context or contextvars.copy_context(), self, when_us)
        heappush(self._queue, (when_us, NORMAL, self._next_id(), handle))
        return handle

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> Handle:
        """Run ``callback`` at loop time ``when`` (seconds), at least 1 µs from now."""
        when_us = max(round(when * 1e6), self._env._now + 1)
        handle = Handle(callback, args, context or contextvars.copy_context(), self, when_us)
        heappush(self._queue, (when_us, NORMAL, self._next_id(), handle))
        return handle

    def at_us(self, when_us: int, callback: Callable[..., object], *args: Any) -> Handle:
        """Run a model's ``callback`` at ``when_us`` (not before now), outside any context."""
        now = self._env._now
        handle = Handle(callback, args, None, self, when_us)
        heappush(self._queue, (when_us if when_us > now else now, NORMAL, self._next_id(), handle))
        return handle

    def _note_cancelled(self) -> None:
        self._cancelled_timers += 1
        # SimPy cannot cancel a time-out; without a sweep, ten-second time-outs would pile up in the heap.
        if self._cancelled_timers > 1000 and self._cancelled_timers * 2 > len(self._queue):
            self._queue[:] = [
                key for key in self._queue if not (type(key[3]) is Handle and key[3]._cancelled)
            ]
            heapify(self._queue)
            self._cancelled_timers = 0

    # -- running --------------------------------------------------------------------------------------

    def _step_until_stopped(self, until_us: int | None = None) -> bool:
        """Run events until stopped; True when stopped, False when nothing is left or ``until_us`` is next."""
        env, queue, ready = self._env, self._queue, self._ready
        budget = RUNAWAY_CALLBACKS
        events_run = 0
        limit = self.event_limit if self.event_limit is not None else 1 << 62
        limit -= self.events_run
        try:
            while not self._stopping:
                if ready:
                    if events_run >= limit:
                        raise EventLimit(self._limit_text())
                    # Same key as the heap's, so the order is that of one queue.
                    if queue and queue[0] < ready[0]:
                        event = heappop(queue)[3]
                    else:
                        event = ready.popleft()[3]
                    budget -= 1
                    if not budget:
                        raise self._runaway(event)
                elif queue:
                    key = queue[0]
                    event = key[3]
                    when = key[0]
                    if type(event) is Handle and event._cancelled:
                        heappop(queue)
                        continue
                    if until_us is not None and when > until_us:
                        return False
                    # Before the event is taken: what the limit cuts off must still be there to be cancelled.
                    if events_run >= limit:
                        raise EventLimit(self._limit_text())
                    heappop(queue)
                    if when != env._now:
                        env._now = when
                        budget = RUNAWAY_CALLBACKS
                    else:
                        budget -= 1
                        if not budget:
                            raise self._runaway(event)
                else:
                    return False
                events_run += 1
                if type(event) is Handle:
                    callback = event._callback
                    if callback is not None:
                        event._callback = None
                        context = event._context
                        try:
                            if context is None:
                                callback(*event._args)
                            else:
                                context.run(callback, *event._args)
                        except (SystemExit, KeyboardInterrupt):
                            raise
                        except BaseException as error:
                            if context is None:
                                raise  # a model's own failure ends the run at once
                            self.call_exception_handler(
                                {"message": f"Exception in callback {callback!r}", "exception": error}
                            )
                else:
                    self._run_simpy_event(event)
        finally:
            self.events_run += events_run
        return True

    def _run_simpy_event(self, event: Any) -> None:
        callbacks, event.callbacks = event.callbacks, None
        for callback in callbacks:
            callback(event)
        # SimPy sets the mark only on an event whose failure somebody took; others do not have it at all.
        if not event._ok and not hasattr(event, "_defused"):
            raise event._value

    def _limit_text(self) -> str:
        return f"{self.event_limit} events used up at {self._env._now / 1e6:.6f} s"

    def _runaway(self, event: Any) -> Runaway:
        what, owner = getattr(event, "_callback", event), stepped_by(event)
        if type(event) is Handle:
            # Whoever cuts it off may go on with the run, and then nothing must be missing.
            self._ready.appendleft((self._env._now, NORMAL, self._next_id(), event))
        return Runaway(
            f"more than {RUNAWAY_CALLBACKS} callbacks at {self._env._now / 1e6:.6f} s "
            f"without time moving on; the last one: {what!r}",
            owner if isinstance(owner, asyncio.Task) else None,
        )

    def abandon(self, task: asyncio.Task[Any]) -> None:
        """Never step a task again that goes round in this instant and will not be cancelled."""
        self._ready = deque(key for key in self._ready if stepped_by(key[3]) is not task)

    def run_until_complete(self, future: Any) -> Any:
        """Run until ``future`` is done and return its result.

        Raises Deadlock when nothing is left to happen and it is not done, Runaway when one instant never ends.
        """
        self._check_open()
        task = asyncio.ensure_future(future, loop=self)
        task.add_done_callback(self._stop_on_done)
        try:
            if not self.run_until(None):
                raise Deadlock(self._deadlock_text())
        finally:
            task.remove_done_callback(self._stop_on_done)
            if task.done() and not task.cancelled() and task.exception() is not None:
                task._log_traceback = False
        if not task.done():
            raise RuntimeError("Event loop stopped before Future completed.")
        return task.result()

    def _stop_on_done(self, future: asyncio.Future[Any]) -> None:
        self._stopping = True

    def run_until(self, until_us: int | None) -> bool:
        """Run until stopped (True), or until the next event lies after ``until_us`` or none is left (False).

        With a bound the clock ends *at* the bound, as SimPy's ``run(until)`` does.
        """
        self._check_open()
        if self._running or events._get_running_loop() is not None:
            raise RuntimeError("a loop is already running in this thread")
        self._running = True
        self._stopping = False
        old_hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(firstiter=self._asyncgen_born, finalizer=self._asyncgen_dropped)
        events._set_running_loop(self)
        try:
            stopped = self._step_until_stopped(until_us)
            if not stopped and until_us is not None and self._env._now < until_us:
                self._env._now = until_us
            return stopped
        finally:
            events._set_running_loop(None)
            sys.set_asyncgen_hooks(*old_hooks)
            self._running = False
            self._stopping = False

    def next_us(self) -> int | None:
        """Return when the next event is due (µs), None when nothing is; what was cancelled is dropped on the way."""
        queue = self._queue
        while queue and type(queue[0][3]) is Handle and queue[0][3]._cancelled:
            heappop(queue)
        if self._ready:
            return self.now_us
        return queue[0][0] if queue else None

    def run_forever(self) -> None:
        """Run until :meth:`stop`; Deadlock when nothing is left to happen."""
        if not self.run_until(None):
            raise Deadlock(self._deadlock_text())

    def _deadlock_text(self) -> str:
        names = sorted(task.get_name() for task in asyncio.all_tasks(self) if not task.done())
        shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        return (
            f"nothing can happen any more at {self._env._now / 1e6:.6f} s, yet tasks wait: {shown or 'none'}"
        )

    def stop(self) -> None:
        """Stop after the callback that is running."""
        self._stopping = True

    def is_running(self) -> bool:
        """Tell whether the loop runs now."""
        return self._running

    def is_closed(self) -> bool:
        """Tell whether the loop was closed."""
        return self._closed

    def close(self) -> None:
        """Close the loop and forget what is queued."""
        if self._running:
            raise RuntimeError("cannot close a running loop")
        self._closed = True
        self._ready.clear()
        self._queue.clear()

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("the loop is closed")

    # -- futures, tasks, generators -------------------------------------------------------------------

    def create_future(self) -> asyncio.Future[Any]:
        """Create a plain future (the C type itself: subclasses are slower to await)."""
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self, coro: Coroutine[Any, Any, _T], *, name: str | None = None, **keywords: Any
    ) -> asyncio.Task[_T]:
        """Create a task that hashes by creation number."""
        self._check_open()
        if self._task_factory is not None:
            task: asyncio.Task[_T] = self._task_factory(self, coro, **keywords)
            if name is not None:
                task.set_name(name)
            return task
        number = next(self._task_numbers)
        return NumberedTask(coro, number=number, loop=self, name=name or f"Task-{number}", **keywords)

    def set_task_factory(self, factory: Callable[..., Any] | None) -> None:
        """Use ``factory(loop, coroutine, **keywords)`` for new tasks."""
        self._task_factory = factory

    def get_task_factory(self) -> Any:
        """Return the task factory, None for the default."""
        return self._task_factory

    def _asyncgen_born(self, generator: Any) -> None:
        self._asyncgens[id(generator)] = generator

    def _asyncgen_dropped(self, generator: Any) -> None:
        self._asyncgens.pop(id(generator), None)
        if not self._closed:
            self.call_soon(self.create_task, generator.aclose())

    async def shutdown_asyncgens(self) -> None:
        """Close async generators still open."""
        generators = list(self._asyncgens.values())
        self._asyncgens.clear()
        for generator in generators:
            await generator.aclose()

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Do nothing: there is no executor to shut down."""

    # -- errors and debug -----------------------------------------------------------------------------

    def set_exception_handler(self, handler: Callable[[Any, dict[str, Any]], object] | None) -> None:
        """Use ``handler(loop, context)`` for errors nobody else sees."""
        self._exception_handler = handler

    def get_exception_handler(self) -> Any:
        """Return the exception handler, None for the default."""
        return self._exception_handler

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep the error: a run that ends with one is a failed run."""
        self.unseen_errors.append(context)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Report an error that no caller will see."""
        if self._exception_handler is None:
            self.default_exception_handler(context)
        else:
            self._exception_handler(self, context)

    def get_debug(self) -> bool:
        """Return False: debug mode reads the wall clock."""
        return False

    def set_debug(self, enabled: bool) -> None:
        """Accept False only."""
        if enabled:
            raise RealWorldCall("loop.set_debug(True): debug mode times callbacks by the wall clock")
