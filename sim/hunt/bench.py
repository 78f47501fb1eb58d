"""Judge many short runs at once: their records are laid one after another in time, as intents of one record.

Checks read whole tables, so that judging one bracket costs nearly as much as judging fifty.  Each run's intent,
accounts, orders, requests and client ids get numbers of their own, and its times are moved by whole minutes, which
keeps the windows of the venue's limits.  What is read off the bench is only which runs broke a rule: those few are
judged again by themselves, which is what counts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from sim.trace import Trace

_IDS: Final = 20_000
"""Numbers that each run may use up for its requests, orders and placements."""

_MINUTE_US: Final = 60_000_000
_HASHES: Final = 0x9E3779B97F4A7C15
_TIMES: Final = frozenset(
    {
        "at_us", "decided_us", "ended_us", "started_us", "sent_us", "answered_us", "opened_us", "closed_us",
        "filled_us", "exit_us", "stop_crossed_us", "until_us",
    }
)  # fmt: skip
_NUMBERS: Final = frozenset({"request", "order", "placement"})

Row = tuple[Any, ...]


class Bench:
    """Lay the records of runs side by side; :attr:`trace` holds them all."""

    def __init__(self, longest_us: int) -> None:
        self.trace = Trace()
        self._apart_us = (longest_us // _MINUTE_US + 1) * _MINUTE_US
        self.count = 0
        """Runs so far: the next one's intent gets this number."""

    def add(self, trace: Trace) -> None:
        """Add the record of a run of one intent, which nobody has read yet."""
        number = self.count
        self.count += 1
        for name, table in trace.tables.items():
            if table.pending:
                move = _mover(name, tuple(table.columns))
                shifts = (number, number * 2, number * _IDS, number * self._apart_us)
                self.trace.tables[name].pending += [move(row, shifts) for row in table.pending]


def fits(trace: Trace, ended_us: int, longest_us: int) -> bool:
    """Tell whether a run can be laid beside others: it is short and small, and was not told to wait.

    Whom a wait binds depends on whose processes shared it, which differs from run to run.
    """
    requests, orders = trace.tables["request"], trace.tables["order"]
    small = ended_us < longest_us and len(requests) + len(orders) < _IDS // 2
    return small and not len(trace.tables["told_to_wait"])


@lru_cache(maxsize=256)
def _mover(table: str, columns: tuple[str, ...]) -> Callable[[Row, tuple[int, int, int, int]], Row]:
    """Return the function that gives one row of a table a run's own numbers and times; -1 (none) stays."""
    place = {
        index: 0 if column == "intent" else 1 if column == "account" else 2 if column in _NUMBERS else 3
        for index, column in enumerate(columns)
        if column in _NUMBERS or column in _TIMES or column in ("intent", "account")
    }
    pairs = tuple(place.items())
    texts = tuple(index for index, column in enumerate(columns) if column == "order_id")
    hashes = tuple(index for index, column in enumerate(columns) if column == "client_id")

    def move(row: Row, shifts: tuple[int, int, int, int]) -> Row:
        values = list(row)
        for index, which in pairs:
            value = values[index]
            if value >= 0:
                values[index] = value + shifts[which]
        for index in texts:
            if values[index].isdecimal():
                values[index] = str(int(values[index]) + shifts[2])
        for index in hashes:
            if values[index] >= 0:
                values[index] = (values[index] + shifts[0] * _HASHES) % (1 << 62)
        return tuple(values)

    return move
