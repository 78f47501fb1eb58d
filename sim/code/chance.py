"""Let ``random``, ``uuid``, ``secrets`` and ``os.urandom`` follow the run's seed while code of the user's runs.

Every intent has a stream of its own, keyed by the run's seed and the intent's number: what one intent draws does not
depend on how often another one did.  What was taken by ``from random import choice`` follows as well, as the user's
modules are executed while this is in force; generators made without a seed (``random.Random()``) are seeded from it.
Other threads of the process keep real chance.
"""

from __future__ import annotations

import os
import random
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from sim.chance import Stream, mix
from sim.exchange.attribution import CURRENT_INTENT

_NODE: Final = 0x02_73_69_6D_00_01
"""The machine's address in uuid1: a locally administered one."""

_MODULE: Final[Any] = random
_UUID: Final[Any] = uuid
_REAL_RANDOM: Final = random.Random
_REAL_URANDOM: Final = os.urandom
_FUNCTIONS: Final[tuple[str, ...]] = tuple(
    name for name in random.__all__ if getattr(getattr(random, name), "__self__", None) is _MODULE._inst
)


class _Chance:
    """Hold the streams of one run, made as they are first asked for."""

    def __init__(self, seed: int) -> None:
        self.thread = threading.get_ident()
        self._seeds = Stream(seed, "code.random")
        self._bytes = Stream(seed, "code.urandom")
        self._generators: dict[int, random.Random] = {}
        self._taken: dict[int, int] = {}

    def generator(self) -> random.Random:
        """Return the generator of the intent that acts."""
        number = _intent()
        found = self._generators.get(number)
        if found is None:
            found = self._generators[number] = _REAL_RANDOM(self._seeds.bits(number + 1))
        return found

    def urandom(self, size: int) -> bytes:
        """Return ``size`` bytes of the intent that acts."""
        number = _intent()
        taken = self._taken.get(number, 0)
        words = (size + 7) // 8
        self._taken[number] = taken + words
        drawn = b"".join(
            self._bytes.bits(mix(number + 1, taken + word)).to_bytes(8, "little") for word in range(words)
        )
        return drawn[:size]


def _intent() -> int:
    slot = CURRENT_INTENT.get()
    return -1 if slot is None else slot.number


_now: _Chance | None = None


def _following(name: str) -> Callable[..., Any]:
    real = getattr(_MODULE, name)

    def follow(*args: Any, **keywords: Any) -> Any:
        chance = _now
        if chance is None or chance.thread != threading.get_ident():
            return real(*args, **keywords)
        return getattr(chance.generator(), name)(*args, **keywords)

    follow.__name__ = follow.__qualname__ = name
    return follow


def _urandom(size: int, /) -> bytes:
    chance = _now
    if chance is None or chance.thread != threading.get_ident():
        return _REAL_URANDOM(size)
    return chance.urandom(size)


class SeededRandom(random.Random):
    """Be ``random.Random``, seeded from the run where no seed is given."""

    def seed(self, a: Any = None, version: int = 2) -> None:
        """Seed it; with None from the run."""
        super().seed(int.from_bytes(_urandom(16), "little") if a is None else a, version)


SeededRandom.__name__ = SeededRandom.__qualname__ = "Random"

_FOLLOWING: Final = {name: _following(name) for name in _FUNCTIONS}
_WANTED: Final[tuple[tuple[Any, str, Any], ...]] = (
    *((_MODULE, name, function) for name, function in _FOLLOWING.items()),
    (_MODULE, "Random", SeededRandom),
    (_MODULE, "_urandom", _urandom),
    (os, "urandom", _urandom),
    # uuid1 then goes by time.time_ns, random.getrandbits and the address below, which follow the run.
    (_UUID, "_generate_time_safe", None),
    (_UUID, "_UuidCreate", None),
    (_UUID, "_last_timestamp", None),
    (_UUID, "_node", _NODE),
)
_REPLACED: Final = tuple(item for item in _WANTED if hasattr(item[0], item[1]))


@contextmanager
def chance_of(seed: int) -> Iterator[None]:
    """Let chance follow ``seed`` while the block runs."""
    global _now
    before = _now
    kept = [(owner, name, getattr(owner, name)) for owner, name, _ in _REPLACED]
    _now = _Chance(seed)
    for owner, name, value in _REPLACED:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)
        _now = before
