"""Join columns by number without building tables: positions, first and last values, sums (pure numpy).

Columns of a table are plain arrays by name.  What a frame documents as Int64 is int64 here, -1 for "not there"; its
boolean is int8, -1 for "not there"; its texts, categories too, are objects.  A table may hold more than its frame:
``row`` is its intent's row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Columns = dict[str, Array]


class Numbers:
    """Find rows by a unique number (an intent's, a request's)."""

    def __init__(self, numbers: Array) -> None:
        self.size = len(numbers)
        self._order = np.argsort(numbers, kind="stable")
        self._sorted = numbers[self._order]

    def rows(self, wanted: Array) -> Array:
        """Return the row of each wanted number, -1 where it does not exist."""
        if self.size == 0:
            return np.full(len(wanted), -1)
        place = np.minimum(np.searchsorted(self._sorted, wanted), self.size - 1)
        return np.where(self._sorted[place] == wanted, self._order[place], -1)


def take(values: Array, rows: Array, missing: Any) -> Array:
    """Return ``values[rows]``, ``missing`` where the row is -1."""
    if len(values) == 0:
        return np.full(len(rows), missing, dtype=values.dtype)
    result: Array = np.where(rows >= 0, values[np.maximum(rows, 0)], missing)
    return result


def first(rows: Array, values: Array, size: int, missing: Any) -> Array:
    """Return each row's first value in the order given, ``missing`` where it has none; rows of -1 are left out."""
    return last(rows[::-1], values[::-1], size, missing)


def last(rows: Array, values: Array, size: int, missing: Any) -> Array:
    """Return each row's last value in the order given, ``missing`` where it has none; rows of -1 are left out."""
    result = np.full(size, missing, dtype=values.dtype if values.dtype != np.bool_ else object)
    known = rows >= 0
    # Of several assignments to one place numpy keeps the last.
    result[rows[known]] = values[known]
    return result


def count(rows: Array, size: int) -> Array:
    """Count the occurrences of each row; rows of -1 are left out."""
    return np.bincount(rows[rows >= 0], minlength=size)


def total(rows: Array, values: Array, size: int) -> Array:
    """Sum ``values`` by row; rows of -1 are left out."""
    known = rows >= 0
    # Without any row numpy counts in integers.
    return np.bincount(rows[known], values[known].astype(float), size).astype(float)


def truth_values(values: Array, known: Array) -> Array:
    """Return 1 and 0 for true and false, -1 where not ``known``."""
    return np.where(known, values, -1).astype(np.int8)


def factorise(values: Array) -> tuple[Array, Array]:
    """Return each value's number and the values by number, in order of first appearance."""
    numbers: dict[Any, int] = {}
    codes = [numbers.setdefault(value, len(numbers)) for value in values.tolist()]
    return np.array(codes, dtype=np.int64), np.array(list(numbers), dtype=values.dtype)


def is_one_of(values: Array, words: Sequence[str]) -> Array:
    """Tell which texts are one of a few words."""
    found: Array = values == words[0]
    for word in words[1:]:
        found = found | (values == word)
    return found


def repeated(values: Array, among: Array) -> Array:
    """Mark the rows of ``among`` whose value an earlier one of them has."""
    rows = np.flatnonzero(among)
    result = np.zeros(len(values), dtype=bool)
    result[rows] = True
    result[rows[np.unique(values[rows], return_index=True)[1]]] = False
    return result


def ratio(above: Array, below: Array) -> Array:
    """Divide, NaN where there is nothing to divide by."""
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Array = np.where(below != 0, above / below, np.nan)
    return result
