"""Find what bars and trades can both have: odd times, disorder, repeats, prices off tick, jumps."""

from __future__ import annotations

import numpy as np

from sim.market.bars import FloatArray, IntArray
from sim.market.files import RawFile
from sim.market.grid import PriceGrid
from sim.market.inspect.findings import Finding, Limits, Place, Ticks
from sim.market.inspect.reading import Reader
from sim.market.rows import Rows, steps_of

_FIRST_MICROSECOND_TIME = 10**15
# A price this part of a tick off is between two, as for the path (sim/market/grid.py).
_OFF_TICK = 1e-3


def moment(rows: Rows, index: int, text: str = "") -> Place:
    """Name the row at ``index``."""
    return stretch(rows, index, int(rows["time"][index]), 0, text)


def stretch(rows: Rows, index: int, at_us: int, length_us: int, text: str) -> Place:
    """Name a stretch of time, seen at the row at ``index``."""
    file, row = rows.place(index)
    return Place(at_us, length_us, text, file.name, row)


def times_in_us(files: list[RawFile], reader: Reader, rows: Rows) -> list[Finding]:
    """Find 16-digit times, and files whose unit changes midway."""
    count, changed = 0, []
    for file in files:
        in_us = reader.plain(file)[1]["time"] >= _FIRST_MICROSECOND_TIME
        count += int(in_us.sum())
        turns = np.flatnonzero(in_us[1:] != in_us[:-1]) + 2
        if turns.size:
            changed.append(f"the unit changes at row {turns[0]} of {file.name}")
    if not count:
        return []
    every = "all" if count == len(rows) else f"{count:,} of {len(rows):,}"
    text = "; ".join([f"{every} times have 16 digits (µs)", *changed])
    return [Finding("times in µs", count, text, policy='times_us = "convert"')]


def disorder(raw: Rows) -> list[Finding]:
    """Find rows that stand before a row with an earlier time, or an earlier id."""
    back = steps_of(raw["time"]) < 0
    if "id" in raw.columns:
        back |= steps_of(raw["id"]) < 0
    if not back.any():
        return []
    places = tuple(moment(raw, int(index)) for index in np.flatnonzero(back))
    text = "rows earlier than the row above"
    return [Finding("out of order", int(back.sum()), text, places, 'unsorted = "sort"')]


def repeats(raw: Rows) -> list[Finding]:
    """Find rows that repeat an open time or a trade id; tell whether the rest of the row repeats too."""
    name = "id" if "id" in raw.columns else "time"
    order = np.lexsort((raw["id"], raw["time"])) if name == "id" else np.argsort(raw["time"], kind="stable")
    again = steps_of(raw[name][order]) == 0
    if not again.any():
        return []
    marked = np.flatnonzero(again)
    values = [column for column in raw.columns if column not in ("row", "time", "id")]
    differs = np.zeros(marked.size, dtype=np.bool_)
    for column in values:
        sorted_values = raw[column][order]
        differs |= sorted_values[marked] != sorted_values[marked - 1]
    what = "an open time" if name == "time" else "a trade id"
    text = f"rows repeat {what}"
    text += (
        f"; {int(differs.sum()):,} of them with other values" if differs.any() else ", with the same values"
    )
    places = tuple(
        moment(raw, int(order[index]), "other values" if other else "")
        for index, other in zip(marked, differs, strict=True)
    )
    return [Finding("duplicates", int(marked.size), text, places, 'duplicates = "keep_first"')]


def off_tick(rows: Rows, names: tuple[str, ...], ticks: Ticks) -> list[Finding]:
    """Find prices between two ticks of the venue."""
    grid = PriceGrid(ticks.tick, ticks.price_decimals)
    off = np.zeros(len(rows), dtype=np.bool_)
    for name in names:
        exact = rows[name] / ticks.tick
        off |= (np.abs(exact - np.rint(exact)) > _OFF_TICK) & (rows[name] <= grid.highest)
    if not off.any():
        return []
    marked = np.flatnonzero(off)
    first = int(marked[0])
    values = " ".join(f"{rows[name][first]:.12g}" for name in names)
    text = f"rows with a price between two ticks of {ticks.tick:g} ({ticks.source})"
    return [Finding("off tick", int(marked.size), text, (moment(rows, first, values),), 'off_tick = "snap"')]


def jumps(rows: Rows, price: str, limits: Limits) -> list[Finding]:
    """Find moves from one row to the next beyond the limits; a path replays them as they are."""
    values: FloatArray = rows[price]
    moves = np.diff(values) / values[:-1]
    if not moves.size:
        return []
    sigma = float(np.std(moves))
    large = np.abs(moves) * 100 > limits.jump_pct
    if sigma > 0:
        large |= np.abs(moves) > limits.jump_sigmas * sigma
    if not large.any():
        return []
    marked: IntArray = np.flatnonzero(large)
    by_size = marked[np.argsort(-np.abs(moves[marked]), kind="stable")]
    places = tuple(
        moment(rows, int(index) + 1, f"{moves[index]:+.2%} ({abs(moves[index]) / sigma:.0f} sigmas)")
        for index in by_size
    )
    text = f"moves beyond {limits.jump_pct:g} % or {limits.jump_sigmas:g} sigmas, largest first"
    return [Finding("jumps", int(marked.size), text, places)]
