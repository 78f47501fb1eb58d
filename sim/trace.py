"""Record what happened: append-only tables of typed rows, hashed when somebody asks.

A row is a tuple in the order of its table's columns.  Rows collect in a list and move into typed numpy chunks, so
a row costs a tuple and a list append.  ``sha256`` hashes table names, column names, the columns' little-endian
bytes and the texts in order of first appearance: the records, not the declarations.

Column kinds: ``i`` int64, ``n`` int64 kept in four bytes (both: -1 = not there), ``f`` float64 (NaN = not there),
``b`` bool, ``s`` text ("" = none).
Times end in ``_us``: integer microseconds since the start of the run.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final

import numpy as np

from sim.errors import SimError

_CHUNK: Final = 4096

_INTENT = "intent:n"

TABLES: Final[dict[str, str]] = {
    # One row when the intent is decided.  sl_price and tp_price are the planned levels.
    "intent": f"{_INTENT} decided_us:i symbol:s direction:n quantity:f plan_price:f sl_price:f tp_price:f "
    "leverage:f hold_us:i confidence:f",
    # One row when the intent's own flow is over.  believed_*: what the code under test thinks by then.
    "intent_end": f"{_INTENT} ended_us:i outcome:s believed_position:f believed_protected:b error:s",
    # The guard's answer; price is what it saw, deviation |plan - now| / now.
    "verdict": f"{_INTENT} at_us:i accepted:b reason:s price:f deviation:f adjusted_entry:f adjusted_sl:f "
    "adjusted_tp:f",
    # One call of place_order_with_safety.  outcome: what its caller was told of the order (applied, unknown ...).
    "placement": f"{_INTENT} placement:n role:s started_us:i ended_us:i success:b order_id:s code:n message:s "
    "attempts:n backoff_us:i adjusted:n outcome:s",
    # One failed attempt inside a placement (the executor's own account of it).
    "attempt": f"{_INTENT} placement:n attempt:n at_us:i code:n message:s",
    # One planned sleep between attempts.
    "backoff": f"{_INTENT} placement:n attempt:n at_us:i delay_us:i",
    # A stop moved by the executor after -2021.
    "stop_moved": f"{_INTENT} placement:n at_us:i old_price:f new_price:f reference_price:f",
    # One HTTP call, written when the client gets its answer or gives up.  last: the price when an order left.
    # status: HTTP's; 0 for silence, -1 for a broken connection, whose message says how it broke.
    "request": f"request:n {_INTENT} role:s call:s n:n placement:n sent_us:i answered_us:i status:n code:n "
    "message:s request_leg_us:i reply_leg_us:i last:f",
    # What the venue did with a write, written when it did it.  truth: not_applied, applied, applied_late.
    "write": f"request:n {_INTENT} role:s at_us:i truth:s order:n code:n",
    # An injected fault that fired on a request.
    "fault": f"fault:s kind:s request:n {_INTENT} role:s call:s n:n at_us:i stage:s truth:s",
    # A window or burst of a fault: opened and closed.
    "fault_edge": "fault:s opened_us:i closed_us:i",
    # Life of an order at the venue: NEW, TRIGGERED (its trigger is met), PARTIALLY_FILLED, FILLED, CANCELED, EXPIRED,
    # EXPIRED_IN_MATCH, REJECTED (at its trigger).  A conditional order and its child are one order here.
    "order": f"order:n {_INTENT} account:n at_us:i status:s role:s type:s side:n quantity:f price:f "
    "reduce_only:b close_position:b request:n algo:b reason:s",
    # An execution; an order may have several.  reference is last when it was matched; mark as published then.
    "fill": f"order:n {_INTENT} account:n at_us:i role:s side:n quantity:f price:f fee:f reference:f mark:f "
    "trigger_price:f realised:f",
    # The account's exposure after each change.  cover: quantity of live, right-sided, exit-only stops.
    "exposure": f"{_INTENT} account:n at_us:i position:f cover:f mark:f stop_price:f",
    # Results of shadow brackets on the same path: kind is ideal (I1), floor (I0) or refused.  pnl_1m, pnl_5m,
    # pnl_30m: had a refused bracket been closed that long after its fill, unless it had ended before.
    "shadow": f"{_INTENT} kind:s filled_us:i fill_price:f exit_us:i exit_price:f exit_reason:s pnl:f "
    "pnl_1m:f pnl_5m:f pnl_30m:f stop_crossed_us:i",
    # The account at the end of the run, marked at last less the cost of leaving.
    "account_end": f"account:n {_INTENT} at_us:i position:f open_orders:n wallet:f fees:f realised:f leave_value:f",
    # A position closed by the venue.  side: its direction; level: where mark reaches it; isolated: its own wallet;
    # price: the better of book and bankruptcy; fee: beyond the commission; insurance: what others bore.
    "liquidation": f"{_INTENT} account:n at_us:i order:n side:n quantity:f level:f mark:f isolated:f "
    "bankruptcy_price:f book_price:f commission:f fee:f insurance:f",
    # An order as it left, one row each (each item of a batch), before any answer is known.  Numbers: NaN = not sent,
    # inf = sent but no finite number.  client_id: hash of the id the code under test chose, -1 where it chose none
    # (libraries then invent one).  params: crc32 of the whole order without stamps and ids; rest: of what stands in
    # no column here.  last: the price when it left.
    "sent": f"request:n {_INTENT} role:s at_us:i side:n type:s quantity:f price:f trigger_price:f reduce_only:b "
    "close_position:b client_id:i params:i rest:i last:f",
    # Told to wait: a 429 or 418 that says until when (Retry-After, or the end of the ban in its text).
    "told_to_wait": f"request:n {_INTENT} at_us:i status:n until_us:i",
    # An order the caller handed over and found changed when its placement was over; fields: their names.
    "caller_changed": f"{_INTENT} at_us:i fields:s",
    # A stretch in which no protective write could be accepted, or its need be read: halt, dead process, dead network,
    # unearned ban, orders refused, read lag.  intent -1: everybody's.
    "outage": f"kind:s {_INTENT} opened_us:i closed_us:i",
    # What became of the process of the code under test: crashed, restarted, blocked, delayed.
    "process": f"kind:s {_INTENT} at_us:i",
    # What a read of a price brought, where a fault changed it: value told, age, and the true price then.
    "price": f"{_INTENT} at_us:i call:s value:f age_us:i true_value:f",
    # A line the code under test logged or printed (logger "print"); a traceback stands below its text.
    "log": f"{_INTENT} at_us:i logger:s level:s text:s",
    # What a check found.  kind: safety, liveness, practice or simulator.
    "violation": f"check:s kind:s {_INTENT} at_us:i amount:f unit:s truth:s belief:s",
}

_ONLY_WITH_ROWS: Final = frozenset({"log"})

_CODES: Final = {"i": "q", "n": "i", "f": "d", "b": "b", "s": "i"}


class _Vocabulary(dict[str, int]):
    """Number texts in order of first appearance."""

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number

    def texts(self) -> np.ndarray[Any, Any]:
        """Return the texts in order of their numbers."""
        words = np.empty(len(self), dtype=object)
        words[:] = list(self)
        return words


_WORDLESS: Final = _Vocabulary()
"""The vocabulary of every column that holds no text."""


class Table:
    """Hold one table's rows as typed columns; text as numbers into its column's vocabulary.

    A vocabulary per column: numbers then follow the rows alone, and not when rows are moved into columns.
    """

    def __init__(self, name: str, declaration: str) -> None:
        self.name = name
        self.columns, self.kinds = _declared(declaration)
        self.pending: list[tuple[Any, ...]] = []
        """Rows not yet in columns.  Its ``append`` is the table's writer: a method of ours would cost more."""
        # Made with the first rows: most tables of a short run never have any.
        self._stored: list[array[Any]] = []
        self._vocabularies: list[_Vocabulary] = []

    def flush(self) -> None:
        """Move pending rows into typed columns."""
        if not self.pending:
            return
        if not self._vocabularies:
            self._vocabularies = [_Vocabulary() if kind == "s" else _WORDLESS for kind in self.kinds]
        width = len(self.columns)
        try:
            columns = list(zip(*self.pending, strict=True))
        except ValueError:
            columns = []
        if len(columns) != width:
            raise SimError(f"trace table {self.name}: a row does not have {width} values")
        self.pending.clear()
        # array.array takes Python numbers about three times as fast as numpy does.
        added = [
            array(_CODES[kind], map(words.__getitem__, values) if kind == "s" else values)
            for kind, words, values in zip(self.kinds, self._vocabularies, columns, strict=True)
        ]
        if not self._stored:
            self._stored = added
            return
        # Grown in place: merging chunks at the end would need, and never give back, their size once more.
        for place, rows in enumerate(added):
            try:
                self._stored[place] += rows
            except BufferError:  # somebody still looks at the column; they keep what they saw
                self._stored[place] = self._stored[place] + rows

    def __len__(self) -> int:
        return (len(self._stored[0]) if self._stored else 0) + len(self.pending)

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return the columns by name; text as object arrays."""
        self.flush()
        if not self._stored:
            return dict(zip(self.columns, _no_rows(self.kinds), strict=True))
        return {
            column: _read(kind, values, words)
            for column, kind, values, words in zip(
                self.columns, self.kinds, self._stored, self._vocabularies, strict=True
            )
        }

    def digest(self) -> str:
        """Hash the rows so far."""
        self.flush()
        if not self._stored:
            return _digest_without_rows(self.name, self.columns)
        # Only here, not as rows come in: most runs of a sweep or a hunt are never asked for their hash.
        digests = [hashlib.sha256(column.encode()) for column in self.columns]
        for digest, rows in zip(digests, self._stored, strict=True):
            digest.update(rows if sys.byteorder == "little" else _swapped(rows))
        return _digest(self.name, digests, self._vocabularies)


@lru_cache(maxsize=256)
def _declared(declaration: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return a declaration's column names and their kinds."""
    pairs = [item.split(":") for item in declaration.split()]
    return tuple(column for column, _ in pairs), tuple(kind for _, kind in pairs)


