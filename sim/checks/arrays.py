"""Offer the few column operations that checks share; all of them are linear or one sort."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.checks.case import BoolArray, Columns, FloatArray, IntArray


def rows_of(keys: IntArray, wanted: IntArray) -> IntArray:
    """Return, for each wanted key, the last row that has it; -1 for none."""
    if not keys.size:
        return np.full(wanted.size, -1, dtype=np.int64)
    order = np.argsort(keys, kind="stable")
    place = np.searchsorted(keys[order], wanted, side="right") - 1
    found = order[np.maximum(place, 0)]
    return np.where((place >= 0) & (keys[found] == wanted), found, -1)


def latest_until(keys: IntArray, at_us: IntArray, wanted: IntArray, until_us: IntArray) -> IntArray:
    """Return, for each wanted key, its latest row at or before ``until_us``; -1 for none."""
    order, timeline, base = _timeline(keys, at_us, until_us)
    place = np.searchsorted(timeline, (wanted + 1) * base + until_us, side="right") - 1
    return _found(order, place, keys, wanted)


def first_from(keys: IntArray, at_us: IntArray, wanted: IntArray, from_us: IntArray) -> IntArray:
    """Return, for each wanted key, its first row at or after ``from_us``; -1 for none."""
    order, timeline, base = _timeline(keys, at_us, from_us)
    place = np.searchsorted(timeline, (wanted + 1) * base + from_us, side="left")
    return _found(order, place, keys, wanted)


def _timeline(keys: IntArray, at_us: IntArray, other_us: IntArray) -> tuple[IntArray, IntArray, int]:
    """Lay all keys' rows one behind the other on one line of time; return their order, the line and its length."""
    base = int(max(at_us.max(initial=0), other_us.max(initial=0))) + 1
    line = (keys + 1) * base + at_us
    order = np.argsort(line, kind="stable")
    return order, line[order], base


def _found(order: IntArray, place: IntArray, keys: IntArray, wanted: IntArray) -> IntArray:
    if not order.size:
        return np.full(wanted.size, -1, dtype=np.int64)
    row = order[np.clip(place, 0, order.size - 1)]
    return np.where((place >= 0) & (place < order.size) & (keys[row] == wanted), row, -1)


def sum_by(wanted: IntArray, keys: IntArray, values: FloatArray | None = None) -> FloatArray:
    """Return, for each wanted key (all different), the sum of its rows' values; without values, their number."""
    order = np.argsort(wanted, kind="stable")
    place = np.searchsorted(wanted[order], keys)
    place = np.minimum(place, max(wanted.size - 1, 0))
    known = wanted[order][place] == keys if wanted.size else np.zeros(keys.size, dtype=bool)
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
    """Return the symbols and, for each wanted intent, its symbol's place in them; -1 for nobody's."""
    symbols = sorted(set(intents["symbol"]))
    number = {symbol: place for place, symbol in enumerate(symbols)}
    own = np.array([number[symbol] for symbol in intents["symbol"]], dtype=np.int64)
    rows = rows_of(intents["intent"], wanted)
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
