"""Offer the few column operations that checks share; all of them are linear or one sort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sim.checks.case import BoolArray, Columns, FloatArray, IntArray


def rows_of(keys: IntArray, wanted: IntArray) -> IntArray:
    """Return, for each wanted key, the last row that has it; -1 for none."""
    if not (keys.size and wanted.size):
        return np.full(wanted.size, -1, dtype=np.int64)
    order = keys.argsort(kind="stable")
    # A wanted key before the first one finds row -1, the last in order: another key, so it is dropped as well.
    found = order[keys[order].searchsorted(wanted, side="right") - 1]
    return np.where(keys[found] == wanted, found, -1)


def among(values: IntArray, wanted: IntArray) -> BoolArray:
    """Tell which of ``values`` are among ``wanted``; for whole numbers, at a third of what ``np.isin`` costs."""
    if not (values.size and wanted.size):
        return np.zeros(values.size, dtype=np.bool_)
    known = np.sort(wanted)
    found: BoolArray = known.take(known.searchsorted(values), mode="clip") == values
    return found


def one_of(values: np.ndarray[Any, Any], few: Sequence[str | int]) -> BoolArray:
    """Tell which of ``values`` are one of a few words or numbers."""
    found = np.zeros(values.size, dtype=np.bool_)
    for each in few:
        found |= values == each
    return found


def numbered(words: np.ndarray[Any, Any]) -> tuple[list[str], IntArray]:
    """Return the different words in order and, for each row, the place of its word among them."""
    # By hashing: numpy would turn every word into a fixed-width one and sort them all.
    texts = words.tolist()
    different = sorted(set(texts))
    place = {word: number for number, word in enumerate(different)}
    return different, np.array([place[word] for word in texts], dtype=np.int64)


def latest_until(keys: IntArray, at_us: IntArray, wanted: IntArray, until_us: IntArray) -> IntArray:
    """Return, for each wanted key, its latest row at or before ``until_us``; -1 for none."""
    if not (keys.size and wanted.size):
        return np.full(wanted.size, -1, dtype=np.int64)
    order, timeline, base = _timeline(keys, at_us, until_us)
    place = np.searchsorted(timeline, (wanted + 1) * base + until_us, side="right") - 1
    return _found(order, place, keys, wanted)


def first_from(keys: IntArray, at_us: IntArray, wanted: IntArray, from_us: IntArray) -> IntArray:
    """Return, for each wanted key, its first row at or after ``from_us``; -1 for none."""
    if not (keys.size and wanted.size):
        return np.full(wanted.size, -1, dtype=np.int64)
    order, timeline, base = _timeline(keys, at_us, from_us)
    place = np.searchsorted(timeline, (wanted + 1) * base + from_us, side="left")
    return _found(order, place, keys, wanted)


def _timeline(keys: IntArray, at_us: IntArray, other_us: IntArray) -> tuple[IntArray, IntArray, int]:
    """Lay all keys' rows one behind the other on one line of time; return their order, the line and its length."""
    base = int(max(at_us.max(initial=0), other_us.max(initial=0))) + 1
    line = (keys + 1) * base + at_us
    order = line.argsort(kind="stable")
    return order, line[order], base


def _found(order: IntArray, place: IntArray, keys: IntArray, wanted: IntArray) -> IntArray:
    # A place off either end stands for nothing, which a row appended to the order says for both.
    row = np.append(order, -1)[place]
    return np.where((row >= 0) & (keys[row] == wanted), row, -1)


def sum_by(wanted: IntArray, keys: IntArray, values: FloatArray | None = None) -> FloatArray:
    """Return, for each wanted key (all different), the sum of its rows' values; without values, their number."""
    if not (wanted.size and keys.size):
        return np.zeros(wanted.size)
    order = wanted.argsort(kind="stable")
    ordered = wanted[order]
    place = np.minimum(ordered.searchsorted(keys), wanted.size - 1)
    known = ordered[place] == keys
    sums = np.bincount(order[place[known]], None if values is None else values[known], minlength=wanted.size)
    return sums.astype(np.float64)


def running_sum(groups: IntArray, values: FloatArray) -> FloatArray:
    """Return the sum of each group's values up to and including each row, in row order."""
    if not groups.size:
        return np.empty(0)
    order = np.argsort(groups, kind="stable")
    total = np.cumsum(values[order])
    starts = np.flatnonzero(first_of_group(groups[order]))
    before = np.concatenate([[0.0], total[starts[1:] - 1]])
    lengths = np.diff(np.append(starts, groups.size))
    sums = np.empty(groups.size)
    sums[order] = total - np.repeat(before, lengths)
    return sums


def first_of_group(sorted_keys: IntArray) -> BoolArray:
    """Tell which rows of a sorted column begin a new key."""
    first = np.ones(sorted_keys.size, dtype=np.bool_)
    first[1:] = sorted_keys[1:] != sorted_keys[:-1]
    return first


def last_of_group(sorted_keys: IntArray) -> BoolArray:
    """Tell which rows of a sorted column end a key."""
    last = np.ones(sorted_keys.size, dtype=np.bool_)
    last[:-1] = sorted_keys[1:] != sorted_keys[:-1]
    return last


def symbol_numbers(intents: Columns, wanted: IntArray) -> tuple[list[str], IntArray]:
    """Return the symbols and, for each wanted intent, its symbol's place in them; -1 for nobody's.

    Where there is one symbol, what belongs to no intent is that symbol's too: a process that came back acts for all.
    """
    symbols = sorted(set(intents["symbol"]))
    if len(symbols) == 1:
        return symbols, np.zeros(wanted.size, dtype=np.int64)
    rows = rows_of(intents["intent"], wanted)
    own = numbered(intents["symbol"])[1]
    return symbols, np.where(rows >= 0, own[rows] if own.size else -1, -1)


def taken(values: FloatArray, rows: IntArray) -> FloatArray:
    """Return ``values`` at ``rows``; NaN where a row is -1."""
    if not values.size:
        return np.full(rows.size, np.nan)
    found: FloatArray = np.where(rows >= 0, values[rows], np.nan)
    return found


def taken_us(times: IntArray, rows: IntArray, otherwise: int = -1) -> IntArray:
    """Return ``times`` (or other whole numbers) at ``rows``; ``otherwise`` where a row is -1."""
    if not times.size:
        return np.full(rows.size, otherwise, dtype=np.int64)
    return np.where(rows >= 0, times[rows], otherwise)


def steps_of(intents: Columns, steps: Mapping[str, float], wanted: IntArray) -> FloatArray:
    """Return the quantity step of each wanted intent's symbol; the smallest known one for nobody's."""
    symbols, place = symbol_numbers(intents, wanted)
    smallest = min(steps.values())
    table = np.array([steps[symbol] for symbol in symbols] + [smallest])
    found: FloatArray = table[place]
    return found