@lru_cache(maxsize=256)
def _no_rows(kinds: tuple[str, ...]) -> tuple[np.ndarray[Any, Any], ...]:
    return tuple(_read(kind, array(_CODES[kind]), _Vocabulary()) for kind in kinds)


@lru_cache(maxsize=256)
def _digest_without_rows(name: str, columns: tuple[str, ...]) -> str:
    return _digest(name, [hashlib.sha256(column.encode()) for column in columns], [{} for _ in columns])


def _digest(name: str, columns: Iterable[Any], vocabularies: Iterable[Iterable[str]]) -> str:
    total = hashlib.sha256(name.encode())
    for digest in columns:
        total.update(digest.digest())
    for words in vocabularies:
        total.update(("\x1f".join(words) + "\x1e").encode())
    return total.hexdigest()


def _read(kind: str, values: array[Any], words: _Vocabulary) -> np.ndarray[Any, Any]:
    code = values.typecode
    view = np.frombuffer(values, dtype=code) if values else np.empty(0, dtype=code)
    if kind == "s":
        texts: np.ndarray[Any, Any] = words.texts()[view]
        return texts
    if kind == "n":
        return view.astype(np.int64)
    return view.view(np.bool_) if kind == "b" else view


def _swapped(values: array[Any]) -> array[Any]:
    copy = values[:]
    copy.byteswap()
    return copy


