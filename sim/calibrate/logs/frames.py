"""Write what a log tells as tables with a run's own columns, a part at a time, so that memory stays constant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import pandas as pd

from sim.calibrate.logs.flows import Attempt, Event, Intent, Placement

_ROWS: Final = 20_000
TABLES: Final[dict[str, tuple[str, ...]]] = {
    "placements": (
        "run", "intent", "placement", "process", "symbol", "role", "started_us", "ended_us", "success", "order_id",
        "code", "message", "attempts", "failed_attempts", "first_failure", "met_2021", "adjusted", "loosening_bps",
        "backoff_us", "whole",
    ),
    "attempts": (
        "run", "intent", "placement", "attempt", "process", "symbol", "role", "sent_us", "within_us", "answered_us",
        "failure",
    ),
    "intents": (
        "run", "intent", "process", "symbol", "decided_us", "checked", "refused", "refused_for_deviation",
        "plan_price", "check_price",
    ),
}  # fmt: skip
"""Columns by table; those that a run has too mean the same (:mod:`sim.metrics.columns`), times are µs since 1970.

``run`` is "log", and ``intent`` the log's own name of it, "" where the lines carry none.
"""


_KINDS: Final[dict[str, type]] = {
    **dict.fromkeys(("loosening_bps", "plan_price", "check_price"), float),
    **dict.fromkeys(("success", "met_2021", "whole", "checked", "refused", "refused_for_deviation"), bool),
    **dict.fromkeys(
        ("run", "intent", "process", "symbol", "role", "order_id", "message", "first_failure", "failure"), str
    ),
}


def row_of(event: Event) -> tuple[str, tuple[Any, ...]] | None:
    """Return the table an event belongs to and its row; None for an event without a table."""
    match event:
        case Placement():
            return "placements", (
                "log", event.intent, event.placement, event.process, event.symbol, event.role, event.started_us,
                event.ended_us, event.success, event.order_id, event.code, event.message, event.attempts,
                event.failed_attempts, event.first_failure, event.met_2021, event.adjusted, event.loosening_bps,
                event.backoff_us, event.whole,
            )  # fmt: skip
        case Attempt():
            return "attempts", (
                "log", event.intent, event.placement, event.attempt, event.process, event.symbol, event.role,
                event.sent_us, event.within_us, event.answered_us, event.failure,
            )  # fmt: skip
        case Intent():
            return "intents", (
                "log", event.intent, event.process, event.symbol, event.decided_us, True, event.refused,
                event.refused_for_deviation, event.planned or None, event.current or None,
            )  # fmt: skip
        case _:
            return None


def frames_of(events: Iterable[Event]) -> dict[str, pd.DataFrame]:
    """Return the tables of a log that fits in memory."""
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in TABLES}
    for event in events:
        placed = row_of(event)
        if placed is not None:
            rows[placed[0]].append(placed[1])
    return {name: _frame(name, rows[name]) for name in TABLES}


class FrameFiles:
    """Write NAME.parquet for each table into a folder while events pass through; a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Values in one list, row after row: a tuple for each row would keep the garbage collector busy.
        self._values: dict[str, list[Any]] = {name: [] for name in TABLES}
        self._full = {name: _ROWS * len(columns) for name, columns in TABLES.items()}
        self._writers: dict[str, Any] = {}

    def __enter__(self) -> FrameFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in TABLES:
            self._write(name)
        for writer in self._writers.values():
            writer.close()

    def listen(self, events: Iterable[Event]) -> Iterator[Event]:
        """Pass ``events`` through and write their rows."""
        for event in events:
            placed = row_of(event)
            if placed is not None:
                name, row = placed
                values = self._values[name]
                values.extend(row)
                if len(values) >= self._full[name]:
                    self._write(name)
            yield event

    def _write(self, name: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        values, width = self._values[name], len(TABLES[name])
        kinds = {str: pa.large_string(), float: pa.float64(), bool: pa.bool_(), int: pa.int64()}
        # Parts of one file must have one schema, whatever each of them holds; a frame on the way would cost twice.
        schema = pa.schema([(column, kinds[_kind(column)]) for column in TABLES[name]])
        arrays = [
            pa.array(values[place::width], type=part.type, from_pandas=True)
            for place, part in enumerate(schema)
        ]
        writer = self._writers.get(name)
        if writer is None:
            writer = self._writers[name] = pq.ParquetWriter(self._folder / f"{name}.parquet", schema)
        writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
        values.clear()


def _frame(name: str, rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(TABLES[name]))
    kinds = {str: "str", float: "float64", bool: "bool", int: "int64"}
    return frame.astype({column: kinds[_kind(column)] for column in frame.columns})


def _kind(column: str) -> type:
    return _KINDS.get(column, int)
