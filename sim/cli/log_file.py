"""Write the lines that the code under test logs, with virtual time, as production would have written them."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from sim.api.folders import as_input_error
from sim.errors import InputError


class _Line(logging.Formatter):
    """Form ``2024-01-15T14:20:00.123Z WARNING intent=7 [SAFE-EXECUTOR] …``."""

    def __init__(self) -> None:
        super().__init__()
        # Imported late: the help of a command must not wait for the exchange.
        from sim.exchange.attribution import CURRENT_INTENT

        self._current = CURRENT_INTENT

    def format(self, record: logging.LogRecord) -> str:
        # record.created is virtual: logging asks time.time, and inside a run that follows the run's clock.
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        slot = self._current.get()
        # The flows of many intents interleave; without a number their lines could not be told apart.
        intent = slot.number if slot is not None and slot.number >= 0 else "-"
        time = moment.replace("+00:00", "Z")
        trouble = "\n" + self.formatException(record.exc_info) if record.exc_info else ""
        return f"{time} {record.levelname:<7} intent={intent} {record.getMessage()}{trouble}"


class _File(logging.FileHandler):
    """Remember why a line could not be written: logging itself would only print the traceback."""

    failure: BaseException | None = None

    def handleError(self, record: logging.LogRecord) -> None:
        self.failure = sys.exc_info()[1]

    def finish(self) -> None:
        """Close the file; raise what went wrong with any line of it."""
        self.close()
        if self.failure is not None:
            raise self.failure


@contextmanager
def log_to(path: Path | None, not_inside: Path | None = None) -> Iterator[logging.Logger | None]:
    """Yield the logger of a run; its file is in place, whole, when the block succeeds, and never else.

    ``path`` None yields None.  ``not_inside`` is a folder that the command replaces.  Raises InputError for a
    path that cannot be written, at once.
    """
    if path is None:
        yield None
        return
    from sim.scenario.files import is_file, written_path

    # Through links: what is replaced must be the file they lead to and not, say, a device they lead to.
    written = written_path("--log", path)
    where = Path(os.path.realpath(written))
    if not is_file("--log", written) and (os.path.lexists(where) or not where.parent.is_dir()):
        # The log is moved into place when it is whole, which would put a file where a device was.
        raise InputError("--log", str(path), "a file in a folder that exists")
    if where.suffix == ".toml":
        raise InputError("--log", str(path), "a file other than a scenario or a policy (.toml)")
    if not_inside is not None and not_inside.absolute() in where.parents:
        raise InputError("--log", str(path), f"a file outside {not_inside}, which is written whole")
    partial = where.with_name(f".{where.name}.partial-{os.getpid()}")
    expected = "a file that can be written"
    with as_input_error("--log", path, expected):
        handler = _File(partial, mode="w", encoding="utf-8", errors="backslashreplace")
    try:
        handler.setFormatter(_Line())
        # A logger outside the tree of named ones: nothing else is logged to it, nobody else hears it.
        logger = logging.Logger("code under test", logging.INFO)
        logger.addHandler(handler)
        yield logger
        with as_input_error("--log", path, expected):
            handler.finish()
            partial.replace(where)
    finally:
        with suppress(OSError):
            handler.close()
        partial.unlink(missing_ok=True)
