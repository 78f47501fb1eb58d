"""Read logs line by line, in constant memory: each line is understood, none of ours, or refused with its reason."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from sim.calibrate.logs.declared import Heard, Line
from sim.calibrate.logs.names import LONGEST_NAME
from sim.errors import InputError

LONGEST_LINE: Final = 65_536
"""A longer line is refused and not held in memory: some logs lose their line ends."""
BACK_US: Final = 900_000_000
"""A line so much older than its process's newest is out of order: a clock or a zone changed."""
_RESET_AFTER: Final = 200
"""So many such lines on end mean that the clock itself was set back."""

MOST_PROCESSES: Final = 4096
"""Whose newest line is remembered; the one first seen is forgotten for another."""
_LONG: Final = 2_000
"""Only in longer lines can a name be too long to keep that is none."""

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Counts:
    """Count what became of the lines.  ``unzoned``: read lines whose time said no zone."""

    lines: int = 0
    read: int = 0
    other: int = 0
    unzoned: int = 0
    set_back: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    first_us: int = 0
    last_us: int = 0

    def refuse(self, reason: str) -> None:
        """Count one refused line."""
        self.refused[reason] += 1


def read_files(
    files: Sequence[Path], line: Line, counts: Counts, progress: Progress | None = None
) -> Iterator[Heard]:
    """Yield what the lines of ``files`` tell, file by file in order of their first time.

    A file that begins after its predecessor ended continues it (rotation); files that overlap are processes of their
    own.  ``.gz`` files are unpacked on the way.  Raises InputError for a file that cannot be read.
    """
    ordered = sorted((_first_time(file, line), index) for index, file in enumerate(files))
    total = sum(file.stat().st_size for file in files)
    done, last_us, space = 0, 0, ""
    for first_us, index in ordered:
        file = files[index]
        if first_us < last_us:
            space = f"{file.name}:"
        with _opened(file) as stream:
            for heard in read_lines(_lines(stream, counts), line, counts):
                prefix = heard.prefix
                if prefix.at_us > last_us:
                    last_us = prefix.at_us
                yield (
                    heard if not space else Heard(prefix._replace(process=space + prefix.process), heard.said)
                )
                if progress is not None and counts.lines % 8192 == 0:
                    progress(done + min(stream.tell(), file.stat().st_size), total)
        done += file.stat().st_size
        if progress is not None:
            progress(done, total)


def read_lines(lines: Iterable[str], line: Line, counts: Counts) -> Iterator[Heard]:
    """Yield what ``lines`` tell, and count all of them."""
    newest: dict[str, int] = {}
    behind: Counter[str] = Counter()
    for text in lines:
        counts.lines += 1
        heard = line(text)
        if isinstance(heard, str):
            if heard:
                counts.refuse(heard)
            else:
                counts.other += 1
            continue
        at_us, zoned, process, _ = heard.prefix
        if len(text) > _LONG and _has_long_name(heard):
            counts.refuse(f"a name of more than {LONGEST_NAME} letters")
            continue
        last_us = newest.get(process, 0)
        if at_us < last_us - BACK_US:
            behind[process] += 1
            if behind[process] < _RESET_AFTER:
                counts.refuse(f"out of order by more than {BACK_US // 60_000_000} minutes")
                continue
            # So long a stretch is no stray zone: the clock was set back, and its new time is as good as any.
            counts.set_back += 1
            newest[process] = at_us
        elif at_us > last_us:
            newest[process] = at_us
            if len(newest) > MOST_PROCESSES:
                oldest = next(iter(newest))
                del newest[oldest]
                behind.pop(oldest, None)
        if behind:
            behind.pop(process, None)
        counts.read += 1
        counts.unzoned += not zoned
        if at_us > counts.last_us:
            counts.last_us = at_us
        if at_us < counts.first_us or not counts.first_us:
            counts.first_us = at_us
        yield heard


def _has_long_name(heard: Heard) -> bool:
    (_, _, process, intent), told = heard
    names = (process, intent, told.symbol, told.role, told.order_id, told.state)
    return any(len(name) > LONGEST_NAME for name in names)


def _lines(stream: IO[bytes], counts: Counts) -> Iterator[str]:
    """Yield lines; of a .gz file that is cut off or damaged, as one still being written is, those before."""
    try:
        yield from _whole_lines(stream, counts)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        counts.lines += 1
        counts.refuse("a .gz file that is cut off or damaged from there on")


def first_line(file: Path) -> str:
    """Return the first line of ``file`` that is not blank; "" where there is none."""
    with _opened(file) as stream:
        return next((text.strip() for text in _lines(stream, Counts()) if text.strip()), "")


def _whole_lines(stream: IO[bytes], counts: Counts) -> Iterator[str]:
    while raw := stream.readline(LONGEST_LINE):
        if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
            while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
            counts.lines += 1
            counts.refuse(f"longer than {LONGEST_LINE} bytes")
            continue
        yield raw.decode("utf-8", "replace").rstrip("\r\n")


def _opened(file: Path) -> IO[bytes]:
    try:
        if file.suffix == ".gz":
            return gzip.open(file, "rb")  # type: ignore[return-value]
        return file.open("rb")
    except OSError as error:
        raise InputError("LOG", str(file), f"a log that can be read ({error.strerror})") from error


def _first_time(file: Path, line: Line) -> int:
    """Return the time of the file's first line that tells anything; 0 where none of the first 100,000 does."""
    with _opened(file) as stream:
        try:
            for number, text in enumerate(_whole_lines(stream, Counts())):
                heard = line(text)
                if not isinstance(heard, str):
                    return heard.prefix.at_us
                if number > 100_000:
                    break
        except (EOFError, zlib.error):
            # Cut off before anything was told: reading it counts that.
            return 0
        except OSError as error:
            raise InputError("LOG", str(file), f"a log that can be read ({error})") from error
    return 0
