"""Know the stretches in which something stands still: matching during a halt, the mark during a freeze."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from sim.market.bars import IntArray
from sim.market.shocks.base import Stretch


class Standing:
    """Hold stretches of standstill in order; those that touch or overlap are one."""

    __slots__ = ("_bounds", "stretches")

    def __init__(self, stretches: Iterable[Stretch]) -> None:
        merged: list[Stretch] = []
        for stretch in sorted(stretches):
            if merged and stretch.from_us <= merged[-1].until_us:
                merged[-1] = Stretch(merged[-1].from_us, max(merged[-1].until_us, stretch.until_us))
            else:
                merged.append(stretch)
        self.stretches = tuple(merged)
        # Between an odd number of bounds and the next one lies a stretch.
        self._bounds = np.array(merged, dtype=np.int64).reshape(-1)

    def at(self, t_us: int) -> Stretch | None:
        """Return the stretch that holds ``t_us``, or None."""
        place = bisect_right(self.stretches, t_us, key=lambda stretch: stretch.from_us) - 1
        if place < 0 or t_us >= self.stretches[place].until_us:
            return None
        return self.stretches[place]

    def within(self, from_us: int, until_us: int) -> tuple[Stretch, ...]:
        """Return the stretches that share an instant with [``from_us``, ``until_us``)."""
        return tuple(one for one in self.stretches if one.from_us < until_us and from_us < one.until_us)

    def holds(self, times: IntArray) -> npt.NDArray[np.bool_]:
        """Tell for each time whether it lies inside a stretch."""
        inside: npt.NDArray[np.bool_] = self._bounds.searchsorted(times, side="right") % 2 == 1
        return inside
