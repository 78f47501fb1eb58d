"""Write what the user's code logs and prints into the run's trace, and keep it off the screen.

Loggers that the user's modules make die with the run, and so do handlers and levels that they set on the root logger.
Lines of libraries are left out: the place a line was logged from decides.
"""

from __future__ import annotations

import linecache
import logging
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from sim.clock import VirtualLoop
from sim.clock.places import OURS, THEIRS, shown, whose
from sim.exchange.attribution import CURRENT_INTENT

_LONGEST: Final = 2000
_PRINTED: Final = "print"

_ADDRESS: Final = re.compile(r"\b0x[0-9a-f]{6,}\b")
"""An object's address, another one in each run."""

Write = Callable[[tuple[Any, ...]], None]


class _ToTrace(logging.Handler):
    """Write records of the user's modules as rows."""

    def __init__(self, loop: VirtualLoop, write: Write, also: list[logging.Handler]) -> None:
        super().__init__(logging.DEBUG)
        self._loop = loop
        self._write = write
        self._also = also

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, a traceback below its text."""
        if whose(record.pathname) != THEIRS:
            return
        try:
            text = record.getMessage()
        except Exception as error:  # noqa: BLE001 - logging itself only complains of a line that cannot be formatted
            text = f"{record.msg!r} cannot be formatted with {record.args!r}: {error}"
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        self._write((_intent(), self._loop.now_us, record.name, record.levelname, _same(text)))
        for handler in self._also:
            if record.levelno >= handler.level:
                handler.handle(record)


class _Printed:
    """Be ``sys.stdout`` for the user's code: each line is a row."""

    encoding = "utf-8"

    def __init__(self, loop: VirtualLoop, write: Write) -> None:
        self._loop = loop
        self._write = write
        self._begun = ""

    def write(self, text: str) -> int:
        """Write whole lines as rows and keep what is left."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._write((_intent(), self._loop.now_us, _PRINTED, "INFO", _same(line)))
        return len(text)

    def flush(self) -> None:
        """Do nothing: whole lines are written at once."""

    def isatty(self) -> bool:
        """Return False."""
        return False


def _same(text: str) -> str:
    """Return a text as it is in every run: no longer than a line should be, and without addresses."""
    return (_ADDRESS.sub("0x…", text) if "0x" in text else text)[:_LONGEST]


_writing: tuple[VirtualLoop, Write] | None = None


def write_escape(error: BaseException) -> None:
    """Write the traceback of an exception that leaves the user's code, our own frames left out."""
    if _writing is None:
        return
    loop, write = _writing
    rows = [f"{type(error).__name__}: {error}"]
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if whose(code.co_filename) != OURS:
            source = linecache.getline(code.co_filename, trace.tb_lineno).strip()
            rows.append(f"  {shown(code.co_filename)}:{trace.tb_lineno} in {code.co_name}: {source}")
        trace = trace.tb_next
    write((_intent(), loop.now_us, "escaped", "CRITICAL", _same("\n".join(rows))))


def _intent() -> int:
    slot = CURRENT_INTENT.get()
    return -1 if slot is None else slot.number


@contextmanager
def lines_of(loop: VirtualLoop, write: Write, logger: logging.Logger | None) -> Iterator[None]:
    """Write log lines and prints with ``write`` while the block runs, and to ``logger``'s handlers too."""
    global _writing
    root = logging.getLogger()
    manager = root.manager
    kept = (root.handlers, root.level, root.disabled, manager.disable)
    known = set(manager.loggerDict)
    root.handlers = [_ToTrace(loop, write, list(logger.handlers) if logger is not None else [])]
    root.setLevel(logging.INFO)
    stdout, sys.stdout = sys.stdout, _Printed(loop, write)
    _writing = loop, write
    try:
        yield
    finally:
        _writing = None
        sys.stdout = stdout
        root.handlers, root.disabled, manager.disable = kept[0], kept[2], kept[3]
        root.setLevel(kept[1])
        for name in manager.loggerDict.keys() - known:
            del manager.loggerDict[name]
