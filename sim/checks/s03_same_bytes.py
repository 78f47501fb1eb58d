"""S03: the same scenario, policy, seed, data and code leave the same record, byte for byte.

One run cannot show it: :func:`judge_twice` makes two and names the first row in which they differ.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from typing import Any

from sim.checks.case import NO_INTENT, Finding
from sim.trace import TABLES, Trace


def judge_twice(make: Callable[[], Trace]) -> list[Finding]:
    """Make a run's record twice and return the first difference; amount is the number of its row.

    ``make`` builds a world, runs it and returns its trace.  Judges' words (``violation``) are not compared.
    """
    return find_first_difference(make(), make())


def find_first_difference(one: Trace, other: Trace) -> list[Finding]:
    """Return the earliest row in which two records differ: none, or one finding."""
    if one.sha256() == other.sha256():
        return []
    found = [
        difference for name in TABLES if name != "violation" for difference in _of_table(name, one, other)
    ]
    if not found:
        return [Finding(NO_INTENT, -1, 0.0, "rows", "the hashes differ, no row does", "one record")]
    found.sort(key=lambda finding: finding.at_us)
    return found[:1]


def _of_table(name: str, one: Trace, other: Trace) -> list[Finding]:
    first, second = _rows(one, name), _rows(other, name)
    columns = one.tables[name].columns
    for place, (left, right) in enumerate(zip_longest(first, second)):
        # NaN equals nothing, but the same text.
        if repr(left) == repr(right):
            continue
        row = dict(zip(columns, left or right or (), strict=True))
        times = [int(value) for column, value in row.items() if column.endswith("_us") and value is not None]
        return [
            Finding(
                int(row.get("intent", NO_INTENT)), max(times, default=-1), float(place), "rows",
                f"{name} row {place}: {_told(columns, left)} in one run", f"{_told(columns, right)} in the other",
            )
        ]  # fmt: skip
    return []


def _rows(trace: Trace, name: str) -> list[tuple[Any, ...]]:
    return list(zip(*(column.tolist() for column in trace.arrays(name).values()), strict=True))


def _told(columns: tuple[str, ...], row: tuple[Any, ...] | None) -> str:
    if row is None:
        return "nothing"
    return " ".join(f"{name}={value}" for name, value in zip(columns, row, strict=True))
