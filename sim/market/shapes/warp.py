"""Lay one shape over one bar (pure).

Levels are mapped by straight pieces between low, open, close and high, so that equal levels stay equal (seconds
without a move stay so; the first and last print alone are then set on open and close), order stays order, and nothing
leaves the range.  Levels that differ stay apart by a tick
where the bar has ticks enough: a quote that bounced between bid and ask goes on bouncing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.market.bars import FloatArray, IntArray

_TOP = 65_535.0


class Shape:
    """Hold one recorded shape, read for use: places in the bar, distinct levels, which level each print has.

    ``times`` are shares of the bar in 1/65536; ``levels`` shares of the range in 1/65535, the last not below the first.
    ``touches_low``, ``touches_high``: whether a print between the first and the last does.
    """

    __slots__ = ("distinct", "knots", "times", "touches_high", "touches_low", "which")

    def __init__(self, times: npt.NDArray[np.uint16], levels: npt.NDArray[np.uint16]) -> None:
        self.times: IntArray = times.astype(np.int64)
        self.times[0] = 0
        # A shape has some sixty prints: too few for numpy to be quicker at this.
        held = levels.tolist()
        self.distinct: FloatArray = np.array(sorted(set(held)), dtype=np.float64)
        self.which = self.distinct.searchsorted(levels)
        self.touches_low = 0 in held[1:-1]
        self.touches_high = _TOP in held[1:-1]
        first, last = float(held[0]), float(held[-1])
        # Half a level apart where two of the four coincide: interpolation needs them to rise.
        first = max(first, 0.25)
        last = min(max(last, first + 0.25), _TOP - 0.25)
        first = min(first, last - 0.25)
        self.knots: FloatArray = np.array((0.0, first, last, _TOP))

    def ticks(self, open_: int, close: int, height: int) -> IntArray:
        """Return the ticks above the low of a bar with these places of open ≤ close in ``height`` ticks."""
        place = np.interp(self.distinct, self.knots, (0.0, open_, close, height))
        np.rint(place, out=place)
        count = place.size
        if count <= height + 1:
            rank = np.arange(count, dtype=np.float64)
            # Pushed up, then down again from the top, so that each level has a tick of its own.
            place -= rank
            np.maximum.accumulate(place, out=place)
            np.minimum(place, float(height - count + 1), out=place)
            place += rank
        return place.astype(np.int64)[self.which]


def touch(times: IntArray, ticks: IntArray, extreme: int) -> tuple[IntArray, IntArray]:
    """Add a print at ``extreme``, where setting open and close took away the only one that touched it.

    The real bar opened or closed at its extreme: the print stands half way between that end and its neighbour.
    """
    at_start = abs(int(ticks[0]) - extreme) <= abs(int(ticks[-1]) - extreme)
    place = 1 if at_start else ticks.size - 1
    middle = (int(times[place - 1]) + int(times[place])) // 2
    return _with(times, place, middle), _with(ticks, place, extreme)


def _with(values: IntArray, place: int, value: int) -> IntArray:
    """Return ``values`` with one more before ``place``."""
    return np.concatenate((values[:place], (value,), values[place:]))
