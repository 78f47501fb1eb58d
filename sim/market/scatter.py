"""Scatter many keys at once: SplitMix64's finaliser over an array, as :func:`sim.chance.mix` does it for one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""What consecutive counters are multiplied by, so that they lie far apart before they are scattered."""

_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31 = np.uint64(27), np.uint64(30), np.uint64(31)


def scatter(state: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Scatter each word of ``state``, in place, and return it."""
    state ^= state >> _S30
    state *= _MIX_1
    state ^= state >> _S27
    state *= _MIX_2
    state ^= state >> _S31
    return state
