"""Walk the price through recorded bars, each filled with seeded prints when it is first asked for."""

from __future__ import annotations

from sim.chance import key_of, mix
from sim.market.bar_path import BarPath, BarPrints
from sim.market.bars import Bars, IntArray
from sim.market.grid import PriceGrid
from sim.market.inside import BRIDGE, BarTicks, Inside
from sim.market.mark import MARK_IS_LAST, Mark
from sim.market.search import Extremes
from sim.market.shocks import Moved, Overlay, Shock, describe_shocks

_SEED_MASK = (1 << 64) - 1


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
        self._open, self._high, self._low, self._close = (
            grid.ticks_of(values, f"{bars.source}: {name}", snap=snap_to_tick)
            for name, values in (
                ("open", bars.open),
                ("high", bars.high),
                ("low", bars.low),
                ("close", bars.close),
            )
        )
        self._inside = inside
        self._key = mix(seed & _SEED_MASK, key_of(f"path.{bars.symbol}"))
        overlay = Overlay(shocks, bars.epoch_us, bars.end_us) if shocks else None
        low, high = self._low, self._high
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

    def _undisturbed(self, index: int) -> tuple[IntArray, IntArray]:
        bars = self._bars_read
        start_us = index * self.bar_us
        bar = BarTicks(
            int(self._open[index]),
            int(self._high[index]),
            int(self._low[index]),
            int(self._close[index]),
            int(bars.count[index]),
            float(bars.volume[index]) * float(bars.high[index] + bars.low[index]) / 2,
        )
        times, ticks = self._inside.prints(mix(self._key, self.epoch_us + start_us), bar, self.bar_us)
        return times + start_us, ticks

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
