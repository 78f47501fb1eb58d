"""Read a strategy's signals from CSV or parquet, and refuse what cannot be traded by file, row and column.

Columns: ``time`` (ISO 8601, UTC unless it says otherwise, or ms since 1970), ``symbol``, ``side`` (buy, sell, long,
short); optional ``quantity``, ``planned_price``, ``sl_pct``, ``tp_pct``, ``leverage``, ``hold_s``.  An absent column
or an empty cell means the workload's own value.  Rows count from 1, the header aside.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TypeVar

from sim.errors import InputError, nearest
from sim.scenario.files import leads_to_file, read_bytes, read_text, shown_path
from sim.scenario.mismatch import NOTHING, raise_together
from sim.scenario.workload_spec import WorkloadSpec

REQUIRED: Final = ("time", "symbol", "side")
OPTIONAL: Final = ("quantity", "planned_price", "sl_pct", "tp_pct", "leverage", "hold_s")
_COLUMNS: Final = REQUIRED + OPTIONAL
_SIDES: Final = {"buy": 1, "long": 1, "sell": -1, "short": -1}
_ERRORS_SHOWN: Final = 10
_TIME_DIGITS: Final = 18
_UNIX: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_Default = TypeVar("_Default", float, None)


@dataclass(frozen=True, slots=True)
class Signal:
    """Hold one row, defaults filled in; ``quantity`` None leaves the size to the workload's ``notional``."""

    decided_us: int
    symbol: str
    direction: int
    quantity: float | None
    planned_price: float | None
    sl_pct: float
    tp_pct: float
    leverage: int
    hold_s: float


def read_signals(
    file: Path, spec: WorkloadSpec, duration_us: int, epoch_us: int, symbols: Sequence[str], notes: list[str]
) -> list[Signal]:
    """Return the rows in order of time, decided in [0, ``duration_us``) after ``epoch_us``.

    Rows out of order are sorted, which is appended to ``notes``.  Raises :class:`InputError` for an unusable file
    or row, several rows (at most 10) together.
    """
    shown = shown_path(file)
    reader = _Reader(spec, duration_us, epoch_us, symbols)
    signals: list[Signal] = []
    errors: list[InputError] = []
    for row, cells in enumerate(_rows(file, shown), start=1):
        try:
            signals.append(reader.signal(cells))
        except _BadCell as bad:
            errors.append(InputError(f"{shown}: row {row}: {bad.column}", bad.given, bad.expected, bad.near))
            if len(errors) == _ERRORS_SHOWN:
                break
    if errors:
        raise_together(errors)
    if not signals:
        raise InputError(shown, "no row", "at least one signal")
    late = sum(one.decided_us > other.decided_us for one, other in pairwise(signals))
    if late:
        signals.sort(key=lambda signal: signal.decided_us)
        notes.append(f"{shown}: rows were out of time order in {late} places and have been sorted")
    return signals


def _rows(file: Path, shown: str) -> Iterator[dict[str, Any]]:
    if not leads_to_file(file):
        raise InputError("workload.signals", shown, "an existing CSV or parquet file")
    is_parquet = read_bytes(file, shown).startswith(b"PAR1")
    return _parquet_rows(file, shown) if is_parquet else _csv_rows(file, shown)


def _csv_rows(file: Path, shown: str) -> Iterator[dict[str, Any]]:
    rows = _csv_cells(read_text(file, shown), shown)
    names = [name.strip() for name in next(rows, [])]
    _check_columns(names, shown)
    for number, cells in enumerate(rows, start=1):
        if len(cells) != len(names):
            raise InputError(
                f"{shown}: row {number}", f"{len(cells)} cells", f"{len(names)}, as in the header"
            )
        yield dict(zip(names, cells, strict=True))


def _csv_cells(text: str, shown: str) -> Iterator[list[str]]:
    """Yield the cells of each line that is not empty."""
    lines = csv.reader(text.split("\n"))
    try:
        yield from filter(None, lines)
    except csv.Error as error:
        raise InputError(f"{shown}:{lines.line_num}", str(error), "a line of CSV") from error


def _parquet_rows(file: Path, shown: str) -> Iterator[dict[str, Any]]:
    # pyarrow takes a quarter of a second to import; CSV signals need none of it.
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    try:
        table = parquet.read_table(file)
    except (arrow.ArrowException, OSError) as error:
        raise InputError(shown, str(error).split("\n")[0], "a readable parquet file") from error
    _check_columns(table.column_names, shown)
    columns = [column.to_pylist() for column in table.columns]
    for cells in zip(*columns, strict=True):
        yield dict(zip(table.column_names, cells, strict=True))


