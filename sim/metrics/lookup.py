"""Join columns by number without building tables: positions, first and last values, sums (pure numpy)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

Array = np.ndarray[Any, Any]


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


def whole(values: Array) -> Any:
    """Return integers with -1 for "not there" as a nullable column."""
    numbers = np.asarray(values, dtype=np.int64)
    return pd.arrays.IntegerArray(numbers.copy(), numbers == -1)


def truth_values(values: Array, known: Array) -> Any:
    """Return booleans as a nullable column, absent where not ``known``."""
    return pd.arrays.BooleanArray(np.asarray(values, dtype=bool), ~np.asarray(known, dtype=bool))


def text(values: Array) -> Any:
    """Return an object array of text as a pandas text column (dtype "str")."""
    return pd.array(values, dtype="str")


def ratio(above: Array, below: Array) -> Array:
    """Divide, NaN where there is nothing to divide by."""
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Array = np.where(below != 0, above / below, np.nan)
    return result
