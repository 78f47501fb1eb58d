"""Keep stack traces off the terminal: what the server's libraries would print becomes one line each."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from aiohttp.http_exceptions import HttpProcessingError

_LOGGERS: Final = ("aiohttp", "asyncio")
_CLIENTS_DOING: Final = (HttpProcessingError, ConnectionError, TimeoutError, asyncio.CancelledError)
"""What a client causes by what it sends or by leaving; it has been answered, or is gone."""


def one_line(error: BaseException) -> str:
    """Say what went wrong and where, on one line."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return " ".join(f"{type(error).__name__}: {error}{where}".split())


class _Lines(logging.Handler):
    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._note = note

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, _CLIENTS_DOING):
            return
        message = " ".join(record.getMessage().split())
        self._note(f"{message}: {one_line(error)}" if error is not None else message)


@contextmanager
def errors_on_one_line(note: Callable[[str], None]) -> Iterator[None]:
    """Give ``note`` one line for each error that aiohttp or the running loop would have printed."""
    loop = asyncio.get_running_loop()
    handler, before = _Lines(note), loop.get_exception_handler()
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    earlier = [(logger.propagate, logger.handlers) for logger in loggers]
    for logger in loggers:
        logger.propagate, logger.handlers = False, [handler]

    def on_error(_: Any, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, _CLIENTS_DOING):
            note(one_line(error) if error is not None else str(context.get("message")))

    loop.set_exception_handler(on_error)
    try:
        yield
    finally:
        loop.set_exception_handler(before)
        for logger, (propagate, handlers) in zip(loggers, earlier, strict=True):
            logger.propagate, logger.handlers = propagate, handlers
