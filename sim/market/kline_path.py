"""Walk the price through recorded bars, each filled with seeded prints when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from sim.chance import key_of, mix
from sim.market.bar_path import BarPath, BarPrints
from sim.market.bars import Bars, IntArray
from sim.market.grid import PriceGrid
from sim.market.inside import BRIDGE, BarTicks, Inside
from sim.market.mark import MARK_IS_LAST, Mark
from sim.market.search import Extremes
from sim.market.shocks import Moved, Overlay, Shock, describe_shocks

_SEED_MASK = (1 << 64) - 1
_BARS_OF_KEPT_TAPES: Final = 1_440
"""Longer tapes are too large to be kept beside the paths that are made of them."""


def _ticks_of(
    bars: Bars, tick: float, price_decimals: int, snap: bool
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Return open, high, low and close in ticks, for all to share."""
    grid = PriceGrid(tick, price_decimals)
    found = [
        grid.ticks_of(getattr(bars, name), f"{bars.source}: {name}", snap=snap)
        for name in ("open", "high", "low", "close")
    ]
    for ticks in found:
        ticks.flags.writeable = False
    return found[0], found[1], found[2], found[3]


# They depend on no seed, and every run of a campaign has another one.
_kept_ticks = lru_cache(maxsize=8)(_ticks_of)


class TapeTicks:
    """Hold a tape's bars in ticks, and the prints that fill them before any shock.

    Arguments and errors are those of :class:`KlinePath`.  Prints that were made once are kept.
    """

    def __init__(
        self, bars: Bars, *, tick: float, price_decimals: int, seed: int, inside: Inside, snap: bool
    ) -> None:
        self._bars = bars
        read = _kept_ticks if len(bars) <= _BARS_OF_KEPT_TAPES else _ticks_of
        self.open, self.high, self.low, self.close = read(bars, tick, price_decimals, snap)
        self._inside = inside
        self._key = mix(seed & _SEED_MASK, key_of(f"path.{bars.symbol}"))
        self._kept: dict[int, tuple[IntArray, IntArray]] = {}

    def kept_prints(self, index: int) -> tuple[IntArray, IntArray]:
        """Return what :meth:`prints` does; made once for all paths that differ only in their shocks."""
        found = self._kept.get(index)
        if found is None:
            found = self._kept[index] = self.prints(index)
        return found

    def prints(self, index: int) -> tuple[IntArray, IntArray]:
        """Return times (µs since the start) and ticks of the prints of bar ``index``."""
        bars = self._bars
        start_us = index * bars.interval_us
        bar = BarTicks(
            int(self.open[index]),
            int(self.high[index]),
            int(self.low[index]),
            int(self.close[index]),
            int(bars.count[index]),
            float(bars.volume[index]) * float(bars.high[index] + bars.low[index]) / 2,
        )
        times, ticks = self._inside.prints(mix(self._key, bars.epoch_us + start_us), bar, bars.interval_us)
        return times + start_us, ticks


_kept_tape = lru_cache(maxsize=8)(TapeTicks)


class KlinePath(BarPath):
    """Fill recorded bars with prints on tick that touch open, high, low and close exactly.

    A bar's prints depend on seed, symbol and its Unix open time alone: not on the stretch loaded, nor on what
    was asked before.  ``snap_to_tick`` moves prices between two ticks to the nearest one.  Raises
    :class:`InputError` for such a price otherwise, for a tick finer than the price precision, or for a shock
    that begins after the tape.
    """

    def __init__(
        self,
        bars: Bars,
        *,
        tick: float,
        seed: int,
        price_decimals: int,
        inside: Inside = BRIDGE,
        mark: Mark = MARK_IS_LAST,
        shocks: tuple[Shock, ...] = (),
        snap_to_tick: bool = False,
    ) -> None:
        grid = PriceGrid(tick, price_decimals)
        self._bars_read = bars
        # A hunt lays many shocks over one tape.
        keeps = bool(shocks) and len(bars) <= _BARS_OF_KEPT_TAPES
        read: Callable[..., TapeTicks] = _kept_tape if keeps else TapeTicks
        tape = read(
            bars, tick=tick, price_decimals=price_decimals, seed=seed, inside=inside, snap=snap_to_tick
        )
        self._undisturbed = tape.kept_prints if keeps else tape.prints
        self._open = tape.open
        overlay = Overlay(shocks, bars.epoch_us, bars.end_us) if shocks else None
        low, high = tape.low, tape.high
        if overlay is not None:
            overlay.refuse_beyond(grid, float(bars.high.max()))
            low, high = overlay.bounds(low, high, bars.interval_us)
        super().__init__(
            symbol=bars.symbol,
            epoch_us=bars.epoch_us,
            end_us=bars.end_us,
            grid=grid,
            source=f"{inside.describe(bars.interval_us)} of {bars.symbol}, {bars.source}"
            + describe_shocks(shocks, overlay),
            mark=mark,
            extremes=Extremes(low, high, bars.interval_us),
            exact=overlay is None,
            overlay=overlay,
        )

    def bar_volume(self, t_us: int) -> float:
        """Return the volume (base asset) of the bar that holds ``t_us``."""
        return float(self._bars_read.volume[self._index(t_us)])

    def _make_prints(self, index: int) -> tuple[IntArray, IntArray]:
        times, ticks = self._undisturbed(index)
        if self._overlay is None:
            return times, ticks
        moved = self._moved(index, times, ticks)
        return moved.times, moved.ticks

    def _ticks_before(self, index: int, ticks: IntArray) -> int:
        # Every bar prints its open as it begins, so nothing earlier is in force inside it, except in a halt.
        halt = None if self._overlay is None else self._overlay.halts.at(index * self.bar_us)
        if halt is None or (halt.from_us == 0 and ticks.size):
            return int(ticks[0])
        # Before the first print its price is in force, and a halt from the start on puts that print off.
        return self._ticks_at(halt.from_us - 1 if halt.from_us else halt.until_us)

    def _mark_source(self, index: int, bar: BarPrints) -> tuple[IntArray, int]:
        if self._overlay is None or not self._overlay.parts_last_from_mark:
            return bar.ticks, bar.before_ticks
        source = self._moved(index, *self._undisturbed(index)).source_ticks
        halt = self._overlay.halts.at(index * self.bar_us)
        if halt is None or (halt.from_us == 0 and source.size):
            return source, int(source[0])
        if halt.from_us == 0:
            reopening = self._index(halt.until_us)
            return source, int(self._source(reopening, self._bar(reopening))[0][0])
        # The mark stands while a bar begins inside a halt, so nothing is made from what it begins with.
        return source, bar.before_ticks

    def _moved(self, index: int, times: IntArray, ticks: IntArray) -> Moved:
        assert self._overlay is not None
        start_us = index * self.bar_us
        return self._overlay.apply(times, ticks, int(self._open[index]), start_us, start_us + self.bar_us)
