"""Load klines and recorded trades from Binance's public formats, checked row by row.

Order of work: read and hash the files, look in the cache, else parse each file, join them in time order, then
check and repair by policy.  Every refusal names the file and its 1-based data line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from sim.errors import InputError
from sim.market import cache as store
from sim.market import repair
from sim.market.bars import Bars, Trades
from sim.market.files import RawFile, combined_digest, read_files
from sim.market.problems import REFUSE_ALL, Problems
from sim.market.rows import Rows
from sim.market.tables import Columns, Kind, Layout, kind_of, read_table

Read = Callable[[RawFile], tuple[Layout, Columns]]
"""How one file becomes columns; a check of the same files under several policies parses each only once."""

# Part of every cache key: raise it whenever the same bytes would load differently.
LOADER_VERSION = 1
_RESOLUTION_US = 1_000


def load_bars(
    reference: str, *, symbol: str | None = None, problems: Problems = REFUSE_ALL, cache: bool = True
) -> Bars:
    """Load klines named by ``embedded:NAME``, a path, or a glob whose files are joined in time order.

    Reads the public 12-column files (zip, gz or plain csv, header or not, ms times), 6-column files
    (``open_time,open,high,low,close,volume``; ``count`` is then −1), and parquet with those column names.
    The symbol comes from names such as ``BTCUSDT-1m-…`` unless given.  Seconds without a trade are absent
    from one-second files and are carried flat; every other fault follows ``problems``.  Raises
    :class:`InputError`.
    """
    files = read_files(reference)
    return _bars_of(files, reference, symbol, problems, cache)


def load_trades(
    reference: str, *, symbol: str | None = None, problems: Problems = REFUSE_ALL, cache: bool = True
) -> Trades:
    """Load recorded trades (aggTrades or trades archives); otherwise as :func:`load_bars`."""
    files = read_files(reference)
    return _trades_of(files, reference, symbol, problems, cache)


def load_market(
    reference: str, *, symbol: str | None = None, problems: Problems = REFUSE_ALL, cache: bool = True
) -> Bars | Trades:
    """Load whichever of the two the files hold, told from their content."""
    files = read_files(reference)
    read = _trades_of if one_kind(files) == "trades" else _bars_of
    return read(files, reference, symbol, problems, cache)


def _bars_of(
    files: list[RawFile], reference: str, symbol: str | None, problems: Problems, cache: bool
) -> Bars:
    name = one_symbol(files, symbol)
    columns, details = _cached("bars", parse_bars, files, name, problems, cache)
    return Bars(
        symbol=name,
        interval_us=details["interval_us"],
        epoch_us=details["epoch_us"],
        **{column: columns[column] for column in ("open", "high", "low", "close", "volume", "count")},
        source=_shown(reference, files),
        sha256=combined_digest(files),
        notes=tuple(details["notes"]),
    )


def _trades_of(
    files: list[RawFile], reference: str, symbol: str | None, problems: Problems, cache: bool
) -> Trades:
    name = one_symbol(files, symbol)
    columns, details = _cached("trades", parse_trades, files, name, problems, cache)
    return Trades(
        symbol=name,
        epoch_us=details["epoch_us"],
        # Archives keep milliseconds; the tape ends when the last one does.
        end_us=int(columns["time"][-1]) + _RESOLUTION_US,
        times_us=columns["time"],
        price=columns["price"],
        quantity=columns["quantity"],
        source=_shown(reference, files),
        sha256=combined_digest(files),
        notes=tuple(details["notes"]),
    )


def _cached(
    kind: Kind,
    parse: Callable[[list[RawFile], Problems], tuple[Columns, dict[str, Any]]],
    files: list[RawFile],
    symbol: str,
    problems: Problems,
    cache: bool,
) -> tuple[Columns, dict[str, Any]]:
    key = store.key_for(kind, *_key_parts(files, symbol, problems))
    found = store.load(key) if cache else None
    if found is None:
        found = parse(files, problems)
        if cache:
            store.save(key, *found)
    return found


def parse_bars(
    files: list[RawFile], problems: Problems, read: Read = read_table
) -> tuple[Columns, dict[str, Any]]:
    """Parse and check files of bars; return the columns of :class:`Bars` and its other fields."""
    parsed = _in_time_order(files, "bars", problems, read)
    interval_us = _one_interval(parsed)
    rows = _joined(parsed)
    repair.put_in_order(rows, problems)
    repair.drop_duplicates(rows, problems)
    repair.require_one_interval(rows, interval_us)
    repair.require_numbers(rows, ("open", "high", "low", "close"), "volume")
    repair.hold_open_and_close(rows, problems)
    repair.fill_gaps(rows, problems, interval_us)
    columns = {
        name: np.ascontiguousarray(rows[name]) for name in ("open", "high", "low", "close", "volume", "count")
    }
    return columns, {"interval_us": interval_us, "epoch_us": int(rows["time"][0]), "notes": rows.notes}


def parse_trades(
    files: list[RawFile], problems: Problems, read: Read = read_table
) -> tuple[Columns, dict[str, Any]]:
    """Parse and check files of trades; return the columns of :class:`Trades` and its other fields."""
    rows = joined_rows(files, "trades", problems, read)
    repair.put_in_order(rows, problems)
    repair.drop_duplicates(rows, problems)
    repair.require_numbers(rows, ("price",), "quantity")
    repair.accept_missing_trades(rows, problems)
    epoch_us = int(rows["time"][0])
    columns = {
        "time": rows["time"] - epoch_us,
        "price": np.ascontiguousarray(rows["price"]),
        "quantity": np.ascontiguousarray(rows["quantity"]),
    }
    return columns, {"epoch_us": epoch_us, "notes": rows.notes}


def joined_rows(files: list[RawFile], kind: Kind, problems: Problems, read: Read = read_table) -> Rows:
    """Return the rows of all files, times in µs, the files in time order and the rows as they stand there."""
    return _joined(_in_time_order(files, kind, problems, read))


def _in_time_order(
    files: list[RawFile], kind: Kind, problems: Problems, read: Read
) -> list[tuple[RawFile, Rows]]:
    parsed = []
    titles: dict[str, str] = {}
    for file in files:
        layout, columns = read(file)
        titles.setdefault(layout.title, file.shown)
        if layout.kind != kind:
            raise InputError(file.shown, layout.title, kind)
        if kind == "bars":
            columns.setdefault("count", np.full(columns["time"].size, -1, dtype=np.int64))
        rows = Rows([file], [columns])
        repair.to_microseconds(rows, problems)
        parsed.append((file, rows))
    if kind == "trades" and len(titles) > 1:
        # Aggregate ids and fill ids count different things: joined, they would look like a hole of millions.
        raise InputError(next(reversed(titles.values())), " and ".join(titles), "trade files of one kind")
    return sorted(parsed, key=lambda pair: int(pair[1]["time"].min()))


def _joined(parsed: list[tuple[RawFile, Rows]]) -> Rows:
    files = [file for file, _ in parsed]
    tables = [{name: rows[name] for name in rows.columns if name != "row"} for _, rows in parsed]
    joined = Rows(files, tables)
    joined.notes = [note for _, rows in parsed for note in rows.notes]
    return joined


def _one_interval(parsed: list[tuple[RawFile, Rows]]) -> int:
    lengths = {file.shown: repair.interval_of(rows, file.interval_us) for file, rows in parsed}
    first = next(iter(lengths.values()))
    for shown, length_us in lengths.items():
        if length_us != first:
            raise InputError(
                f"{shown}: row 1",
                f"mixed intervals: bars of {length_us / 1e6:g} s",
                f"bars of {first / 1e6:g} s as in {next(iter(lengths))}",
            )
    return first


def one_kind(files: list[RawFile]) -> Kind:
    """Return whether the files hold bars or trades; raises :class:`InputError` when they hold both."""
    kinds = {file.shown: kind_of(file) for file in files}
    first = next(iter(kinds.values()))
    for shown, kind in kinds.items():
        if kind != first:
            raise InputError(shown, kind, f"{first} as in {next(iter(kinds))}")
    return first


def one_symbol(files: list[RawFile], given: str | None) -> str:
    """Return whose the files are; raises :class:`InputError` when their names say several, or none."""
    named: dict[str, str] = {}
    for file in files:
        if file.symbol:
            named.setdefault(file.symbol, file.shown)
    if len(named) > 1:
        (first, beside), (other, shown) = list(named.items())[:2]
        raise InputError(shown, f"several symbols: {other}", f"one tape, of {first} as in {beside}")
    if given:
        return given
    if not named:
        raise InputError(
            files[0].shown,
            files[0].name,
            'a name such as BTCUSDT-1m-2024-01-15.zip, or symbol = "…" under [market]',
        )
    return next(iter(named))


def _key_parts(files: list[RawFile], symbol: str, problems: Problems) -> Iterable[str]:
    # Ticks act later, in the path; leaving that policy out lets both settings share an entry.
    policy = problems.model_copy(update={"off_tick": "refuse"}).model_dump_json()
    yield from (str(LOADER_VERSION), symbol, policy)
    for file in files:
        yield from (file.name, file.digest)


def _shown(reference: str, files: list[RawFile]) -> str:
    return reference if len(files) == 1 else f"{reference} ({len(files)} files)"
