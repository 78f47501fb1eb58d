"""Walk the price through recorded bars, each filled with seeded prints when it is first asked for."""

from __future__ import annotations

import numpy as np

from sim.chance import key_of, mix
from sim.market.bar_path import BarPath
from sim.market.bars import Bars, IntArray, interval_name
from sim.market.bridge import bridge, print_count
from sim.market.grid import PriceGrid
from sim.market.mark import MARK_IS_LAST, MarkSpec
from sim.market.search import Extremes
from sim.market.shock import Crash, Drift, Overlay, describe_shocks

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
        mark: MarkSpec = MARK_IS_LAST,
        shocks: tuple[Drift | Crash, ...] = (),
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
        self._key = mix(seed & _SEED_MASK, key_of(f"path.{bars.symbol}"))
        self._overlay = Overlay(shocks, bars.epoch_us, bars.end_us) if shocks else None
        low, high = self._low, self._high
        if self._overlay is not None:
            self._overlay.refuse_beyond(grid, float(bars.high.max()))
            starts = np.arange(len(bars), dtype=np.int64) * bars.interval_us
            lowest, highest = self._overlay.bounds(starts, bars.interval_us)
            # Rounding never reorders, so rounded bounds still bound rounded prints.
            low = np.maximum(np.rint(low * lowest), 1.0).astype(np.int64)
            high = np.maximum(np.rint(high * highest), 1.0).astype(np.int64)
        super().__init__(
            symbol=bars.symbol,
            epoch_us=bars.epoch_us,
            end_us=bars.end_us,
            grid=grid,
            source=f"bridge inside {interval_name(bars.interval_us)} bars of {bars.symbol}, {bars.source}"
            + describe_shocks(shocks),
            mark=mark,
            extremes=Extremes(low, high, bars.interval_us),
            exact=self._overlay is None,
        )

    def bar_volume(self, t_us: int) -> float:
        """Return the volume (base asset) of the bar that holds ``t_us``."""
        return float(self._bars_read.volume[self._index(t_us)])

    def _make_prints(self, index: int) -> tuple[IntArray, IntArray]:
        bars = self._bars_read
        start_us = index * self.bar_us
        high, low, open_ = int(self._high[index]), int(self._low[index]), int(self._open[index])
        count = print_count(int(bars.count[index]), high > low, self.bar_us)
        key = mix(self._key, self.epoch_us + start_us)
        times, ticks = bridge(key, open_, high, low, int(self._close[index]), count, self.bar_us)
        times += start_us
        if self._overlay is not None:
            return self._overlay.apply(times, ticks, open_, start_us, start_us + self.bar_us)
        return times, ticks

    def _ticks_before(self, index: int, ticks: IntArray) -> int:
        # Every bar prints its open as it begins, so nothing earlier is in force inside it.
        return int(ticks[0])
