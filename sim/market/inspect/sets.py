"""Sort the files of a path into the tapes a scenario could name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sim.errors import InputError
from sim.market.bars import INTERVALS_US
from sim.market.files import EMBEDDED, RawFile, read_files
from sim.market.globs import glob_of
from sim.market.inspect.reading import Reader

# A missing day, or three, is a hole in one tape; a longer one lies between two.
_APART_US: Final = 7 * 86_400_000_000
_SUFFIXES: Final = (".zip", ".csv", ".csv.gz", ".gz", ".parquet")
_KIND_AND_SYMBOL: Final = re.compile(
    rf"([A-Z0-9]+(?:_[A-Z0-9]+)?)-({'|'.join(INTERVALS_US)}|aggTrades|trades)(?![A-Za-z0-9])"
)


@dataclass(frozen=True, slots=True)
class FileSet:
    """Name the files of one tape; ``reference`` is what a scenario would write, ``paths`` None means by it.

    ``exact`` tells whether the reference matches these files and no others.
    """

    reference: str
    paths: tuple[Path, ...] | None = None
    exact: bool = True

    def read(self) -> list[RawFile]:
        """Read the files' bytes; raises :class:`InputError` when one cannot be read."""
        if self.paths is None:
            return read_files(self.reference)
        return [file for path in self.paths for file in read_files(str(path))]


def sets_of(given: str) -> list[FileSet]:
    """Return the sets of files a path names: a file, a glob and ``embedded:NAME`` are one, as for a scenario.

    The files of a folder, and of the folders in it, are told apart by folder, symbol and interval (or kind of
    trades) in their names; a name without these is a set of its own.  Raises :class:`InputError` when there is
    nothing to look at.
    """
    if given.startswith(EMBEDDED):
        return [FileSet(given)]
    try:
        path = Path(given).expanduser()
        if not path.is_dir():
            return [FileSet(given)]
        there = sorted(entry for entry in path.rglob("*") if entry.is_file())
    except RuntimeError as error:
        raise InputError("PATH", given, "a path whose ~ names the home of a user") from error
    except OSError as error:
        # A name that is too long, a folder that may not be entered.
        raise InputError("PATH", given, f"a path that can be looked at ({error.strerror})") from error
    groups: dict[tuple[Path, str, str], list[Path]] = {}
    for file in there:
        if file.name.endswith(_SUFFIXES) and not file.name.startswith("."):
            match = _KIND_AND_SYMBOL.match(file.name)
            symbol, what = match.groups() if match else ("", file.name)
            groups.setdefault((file.parent, symbol, what), []).append(file)
    if not groups:
        raise InputError("PATH", given, f"a folder with market files in it ({', '.join(_SUFFIXES)})")
    return [_set_of(folder, files) for (folder, _, _), files in groups.items()]


def recordings(files: FileSet, raw: list[RawFile], reader: Reader) -> list[tuple[FileSet, list[RawFile]]]:
    """Part a folder's set where more than a week lies between two files; any other set is one, as it was given."""
    if files.paths is None or len(raw) < 2:
        return [(files, raw)]
    try:
        spans = [_span_us(file, reader) for file in raw]
    except InputError:
        # One of them cannot be read, which the report of the whole will say.
        return [(files, raw)]
    parts: list[list[int]] = []
    end_us = 0
    for index in sorted(range(len(raw)), key=lambda place: spans[place]):
        if not parts or spans[index][0] - end_us > _APART_US:
            parts.append([])
        parts[-1].append(index)
        end_us = max(end_us, spans[index][1])
    if len(parts) == 1:
        return [(files, raw)]
    return [
        (
            _set_of(files.paths[0].parent, sorted(files.paths[index] for index in part)),
            [raw[index] for index in sorted(part)],
        )
        for part in parts
    ]


def _span_us(file: RawFile, reader: Reader) -> tuple[int, int]:
    times = reader.plain(file)[1]["time"]
    first, last = int(times.min()), int(times.max())
    # 13 digits are ms.
    return (first, last) if first >= 10**15 else (first * 1_000, last * 1_000)


def _set_of(folder: Path, files: list[Path]) -> FileSet:
    reference = glob_of(folder, [file.name for file in files])
    shown = reference if reference is not None else f"{folder}/{files[0].name} … {files[-1].name}"
    return FileSet(shown, tuple(files), exact=reference is not None)
