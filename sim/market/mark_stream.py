"""Read a recorded stream of mark prices: what the exchange published each second, with the index it came from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.errors import InputError
from sim.market.bars import FloatArray, IntArray
from sim.market.files import read_files, text_of

_COLUMNS = ("event_ms", "mark", "index")


@dataclass(frozen=True, eq=False, slots=True)
class MarkStream:
    """Hold publications in order: the whole Unix second of each, mark and index price; ``sha256`` of the file."""

    seconds: IntArray
    mark: FloatArray
    index: FloatArray
    source: str
    sha256: str

    def __len__(self) -> int:
        return int(self.seconds.size)

    def cut(self, first: int, last: int) -> MarkStream:
        """Keep publications ``first`` to ``last`` (exclusive), by their place."""
        keep = np.s_[first:last]
        return MarkStream(self.seconds[keep], self.mark[keep], self.index[keep], self.source, self.sha256)


def load_mark_stream(reference: str) -> MarkStream:
    """Read one CSV (plain, gz or zip) with a header that names ``event_ms``, ``mark`` and ``index``.

    ``event_ms`` is the Unix time of sending, some ms after the whole second it belongs to.  Raises
    :class:`InputError` with file and 1-based data line for a missing column, text where a number belongs, a
    price that is not positive, or a second that does not follow the one before.
    """
    files = read_files(reference)
    if len(files) != 1:
        raise InputError("mark stream", reference, f"one file ({len(files)} match)")
    file = files[0]
    header, *lines = text_of(file).decode("utf-8", "replace").splitlines() or [""]
    names = header.split(",")
    missing = [name for name in _COLUMNS if name not in names]
    if missing:
        raise InputError(file.shown, header[:80] or "an empty file", f"a header with {', '.join(_COLUMNS)}")
    places = [names.index(name) for name in _COLUMNS]
    rows = np.empty((len(lines), 3))
    for number, line in enumerate(lines):
        rows[number] = _row(f"{file.shown}: row {number + 1}", line, len(names), places)
    if not len(lines):
        raise InputError(file.shown, "a header alone", "at least one publication")
    seconds: IntArray = (rows[:, 0] // 1000).astype(np.int64)
    back = np.flatnonzero(np.diff(seconds) < 1)
    if back.size:
        number = int(back[0]) + 2
        raise InputError(
            f"{file.shown}: row {number}",
            int(rows[number - 1, 0]),
            "a later second than that of the row before",
        )
    return MarkStream(seconds, rows[:, 1].copy(), rows[:, 2].copy(), file.shown, file.digest)


def _row(where: str, line: str, columns: int, places: list[int]) -> list[float]:
    cells = line.split(",")
    if len(cells) != columns:
        raise InputError(where, f"{len(cells)} columns", f"{columns}, as in the header")
    values = []
    for name, place in zip(_COLUMNS, places, strict=True):
        try:
            value = float(cells[place])
        except ValueError:
            value = math.nan
        if not 0 < value < math.inf:
            raise InputError(f"{where}: {name}", cells[place], "a number above 0")
        values.append(value)
    return values
