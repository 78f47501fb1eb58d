"""See any price source as the same thing: last, highest and lowest price of every whole step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from sim.market import Bars, PricePath
from sim.market.bars import FloatArray

_CHUNK: Final = 512
"""Bars whose prints are asked for at a time."""


@dataclass(frozen=True, eq=False)
class Steps:
    """Hold one source on one tape: arrays over whole steps.

    ``last``: price at each step's end, carried forward.  ``high`` and ``low``: extremes of its prints, -inf and
    inf where it has none.  ``first_price``: the price in force as the tape begins.
    """

    last: FloatArray
    high: FloatArray
    low: FloatArray
    first_price: float

    def __len__(self) -> int:
        return int(self.last.size)

    @cached_property
    def returns(self) -> FloatArray:
        """Return the log return of every step."""
        found: FloatArray = np.diff(np.log(np.concatenate([[self.first_price], self.last])))
        # Equal prices may differ in the last digit of their logarithms.
        found[np.abs(found) < 1e-12] = 0.0
        return found

    @cached_property
    def squares(self) -> FloatArray:
        """Return the squared log return of every step."""
        return self.returns**2


def steps_of_bars(bars: Bars) -> Steps:
    """Return the truth: recorded steps, those without a trade printing nothing."""
    traded: npt.NDArray[np.bool_] = (bars.volume > 0) | (bars.count > 0)
    return Steps(
        last=np.ascontiguousarray(bars.close),
        high=np.where(traded, bars.high, -np.inf),
        low=np.where(traded, bars.low, np.inf),
        first_price=float(bars.open[0]),
    )


def steps_of_path(path: PricePath, step_us: int) -> Steps:
    """Return what a path shows at the same steps; a price at a step's very end belongs to the next one."""
    count = path.end_us // step_us
    last = np.full(count, np.nan)
    high, low = np.full(count, -np.inf), np.full(count, np.inf)
    first_price = path.last(0)
    for from_us in range(0, path.end_us, _CHUNK * path.bar_us):
        to_us = min(from_us + _CHUNK * path.bar_us, path.end_us)
        times, prices = path.prints(from_us, to_us)
        if not times.size:
            continue
        index = times // step_us
        starts = np.flatnonzero(np.diff(index, prepend=-1))
        filled = index[starts]
        last[filled] = prices[np.append(starts[1:], times.size) - 1]
        high[filled] = np.maximum.reduceat(prices, starts)
        low[filled] = np.minimum.reduceat(prices, starts)
    known = np.flatnonzero(~np.isnan(last))
    place = known.searchsorted(np.arange(count), side="right") - 1
    carried = np.where(place >= 0, last[known[np.maximum(place, 0)]], first_price)
    return Steps(last=carried, high=high, low=low, first_price=first_price)
