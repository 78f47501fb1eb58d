"""Cut off code that computes for ever without an await, and name the line it goes round in.

A timer of the process's own computing time looks whether the event loop has moved on.  Where it has not, the code under
test is followed line by line for a moment: the outermost of its functions that still goes on is the one with the loop,
and the first line it passes there is where the loop stands.  The exception that ends it is no ``Exception``: code that
takes every exception for a failed order must not go on.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, NoReturn

from sim.clock.places import THEIRS, shown, whose
from sim.exchange.attribution import CURRENT_INTENT

LOOK_EVERY_S: Final = 0.4
"""Seconds of computing between two looks; an intent's step that lasts from one look to the next is suspected."""

_BOOT_LOOKS: Final = 25
"""So many looks may pass while the code is loaded: libraries take seconds to import."""

_LINES: Final = 3000
"""So many lines are followed before a loop is named."""

_LOOP_STEP: Final = "_step_until_stopped"


class EndlessLoop(BaseException):
    """End code that never gives the event loop back."""


class _Guard:
    """Look at what runs; ``tick`` is a signal's handler."""

    def __init__(self) -> None:
        self._step: tuple[int, int] | None = None
        self._looks = 0
        self._tries = 0
        self._stack: list[FrameType] = []
        self._lines: dict[FrameType, set[int]] = {}
        self._followed = 0
        self._chosen: tuple[FrameType, int, str] | None = None

    def tick(self, number: int, frame: FrameType | None) -> None:
        """See whether the loop has moved on since the last look; if not, follow what runs."""
        stack, step = _stack_of(frame)
        if step is None or not stack or _imports(frame):
            self._leave()
            return
        if step != self._step:
            self._leave()
            self._step, self._looks, self._tries = step, 0, 0
            return
        self._looks += 1
        slot = CURRENT_INTENT.get()
        if self._looks < (1 if slot is not None and slot.number >= 0 else _BOOT_LOOKS):
            return
        if self._stack:
            # Followed for a whole look, and yet not there: each line takes long.
            self._raise(self._choose())
        self._leave()
        self._stack = stack
        for each in stack:
            each.f_trace = self._follow_line
        sys.settrace(self._follow_call)

    def _leave(self) -> None:
        if self._stack:
            sys.settrace(None)
            for frame in self._stack:
                frame.f_trace = None
        self._stack, self._lines, self._followed, self._chosen = [], {}, 0, None

    def _follow_call(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        """Follow no function that is called anew: the one with the loop was there before."""
        self._followed += 1
        return None

    def _follow_line(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any]:
        self._followed += 1
        if event != "line":
            return self._follow_line
        if self._chosen is None:
            self._lines.setdefault(frame, set()).add(frame.f_lineno)
            if self._followed >= _LINES:
                self._chosen = self._choose()
        elif (frame, frame.f_lineno) == self._chosen[:2]:
            # Always at the same line, so that two runs say the same.
            self._raise(self._chosen)
        return self._follow_line

    def _choose(self) -> tuple[FrameType, int, str]:
        """Return where to raise and what to say: the outermost function that goes on, by the first line it passes."""
        frame = next((frame for frame in self._stack if self._lines.get(frame)), self._stack[-1])
        lines = sorted(self._lines.get(frame) or {frame.f_lineno})
        # Code that takes even this for a failure is tried at its next line: one of them is outside its try.
        line = lines[self._tries % len(lines)]
        code = frame.f_code
        return frame, line, f"{shown(code.co_filename)}:{lines[0]} in {code.co_name}"

    def _raise(self, chosen: tuple[FrameType, int, str]) -> NoReturn:
        self._tries += 1
        self._leave()
        raise EndlessLoop(f"an endless loop without an await, {chosen[2]}")


def _stack_of(frame: FrameType | None) -> tuple[list[FrameType], tuple[int, int] | None]:
    """Return the code under test on the stack, outermost first, and which event of which loop runs it."""
    found: list[FrameType] = []
    while frame is not None:
        code = frame.f_code
        if code.co_name == _LOOP_STEP:
            return found[::-1], (id(frame), int(frame.f_locals.get("events_run", 0)))
        if whose(code.co_filename) == THEIRS:
            found.append(frame)
        frame = frame.f_back
    return [], None


def _imports(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


@contextmanager
def endless_loops_cut() -> Iterator[None]:
    """Watch for endless loops while the block runs; where there is no such timer (not in the main thread), do not."""
    watchable = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    # Somebody who follows lines already (a debugger, a coverage tool) would be put off.
    if not watchable or sys.gettrace() is not None:
        yield
        return
    guard = _Guard()
    before = signal.signal(signal.SIGVTALRM, guard.tick)
    signal.setitimer(signal.ITIMER_VIRTUAL, LOOK_EVERY_S, LOOK_EVERY_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, before)
