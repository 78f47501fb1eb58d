"""Turn keys into chance: one pure 64-bit function, no generator that is consumed.

``draw = mix(seed, stream, intent, role, call, n)`` (design: chance is keyed, not consumed).  A new fault, a
retry or another policy therefore cannot shift anybody else's draws.  The finaliser is SplitMix64's (Steele,
Lea, Flood 2014); text enters through BLAKE2b once and is remembered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from statistics import NormalDist

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_STEPS = (0xD1342543DE82EF95, 0xAF251AF3B0F025B5)
_UNIT = 1.0 / (1 << 53)


def _inverse_normal() -> Callable[[float, float, float], float]:
    try:
        # What NormalDist.inv_cdf itself calls (Wichura's AS241), without its checks of a p that is in range.
        return import_module("_statistics")._normal_dist_inv_cdf  # type: ignore[no-any-return]
    except (ImportError, AttributeError):  # an interpreter without the accelerator
        return lambda p, mu, sigma: NormalDist(mu, sigma).inv_cdf(p)


_INVERSE_NORMAL = _inverse_normal()


@lru_cache(maxsize=65_536)
def key_of(text: str) -> int:
    """Hash ``text`` to 64 bits, the same in every process (PYTHONHASHSEED plays no part)."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def mix(*parts: int) -> int:
    """Mix integers, in order, into one well-spread 64-bit integer."""
    state = 0
    for part in parts:
        state = _finish((state ^ part) + _GOLDEN & _MASK)
    return state


def spread(base: int, first: int, second: int) -> int:
    """Place ``base`` and two small integers far apart from each other, for one third of the cost of :func:`mix`.

    A key for :class:`Stream`, which does the mixing; odd multipliers keep distinct parts distinct.
    """
    return (base + first * _STEPS[0] + second * _STEPS[1]) & _MASK


def _finish(state: int) -> int:
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
    return state ^ (state >> 31)


class Stream:
    """Draw for keys under one (seed, name); two streams with different names are independent.

    A stream holds no position: the same key always gives the same draw, whoever asks and however often.
    """

    __slots__ = ("_prefix", "name")

    def __init__(self, seed: int, name: str) -> None:
        self.name = name
        self._prefix = mix(seed & _MASK, key_of(name))

    def bits(self, key: int) -> int:
        """Return 64 well-spread bits for ``key`` (make it with :func:`mix`)."""
        state = (self._prefix ^ key) + _GOLDEN & _MASK
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
        return state ^ (state >> 31)

    def uniform(self, key: int) -> float:
        """Draw from [0, 1)."""
        # The rounds of bits(), written out here and below: several such draws are made for every request.
        state = (self._prefix ^ key) + _GOLDEN & _MASK
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
        return ((state ^ (state >> 31)) >> 11) * _UNIT

    def normal(self, key: int) -> float:
        """Draw from the standard normal law, by inversion."""
        state = (self._prefix ^ key) + _GOLDEN & _MASK
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
        return _INVERSE_NORMAL((((state ^ (state >> 31)) >> 11) + 0.5) * _UNIT, 0.0, 1.0)
