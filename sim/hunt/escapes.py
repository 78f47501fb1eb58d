"""Hear the exceptions that leave the code under test, and find the line of its author they come from."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sim
from sim.world.code_under_test import ExecutorFactory

_OURS: Final = str(Path(sim.__file__).parent) + os.sep
_TESTED: Final = _OURS + "execution" + os.sep
_LIBRARIES: Final = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "purelib", "platlib")})
_CALLS: Final = (
    "submit_plan", "submit_order", "close_position", "position_closed", "symbol_closed", "recover", "prepare",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Escape:
    """State one escaped exception: its kind and text, and the innermost line of the code under test ("" for none)."""

    error: str
    text: str
    file: str
    line: int
    function: str

    @property
    def place(self) -> str:
        """Return file:line in function, as a person would look for it."""
        return f"{self.file}:{self.line} in {self.function}" if self.file else ""


def escape_of(error: BaseException) -> Escape:
    """Return where an exception came from: the innermost frame that is neither ours nor a library's."""
    file, line, function = "", 0, ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        name = code.co_filename
        theirs = name.startswith(_TESTED) or not name.startswith((_OURS, *_LIBRARIES, "<"))
        if theirs:
            file, line, function = name, trace.tb_lineno, code.co_name
        trace = trace.tb_next
    return Escape(type(error).__name__, str(error), _short(file), line, function)


def _short(file: str) -> str:
    here = os.getcwd() + os.sep
    return file.removeprefix(here)


class Watching:
    """Be an executor factory whose executors tell ``heard`` of every exception that leaves one of their calls."""

    def __init__(self, make: ExecutorFactory, heard: list[Escape]) -> None:
        self._make = make
        self._heard = heard

    def __call__(self, *given: Any) -> Any:
        """Return what the factory makes, watched."""
        return _Watched(self._make(*given), self._heard)

    def __getattr__(self, name: str) -> Any:
        # A factory may say what its runs need around them.
        return getattr(self._make, name)


class _Watched:
    """Be an executor, with an ear at its calls."""

    def __init__(self, executor: Any, heard: list[Escape]) -> None:
        self._executor = executor
        for name in _CALLS:
            call = getattr(executor, name, None)
            if call is not None:
                setattr(self, name, _heard(call, heard))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._executor, name)


def _heard(call: Callable[..., Awaitable[Any]], heard: list[Escape]) -> Callable[..., Awaitable[Any]]:
    async def hearing(*args: Any, **keywords: Any) -> Any:
        try:
            return await call(*args, **keywords)
        except Exception as error:
            heard.append(escape_of(error))
            raise

    return hearing
