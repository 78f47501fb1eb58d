"""Check rows in order of severity, and refuse each fault or treat it by its named policy."""

from __future__ import annotations

import numpy as np

from sim.errors import InputError
from sim.market.bars import INTERVALS_US, IntArray, interval_name
from sim.market.problems import Problems
from sim.market.rows import Rows, steps_of

_PRICES = ("open", "high", "low", "close")
_SECOND_US = 1_000_000
# A silence longer than this is missing data even at one second, where quiet seconds are simply absent.
SILENCE_MAX_S = 3_600
_LONGEST_GAP_BARS = 527_040
# So many equal steps in a row are another bar length, not a gap that happens to repeat.
_RUN_OF_STEPS = 3


def to_microseconds(rows: Rows, problems: Problems) -> None:
    """Turn ``time`` as written (13 digits, ms) into Unix µs; 16 digits are µs already and need a policy."""
    times = rows["time"]
    in_us = (times >= 10**15) & (times < 10**16)
    in_ms = (times >= 10**12) & (times < 10**13)
    if not np.all(in_us | in_ms):
        raise rows.refusal(~(in_us | in_ms), "time {time}", "a Unix time in ms (13 digits)")
    if in_us.any():
        if problems.times_us == "refuse":
            raise rows.refusal(in_us, "time {time}", "a Unix time in ms (13 digits)", 'times_us = "convert"')
        rows.note(in_us, "times of 16 digits", "read as µs")
    rows.columns["time"] = np.where(in_us, times, times * 1_000)


def put_in_order(rows: Rows, problems: Problems) -> None:
    """Require times (and trade ids) that never step back."""
    back = steps_of(rows["time"]) < 0
    if "id" in rows.columns:
        back |= steps_of(rows["id"]) < 0
    if not back.any():
        return
    if problems.unsorted == "refuse":
        raise rows.refusal(
            back, "time {time} µs, before the row above", "rows in time order", 'unsorted = "sort"'
        )
    rows.note(back, "rows out of order", "sorted")
    rows.keep(
        np.lexsort((rows["id"], rows["time"]))
        if "id" in rows.columns
        else np.argsort(rows["time"], kind="stable")
    )


def drop_duplicates(rows: Rows, problems: Problems) -> None:
    """Require each open time, or each trade id, once."""
    key = rows["id" if "id" in rows.columns else "time"]
    repeated = steps_of(key) == 0
    if not repeated.any():
        return
    name = "trade id {id}" if "id" in rows.columns else "open time {time} µs"
    if problems.duplicates == "refuse":
        raise rows.refusal(
            repeated, f"{name} again", "each row once", 'duplicates = "keep_first" or "keep_last"'
        )
    keeps_first = problems.duplicates == "keep_first"
    rows.note(
        repeated, "duplicate rows", "dropped, the first kept" if keeps_first else "dropped, the last kept"
    )
    rows.keep(~repeated if keeps_first else ~np.append(repeated[1:], False))


def require_numbers(rows: Rows, prices: tuple[str, ...], amount: str) -> None:
    """Require positive finite prices and finite amounts of at least 0; no policy can supply them."""
    for name in prices:
        bad = ~(np.isfinite(rows[name]) & (rows[name] > 0))
        if bad.any():
            raise rows.refusal(bad, f"{name} {{{name}}}", "a price above 0")
    bad = ~(np.isfinite(rows[amount]) & (rows[amount] >= 0))
    if bad.any():
        raise rows.refusal(bad, f"{amount} {{{amount}}}", "an amount of at least 0")


def hold_open_and_close(rows: Rows, problems: Problems) -> None:
    """Require low ≤ open, close ≤ high."""
    highest = np.maximum.reduce([rows[name] for name in _PRICES])
    lowest = np.minimum.reduce([rows[name] for name in _PRICES])
    broken = (rows["high"] < highest) | (rows["low"] > lowest)
    if not broken.any():
        return
    if problems.broken_ohlc == "refuse":
        raise rows.refusal(
            broken,
            "open {open} high {high} low {low} close {close}",
            "low <= open, close <= high",
            'broken_ohlc = "widen"',
        )
    rows.note(broken, "bars with a broken range", "widened")
    rows.columns["high"], rows.columns["low"] = highest, lowest


