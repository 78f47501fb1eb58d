"""Show one symbol's book at an instant: touch, depth and what a taker gets, read from its price path.

Depth is counted in typical minutes (:mod:`sim.exchange.minute_volume`), not in the volume of the bar at hand.
"""

from __future__ import annotations

import math
from typing import Final

from sim.exchange.filters import SymbolFilters
from sim.exchange.matching import FillSpec, take, take_to, thinned, touch_price
from sim.exchange.minute_volume import MinuteVolume
from sim.exchange.troubles import ThinBook
from sim.market import PricePath

_MINUTE_US: Final = 60_000_000
_LOOKS_BACK_US: Final = (250_000, 500_000, 750_000, 1_000_000)
"""When the last second's price is looked at, besides now; the spread law was measured with the same looks."""


class Book:
    """Answer what a taker gets from one symbol's book, by the rules of :mod:`sim.exchange.matching`.

    ``volume`` is the tape's typical minute; None measures the path itself.
    """

    def __init__(
        self, path: PricePath, spec: FillSpec, filters: SymbolFilters, volume: MinuteVolume | None = None
    ) -> None:
        self.path = path
        self.spec = spec
        self._tick = filters.tick_size
        self.step = float(filters.step)
        self._volume = volume if volume is not None else MinuteVolume.of_path(path)
        self._widens = spec.spread_range_share > 0
        self._thins = spec.impact_bps > 0 and spec.crash_depth_multiplier < 1
        # A bar's range is that of a minute when prices diffuse: range grows with the root of time.
        self._per_minute_pct = 100 * math.sqrt(_MINUTE_US / path.bar_us)
        self.thin: ThinBook | None = None
        self._thin_bar = -1
        self._thin = spec.depth_multiplier

    def take(self, side: int, quantity: float, t_us: int) -> tuple[float, float]:
        """Return (quantity filled, average price) of a MARKET order executing at ``t_us``; (0.0, NaN) for none."""
        return self._take(side, quantity, t_us, self.path.mark(t_us))

    def leave(self, side: int, quantity: float, t_us: int) -> float:
        """Return the average price of ``quantity`` whatever the bound says: what an open position is worth."""
        return self._take(side, quantity, t_us, math.nan)[1]

    def take_to(self, side: int, quantity: float, t_us: int, limit: float) -> tuple[float, float]:
        """Return (quantity, average price) that a LIMIT order takes on arrival; (0.0, NaN) for nothing."""
        last = self.path.last(t_us)
        return take_to(
            self.spec if self.thin is None else self.thin.spec_at(t_us),
            side,
            last,
            quantity,
            limit,
            depth=self.depth(t_us),
            tick=self._tick,
            step=self.step,
            range_bps=self._range_bps(last, t_us),
        )

    def _take(self, side: int, quantity: float, t_us: int, mark: float) -> tuple[float, float]:
        last = self.path.last(t_us)
        return take(
            self.spec if self.thin is None else self.thin.spec_at(t_us),
            side,
            last,
            quantity,
            depth=self.depth(t_us),
            tick=self._tick,
            step=self.step,
            range_bps=self._range_bps(last, t_us),
            mark=mark,
        )

    def touch(self, side: int, t_us: int) -> float:
        """Return the best opposite price for a taker of ``side``."""
        last = self.path.last(t_us)
        spec = self.spec if self.thin is None else self.thin.spec_at(t_us)
        return touch_price(spec, side, last, self._range_bps(last, t_us), self._tick)

    def depth(self, t_us: int) -> float:
        """Return the depth in force (base asset): the size that pays ``impact_bps``; 0.0 where nobody knows."""
        path = self.path
        volume = self._volume.at(path.epoch_us + t_us)
        if self.thin is not None:
            return volume * self._share_left(self.thin.spec_at(t_us), t_us)
        if not self._thins or volume == math.inf:
            return volume * self.spec.depth_multiplier
        bar = t_us // path.bar_us
        if bar != self._thin_bar:
            self._thin = self._share_left(self.spec, t_us)
            self._thin_bar = bar
        return volume * self._thin

    def _share_left(self, spec: FillSpec, t_us: int) -> float:
        if not self._thins:
            return spec.depth_multiplier
        low, high = self.path.bar_extremes(t_us)
        return thinned(spec, (high / low - 1) * self._per_minute_pct)

    def _range_bps(self, last: float, t_us: int) -> float:
        if not self._widens:
            return 0.0
        last_at = self.path.last
        low = high = last
        for back_us in _LOOKS_BACK_US:
            price = last_at(t_us - back_us) if t_us >= back_us else last
            if price < low:
                low = price
            elif price > high:
                high = price
        return (high - low) / last * 1e4

    def trades_from(self, t_us: int) -> int:
        """Return ``t_us`` while the symbol trades, else when the first price after the halt prints."""
        path = self.path
        end_us = path.halt_end_us(t_us)
        if end_us is None:
            return t_us
        # The price in force as a halt ends is still the one from before it.
        while end_us < path.end_us:
            until_us = min(end_us + path.bar_us, path.end_us)
            times, _ = path.prints(end_us, until_us)
            if times.size:
                return int(times[0])
            end_us = until_us
        return end_us
