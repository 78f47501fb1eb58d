"""S09: what a set of runs is said to try has happened in it at least once.

A safe result says little when the dangerous moments never came.  Who builds the matrix (which fault met which call,
how it ended, what position stood) hands over the counts and the cells that must not be empty.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from sim.checks.case import NO_INTENT, Finding

_Cell = TypeVar("_Cell", bound=Hashable)


def find_empty_cells(counts: Mapping[_Cell, int], required: Iterable[_Cell], least: int = 1) -> list[Finding]:
    """Return one finding per required cell that was met fewer than ``least`` times; amount is what is missing."""
    return [
        Finding(
            NO_INTENT, -1, float(least - counts.get(cell, 0)), "cases",
            f"{_named(cell)} happened {counts.get(cell, 0)} times", f"it is tried at least {least} times",
        )
        for cell in required
        if counts.get(cell, 0) < least
    ]  # fmt: skip


def _named(cell: Hashable) -> str:
    return " x ".join(map(str, cell)) if isinstance(cell, tuple) else str(cell)
