"""Tell what really happened, from the run's record: the truth behind every answer, the ambiguous ones above all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from sim.errors import InputError
from sim.exchange.orders import Order
from sim.trace import Trace

TABLES: Final = {
    "requests": ("request", "answered_us"),
    "writes": ("write", "at_us"),
    "orders": ("order", "at_us"),
    "fills": ("fill", "at_us"),
    "faults": ("fault", "at_us"),
    "liquidations": ("liquidation", "at_us"),
}
"""The lists of the answer: the table of the record that each comes from, and when its rows happened."""

_WANTED: Final = 'a time in µs of the run, or the "next" of an earlier answer'


def truth_since(
    trace: Trace, since: str, client_ids: Mapping[int, str], orders: Mapping[int, Order]
) -> dict[str, Any]:
    """Return rows by list, with ``next``: the text that asks for what comes after them.

    ``since``: "" for everything, a time in µs (rows at or after it), or an earlier answer's ``next``.
    ``client_ids`` by number of the request; rows of requests and writes carry them, orders' rows their own.
    Raises :class:`InputError` for a ``since`` that is none of these.
    """
    after, from_us = _read_since(since)
    answer: dict[str, Any] = {}
    counts = []
    for place, (name, (table, at)) in enumerate(TABLES.items()):
        arrays = trace.arrays(table)
        counts.append(len(arrays[at]))
        columns = {column: values[after[place] :].tolist() for column, values in arrays.items()}
        answer[name] = [
            {column: _plain(value) for column, value in zip(columns, row, strict=True)}
            for row, at_us in zip(zip(*columns.values(), strict=True), columns[at], strict=True)
            if at_us >= from_us
        ]
    for name in ("requests", "writes"):
        for row in answer[name]:
            row["client_id"] = client_ids.get(row["request"], "")
    for name in ("orders", "fills"):
        for row in answer[name]:
            order = orders.get(row["order"])
            row["client_id"] = order.client_id if order is not None else ""
    return {**answer, "next": ".".join(str(count) for count in counts)}


def _read_since(since: str) -> tuple[list[int], int]:
    nothing = [0] * len(TABLES)
    parts = since.split(".") if since else []
    if not all(part.isascii() and part.isdecimal() and len(part) < 20 for part in parts):
        raise InputError("since", since, _WANTED)
    if len(parts) == len(TABLES):
        return [int(part) for part in parts], 0
    if len(parts) > 1:
        raise InputError("since", since, _WANTED)
    return nothing, int(since) if since else 0


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it: what is not there (NaN) is null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
