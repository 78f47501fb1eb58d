"""Find the first value at or above a threshold in an array too long to scan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.market.bars import IntArray

_SHIFT = 5
FAN_OUT = 1 << _SHIFT


class Pyramid:
    """Hold maxima of groups of 32, of groups of those, and so on; a search touches a few groups per level."""

    __slots__ = ("_levels", "_most", "size")

    def __init__(self, values: IntArray) -> None:
        self.size = int(values.size)
        # Most searches end within minutes, and to look at a few numbers one by one costs half of what numpy does.
        self._levels: list[Sequence[int]] = [np.ascontiguousarray(values).data]
        while values.size > FAN_OUT:
            values = np.maximum.reduceat(values, np.arange(0, values.size, FAN_OUT))
            self._levels.append(values.data)
        self._most = int(values.max(initial=np.iinfo(np.int64).min))

    def first(self, threshold: int, start: int) -> int:
        """Return the first index ≥ ``start`` with a value ≥ ``threshold``, or ``size`` when there is none."""
        if threshold > self._most:
            # Where a position is liquidated is nearly always a price that the tape never sees.
            return self.size
        levels = self._levels
        level, index = 0, start
        # Climb: look at the rest of this group, then continue one level up with the group after it.
        while True:
            values = levels[level]
            group_end = (index | (FAN_OUT - 1)) + 1
            stop = min(group_end, len(values))
            while index < stop and values[index] < threshold:
                index += 1
            if index < stop:
                break
            if level == len(levels) - 1 or stop < group_end:
                return self.size
            index = group_end >> _SHIFT
            level += 1
        # Descend: the group found holds it, so the first hit inside is it.
        while level:
            level -= 1
            values = levels[level]
            index <<= _SHIFT
            while values[index] < threshold:
                index += 1
        return index
