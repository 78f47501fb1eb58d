"""Replay recorded trades: every print is one that happened."""

from __future__ import annotations

import numpy as np

from sim.market.bar_path import BarPath, BarPrints
from sim.market.bars import IntArray, Trades
from sim.market.grid import PriceGrid
from sim.market.mark import MARK_IS_LAST, Mark
from sim.market.search import Extremes
from sim.market.shocks import Overlay, Shock, describe_shocks

# Trades are grouped by the minute, so that volume shares mean the same as on one-minute bars.
BAR_US = 60_000_000


class TradePath(BarPath):
    """Answer from recorded trades, grouped into minutes from the first trade on.

    Trades of one millisecond keep their order: last is the latest of them, a crossing may be any.
    Arguments and errors are as for :class:`KlinePath`, except that nothing is drawn and so no seed is
    taken.
    """

    def __init__(
        self,
        trades: Trades,
        *,
        tick: float,
        price_decimals: int,
        mark: Mark = MARK_IS_LAST,
        shocks: tuple[Shock, ...] = (),
        snap_to_tick: bool = False,
    ) -> None:
        grid = PriceGrid(tick, price_decimals)
        end_us = trades.end_us
        self._times = trades.times_us
        self._ticks = grid.ticks_of(trades.price, f"{trades.source}: price", snap=snap_to_tick)
        self._mark_ticks = self._ticks
        overlay = Overlay(shocks, trades.epoch_us, end_us) if shocks else None
        if overlay is not None:
            overlay.refuse_beyond(grid, float(trades.price.max()))
            self._times, self._ticks, self._mark_ticks = overlay.apply(
                self._times, self._ticks, int(self._ticks[0]), 0, end_us
            )
        count = -(-end_us // BAR_US)
        self._volume = np.bincount(trades.times_us // BAR_US, weights=trades.quantity, minlength=count)
        self._first = self._times.searchsorted(np.arange(count + 1) * BAR_US)
        super().__init__(
            symbol=trades.symbol,
            epoch_us=trades.epoch_us,
            end_us=end_us,
            grid=grid,
            source=f"recorded trades of {trades.symbol}, {trades.source}" + describe_shocks(shocks, overlay),
            mark=mark,
            extremes=self._extremes_with(overlay),
            exact=False,
            overlay=overlay,
        )

    def bar_volume(self, t_us: int) -> float:
        """Return the volume (base asset) traded in the minute that holds ``t_us``."""
        return float(self._volume[self._index(t_us)])

    def _make_prints(self, index: int) -> tuple[IntArray, IntArray]:
        inside = np.s_[self._first[index] : self._first[index + 1]]
        return self._times[inside], self._ticks[inside]

    def _ticks_before(self, index: int, ticks: IntArray) -> int:
        return int(self._ticks[max(int(self._first[index]) - 1, 0)])

    def _mark_source(self, index: int, bar: BarPrints) -> tuple[IntArray, int]:
        inside = np.s_[self._first[index] : self._first[index + 1]]
        return self._mark_ticks[inside], int(self._mark_ticks[max(int(self._first[index]) - 1, 0)])

    def _extremes_with(self, overlay: Overlay | None) -> Extremes:
        low, high = self._bounds(self._ticks)
        if overlay is None:
            return Extremes(low, high, BAR_US)
        source_low, source_high = self._bounds(self._mark_ticks)
        low, high = np.minimum(low, source_low), np.maximum(high, source_high)
        return Extremes(*overlay.standing_bounds(low, high, BAR_US), BAR_US)

    def _bounds(self, ticks: IntArray) -> tuple[IntArray, IntArray]:
        # The price a minute begins with counts too: a mark published in a quiet minute is made from it.
        before = ticks[np.maximum(self._first[:-1] - 1, 0)]
        # One more value at the end: a start clamped to the last trade would cut it out of its own minute.
        padded, starts = np.append(ticks, ticks[-1]), self._first[:-1]
        empty = self._first[1:] == self._first[:-1]
        low = np.where(empty, before, np.minimum(np.minimum.reduceat(padded, starts), before))
        high = np.where(empty, before, np.maximum(np.maximum.reduceat(padded, starts), before))
        return low, high
