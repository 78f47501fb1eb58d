"""Compute the marks of a path: of last and a basis process, or of last held to recorded mark klines.

Assumptions.  A recorded bar opens with the first mark published in it and closes with the last one; there the mark is
the recorded one, truncated.  In between the process fills in: what it misses at the two ends is taken out along a
straight line, and the result is cut to the bar's recorded range.  Shocks move a recorded mark by the factor they put
on last.  While the mark stands it is published each second anew with the value of before.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.errors import InputError
from sim.market.bars import Bars, FloatArray, IntArray
from sim.market.basis import BasisProcess
from sim.market.grid import NOISE, PriceGrid
from sim.market.mark import PUBLISHED_EVERY_US, MarkSource
from sim.market.search import Extremes
from sim.market.shocks import Overlay

_BLOCKS_KEPT = 4_096

TicksAt = Callable[[IntArray], IntArray]
"""A function from ascending times (µs since the start) to what the mark is made from, in ticks, at each."""


class Marks:
    """Answer what mark is published at whole Unix seconds; a pure function of the time.

    ``ticks_at`` gives what the mark is made from.  Raises :class:`InputError` when mark klines do not cover the tape
    or count in parts of a second.
    """

    def __init__(
        self,
        source: MarkSource,
        *,
        symbol: str,
        epoch_us: int,
        end_us: int,
        grid: PriceGrid,
        ticks_at: TicksAt,
        overlay: Overlay | None,
    ) -> None:
        self._spec = source.spec
        self._epoch_us = epoch_us
        self._grid = grid
        self._ticks_at = ticks_at
        self._overlay = overlay
        self._process = BasisProcess(source.spec, source.seed, symbol)
        self._first_us = -epoch_us % PUBLISHED_EVERY_US
        self._final_us = max(end_us - 1 - (epoch_us + end_us - 1) % PUBLISHED_EVERY_US, self._first_us)
        self._tape = source.bars
        self._blocks: dict[int, tuple[int, FloatArray]] = {}
        if source.bars is not None:
            _refuse_unfit(source.bars, symbol, epoch_us, end_us)

    def units(self, published: IntArray) -> IntArray:
        """Return the marks, in units, published at ``published``: times on the grid, one second apart."""
        units = self._fresh(published)
        if self._overlay is not None and published.size:
            stands = self._overlay.mark_stands(int(published[0]), int(published[-1]) + 1)
            for stretch, as_of_us in stands:
                inside = (published >= stretch.from_us) & (published < stretch.until_us)
                units[inside] = self._fresh(np.array([as_of_us], dtype=np.int64))
        return units

    def extremes(self, of_last: Extremes) -> Extremes:
        """Return bounds on the marks published in each bar, in units, from bounds on last in ticks.

        Last, its mean over the window, and the noise and bursts at their most bound every mark.
        """
        low, high = self._modelled_bounds(of_last) if self._tape is None else self._recorded_bounds(of_last)
        if self._overlay is not None:
            starts = np.arange(of_last.count, dtype=np.int64) * of_last.bar_us
            least, most = self._overlay.basis_bounds(starts, of_last.bar_us)
            # Marks of before the tape show in the first bar, and no shock has begun by then.
            least[0], most[0] = min(least[0], 0.0), max(most[0], 0.0)
            # In either way of adding them bps act on a price that the bounds so far, or last, hold.
            low = low + np.minimum(least, 0.0) / 1e4 * self._highest_base(of_last, high)
            high = high + np.maximum(most, 0.0) / 1e4 * self._highest_base(of_last, high)
        lowest = np.floor(low).astype(np.int64) - 1
        highest = np.ceil(high).astype(np.int64) + 1
        if self._overlay is not None:
            lowest, highest = self._overlay.standing_bounds(lowest, highest, of_last.bar_us)
        return Extremes(lowest, highest, of_last.bar_us)

    def _highest_base(self, of_last: Extremes, high: FloatArray) -> FloatArray:
        base: FloatArray = np.maximum(high, of_last.high * float(self._grid.units_per_tick))
        return base

    def _fresh(self, published: IntArray) -> IntArray:
        values = self._modelled(published) if self._tape is None else self._recorded(self._tape, published)
        units: IntArray = np.floor(values + NOISE).astype(np.int64)
        return units

    def _modelled(self, published: IntArray) -> FloatArray:
        last, ratio = self._last_and_ratio(published)
        if self._overlay is not None:
            ratio = ratio + self._overlay.basis_bps(published) / 1e4
        return last * (1.0 + ratio)

    def _last_and_ratio(self, published: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return what the mark is made from, in units, and the basis that the process gives."""
        window = self._process.window_s
        seconds = (published + self._epoch_us) // PUBLISHED_EVERY_US
        followed: FloatArray | float = 0.0
        if window == 1 or not published.size:
            ticks = self._ticks_at(published)
        else:
            first_us = int(published[0]) - (window - 1) * PUBLISHED_EVERY_US
            seen = self._ticks_at(np.arange(first_us, int(published[-1]) + 1, PUBLISHED_EVERY_US))
            ticks = seen[window - 1 :]
            sums = np.zeros(seen.size + 1, dtype=np.int64)
            np.cumsum(seen, out=sums[1:])
            means: FloatArray = (sums[window:] - sums[:-window]) / np.float64(window)
            followed = means / ticks - 1.0
        last: FloatArray = ticks * np.float64(self._grid.units_per_tick)
        return last, self._process.ratios(seconds, followed)

    # -- recorded -------------------------------------------------------------------------------------

    def _recorded(self, tape: Bars, published: IntArray) -> FloatArray:
        # Before the tape and after it stands the nearest mark of it.
        held = np.clip(published, self._first_us, self._final_us)
        bars = np.clip((held + self._epoch_us - tape.epoch_us) // tape.interval_us, 0, len(tape) - 1)
        values = np.empty(published.size)
        for bar in np.unique(bars).tolist():
            first_us, block = self._block(tape, bar)
            inside = bars == bar
            values[inside] = block[(held[inside] - first_us) // PUBLISHED_EVERY_US]
        if self._overlay is not None:
            values *= 1.0 + self._overlay.basis_bps(published) / 1e4
        return values

    def _block(self, tape: Bars, bar: int) -> tuple[int, FloatArray]:
        """Return the first publication of a recorded bar that lies on the tape, and the bar's marks from there on."""
        found = self._blocks.get(bar)
        if found is None:
            if len(self._blocks) >= _BLOCKS_KEPT:
                del self._blocks[next(iter(self._blocks))]
            found = self._blocks[bar] = self._make_block(tape, bar)
        return found

    def _make_block(self, tape: Bars, bar: int) -> tuple[int, FloatArray]:
        start_us = tape.epoch_us + bar * tape.interval_us - self._epoch_us
        opens_us = start_us + -(self._epoch_us + start_us) % PUBLISHED_EVERY_US
        closes_us = opens_us + (tape.interval_us - 1) // PUBLISHED_EVERY_US * PUBLISHED_EVERY_US
        first_us, last_us = max(opens_us, self._first_us), min(closes_us, self._final_us)
        published = np.arange(first_us, last_us + 1, PUBLISHED_EVERY_US, dtype=np.int64)
        last, ratio = self._last_and_ratio(published)
        factor = np.ones(published.size) if self._overlay is None else self._overlay.factor(published)
        ends = np.array([0, published.size - 1])
        # A tape that begins or ends inside the bar meets the recorded mark on the line from open to close.
        opened, closed = float(tape.open[bar]), float(tape.close[bar])
        share = (published[ends] - opens_us) / (closes_us - opens_us) if closes_us > opens_us else np.ones(2)
        recorded = (opened + (closed - opened) * share) * self._grid.scale * factor[ends]
        missing = recorded / last[ends] - 1.0 - ratio[ends]
        values = last * (1.0 + ratio + np.interp(published, published[ends], missing))
        values[ends] = recorded
        bounds = (float(tape.low[bar]) * self._grid.scale, float(tape.high[bar]) * self._grid.scale)
        return first_us, np.clip(values, bounds[0] * factor, bounds[1] * factor)

    # -- bounds ---------------------------------------------------------------------------------------

    def _modelled_bounds(self, of_last: Extremes) -> tuple[FloatArray, FloatArray]:
        back = -(-(self._process.window_s - 1) * PUBLISHED_EVERY_US // of_last.bar_us)
        low, high = of_last.low.astype(np.float64), of_last.high.astype(np.float64)
        for shift in range(1, min(back, of_last.count - 1) + 1):
            np.minimum(low[shift:], of_last.low[:-shift], out=low[shift:])
            np.maximum(high[shift:], of_last.high[:-shift], out=high[shift:])
        most, constant = self._spec.most_bps / 1e4, self._spec.basis_bps / 1e4
        units = float(self._grid.units_per_tick)
        lowest = low - high * most + constant * (low if constant > 0 else high)
        highest = high * (1.0 + most) + constant * (high if constant > 0 else low)
        return lowest * units, highest * units

    def _recorded_bounds(self, of_last: Extremes) -> tuple[FloatArray, FloatArray]:
        tape = self._tape
        assert tape is not None
        starts = np.arange(of_last.count, dtype=np.int64) * of_last.bar_us
        offset_us = self._epoch_us - tape.epoch_us
        final = len(tape) - 1
        first = np.clip((starts + offset_us) // tape.interval_us, 0, final)
        last = np.clip((starts + of_last.bar_us - 1 + offset_us) // tape.interval_us, 0, final)
        low, high = tape.low[first], tape.high[first]
        for shift in range(1, int((last - first).max()) + 1):
            bars = np.minimum(first + shift, last)
            low, high = np.minimum(low, tape.low[bars]), np.maximum(high, tape.high[bars])
        low, high = low * self._grid.scale, high * self._grid.scale
        if self._overlay is not None:
            floors, ceilings = np.floor(low).astype(np.int64), np.ceil(high).astype(np.int64)
            moved = self._overlay.bounds(floors, ceilings, of_last.bar_us)
            return moved[0].astype(np.float64), moved[1].astype(np.float64)
        return low, high


def acts_on_mark(overlay: Overlay | None, end_us: int) -> bool:
    """Tell whether shocks do more to the mark than move what it is made from: add basis, or let it stand."""
    if overlay is None:
        return False
    least, most = overlay.basis_bounds(np.zeros(1, dtype=np.int64), end_us)
    return bool(least[0] or most[0] or overlay.mark_stands(0, end_us))


def _refuse_unfit(bars: Bars, symbol: str, epoch_us: int, end_us: int) -> None:
    where = "market.mark.klines"
    if bars.interval_us % PUBLISHED_EVERY_US or bars.epoch_us % PUBLISHED_EVERY_US:
        raise InputError(where, bars.source, "bars of whole seconds")
    ends_us = bars.epoch_us + bars.end_us
    if bars.epoch_us > epoch_us or ends_us < epoch_us + end_us:
        given = f"{bars.source}, Unix {bars.epoch_us // 10**6} to {ends_us // 10**6} s"
        tape = f"mark klines that cover the tape of {symbol}, {epoch_us // 10**6} to {(epoch_us + end_us) // 10**6} s"
        raise InputError(where, given, tape)
