"""Find the first value at or above a threshold in an array too long to scan."""

from __future__ import annotations

import numpy as np

from sim.market.bars import IntArray

_SHIFT = 5
FAN_OUT = 1 << _SHIFT


class Pyramid:
    """Hold maxima of groups of 32, of groups of those, and so on; a search touches a few groups per level."""

    __slots__ = ("_levels", "size")

    def __init__(self, values: IntArray) -> None:
        self.size = int(values.size)
        self._levels = [values]
        while self._levels[-1].size > FAN_OUT:
            below = self._levels[-1]
            self._levels.append(np.maximum.reduceat(below, np.arange(0, below.size, FAN_OUT)))

    def first(self, threshold: int, start: int) -> int:
        """Return the first index ≥ ``start`` with a value ≥ ``threshold``, or ``size`` when there is none."""
        levels = self._levels
        level, index = 0, start
        # Climb: look at the rest of this group, then continue one level up with the group after it.
        while True:
            values = levels[level]
            if index >= values.size:
                return self.size
            stop = (index | (FAN_OUT - 1)) + 1
            found = values[index:stop] >= threshold
            offset = int(found.argmax())
            if found[offset]:
                index += offset
                break
            if level == len(levels) - 1:
                return self.size
            index = stop >> _SHIFT
            level += 1
        # Descend: the group found holds it, so the first hit inside is it.
        while level:
            level -= 1
            index <<= _SHIFT
            index += int((levels[level][index : index + FAN_OUT] >= threshold).argmax())
        return index