class Trace:
    """Append-only record of one run.  Tables and columns are those of :data:`TABLES`."""

    def __init__(self) -> None:
        self.tables = {name: Table(name, declaration) for name, declaration in TABLES.items()}

    def writer(self, table: str) -> Callable[[tuple[Any, ...]], None]:
        """Return the function that appends a row to ``table``."""
        return self.tables[table].pending.append

    def compact(self) -> None:
        """Move long runs of pending rows into columns; to be called now and then while a run goes on."""
        for table in self.tables.values():
            if len(table.pending) >= _CHUNK:
                table.flush()

    def arrays(self, table: str) -> dict[str, np.ndarray[Any, Any]]:
        """Return the columns of ``table`` by name."""
        return self.tables[table].arrays()

    def forget(self) -> None:
        """Drop all rows, once frames hold what they said: a large run need not be kept twice."""
        self.tables = {name: Table(name, declaration) for name, declaration in TABLES.items()}

    def sha256(self) -> str:
        """Hash the canonical records of all tables but ``violation`` (a judge's word is not what happened).

        A table in :data:`_ONLY_WITH_ROWS` is part of it where it has any: a run without is what it was before that.
        """
        total = hashlib.sha256()
        for name, table in self.tables.items():
            if name != "violation" and (name not in _ONLY_WITH_ROWS or len(table)):
                total.update(table.digest().encode())
        return total.hexdigest()
