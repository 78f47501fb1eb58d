"""Parse each file once, and lay its rows out for looking at: in order, each once, nothing filled."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sim.errors import InputError
from sim.market import repair
from sim.market.files import RawFile
from sim.market.loader import joined_rows
from sim.market.problems import Problems
from sim.market.rows import Rows
from sim.market.tables import Columns, Kind, Layout, read_table

ALL_TREATED = Problems(
    times_us="convert",
    unsorted="sort",
    duplicates="keep_first",
    gaps="flat",
    broken_ohlc="widen",
    off_tick="snap",
)
"""Every treatment there is: what is refused under this is refused under any policy."""

MORE_COLUMNS = ("close_time", "quote_volume")


@dataclass(slots=True)
class Reader:
    """Read files once; :meth:`plain` gives the loader what it would have read itself."""

    _found: dict[str, tuple[Layout, Columns]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    def plain(self, file: RawFile) -> tuple[Layout, Columns]:
        """Return the columns the loader reads."""
        layout, columns = self.full(file)
        return layout, {name: values for name, values in columns.items() if name not in MORE_COLUMNS}

    def full(self, file: RawFile) -> tuple[Layout, Columns]:
        """Return these and, where they can be read, the columns only a check looks at."""
        if file.shown not in self._found:
            try:
                self._found[file.shown] = read_table(file, MORE_COLUMNS)
            except InputError as error:
                # The loader does not care; if the rest is broken too, this raises again.
                self._found[file.shown] = read_table(file)
                self.unread.append(str(error))
        layout, columns = self._found[file.shown]
        return layout, dict(columns)

    def shared(self, files: list[RawFile]) -> tuple[str, ...]:
        """Return which of the further columns all files have."""
        found = [self.full(file)[1] for file in files]
        return tuple(name for name in MORE_COLUMNS if all(name in columns for columns in found))


def raw_rows(files: list[RawFile], kind: Kind, reader: Reader) -> Rows:
    """Return the rows as they stand in the files, times in µs, with the further columns all files have."""
    shared = reader.shared(files)

    def read(file: RawFile) -> tuple[Layout, Columns]:
        layout, columns = reader.full(file)
        dropped = [name for name in MORE_COLUMNS if name not in shared]
        return layout, {name: values for name, values in columns.items() if name not in dropped}

    return joined_rows(files, kind, ALL_TREATED, read)


def in_order(files: list[RawFile], kind: Kind, reader: Reader) -> Rows:
    """Return the rows sorted and each once, as the loader would before it fills anything."""
    rows = raw_rows(files, kind, reader)
    repair.put_in_order(rows, ALL_TREATED)
    repair.drop_duplicates(rows, ALL_TREATED)
    return rows


def runs_of(marked: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """Return (first, last) of each stretch of marked rows."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], marked, [False])).astype(np.int8)))
    return [(int(first), int(end) - 1) for first, end in zip(edges[::2], edges[1::2], strict=True)]
