"""Name the line of somebody else's code: who called what is refused, where an exception came from.

Ours are this package without ``sim.execution`` (which is code under test) and Python's own library; what is left is the
code under test and the libraries it uses, of which the code under test goes first.
"""

from __future__ import annotations

import asyncio
import os
import sys
import sysconfig
from functools import lru_cache
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final

_OURS: Final = str(Path(__file__).resolve().parent.parent) + os.sep
_UNDER_TEST: Final = _OURS + "execution" + os.sep
_PYTHON: Final = tuple(sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib"))
_INSTALLED: Final = (os.sep + "site-packages" + os.sep, os.sep + "dist-packages" + os.sep)

THEIRS, LIBRARY, OURS = 2, 1, 0


@lru_cache(maxsize=4096)
def whose(file: str) -> int:
    """Return THEIRS for a file of the code under test, LIBRARY for one of a library, OURS for ours and Python's."""
    if file.startswith(_UNDER_TEST):
        return THEIRS
    if file.startswith((_OURS, "<")):
        return OURS
    if any(part in file for part in _INSTALLED):
        return LIBRARY
    return OURS if file.startswith(_PYTHON) else THEIRS


@lru_cache(maxsize=4096)
def shown(file: str) -> str:
    """Return a file by its folder and name: enough to find it, and the same on every machine."""
    path = Path(file)
    return f"{path.parent.name}/{path.name}" if path.parent.name else path.name


def _place(frame: FrameType, line: int) -> str:
    code = frame.f_code
    return f"{shown(code.co_filename)}:{line} in {code.co_name}"


def caller(depth: int = 1) -> str:
    """Return file:line and function of the innermost code under test on the stack, else of a library; "" for none."""
    frame: FrameType | None = sys._getframe(depth)
    found = ""
    while frame is not None:
        rank = whose(frame.f_code.co_filename)
        if rank == THEIRS:
            return _place(frame, frame.f_lineno)
        if rank == LIBRARY and not found:
            found = _place(frame, frame.f_lineno)
        frame = frame.f_back
    return found


def origin(error: BaseException) -> str:
    """Return file:line and function of the innermost code under test that an exception went through; "" for none."""
    found = ""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and not found and id(cause) not in seen:
        seen.add(id(cause))
        trace: TracebackType | None = cause.__traceback__
        while trace is not None:
            if whose(trace.tb_frame.f_code.co_filename) == THEIRS:
                found = _place(trace.tb_frame, trace.tb_lineno)
            trace = trace.tb_next
        cause = cause.__cause__ or cause.__context__
    return found


def suspended_at(task: asyncio.Task[Any]) -> str:
    """Return file:line and function of the innermost code under test in which a task is suspended; "" for none."""
    found = ""
    inner: Any = task.get_coro()
    while inner is not None:
        frame = getattr(inner, "cr_frame", None) or getattr(inner, "gi_frame", None)
        if frame is not None and whose(frame.f_code.co_filename) == THEIRS:
            found = _place(frame, frame.f_lineno)
        inner = getattr(inner, "cr_await", None) or getattr(inner, "gi_yieldfrom", None)
    return found
