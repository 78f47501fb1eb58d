"""Keep bounded samples of what a log tells too often to keep: of round trips, and of the moments it looked.

What is kept is decided by a key of its time alone (:mod:`sim.chance`), never by its outcome, by its place in the file
or by how the file was cut into pieces: the same log gives the same sample, and two samples join into that of both.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, Final

import numpy as np

from sim.chance import Stream

Array = np.ndarray[Any, Any]

MOST_KEPT: Final = 60_000
BLOCK_US: Final = 600_000_000
"""Looks are kept or left out by whole stretches of ten minutes: outages show in looks that follow each other."""
_CROWDED: Final = BLOCK_US // 1_000_000
"""More than one look a second tells little more of an outage: those are thinned one by one."""
_TRIPS: Final = Stream(0, "calibrate.trips")
_LOOKS: Final = Stream(0, "calibrate.looks")
_BLOCKS: Final = Stream(0, "calibrate.blocks")


@dataclass(slots=True)
class Thinned:
    """Keep times of round trips, each as bounds in µs with its time: all of them, or one in a power of two.

    ``seen``: how many there were.
    """

    at_us: array[int] = field(default_factory=lambda: array("q"))
    low_us: array[int] = field(default_factory=lambda: array("q"))
    high_us: array[int] = field(default_factory=lambda: array("q"))
    seen: int = 0
    _mask: int = 0

    def add(self, at_us: int, low_us: int, high_us: int) -> None:
        """Take one observation."""
        self.seen += 1
        if self._mask and _TRIPS.bits(at_us) & self._mask:
            return
        self.at_us.append(at_us)
        self.low_us.append(low_us)
        self.high_us.append(high_us)
        if len(self.at_us) >= MOST_KEPT:
            self._thin(2 * self._mask + 1)

    def extend(self, other: Thinned) -> None:
        """Take all that ``other`` kept, at the thinner of both densities."""
        if other._mask > self._mask:
            self._thin(other._mask)
        self.seen += other.seen - len(other.at_us)
        for values in zip(other.at_us, other.low_us, other.high_us, strict=True):
            self.add(*values)

    def arrays(self) -> tuple[Array, Array, Array]:
        """Return times, lower and upper bounds."""
        at, low, high = (
            np.array(values, dtype=np.int64) for values in (self.at_us, self.low_us, self.high_us)
        )
        return at, low, high

    def _thin(self, mask: int) -> None:
        self._mask = mask
        kept = [not _TRIPS.bits(at_us) & mask for at_us in self.at_us]
        _keep(kept, self.at_us, self.low_us, self.high_us)


@dataclass(slots=True)
class Looks:
    """Keep when attempts were made and how they failed: what a log sees of outages.

    Too many are thinned by the half, again and again: one by one while there is more than one a second, else by whole
    stretches of :data:`BLOCK_US`.  A look left out is one the venue was not asked at: the law of what is left is that
    of the whole.  ``seen``: how many there were.
    """

    at_us: array[int] = field(default_factory=lambda: array("q"))
    failure: array[int] = field(default_factory=lambda: array("h"))
    role: array[int] = field(default_factory=lambda: array("h"))
    names: dict[str, int] = field(default_factory=lambda: {"": 0})
    roles: dict[str, int] = field(default_factory=dict)
    seen: int = 0
    _mask: int = 0
    _block_mask: int = 0

    def take(self, at_us: int, failure: str, whose: str) -> None:
        """Take one look at ``at_us``; ``failure`` "" for one that was answered well."""
        self.seen += 1
        # Also of a look left out: which failures there are, and whose, does not depend on the sample.
        name = self.names.setdefault(failure, len(self.names))
        role = self.roles.setdefault(whose, len(self.roles))
        if (self._mask or self._block_mask) and self._is_out(at_us):
            return
        self.at_us.append(at_us)
        self.failure.append(name)
        self.role.append(role)
        if len(self.at_us) >= MOST_KEPT:
            blocks = len({moment // BLOCK_US for moment in self.at_us})
            if len(self.at_us) > _CROWDED * blocks:
                self._thin(2 * self._mask + 1, self._block_mask)
            else:
                self._thin(self._mask, 2 * self._block_mask + 1)

    def extend(self, other: Looks) -> None:
        """Take all that ``other`` kept, at the thinner of both densities."""
        if other._mask > self._mask or other._block_mask > self._block_mask:
            self._thin(max(self._mask, other._mask), max(self._block_mask, other._block_mask))
        self.seen += other.seen - len(other.at_us)
        names, roles = list(other.names), list(other.roles)
        for at_us, name, role in zip(other.at_us, other.failure, other.role, strict=True):
            self.take(at_us, names[name], roles[role])

    def arrays(self) -> tuple[Array, Array, Array]:
        """Return times, failures and roles in order of time."""
        at = np.array(self.at_us, dtype=np.int64)
        order = np.argsort(at, kind="stable")
        failure, role = (np.array(values, dtype=np.int16) for values in (self.failure, self.role))
        return at[order], failure[order], role[order]

    def _is_out(self, at_us: int) -> int:
        return _LOOKS.bits(at_us) & self._mask or _BLOCKS.bits(at_us // BLOCK_US) & self._block_mask

    def _thin(self, mask: int, block_mask: int) -> None:
        self._mask, self._block_mask = mask, block_mask
        kept = [not self._is_out(at_us) for at_us in self.at_us]
        _keep(kept, self.at_us, self.failure, self.role)


def _keep(kept: Iterable[bool], *columns: array[int]) -> None:
    flags = list(kept)
    for values in columns:
        values[:] = array(values.typecode, compress(values, flags))
