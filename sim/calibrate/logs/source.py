"""Open logs as they were asked for: which files, which shape of line, which zone for times without one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sim.calibrate.logs.days import Days
from sim.calibrate.logs.declared import Line, document_line, json_line, regex_line
from sim.calibrate.logs.flows import Event, Flows
from sim.calibrate.logs.frames import FrameFiles
from sim.calibrate.logs.reader import Counts, Progress, first_line, read_files
from sim.calibrate.logs.tally import Tally
from sim.errors import InputError, shorten


@dataclass(slots=True)
class Log:
    """Hold what was read: the tally, what became of the lines, and the placements whose end was never logged."""

    tally: Tally = field(default_factory=Tally)
    counts: Counts = field(default_factory=Counts)
    cut_off: int = 0


def line_of(regex: Path | None, json_lines: Path | None, timezone: str) -> Line:
    """Return the reader of one line; raises InputError for two shapes at once, or an unknown zone."""
    if regex is not None and json_lines is not None:
        raise InputError("--json-lines", str(json_lines), "--regex or --json-lines, not both")
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError("--timezone", timezone, "a time zone such as UTC or Europe/Zurich") from error
    if regex is not None:
        return regex_line(regex, zone)
    return document_line(zone) if json_lines is None else json_line(json_lines, zone)


def read_log(
    files: Sequence[Path],
    line: Line,
    *,
    tables: Path | None = None,
    progress: Progress | None = None,
    also: Callable[[Iterable[Event]], Iterator[Event]] = iter,
) -> Log:
    """Read ``files`` to the end; ``tables``: a folder to write their placements, attempts and intents to.

    ``also`` sees every event on its way.  Raises InputError for files that cannot be read or that tell of nothing.
    """
    log, flows = Log(), Flows()
    for file in files:
        if not file.is_file():
            raise InputError("LOG", str(file), "a file that is there")
    events = log.tally.listen(flows.events(read_files(files, line, log.counts, progress)))
    events = also(events)
    with ExitStack() as stack:
        if tables is not None:
            events = stack.enter_context(FrameFiles(tables)).listen(events)
        for _ in events:
            pass
    log.cut_off, log.tally.crowded_out = flows.cut_off, flows.crowded_out
    if not log.counts.read:
        raise _told_nothing(files, log.counts)
    return log


def _told_nothing(files: Sequence[Path], counts: Counts) -> InputError:
    """Return the error of logs without a readable line, which shows one line of what there was."""
    names = ", ".join(map(str, files))
    if not counts.lines:
        return InputError("LOG", names, "a log that is not empty")
    first = next((line for file in files if (line := first_line(file))), "")
    reasons = "".join(f"; {count:,} refused: {reason}" for reason, count in counts.refused.most_common(3))
    shown = f", as in {shorten(first)}" if first else ""
    expected = (
        "lines of [SAFETY-GUARD] and [SAFE-EXECUTOR], or --regex or --json-lines that say what lines mean "
        f"({counts.lines:,} lines, none readable{shown}{reasons})"
    )
    return InputError("LOG", names, expected)


def read_days(
    files: Sequence[Path], line: Line, progress: Progress | None = None
) -> tuple[Log, dict[int, Tally]]:
    """Read ``files`` as :func:`read_log` does, into one tally for each day (days since 1970, UTC)."""
    days = Days()
    log = read_log(files, line, progress=progress, also=days.listen)
    return log, days.tallies