def interval_of(rows: Rows, named_us: int | None) -> int:
    """Return the bar length in µs: what the file's name states, if the steps agree, else the common step."""
    file = rows.place(0)[0]
    # Sorted here: np.unique hashes, which takes many times as long for whole minutes in µs.
    steps = np.diff(np.sort(rows["time"]))
    steps = steps[steps > 0]
    if named_us is None and not steps.size:
        raise InputError(
            f"{file.shown}: row 1", "a single bar", "two bars, or a name with the interval (SYMBOL-1m-…)"
        )
    if not steps.size:
        return named_us or 0
    values, counts = np.unique(steps, return_counts=True)
    common_us = int(values[counts.argmax()])
    if named_us is None:
        if common_us not in INTERVALS_US.values():
            raise InputError(
                f"{file.shown}: row 2",
                f"rows {common_us / 1e6:g} s apart",
                f"one of {', '.join(INTERVALS_US)}",
            )
        return common_us
    # Quiet seconds are absent, so steps of a one-second file say nothing against its name.
    contradicts = common_us != named_us and common_us in INTERVALS_US.values() and named_us > _SECOND_US
    if contradicts and counts.max() >= _RUN_OF_STEPS:
        raise InputError(
            f"{file.shown}: row 2",
            f"mixed intervals: rows {interval_name(common_us)} apart",
            f"{interval_name(named_us)} as the file's name says",
        )
    return named_us


def require_one_interval(rows: Rows, interval_us: int) -> None:
    """Refuse a stretch whose steps are another bar length, and rows off the grid of whole intervals."""
    steps = steps_of(rows["time"])
    other = np.isin(steps, [length_us for length_us in INTERVALS_US.values() if length_us != interval_us])
    if interval_us > _SECOND_US and other.any():
        same_as_next = np.append(steps[1:] == steps[:-1], False) & other
        run = same_as_next & np.append(same_as_next[1:], False)
        if run.any():
            raise rows.refusal(
                run,
                "mixed intervals: rows from here on are further apart or closer",
                f"{interval_name(interval_us)} steps",
            )
    off_grid = rows["time"] % interval_us != 0
    if off_grid.any():
        raise rows.refusal(
            off_grid, "open time {time} µs", f"a whole multiple of {interval_name(interval_us)}"
        )


def fill_gaps(rows: Rows, problems: Problems, interval_us: int) -> None:
    """Put the bars on a gapless grid: quiet seconds always, other missing bars by policy.

    A filled bar has the close before it as all four prices, volume 0 and count 0.
    """
    steps = steps_of(rows["time"])
    longest_us = SILENCE_MAX_S * _SECOND_US if interval_us == _SECOND_US else interval_us
    gap = steps > longest_us
    if gap.any() and problems.gaps == "refuse":
        raise rows.refusal(
            gap, "a gap before time {time} µs", f"bars {interval_name(interval_us)} apart", 'gaps = "flat"'
        )
    if (vast := steps // interval_us > _LONGEST_GAP_BARS).any():
        # A year of minutes: one mistyped time must not ask for more memory than there is.
        raise rows.refusal(
            vast, "a gap before time {time} µs", f"a gap of at most {_LONGEST_GAP_BARS:,} bars"
        )
    slots = (rows["time"] - rows["time"][0]) // interval_us
    if gap.any():
        # The note stands at the row before the hole, where a reader looks for it.
        before = np.append(gap[1:], False)
        missing = int((steps[gap] // interval_us - 1).sum())
        rows.note(before, f"gaps ({missing} bars)", "filled flat")
        rows.notes[-1] = rows.notes[-1].replace("first at row", "first after row")
    if (quiet := (steps > interval_us) & ~gap).any():
        silent = steps[quiet] // interval_us - 1
        rows.notes.append(
            f"{silent.sum()} seconds without a trade carried flat, at most {silent.max()} together"
        )
    if slots[-1] + 1 > slots.size:
        _spread_over(rows, slots, interval_us)


def _spread_over(rows: Rows, slots: IntArray, interval_us: int) -> None:
    total = int(slots[-1]) + 1
    filled = np.ones(total, dtype=np.bool_)
    filled[slots] = False
    start_us = int(rows["time"][0])
    rows.keep(np.repeat(np.arange(slots.size), np.diff(slots, append=total)))
    for name in ("open", "high", "low"):
        rows.columns[name] = np.where(filled, rows["close"], rows[name])
    rows.columns["volume"] = np.where(filled, 0.0, rows["volume"])
    rows.columns["count"] = np.where(filled, 0, rows["count"])
    rows.columns["time"] = start_us + np.arange(total) * interval_us


def accept_missing_trades(rows: Rows, problems: Problems) -> None:
    """Require trade ids without holes; under ``flat`` the path simply holds the last price across one."""
    gap = steps_of(rows["id"]) > 1
    if not gap.any():
        return
    if problems.gaps == "refuse":
        raise rows.refusal(
            gap, "trade id {id}, and ids before it are missing", "ids that rise by 1", 'gaps = "flat"'
        )
    missing = int((steps_of(rows["id"])[gap] - 1).sum())
    rows.note(gap, f"gaps ({missing} trades)", "held at the last price")
