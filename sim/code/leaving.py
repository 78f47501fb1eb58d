"""Let nothing that the user's code raises end more than the intent it was raised for."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from sim.clock.places import caller
from sim.code.lines import write_escape
from sim.errors import InputError


class Exited(BaseException):
    """Stand for ``sys.exit``, which would end the event loop and the campaign with it."""


def _exit(status: Any = None, /) -> NoReturn:
    raise Exited(f"sys.exit({'' if status is None else repr(status)}) was called, at {caller()}")


@contextmanager
def exits_caught() -> Iterator[None]:
    """Turn ``sys.exit`` into an exception that ends one intent while the block runs."""
    real, sys.exit = sys.exit, _exit
    try:
        yield
    finally:
        sys.exit = real


@contextmanager
def escapes_told() -> Iterator[None]:
    """Write down the traceback of what leaves the block, and turn SystemExit into an exception."""
    try:
        yield
    except (InputError, asyncio.CancelledError, GeneratorExit, KeyboardInterrupt):
        raise
    except SystemExit as error:
        write_escape(error)
        raise Exited(f"SystemExit({error.code!r}) was raised") from error
    except BaseException as error:
        write_escape(error)
        raise