def _check_columns(names: Sequence[str], shown: str) -> None:
    where = f"{shown}: header"
    errors = [
        InputError(where, name, f"one of {', '.join(_COLUMNS)}", nearest(name, _COLUMNS))
        for name in names
        if name not in _COLUMNS
    ]
    errors += [
        InputError(f"{where}: {name}", NOTHING, f"the columns {', '.join(REQUIRED)}", nearest(name, names))
        for name in REQUIRED
        if name not in names
    ]
    errors += [
        InputError(where, name, "each column once")
        for index, name in enumerate(names)
        if name in _COLUMNS and name in names[:index]
    ]
    if errors:
        raise_together(errors)


class _BadCell(Exception):
    def __init__(self, column: str, given: object, expected: str, near: str | None = None) -> None:
        super().__init__(column)
        self.column = column
        self.given = given
        self.expected = expected
        self.near = near


class _Reader:
    """Turn the cells of a row, text or parquet values, into a signal."""

    def __init__(self, spec: WorkloadSpec, duration_us: int, epoch_us: int, symbols: Sequence[str]) -> None:
        self._spec = spec
        self._duration_us = duration_us
        self._epoch_us = epoch_us
        self._symbols = symbols

    def signal(self, cells: dict[str, Any]) -> Signal:
        spec = self._spec
        symbol, side = cells["symbol"], cells["side"]
        direction = _SIDES.get(str(side).strip().lower())
        if direction is None:
            raise _BadCell("side", side, f"one of {', '.join(_SIDES)}", nearest(str(side).lower(), _SIDES))
        if symbol not in self._symbols:
            symbols = f"a symbol of the market: {', '.join(self._symbols)}"
            raise _BadCell("symbol", symbol, symbols, nearest(str(symbol), self._symbols))
        quantity = _number(cells, "quantity", None, _quantity, "a number > 0 (at most 1e+12)")
        planned_price = _number(
            cells, "planned_price", None, _price, "a number > 0 (a price from 1e-09 to 1e+09)"
        )
        leverage = _number(cells, "leverage", spec.leverage, _leverage, "a whole number from 1 to 1000")
        sl_pct = _number(cells, "sl_pct", spec.sl_pct, _fraction, "a number > 0 and < 1")
        tp_pct = _number(cells, "tp_pct", spec.tp_pct, _fraction, "a number > 0 and < 1")
        hold_s = _number(cells, "hold_s", spec.hold_s, _positive, "a number > 0 (seconds)")
        decided_us = self._decided_us(cells["time"])
        longest_s = spec.hold_s + (self._duration_us - decided_us) / 1e6
        if hold_s > longest_s:
            # Its books could not be closed on the tape, and that would pass for a bot that never settles.
            ends = f"at most {longest_s:g} s, after which the tape ends"
            raise _BadCell("hold_s", cells["hold_s"], ends)
        return Signal(
            decided_us=decided_us,
            symbol=symbol,
            direction=direction,
            quantity=spec.quantity if quantity is None else quantity,
            planned_price=planned_price,
            sl_pct=sl_pct,
            tp_pct=tp_pct,
            leverage=int(leverage),
            hold_s=hold_s,
        )

    def _decided_us(self, value: Any) -> int:
        unix_us = _unix_us(value)
        if unix_us is None:
            raise _BadCell("time", value, "ISO 8601, such as 2024-01-15T14:20:00Z, or ms since 1970")
        decided_us = unix_us - self._epoch_us
        if not 0 <= decided_us < self._duration_us:
            tape = f"{_iso(self._epoch_us)} to {_iso(self._epoch_us + self._duration_us)}"
            raise _BadCell("time", value, f"a time on the tape, {tape} (a number means ms since 1970)")
        return decided_us


def _number(
    cells: dict[str, Any],
    column: str,
    default: _Default,
    fits: Callable[[float], bool],
    expected: str,
) -> float | _Default:
    cell = cells.get(column)
    if cell is None or cell == "":
        return default
    try:
        value = float(cell)
    except (TypeError, ValueError):
        raise _BadCell(column, cell, expected) from None
    if not fits(value):
        raise _BadCell(column, cell, expected)
    return value


def _positive(value: float) -> bool:
    return 0 < value < math.inf


def _quantity(value: float) -> bool:
    return 0 < value <= 1e12


def _price(value: float) -> bool:
    return 1e-9 <= value <= 1e9


def _fraction(value: float) -> bool:
    return 0 < value < 1


def _leverage(value: float) -> bool:
    return 1 <= value <= 1000 and value == int(value)


def _unix_us(value: Any) -> int | None:
    """Return Unix µs of a cell, or None when it is no time."""
    if isinstance(value, str):
        text = value.strip()
        if text.isdecimal() and len(text) <= _TIME_DIGITS:
            return int(text) * 1000
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            return None
    if isinstance(value, datetime):
        moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return (moment - _UNIX) // _MICROSECOND
    return value * 1000 if isinstance(value, int) and not isinstance(value, bool) else None


def _iso(unix_us: int) -> str:
    return (_UNIX + timedelta(microseconds=unix_us)).isoformat().replace("+00:00", "Z")
