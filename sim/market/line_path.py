"""Move the price along a straight line, for closed forms and sensitivity; it claims nothing about markets."""

from __future__ import annotations

import math

import numpy as np

from sim.errors import InputError
from sim.market.bar_path import BarPath
from sim.market.bars import IntArray
from sim.market.grid import PriceGrid
from sim.market.mark import MARK_IS_LAST, Mark
from sim.market.search import Extremes

_PRINTS_PER_BAR = 256


class LinePath(BarPath):
    """Print ``start_price`` · (1 + ``pct_per_s`` / 100 · seconds), to the tick, every ``step_us``.

    The rate is in per cent of the start price per second.  Volume is unlimited (infinity).  Raises
    :class:`InputError` when the line reaches zero or a vast price before ``end_us``, or nothing lies on the line.
    """

    def __init__(
        self,
        symbol: str,
        epoch_us: int,
        end_us: int,
        tick: float,
        price_decimals: int,
        start_price: float,
        pct_per_s: float,
        mark: Mark = MARK_IS_LAST,
        step_us: int = 10_000,
    ) -> None:
        if end_us < 1 or step_us < 1:
            raise InputError("line", f"end_us={end_us}, step_us={step_us}", "both at least 1")
        lowest = start_price * min(1.0, 1.0 + pct_per_s / 100 * end_us / 1e6)
        if not (lowest >= tick and math.isfinite(start_price)):
            raise InputError(
                "line", f"{start_price:g} moving {pct_per_s:g} % per second", "a price above 0 to the end"
            )
        grid = PriceGrid(tick, price_decimals)
        highest = start_price * max(1.0, 1.0 + pct_per_s / 100 * end_us / 1e6)
        if highest > grid.highest:
            raise InputError("line", f"{start_price:g} moving {pct_per_s:g} % per second", grid.not_too_high)
        self._start_price = start_price
        self._per_us = pct_per_s / 100 / 1e6
        self._step_us = step_us
        self._unit = grid.units_per_tick / grid.scale
        bar_us = step_us * _PRINTS_PER_BAR
        firsts = np.arange(-(-end_us // bar_us), dtype=np.int64) * bar_us
        lasts = np.minimum(firsts + bar_us - step_us, (end_us - 1) // step_us * step_us)
        ends = self._ticks_of(firsts), self._ticks_of(lasts)
        super().__init__(
            symbol=symbol,
            epoch_us=epoch_us,
            end_us=end_us,
            grid=grid,
            source=f"straight line of {pct_per_s:+g} % per second from {start_price:g} (no market)",
            mark=mark,
            extremes=Extremes(np.minimum(*ends), np.maximum(*ends), bar_us),
            exact=True,
        )

    def bar_volume(self, t_us: int) -> float:
        """Return infinity: a line has no depth to exhaust."""
        return math.inf

    def _make_prints(self, index: int) -> tuple[IntArray, IntArray]:
        start_us = index * self.bar_us
        times = np.arange(start_us, min(start_us + self.bar_us, self.end_us), self._step_us, dtype=np.int64)
        return times, self._ticks_of(times)

    def _ticks_before(self, index: int, ticks: IntArray) -> int:
        # Every bar prints as it begins, so nothing earlier is in force inside it.
        return int(ticks[0])

    def _ticks_of(self, times: IntArray) -> IntArray:
        exact = self._start_price * (1.0 + self._per_us * times) / self._unit
        ticks: IntArray = np.rint(exact).astype(np.int64)
        return ticks
