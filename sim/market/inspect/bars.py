"""Look at klines: gaps, halts, ranges, and the columns no path reads but a careful reader does."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.market.bars import interval_name
from sim.market.files import RawFile
from sim.market.inspect import common
from sim.market.inspect.findings import Finding, Limits, Place, Ticks
from sim.market.inspect.reading import Reader, in_order, raw_rows, runs_of
from sim.market.repair import SILENCE_MAX_S
from sim.market.rows import Rows, steps_of

_PRICES = ("open", "high", "low", "close")
_SECOND_US = 1_000_000
# A single bar without a trade is common in thin markets; several in a row are a halt.
_HALT_BARS = 2
_HALT_SECONDS = 60
# Prices and volumes are rounded to decimals, so a mean price may miss its bar by that much.
_ROUNDING = 1e-3
_NEARLY_ALL = 0.9
_Mask = npt.NDArray[np.bool_]


def is_mark(rows: Rows) -> bool:
    """Tell mark and index price klines from traded ones: their volume is 0 throughout (binance-facts 9)."""
    return len(rows) > 1 and not rows["volume"].any()


def findings(
    files: list[RawFile], reader: Reader, interval_us: int, ticks: Ticks | None, limits: Limits
) -> tuple[Rows, list[Finding]]:
    """Return the rows in order and what is odd about them, faults the loader refuses first."""
    raw, rows = raw_rows(files, "bars", reader), in_order(files, "bars", reader)
    found = common.times_in_us(files, reader, raw) + common.disorder(raw) + common.repeats(raw)
    found += _gaps(rows, interval_us) + _broken(rows)
    mark = is_mark(rows)
    if ticks is not None and not mark:
        found += common.off_tick(rows, _PRICES, ticks)
    if not mark:
        found += _halts(rows, interval_us) + _moves_without_trades(rows)
        if "quote_volume" in rows.columns:
            found += _quote_volume(rows)
    if "close_time" in rows.columns:
        found += _close_time(rows, interval_us)
    return rows, found + common.jumps(rows, "close", limits) + _far_wicks(rows, limits)


def _gaps(rows: Rows, interval_us: int) -> list[Finding]:
    steps = steps_of(rows["time"])
    # The loader's rule: quiet seconds are simply absent.
    longest_us = SILENCE_MAX_S * _SECOND_US if interval_us == _SECOND_US else interval_us
    found = []
    marked = np.flatnonzero(steps > longest_us)
    if marked.size:
        missing = steps[marked] // interval_us - 1
        places = tuple(
            common.stretch(
                rows,
                int(index),
                int(rows["time"][index - 1]) + interval_us,
                int(bars) * interval_us,
                f"{bars:,} {'bar' if bars == 1 else 'bars'}",
            )
            for index, bars in zip(marked, missing, strict=True)
        )
        text = f"stretches without bars, {missing.sum():,} bars in all"
        found.append(Finding("gaps", int(marked.size), text, places, 'gaps = "flat"'))
    quiet = (steps > interval_us) & (steps <= longest_us)
    if quiet.any():
        silent = steps[quiet] // interval_us - 1
        text = f"seconds without a trade are absent, at most {silent.max():,} together; they load flat"
        found.append(Finding("quiet seconds", int(silent.sum()), text))
    return found


def _broken(rows: Rows) -> list[Finding]:
    highest = np.maximum.reduce([rows[name] for name in _PRICES])
    lowest = np.minimum.reduce([rows[name] for name in _PRICES])
    broken = (rows["high"] < highest) | (rows["low"] > lowest)
    places = _places(rows, broken, lambda i: " ".join(f"{name} {rows[name][i]:.12g}" for name in _PRICES))
    return _one("broken range", broken, "bars whose open or close lies outside low to high", places, "widen")


def _one(
    name: str, marked: _Mask, text: str, places: tuple[Place, ...], treatment: str | None = None
) -> list[Finding]:
    if not marked.any():
        return []
    policy = f'broken_ohlc = "{treatment}"' if treatment else None
    return [Finding(name, int(marked.sum()), text, places, policy)]


def _places(rows: Rows, marked: _Mask, text: object) -> tuple[Place, ...]:
    return tuple(
        common.moment(rows, int(index), text(int(index)) if callable(text) else "")
        for index in np.flatnonzero(marked)
    )


def _idle(rows: Rows) -> _Mask:
    idle: _Mask = rows["volume"] == 0
    return idle


def _halts(rows: Rows, interval_us: int) -> list[Finding]:
    least = _HALT_SECONDS if interval_us == _SECOND_US else _HALT_BARS
    idle = _idle(rows)
    # A stretch ends at a gap: what is missing there is reported as missing.
    breaks = np.flatnonzero(steps_of(rows["time"]) > interval_us)
    runs = []
    for first, last in runs_of(idle):
        cuts = [int(place) for place in breaks[(breaks > first) & (breaks <= last)]]
        runs += list(zip([first, *cuts], [*(cut - 1 for cut in cuts), last], strict=True))
    halts = [(first, last) for first, last in runs if last - first + 1 >= least]
    if not idle.any():
        return []
    places = tuple(
        common.stretch(
            rows,
            first,
            int(rows["time"][first]),
            (last - first + 1) * interval_us,
            f"{last - first + 1:,} bars of volume 0",
        )
        for first, last in halts
    )
    if not halts:
        text = f"bars of volume 0, never {least} together"
        return [Finding("idle bars", int(idle.sum()), text)]
    text = f"stretches of {least} bars or more with volume 0; {int(idle.sum()):,} such bars in all"
    return [Finding("halts", len(halts), text, places)]


def _moves_without_trades(rows: Rows) -> list[Finding]:
    odd = _idle(rows) & (rows["high"] != rows["low"])
    places = _places(rows, odd, lambda i: f"low {rows['low'][i]:.12g} high {rows['high'][i]:.12g}")
    found = _one("moves without trades", odd, "bars of volume 0 whose price moves", places)
    counted = (rows["count"] == 0) & (rows["volume"] > 0)
    return found + _one(
        "volume without trades", counted, "bars with a volume and a count of 0", _places(rows, counted, None)
    )


def _close_time(rows: Rows, interval_us: int) -> list[Finding]:
    closes = rows["close_time"]
    # Ends in ms are those of the last ms, ends in µs those of the last µs (binance-facts 9).
    in_us = closes >= 10**15
    expected = np.where(
        in_us, rows["time"] + interval_us - 1, rows["time"] // 1_000 + interval_us // 1_000 - 1
    )
    wrong = closes != expected
    places = _places(rows, wrong, lambda i: f"close_time {closes[i]:.0f}, expected {expected[i]}")
    text = (
        f"bars whose close_time is not their end, {interval_name(interval_us)} after the open; it is not read"
    )
    return _one("close time", wrong, text, places)


def _quote_volume(rows: Rows) -> list[Finding]:
    traded = rows["volume"] > 0
    mean = np.divide(rows["quote_volume"], rows["volume"], out=rows["close"].copy(), where=traded)
    low, high = rows["low"] * (1 - _ROUNDING), rows["high"] * (1 + _ROUNDING)
    off = traded & ((mean < low) | (mean > high))
    if not off.any():
        return []
    if off.sum() > _NEARLY_ALL * traded.sum():
        text = "bars, nearly all, whose quote volume is not volume x price: COIN-M counts contracts, not the asset"
        return [Finding("quote volume", int(off.sum()), text)]
    places = _places(rows, off, lambda i: f"mean price {mean[i]:.12g}, close {rows['close'][i]:.12g}")
    return _one("quote volume", off, "bars whose quote volume is not volume x price; it is not read", places)


def _far_wicks(rows: Rows, limits: Limits) -> list[Finding]:
    if len(rows) < 3:
        return []
    high, low = rows["high"], rows["low"]
    top = np.maximum.reduce([rows["open"][1:-1], rows["close"][1:-1], high[:-2], high[2:]])
    bottom = np.minimum.reduce([rows["open"][1:-1], rows["close"][1:-1], low[:-2], low[2:]])
    beyond = np.maximum(high[1:-1] / top - 1, 1 - low[1:-1] / bottom) * 100
    far = np.concatenate(([False], beyond > limits.far_pct, [False]))
    places = _places(rows, far, lambda i: f"{beyond[i - 1]:.2f} % beyond body and neighbours")
    text = f"bars with a wick more than {limits.far_pct:g} % beyond their own body and both neighbours"
    return _one("far wicks", far, text, places)
