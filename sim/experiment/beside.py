"""Lay the records of several runs one after another, as the record of one run.

Checks and metrics read whole tables: to read a short run costs nearly as much as to read twenty.  Each run's intents,
accounts, requests, orders, placements and client ids get numbers of their own, and its times are moved by whole
minutes, which keeps the windows of the venue's limits and lets time go on from run to run.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from sim.trace import Trace
from sim.world import RunRecord

NUMBERS: Final = 1 << 20
"""Numbers that each run may use up, of every kind."""

_NUMBERED: Final = frozenset({"intent", "account", "request", "order", "placement"})
_DURATIONS: Final = frozenset(
    {"hold_us", "backoff_us", "delay_us", "request_leg_us", "reply_leg_us", "age_us"}
)
_ACCOUNTS: Final = ("account_end", "exposure", "order", "fill")
_MINUTE_US: Final = 60_000_000
_LATEST_US: Final = 1 << 50
_HASH: Final = np.uint64(0x9E3779B97F4A7C15)
_HASHES: Final = np.uint64((1 << 62) - 1)

Array = np.ndarray[Any, Any]


class Beside(Trace):
    """Hold the records of runs, each of which :func:`fits`, as one; ``apart_us`` lies between two beginnings.

    It takes their rows: the runs' own traces are empty from then on, and may be written again; ``keep`` leaves them
    as they are.
    """

    def __init__(self, records: Sequence[RunRecord], *, keep: bool = False) -> None:
        super().__init__()
        self.apart_us = (max(record.ended_us for record in records) // _MINUTE_US + 1) * _MINUTE_US
        self._lengths: dict[str, list[int]] = {}
        self._read: dict[str, dict[str, Array]] = {}
        self._recorded: dict[str, dict[str, Array]] = {}
        for name, table in self.tables.items():
            parts = [record.trace.tables[name].pending for record in records]
            self._lengths[name] = [len(part) for part in parts]
            for part in parts:
                table.pending += part
                if not keep:
                    # Whoever still writes into the run's own record keeps this list alive.
                    part.clear()

    def arrays(self, table: str) -> dict[str, Array]:
        """Return the columns of ``table`` by name, in the numbers and times of the whole; not to be changed."""
        if table not in self._read:
            lengths = self._lengths[table]
            run = np.repeat(np.arange(len(lengths)), lengths)
            columns = self.as_recorded(table)
            self._read[table] = {
                name: self._moved(name, values, run) if len(run) else values
                for name, values in columns.items()
            }
        return self._read[table]

    def as_recorded(self, table: str) -> dict[str, Array]:
        """Return the columns of ``table`` in the numbers and times of each run."""
        if table not in self._recorded:
            self._recorded[table] = super().arrays(table)
        return self._recorded[table]

    def rows(self, table: str) -> list[slice]:
        """Return where the rows of each run stand in ``table``."""
        edges = [0, *itertools.accumulate(self._lengths[table])]
        return [slice(low, high) for low, high in itertools.pairwise(edges)]

    def alone(self, place: int) -> Trace:
        """Return the record of the run at ``place`` as it was, to be read and not written."""
        return _Alone(self, place)

    def _moved(self, name: str, values: Array, run: Array) -> Array:
        if name in _NUMBERED:
            return np.where(values >= 0, values + run * NUMBERS, values)
        if name.endswith("_us") and name not in _DURATIONS:
            return np.where(values >= 0, values + run * self.apart_us, values)
        if name == "order_id":
            # The venue's number of an order, as a text.
            moved = [
                str(int(text) + number * NUMBERS) if text.isdecimal() and len(text) < 19 else text
                for text, number in zip(values.tolist(), run.tolist(), strict=True)
            ]
            return np.array(moved, dtype=object)
        if name == "client_id":
            own = (values.astype(np.uint64) + run.astype(np.uint64) * _HASH) & _HASHES
            return np.where(values >= 0, own.astype(np.int64), values)
        return values


class _Alone(Trace):
    """Show one run's rows of the records that lie beside one another: its own need not be read as well."""

    def __init__(self, whole: Beside, place: int) -> None:
        self._whole, self._place = whole, place

    def arrays(self, table: str) -> dict[str, Array]:
        """Return the run's columns of ``table`` by name."""
        rows = self._whole.rows(table)[self._place]
        return {name: values[rows] for name, values in self._whole.as_recorded(table).items()}


def run_of(intents: Array) -> Array:
    """Return the place of the run that each intent's number belongs to; -1 for nobody's."""
    result: Array = intents // NUMBERS
    return result


def fits(record: RunRecord) -> bool:
    """Tell whether a run's record, not read yet, can be laid beside others.

    It is small, has an account for every intent and none for all, closed all books, and nothing in it is everybody's.
    """
    tables = record.trace.tables
    if any(len(table) != len(table.pending) for table in tables.values()):
        return False

    def column(name: str, table: str) -> set[int]:
        rows = tables[table]
        place = rows.columns.index(name)
        return {row[place] for row in rows.pending}

    accounts = {table: column("account", table) for table in _ACCOUNTS}
    books = accounts["account_end"]
    closed = column("intent", "account_end")
    numbers = [*column("order", "order"), *column("request", "request"), *column("placement", "placement")]
    until = [*column("until_us", "told_to_wait"), *column("closed_us", "outage"), record.ended_us]
    return (
        min(books, default=0) > 0
        and all(among <= books for among in accounts.values())
        and column("intent", "intent") == closed
        and len(closed) == len(tables["account_end"]) == len(tables["intent"])
        and max((*numbers, *books, *closed), default=0) < NUMBERS
        and min((*column("intent", "outage"), *column("intent", "told_to_wait")), default=0) >= 0
        and max(until) < _LATEST_US
    )


def named(findings: Iterable[int], among: int) -> set[int]:
    """Return the places of the runs that findings are about, by their intents; one about none may be anyone's."""
    intents = set(findings)
    return set(range(among)) if min(intents, default=0) < 0 else {intent // NUMBERS for intent in intents}
