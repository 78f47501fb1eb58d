"""Keep rows of several files together with where each came from, for messages and notes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sim.errors import InputError
from sim.market.bars import IntArray
from sim.market.files import RawFile
from sim.market.tables import Columns

ROW = "row"
_BoolArray = npt.NDArray[np.bool_]


class Rows:
    """Hold equally long columns; ``row`` is each row's place in the joined files, whatever moved since."""

    def __init__(self, files: list[RawFile], tables: list[Columns]) -> None:
        lengths = [table["time"].size for table in tables]
        self._files = files
        self._starts = np.concatenate(([0], np.cumsum(lengths)))
        self.notes: list[str] = []
        self.columns: Columns = {
            name: np.concatenate([table[name] for table in tables]) for name in tables[0]
        } | {ROW: np.arange(self._starts[-1])}

    def __len__(self) -> int:
        return int(self.columns[ROW].size)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self.columns[name]

    def keep(self, chosen: npt.NDArray[Any]) -> None:
        """Keep, or reorder to, the rows ``chosen`` by mask or index."""
        self.columns = {name: values[chosen] for name, values in self.columns.items()}

    def place(self, index: int) -> tuple[RawFile, int]:
        """Return the file of the row now at ``index`` and its 1-based data line there."""
        row = int(self.columns[ROW][index])
        file = int(np.searchsorted(self._starts, row, side="right")) - 1
        return self._files[file], row - int(self._starts[file]) + 1

    def refusal(self, bad: _BoolArray, given: str, expected: str, way_out: str | None = None) -> InputError:
        """Build the error for the first row marked in ``bad``.

        ``given`` may name columns in braces, which that row fills; ``way_out`` is the policy that would
        accept it.
        """
        marked = np.flatnonzero(bad)
        index = int(marked[0])
        file, row = self.place(index)
        shown = given.format(**{name: values[index] for name, values in self.columns.items() if name != ROW})
        more = f" (and {marked.size - 1} more rows)" if marked.size > 1 else ""
        hint = f", or the policy {way_out}" if way_out else ""
        return InputError(f"{file.shown}: row {row}", shown + more, expected + hint)

    def note(self, handled: _BoolArray, what: str, how: str) -> None:
        """Record that a policy handled the marked rows: how many, and where the first stood."""
        marked = np.flatnonzero(handled)
        file, row = self.place(int(marked[0]))
        self.notes.append(f"{marked.size} {what} {how}, first at row {row} of {file.name}")


def steps_of(times: IntArray) -> IntArray:
    """Return each row's distance from the row before it; the first row's is 1, an ordinary step forward."""
    return np.diff(times, prepend=times[:1] - 1)
