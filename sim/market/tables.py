"""Read one file's table into numpy columns: text or parquet, with a header or without.

The layout is told from the content (binance-facts 9).  Text goes through Arrow's reader, which rounds
decimals exactly, so the same number gives the same float from every format.  When Arrow refuses, the lines
are read again, slowly, to name the row and the value at fault.
"""

from __future__ import annotations

import importlib
import io
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sim.errors import InputError
from sim.market.files import RawFile, head_of, text_of

Kind = Literal["bars", "trades"]
Columns = dict[str, npt.NDArray[Any]]

_WHOLE = re.compile(r"^-?\d+$")
_NUMBER = re.compile(r"^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^-?(nan|inf|infinity)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    """Describe one public table: its columns in order, those read as whole and as real numbers."""

    title: str
    kind: Kind
    columns: tuple[str, ...]
    whole: tuple[str, ...]
    real: tuple[str, ...]
    renamed: dict[str, str]


_OHLCV = ("open", "high", "low", "close", "volume")
KLINES = Layout(
    "klines (12 columns)",
    "bars",
    (
        "open_time",
        *_OHLCV,
        "close_time",
        "quote_volume",
        "count",
        "taker_buy_volume",
        "taker_buy_quote_volume",
        "ignore",
    ),
    ("open_time", "count"),
    _OHLCV,
    {"open_time": "time"},
)
KLINES_SHORT = Layout(
    "klines (6 columns)", "bars", ("open_time", *_OHLCV), ("open_time",), _OHLCV, {"open_time": "time"}
)
AGG_TRADES = Layout(
    "aggTrades (7 columns)",
    "trades",
    (
        "agg_trade_id",
        "price",
        "quantity",
        "first_trade_id",
        "last_trade_id",
        "transact_time",
        "is_buyer_maker",
    ),
    ("agg_trade_id", "transact_time"),
    ("price", "quantity"),
    {"agg_trade_id": "id", "transact_time": "time"},
)
TRADES = Layout(
    "trades (6 columns)",
    "trades",
    ("id", "price", "qty", "quote_qty", "time", "is_buyer_maker"),
    ("id", "time"),
    ("price", "qty"),
    {"qty": "quantity"},
)
LAYOUTS = (KLINES, KLINES_SHORT, AGG_TRADES, TRADES)
_EXPECTED = "; ".join(layout.title for layout in LAYOUTS)


def kind_of(file: RawFile) -> Kind:
    """Tell whether a file holds bars or trades, reading only its head."""
    if file.is_parquet:
        return _parquet_layout(file).kind
    return _text_layout(file, head_of(file))[0].kind


def read_table(file: RawFile, more: tuple[str, ...] = ()) -> tuple[Layout, Columns]:
    """Read the needed columns of one file: ``time`` (as written), ``open`` … or ``id``, ``price`` ….

    ``more`` names further columns, read as real numbers where the file has them: no path needs them, a check
    of the file does.  Raises :class:`InputError` with file and row (1-based data line) for an empty file, an
    unknown header, a wrong number of columns, or text where a number belongs.
    """
    layout, columns = _read_parquet(file, more) if file.is_parquet else _read_text(file, more)
    if columns[layout.whole[0]].size == 0:
        raise InputError(file.shown, "no rows", "at least one row of data")
    return layout, {layout.renamed.get(name, name): values for name, values in columns.items()}


def _arrow(module: str) -> Any:
    # Loaded by name: the import costs 0.1 s that a run over cached bars need not pay.
    return importlib.import_module(module)


def _read_text(file: RawFile, more: tuple[str, ...]) -> tuple[Layout, Columns]:
    text = text_of(file)
    layout, has_header = _text_layout(file, text)
    layout = _with(layout, more, layout.columns)
    arrow, arrow_csv = _arrow("pyarrow"), _arrow("pyarrow.csv")
    types = {name: arrow.int64() for name in layout.whole} | {name: arrow.float64() for name in layout.real}
    try:
        table = arrow_csv.read_csv(
            io.BytesIO(text),
            read_options=arrow_csv.ReadOptions(column_names=list(layout.columns), skip_rows=int(has_header)),
            # An empty field must be an error, so no text stands for null.
            convert_options=arrow_csv.ConvertOptions(
                column_types=types, include_columns=list(types), null_values=[]
            ),
        )
    except arrow.ArrowInvalid as error:
        if "Empty CSV file" in str(error):
            raise InputError(file.shown, "no rows", "at least one row of data") from error
        raise _first_bad_row(file, text, layout, has_header, str(error)) from error
    return layout, {name: _plain(table.column(name)) for name in types}


def _text_layout(file: RawFile, text: bytes) -> tuple[Layout, bool]:
    first = text.lstrip()[:2_000].split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    if not first:
        raise InputError(file.shown, "an empty file", f"a table of {_EXPECTED}")
    fields = [field.strip().strip('"') for field in first.split(",")]
    has_header = not first[0].isdigit()
    for layout in LAYOUTS:
        if len(layout.columns) == len(fields) and _fits(layout, fields, has_header):
            return layout, has_header
    where = f"{file.shown}: header" if has_header else f"{file.shown}: row 1"
    raise InputError(where, f"{len(fields)} columns: {first}", _EXPECTED)


def _fits(layout: Layout, fields: list[str], has_header: bool) -> bool:
    if has_header:
        # Only the names that are read must agree: archives spell the taker columns in several ways.
        names = [field.lower() for field in fields]
        read = [name for name in (*layout.whole, *layout.real) if name != "count"]
        return all(names[layout.columns.index(name)] == name for name in read)
    # Six columns without a header: trades end in true or false, bars in a volume.
    return (fields[-1].lower() in ("true", "false")) == (layout.kind == "trades")


def _first_bad_row(file: RawFile, text: bytes, layout: Layout, has_header: bool, reason: str) -> InputError:
    lines = [line for line in text.decode("utf-8", "replace").splitlines() if line.strip()]
    for row, line in enumerate(lines[int(has_header) :], start=1):
        fields = [field.strip().strip('"') for field in line.split(",")]
        if len(fields) != len(layout.columns):
            return InputError(f"{file.shown}: row {row}", f"{len(fields)} columns: {line}", layout.title)
        for name in (*layout.whole, *layout.real):
            value = fields[layout.columns.index(name)]
            if name in layout.whole and not _is_whole(value):
                return InputError(f"{file.shown}: row {row}: {name}", value, "a whole number")
            if name in layout.real and not _NUMBER.match(value):
                return InputError(f"{file.shown}: row {row}: {name}", value, "a number")
    return InputError(file.shown, reason, f"a table of {layout.title}")


def _is_whole(value: str) -> bool:
    return bool(_WHOLE.match(value)) and -(2**63) <= int(value) < 2**63


def _with(layout: Layout, more: tuple[str, ...], there: Collection[str]) -> Layout:
    wanted = tuple(name for name in more if name in layout.columns and name in there)
    return replace(layout, real=layout.real + wanted)


def _read_parquet(file: RawFile, more: tuple[str, ...]) -> tuple[Layout, Columns]:
    arrow, parquet = _arrow("pyarrow"), _arrow("pyarrow.parquet")
    layout = _parquet_layout(file)
    if more:
        layout = _with(layout, more, parquet.read_schema(io.BytesIO(file.body)).names)
    wanted = [*layout.whole, *layout.real]
    try:
        table = parquet.read_table(io.BytesIO(file.body), columns=wanted)
    except (arrow.ArrowException, OSError) as error:
        raise _broken_parquet(file, error) from error
    return layout, {name: _parquet_column(file, name, table.column(name), layout) for name in wanted}


def _parquet_column(file: RawFile, name: str, values: Any, layout: Layout) -> npt.NDArray[Any]:
    arrow = _arrow("pyarrow")
    if arrow.types.is_timestamp(values.type):
        values = values.cast(arrow.timestamp("ms"), safe=False).cast(arrow.int64())
    wanted = arrow.int64() if name in layout.whole else arrow.float64()
    if not values.null_count:
        try:
            return _plain(values.cast(wanted))
        except arrow.ArrowException:
            pass  # Casting names no row, so the values are gone through below.
    for row, value in enumerate(values, start=1):
        try:
            sound = value.is_valid and value.cast(wanted).is_valid
        except arrow.ArrowException:
            sound = False
        if not sound:
            expected = "a whole number" if name in layout.whole else "a number"
            raise InputError(f"{file.shown}: row {row}: {name}", value.as_py(), expected)
    raise InputError(f"{file.shown}: {name}", str(values.type), f"a column of {wanted}")


def _plain(column: Any) -> npt.NDArray[Any]:
    # Arrow's own conversion to numpy imports pandas, a second of start-up for nothing.
    values: npt.NDArray[Any] = np.from_dlpack(column.combine_chunks())
    return values


def _parquet_layout(file: RawFile) -> Layout:
    arrow, parquet = _arrow("pyarrow"), _arrow("pyarrow.parquet")
    try:
        names: list[str] = parquet.read_schema(io.BytesIO(file.body)).names
    except (arrow.ArrowException, OSError) as error:
        raise _broken_parquet(file, error) from error
    for layout in LAYOUTS:
        if {*layout.whole, *layout.real} <= set(names):
            return layout
    raise InputError(f"{file.shown}: columns", ", ".join(names), _EXPECTED)


def _broken_parquet(file: RawFile, error: Exception) -> InputError:
    return InputError(file.shown, f"parquet that cannot be read: {error}", "a whole parquet file")
