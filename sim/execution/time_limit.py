"""Give a call so many seconds, at next to no cost where its answer is there at once.

``asyncio.timeout`` arms a timer before the first step.  Here the first step comes first, and a timer is armed only for
what has to be waited for.  No time passes on the loop's clock within a step to speak of, so that both end at the same
moment.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

_Answer = TypeVar("_Answer")


class TimeLimit:
    """Cancel the running task when ``seconds`` have passed; one limit serves one :func:`finish_within`."""

    # Few calls get beyond their first step: what only a wait needs is set when there is one.
    fired = False
    passed = False
    """Whether the work was ended by this limit."""
    _rests = False
    _begun_s: float | None = None
    _task: asyncio.Task[Any] | None = None
    _handle: asyncio.TimerHandle | None = None
    _cancelling = 0

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def rest(self) -> None:
        """Let the time stand still: what is limited has not been begun yet."""
        self._rests = True
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def begin_anew(self) -> None:
        """Let all of the time run from now on."""
        self._rests = False
        self._begun_s = asyncio.get_running_loop().time()
        # Without a task the first step is still under way, or all is over.
        if self._task is not None and not self.fired:
            self._arm(self._task)

    def hurry(self, seconds: float) -> None:
        """Let no more than so much of the time be left; a call that has not begun or is over is none of it."""
        task, begun_s = self._task, self._begun_s
        if task is None or begun_s is None or self._rests or self.fired:
            return
        now_s = asyncio.get_running_loop().time()
        if begun_s + self.seconds > now_s + seconds:
            self.seconds = now_s - begun_s + seconds
            self._arm(task)

    def arm(self) -> None:
        """Let the time run: the call has to be waited for."""
        task = self._task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a time limit needs a running task")
        self._cancelling = task.cancelling()
        if not self._rests:
            self._arm(task)

    def disarm(self) -> None:
        """Let the time run no longer: there is an answer."""
        self._task = None
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def caused(self) -> bool:
        """Tell whether a cancellation that arrived was this limit's doing, and nobody else wished for one."""
        task = self._task
        return self.fired and task is not None and task.uncancel() <= self._cancelling

    def _arm(self, task: asyncio.Task[Any]) -> None:
        def fire() -> None:
            self._handle = None
            self.fired = True
            task.cancel()

        if self._handle is not None:
            self._handle.cancel()
        loop = asyncio.get_running_loop()
        if self._begun_s is None:
            self._begun_s = loop.time()
        self._handle = loop.call_at(self._begun_s + self.seconds, fire)


class AskedLimit(TimeLimit):
    """Ask how many seconds there are only where the call has to be waited for."""

    given_s = math.inf
    """What ``ask`` said, whatever became of it by :meth:`hurry`; endless while nothing had to be waited for."""

    def __init__(self, ask: Callable[[], float]) -> None:
        self._ask = ask

    def arm(self) -> None:
        """Let the time run: the call has to be waited for."""
        self.seconds = self.given_s = self._ask()
        super().arm()


@coroutine
def finish_within(
    limit: TimeLimit, work: Coroutine[Any, Any, _Answer], when_waiting: Callable[[], None] | None = None
) -> Generator[Any, Any, _Answer]:
    """Run ``work`` and return what it answers; raises TimeoutError when ``limit`` passed first.

    ``when_waiting`` is called where the answer is not there after the first step.
    What cancels the task from outside passes through, as do the exceptions of ``work``.
    """
    try:
        waits_for = work.send(None)
    except StopIteration as done:
        answer: _Answer = done.value
        return answer
    if when_waiting is not None:
        when_waiting()
    return (yield from go_on_within(limit, work, waits_for))


def go_on_within(
    limit: TimeLimit, work: Coroutine[Any, Any, _Answer], waits_for: Any
) -> Generator[Any, Any, _Answer]:
    """Finish ``work`` that took its first step and now waits for ``waits_for``, see :func:`finish_within`."""
    limit.arm()
    try:
        while True:
            try:
                sent = yield waits_for
            except BaseException as error:  # noqa: BLE001 - handed on to where the work waits
                waits_for = work.throw(error)
            else:
                waits_for = work.send(sent)
    except StopIteration as done:
        limit.caused()
        answer: _Answer = done.value
        return answer
    except asyncio.CancelledError as error:
        if limit.caused():
            limit.passed = True
            raise TimeoutError from error
        raise
    except BaseException:
        limit.caused()
        raise
    finally:
        limit.disarm()
