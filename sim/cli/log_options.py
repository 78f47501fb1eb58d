"""Declare the options of the commands that read production logs, and print what became of their lines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sim.calibrate.logs import Counts, Log

Regex = Annotated[
    Path | None,
    typer.Option("--regex", metavar="FILE.toml", help="What lines of another shape mean: named groups."),
]
JsonLines = Annotated[
    Path | None,
    typer.Option("--json-lines", metavar="FILE.toml", help="Which field of a JSON line holds what."),
]
Timezone = Annotated[
    str, typer.Option("--timezone", metavar="ZONE", help="The zone of times that do not say theirs.")
]


def each_once(files: list[Path], what: str = "LOG") -> None:
    """Raise InputError for a log that is no file, or is named twice: before anything slow is imported.

    ``what``: the argument's name in the message.
    """
    from sim.errors import InputError

    seen: dict[Path, Path] = {}
    for file in files:
        if file.is_dir():
            raise InputError(what, str(file), f"files; of a folder they are named, as in {file / '*.log'}")
        if not file.is_file():
            from sim.scenario.files import neighbour

            raise InputError(what, str(file), "a file that is there", neighbour(str(file), Path()))
        if file.resolve() in seen:
            raise InputError(what, str(file), "each file once; its lines would be counted twice")
        seen[file.resolve()] = file


def read(
    files: list[Path], regex: Path | None, json_lines: Path | None, timezone: str, *, quiet: bool
) -> Log:
    """Read logs with a progress bar; raises InputError."""
    return read_into(files, regex, json_lines, timezone, None, quiet=quiet)


def read_into(
    files: list[Path],
    regex: Path | None,
    json_lines: Path | None,
    timezone: str,
    tables: Path | None,
    *,
    quiet: bool,
) -> Log:
    """Read logs and write their tables into a folder, unless that is None."""
    from sim.api.progress import progress_bar
    from sim.calibrate.logs import line_of, read_log

    line = line_of(regex, json_lines, timezone)
    with progress_bar(not quiet, "kB") as advance:
        report = (
            None
            if advance is None
            else lambda done, total: advance("reading", done // 1000, max(1, total // 1000))
        )
        return read_log(files, line, tables=tables, progress=report)


def line_counts(counts: Counts, cut_off: int, timezone: str) -> str:
    """Say what became of the lines, refused ones by reason; ``timezone``: the zone of times that said none."""
    parts = [f"{counts.lines:,} lines: {counts.read:,} read, {counts.other:,} that tell of no order"]
    parts += [f"{number:,} refused ({reason})" for reason, number in counts.refused.most_common()]
    if counts.unzoned:
        parts.append(f"{counts.unzoned:,} times said no zone and were taken as {timezone} (--timezone)")
    if counts.set_back:
        parts.append(f"the clock was set back {counts.set_back} times")
    if cut_off:
        parts.append(f"{cut_off:,} placements without their end")
    return "; ".join(parts)
