"""Answer every question about a path from one thing its subclass knows: the prints of a bar.

The rules of last, mark, crossing and trailing stand here once; klines, trades and straight lines differ only
in where prints come from.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from sim.market.bars import FloatArray, IntArray
from sim.market.grid import PriceGrid
from sim.market.mark import PUBLISHED_EVERY_US, Mark, MarkRule, source_of
from sim.market.marks import Marks, acts_on_mark
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
from sim.market.shocks import Overlay

# Bars kept in memory; a dropped bar is made again, with the same prints.
BARS_KEPT = 4_096

_CROSSINGS_KEPT = 8_192

_MARKED_TOGETHER_US = 300_000_000
_MARKED_TOGETHER_MOST = 8


class BarPrints:
    """Hold one bar's prints: times (µs since the start), ticks, and views that are quick to index.

    ``before`` is the price in force as the bar begins, ``before_ticks`` the same in ticks; ``marks`` are the bar's
    marks, and ``source`` what they are made from, once somebody asked.
    """

    __slots__ = (
        "before",
        "before_ticks",
        "marks",
        "price_at",
        "prices",
        "source",
        "ticks",
        "time_at",
        "times",
    )

    def __init__(self, times: IntArray, ticks: IntArray, before_ticks: int, grid: PriceGrid) -> None:
        self.times = times
        self.ticks = ticks
        self.before_ticks = before_ticks
        self.before = before_ticks * grid.units_per_tick / grid.scale
        self.marks: tuple[IntArray, IntArray] | None = None
        self.source: tuple[IntArray, int] | None = None
        self.prices = grid.prices_of(ticks)
        # A memoryview gives plain numbers in a third of the time numpy takes, and copies nothing.
        self.time_at: Sequence[int] = times.data
        self.price_at: Sequence[float] = self.prices.data


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
        mark: Mark,
        extremes: Extremes,
        exact: bool,
        overlay: Overlay | None = None,
    ) -> None:
        self.symbol = symbol
        self.epoch_us = epoch_us
        self.end_us = end_us
        self.bar_us = extremes.bar_us
        self.tick = grid.tick
        self._grid = grid
        self._extremes = extremes
        self._exact = exact
        self._overlay = overlay
        origin = source_of(mark)
        self.source = source + origin.describe()
        if overlay is not None:
            overlay.refuse_basis_below(origin.spec.basis_bps - origin.spec.most_bps)
        self._mark_rule = MarkRule(origin.spec, grid.units_per_tick)
        self._mark_delay_us = origin.spec.delay_us
        # Where the basis is constant and nothing makes the mark stand, bounds on last are bounds on the mark.
        self._marks = (
            Marks(
                origin,
                symbol=symbol,
                epoch_us=epoch_us,
                end_us=end_us,
                grid=grid,
                ticks_at=self._feed_at,
                overlay=overlay,
            )
            if origin.moves or acts_on_mark(overlay, end_us)
            else None
        )
        self._own_mark_extremes: Extremes | None = None
        # Only as many as are filled with prints at little cost: long bars are made one by one.
        self._marked_together = min(max(_MARKED_TOGETHER_US // self.bar_us, 1), _MARKED_TOGETHER_MOST)
        self._last_series = Series(self._last_values, 0, grid.units_per_tick, exact)
        units_per_mark = self._mark_rule.units_per_tick if self._marks is None else 1.0
        self._mark_series = Series(self._mark_values, self._mark_delay_us, units_per_mark, False)
        self._final_publication_us = self._publication_by(end_us - 1)
        self._bars: dict[int, BarPrints] = {}
        self._crossings: dict[tuple[bool, int, bool, int, int], int | None] = {}
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
        return self._crossing(self._extremes, self._last_series, level, rising, after_us, until_us)

    def mark(self, t_us: int) -> float:
        """Return the mark price visible at ``t_us``."""
        # What mark_time says, written out: every order and change of exposure asks for the mark.
        published_us = t_us - self._mark_delay_us
        published_us -= (self.epoch_us + published_us) % PUBLISHED_EVERY_US
        if published_us > self._final_publication_us:
            published_us = self._final_publication_us
        if published_us != self._mark_at:
            self._mark_price = self._mark_units(published_us) / self._grid.scale
            self._mark_at = published_us
        return self._mark_price

    def mark_time(self, t_us: int) -> int:
        """Return when the mark visible at ``t_us`` was published; negative for one from before the tape."""
        return min(self._publication_by(t_us - self._mark_delay_us), self._final_publication_us)

    def first_mark_crossing(self, level: float, rising: bool, after_us: int, until_us: int) -> int | None:
        """Return when a mark at or beyond ``level`` first shows in (``after_us``, ``until_us``], or None."""
        return self._crossing(self._mark_extremes(), self._mark_series, level, rising, after_us, until_us)

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
        extremes = self._mark_extremes() if use_mark else self._extremes
        followed = no_extreme(rising_extreme)
        if activation is None:
            bar = bar_at(extremes, series, after_us)
            start = Crossing(bar, bisect_right(series.values(bar)[0].data, after_us), after_us)
            followed = round((self.mark(after_us) if use_mark else self.last(after_us)) * self._grid.scale)
        else:
            units = self._grid.units_at_or_beyond(activation, rising_extreme)
            found = first_crossing(extremes, series, units, rising_extreme, after_us, until_us)
            if found is None:
                return None
            start = found
        hit = first_retreat(extremes, series, start, followed, rising_extreme, callback_rate, until_us)
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

    def halt_end_us(self, t_us: int) -> int | None:
        """Return when matching reopens if a declared halt holds at ``t_us``; None while it trades."""
        return None if self._overlay is None else self._overlay.halt_end_us(t_us)

    def _crossing(
        self, extremes: Extremes, series: Series, level: float, rising: bool, after_us: int, until_us: int
    ) -> int | None:
        units = self._grid.units_at_or_beyond(level, rising)
        # The ideal and the floor of an intent ask the same under every policy that runs on this path.
        asked = (series is self._mark_series, units, rising, after_us, until_us)
        if asked in self._crossings:
            return self._crossings[asked]
        if len(self._crossings) >= _CROSSINGS_KEPT:
            self._crossings.clear()
        found = first_crossing(extremes, series, units, rising, after_us, until_us)
        at_us = self._crossings[asked] = None if found is None else found.at_us
        return at_us

    def _price(self, ticks: int) -> float:
        return ticks * self._grid.units_per_tick / self._grid.scale

    def _index(self, t_us: int) -> int:
        index, most = t_us // self.bar_us, self._extremes.count - 1
        if index < 0:
            return 0
        return index if index < most else most

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
        bar = self._bar(self._index(t_us))
        position = bisect_right(bar.time_at, t_us)
        return int(bar.ticks[position - 1]) if position else bar.before_ticks

    def _publication_by(self, t_us: int) -> int:
        return t_us - (self.epoch_us + t_us) % PUBLISHED_EVERY_US

    def _last_values(self, index: int) -> tuple[IntArray, IntArray]:
        bar = self._bar(index)
        return bar.times, bar.ticks * self._grid.units_per_tick

    def _mark_values(self, index: int) -> tuple[IntArray, IntArray]:
        """Return when the marks published in a bar become visible, and the marks in units."""
        bar = self._bar(index)
        if bar.marks is None:
            bar.marks = self._make_marks(index)
        return bar.marks

    def _mark_source(self, index: int, bar: BarPrints) -> tuple[IntArray, int]:
        """Return the ticks from which the mark is made, at the times of the bar's prints and as it begins."""
        return bar.ticks, bar.before_ticks

    def _source(self, index: int, bar: BarPrints) -> tuple[IntArray, int]:
        if bar.source is None:
            bar.source = self._mark_source(index, bar)
        return bar.source

    def _mark_units(self, published_us: int) -> int:
        """Return, in units, what the publication at ``published_us`` says."""
        if self._marks is None:
            bar = self._bars.get(published_us // self.bar_us)
            if bar is None:
                bar = self._bar(self._index(published_us))
            ticks, before = bar.source or self._source(self._index(published_us), bar)
            position = bisect_right(bar.time_at, published_us)
            return self._mark_rule.units_of_tick(int(ticks[position - 1]) if position else before)
        index = self._index(published_us)
        bar = self._bar(index)
        if bar.marks is None:
            bar.marks = self._make_marks(index)
        times, units = bar.marks
        # They are published a second apart.
        position = (
            (published_us + self._mark_delay_us - times.item(0)) // PUBLISHED_EVERY_US if times.size else -1
        )
        if 0 <= position < times.size:
            return units.item(position)
        # The mark that shows as the run begins was published before any that shows during it.
        return int(self._marks.units(np.array([published_us], dtype=np.int64))[0])

    def _make_marks(self, index: int) -> tuple[IntArray, IntArray]:
        if self._marks is None:
            published = self._published(index, index + 1)
            return published + self._mark_delay_us, self._mark_rule.units_of(self._feed_at(published))
        # A minute's marks cost numpy calls, not seconds, and whoever asks about one minute asks about the next.
        first = index - index % self._marked_together
        stop = min(first + self._marked_together, self._extremes.count)
        published = self._published(first, stop)
        units, shown = self._marks.units(published), published + self._mark_delay_us
        begins = [
            0,
            *published.searchsorted(np.arange(first + 1, stop) * self.bar_us).tolist(),
            published.size,
        ]
        for place, (begin, end) in enumerate(pairwise(begins), start=first):
            self._bar(place).marks = shown[begin:end], units[begin:end]
        made = slice(begins[index - first], begins[index - first + 1])
        return shown[made], units[made]

    def _published(self, first: int, stop: int) -> IntArray:
        """Return when marks are published in the bars from ``first`` to before ``stop``."""
        start_us, stop_us = first * self.bar_us, min(stop * self.bar_us, self.end_us)
        if first == 0:
            # With a delay, marks published before the tape are still to be seen in its first moments.
            start_us = -self._mark_delay_us
        first_us = start_us + -(self.epoch_us + start_us) % PUBLISHED_EVERY_US
        return np.arange(first_us, stop_us, PUBLISHED_EVERY_US, dtype=np.int64)

    def _mark_extremes(self) -> Extremes:
        if self._marks is None:
            return self._extremes
        if self._own_mark_extremes is None:
            self._own_mark_extremes = self._marks.extremes(self._extremes)
        return self._own_mark_extremes

    def _feed_at(self, times: IntArray) -> IntArray:
        """Return what the mark is made from at each of the ascending ``times``, across bars, in ticks."""
        if not times.size:
            return times
        known_us: list[IntArray | list[int]] = []
        known: list[IntArray | list[int]] = []
        for index in range(self._index(times.item(0)), self._index(times.item(-1)) + 1):
            bar = self._bar(index)
            source, before = self._source(index, bar)
            # What a bar begins with stands as a print of its own before the others.
            known_us += ([index * self.bar_us], bar.times)
            known += ([before], source)
        latest = np.concatenate(known_us).searchsorted(times, side="right") - 1
        # A time of before the tape has no print: what the first bar begins with is clipped to.
        ticks: IntArray = np.concatenate(known).take(latest, mode="clip")
        return ticks
