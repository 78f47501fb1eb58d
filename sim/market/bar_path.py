"""Answer every question about a path from one thing its subclass knows: the prints of a bar.

The rules of last, mark, crossing and trailing stand here once; klines, trades and straight lines differ only
in where prints come from.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from typing import cast

import numpy as np

from sim.market.bars import FloatArray, IntArray
from sim.market.grid import PriceGrid
from sim.market.mark import PUBLISHED_EVERY_US, MarkRule, MarkSpec
from sim.market.search import (
    Crossing,
    Extremes,
    Series,
    Trail,
    bar_at,
    first_crossing,
    first_retreat,
    no_extreme,
)

# Bars kept in memory; a dropped bar is made again, with the same prints.
BARS_KEPT = 4_096


class BarPrints:
    """Hold one bar's prints: times (µs since the start), ticks, and views that are quick to index.

    ``before`` is the price in force as the bar begins, ``before_ticks`` the same in ticks; ``marks`` are the bar's
    marks once somebody asked.
    """

    __slots__ = ("before", "before_ticks", "marks", "price_at", "prices", "ticks", "time_at", "times")

    def __init__(self, times: IntArray, ticks: IntArray, before_ticks: int, grid: PriceGrid) -> None:
        self.times = times
        self.ticks = ticks
        self.before_ticks = before_ticks
        self.before = before_ticks * grid.units_per_tick / grid.scale
        self.marks: tuple[IntArray, IntArray] | None = None
        self.prices = grid.prices_of(ticks)
        # A memoryview gives plain numbers in a third of the time numpy takes, and copies nothing.
        self.time_at = cast(Sequence[int], times.data)
        self.price_at = cast(Sequence[float], self.prices.data)


class BarPath(ABC):
    """Implement :class:`sim.market.PricePath` over bars of ``bar_us``, the first of which opens at 0."""

    def __init__(
        self,
        *,
        symbol: str,
        epoch_us: int,
        end_us: int,
        grid: PriceGrid,
        source: str,
        mark: MarkSpec,
        extremes: Extremes,
        exact: bool,
    ) -> None:
        self.symbol = symbol
        self.epoch_us = epoch_us
        self.end_us = end_us
        self.bar_us = extremes.bar_us
        self.tick = grid.tick
        self.source = source
        self._grid = grid
        self._extremes = extremes
        self._exact = exact
        self._mark_rule = MarkRule(mark, grid.units_per_tick)
        self._mark_delay_us = mark.delay_us
        self._last_series = Series(self._last_values, 0, grid.units_per_tick, exact)
        self._mark_series = Series(self._mark_values, mark.delay_us, self._mark_rule.units_per_tick, False)
        self._final_publication_us = self._publication_by(end_us - 1)
        self._bars: dict[int, BarPrints] = {}
        self._mark_at: int | None = None
        self._mark_price = 0.0

    @abstractmethod
    def _make_prints(self, index: int) -> tuple[IntArray, IntArray]:
        """Return times and ticks of the prints of bar ``index``; times may tie, never step back."""

    @abstractmethod
    def _ticks_before(self, index: int, ticks: IntArray) -> int:
        """Return the price, in ticks, in force as bar ``index`` of prints ``ticks`` begins."""

    @abstractmethod
    def bar_volume(self, t_us: int) -> float:
        """Return the volume (base asset) of the bar that holds ``t_us``."""

    def last(self, t_us: int) -> float:
        """Return the price of the latest print at or before ``t_us``; before the first print, its price."""
        bar = self._bars.get(t_us // self.bar_us)
        if bar is None:
            bar = self._bar(self._index(t_us))
        position = bisect_right(bar.time_at, t_us)
        return bar.price_at[position - 1] if position else bar.before

    def prints(self, from_us: int, to_us: int) -> tuple[IntArray, FloatArray]:
        """Return times and prices of the prints in [``from_us``, ``to_us``)."""
        first = self._index(from_us)
        bars = [self._bar(index) for index in range(first, self._index(to_us - 1) + 1)]
        if not bars:
            return np.empty(0, dtype=np.int64), np.empty(0)
        times = np.concatenate([bar.times for bar in bars])
        prices = np.concatenate([bar.prices for bar in bars])
        inside = np.s_[times.searchsorted(from_us) : times.searchsorted(to_us)]
        return times[inside], prices[inside]

    def first_last_crossing(self, level: float, rising: bool, after_us: int, until_us: int) -> int | None:
        """Return when last is first at or beyond ``level`` in (``after_us``, ``until_us``], or None."""
        return self._crossing(self._last_series, level, rising, after_us, until_us)

    def mark(self, t_us: int) -> float:
        """Return the mark price visible at ``t_us``."""
        published_us = self.mark_time(t_us)
        if published_us != self._mark_at:
            units = self._mark_rule.units_of_tick(self._ticks_at(published_us))
            self._mark_price = units / self._grid.scale
            self._mark_at = published_us
        return self._mark_price

    def mark_time(self, t_us: int) -> int:
        """Return when the mark visible at ``t_us`` was published; negative for one from before the tape."""
        return min(self._publication_by(t_us - self._mark_delay_us), self._final_publication_us)

    def first_mark_crossing(self, level: float, rising: bool, after_us: int, until_us: int) -> int | None:
        """Return when a mark at or beyond ``level`` first shows in (``after_us``, ``until_us``], or None."""
        return self._crossing(self._mark_series, level, rising, after_us, until_us)

    def first_trailing_trigger(
        self,
        activation: float | None,
        callback_rate: float,
        rising_extreme: bool,
        after_us: int,
        until_us: int,
        use_mark: bool,
    ) -> Trail | None:
        """Return the trigger of a trailing stop armed after ``after_us``, or None; see :class:`PricePath`."""
        series = self._mark_series if use_mark else self._last_series
        followed = no_extreme(rising_extreme)
        if activation is None:
            bar = bar_at(self._extremes, series, after_us)
            start = Crossing(bar, bisect_right(series.values(bar)[0].data, after_us), after_us)
            followed = round((self.mark(after_us) if use_mark else self.last(after_us)) * self._grid.scale)
        else:
            units = self._grid.units_at_or_beyond(activation, rising_extreme)
            found = first_crossing(self._extremes, series, units, rising_extreme, after_us, until_us)
            if found is None:
                return None
            start = found
        hit = first_retreat(self._extremes, series, start, followed, rising_extreme, callback_rate, until_us)
        return None if hit is None else Trail(start.at_us, hit[0], hit[1] / self._grid.scale)

    def bar_extremes(self, t_us: int) -> tuple[float, float]:
        """Return the lowest and highest print of the bar at ``t_us``; the price in force if it has none."""
        index = self._index(t_us)
        if self._exact:
            low, high = int(self._extremes.low[index]), int(self._extremes.high[index])
        else:
            ticks, before = self._bar(index).ticks, self._bar(index).before_ticks
            low, high = (int(ticks.min()), int(ticks.max())) if ticks.size else (before, before)
        return self._price(low), self._price(high)

    def _crossing(
        self, series: Series, level: float, rising: bool, after_us: int, until_us: int
    ) -> int | None:
        units = self._grid.units_at_or_beyond(level, rising)
        found = first_crossing(self._extremes, series, units, rising, after_us, until_us)
        return None if found is None else found.at_us

    def _price(self, ticks: int) -> float:
        return ticks * self._grid.units_per_tick / self._grid.scale

    def _index(self, t_us: int) -> int:
        return min(max(t_us // self.bar_us, 0), self._extremes.count - 1)

    def _bar(self, index: int) -> BarPrints:
        bar = self._bars.get(index)
        if bar is None:
            if len(self._bars) >= BARS_KEPT:
                del self._bars[next(iter(self._bars))]
            times, ticks = self._make_prints(index)
            before_ticks = self._ticks_before(index, ticks)
            bar = self._bars[index] = BarPrints(times, ticks, before_ticks, self._grid)
        return bar

    def _ticks_at(self, t_us: int) -> int:
        return round(self.last(t_us) * self._grid.scale / self._grid.units_per_tick)

    def _publication_by(self, t_us: int) -> int:
        return t_us - (self.epoch_us + t_us) % PUBLISHED_EVERY_US

    def _last_values(self, index: int) -> tuple[IntArray, IntArray]:
        bar = self._bar(index)
        return bar.times, bar.ticks * self._grid.units_per_tick

    def _mark_values(self, index: int) -> tuple[IntArray, IntArray]:
        """Return when the marks published in a bar become visible, and the marks in units."""
        bar = self._bar(index)
        if bar.marks is None:
            bar.marks = self._make_marks(index, bar)
        return bar.marks

    def _make_marks(self, index: int, bar: BarPrints) -> tuple[IntArray, IntArray]:
        start_us, stop_us = index * self.bar_us, min((index + 1) * self.bar_us, self.end_us)
        if index == 0:
            # With a delay, marks published before the tape are still to be seen in its first moments.
            start_us = -self._mark_delay_us
        first_us = start_us + -(self.epoch_us + start_us) % PUBLISHED_EVERY_US
        published = np.arange(first_us, stop_us, PUBLISHED_EVERY_US, dtype=np.int64)
        before = bar.before_ticks
        if bar.ticks.size:
            position = bar.times.searchsorted(published, side="right")
            ticks = np.where(position > 0, bar.ticks[position - 1], before)
        else:
            ticks = np.full(published.size, before, dtype=np.int64)
        return published + self._mark_delay_us, self._mark_rule.units_of(ticks)
