"""Look at recorded trades: missing ids, silences, and single prints far from the market."""

from __future__ import annotations

import numpy as np

from sim.market.files import RawFile
from sim.market.inspect import common
from sim.market.inspect.findings import Finding, Limits, Ticks
from sim.market.inspect.reading import Reader, in_order, raw_rows
from sim.market.rows import Rows, steps_of

_SILENCE_US = 60_000_000


def findings(
    files: list[RawFile], reader: Reader, ticks: Ticks | None, limits: Limits
) -> tuple[Rows, list[Finding]]:
    """Return the trades in order and what is odd about them, faults the loader refuses first."""
    raw, rows = raw_rows(files, "trades", reader), in_order(files, "trades", reader)
    found = common.times_in_us(files, reader, raw) + common.disorder(raw) + common.repeats(raw)
    found += _missing_ids(rows)
    if ticks is not None:
        found += common.off_tick(rows, ("price",), ticks)
    return rows, found + _silences(rows) + common.jumps(rows, "price", limits) + _far_prints(rows, limits)


def _missing_ids(rows: Rows) -> list[Finding]:
    steps = steps_of(rows["id"])
    marked = np.flatnonzero(steps > 1)
    if not marked.size:
        return []
    times = rows["time"]
    places = tuple(
        common.stretch(
            rows,
            int(index),
            int(times[index - 1]),
            int(times[index] - times[index - 1]),
            f"{int(steps[index]) - 1:,} {'id' if steps[index] == 2 else 'ids'}",
        )
        for index in marked
    )
    text = f"holes in the trade ids, {int((steps[marked] - 1).sum()):,} trades in all"
    return [Finding("gaps", int(marked.size), text, places, 'gaps = "flat"')]


def _silences(rows: Rows) -> list[Finding]:
    steps = steps_of(rows["time"])
    marked = np.flatnonzero(steps > _SILENCE_US)
    if not marked.size:
        return []
    places = tuple(
        common.stretch(rows, int(index), int(rows["time"][index - 1]), int(steps[index]), "without a trade")
        for index in marked
    )
    return [Finding("halts", int(marked.size), "silences of more than a minute; last stands still", places)]


def _far_prints(rows: Rows, limits: Limits) -> list[Finding]:
    """Find prices that nobody near them saw: far, in one direction, from the prices before and after."""
    prices = rows["price"]
    # Repeats of one price are one visit to it, or the second print of a pair would hide the first.
    starts = np.flatnonzero(np.concatenate(([True], prices[1:] != prices[:-1])))
    visited = prices[starts]
    if visited.size < 3:
        return []
    before = visited[1:-1] / visited[:-2] - 1
    after = visited[1:-1] / visited[2:] - 1
    least = np.minimum(np.abs(before), np.abs(after)) * 100
    far = np.flatnonzero((before * after > 0) & (least > limits.far_pct)) + 1
    if not far.size:
        return []
    places = tuple(
        common.moment(rows, int(starts[index]), f"{visited[index]:.12g}, {before[index - 1]:+.2%}")
        for index in far
    )
    text = f"prints more than {limits.far_pct:g} % off both neighbours, as the insurance fund's are"
    return [Finding("far prints", int(far.size), text, places)]
