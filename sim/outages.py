"""Say how much of a stretch is excused: no protective write could be accepted then, or its need be read.

The record's ``outage`` rows name halts, a dead process or network, refused orders, unearned bans and lag on every
read (failures I03).  Rows of intent -1 are everybody's.  Overlapping rows count once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

_Times = npt.NDArray[np.int64]
_Columns = Mapping[str, np.ndarray[Any, Any]]

_EVERYBODY = -1


class Outages:
    """Answer how much of a stretch lies in outages, from the columns of the ``outage`` table."""

    def __init__(self, outages: _Columns) -> None:
        owner = outages["intent"]
        opened, closed = outages["opened_us"], outages["closed_us"]
        shared = owner == _EVERYBODY
        self._shared = _union(opened[shared], closed[shared])
        self._own = {
            int(intent): _union(
                opened[shared | (owner == intent)],
                closed[shared | (owner == intent)],
            )
            for intent in np.unique(owner[~shared])
        }

    def excused_us(self, intents: _Times, from_us: _Times, to_us: _Times) -> _Times:
        """Return, for each stretch [from, to) of an intent, how many µs of it are excused."""
        excused = _within(self._shared, from_us, to_us)
        for intent, union in self._own.items():
            rows = np.flatnonzero(intents == intent)
            excused[rows] = _within(union, from_us[rows], to_us[rows])
        return excused

    def reached_us(self, intent: int, from_us: int, charged_us: int) -> int:
        """Return when ``charged_us`` of time that is not excused have passed since ``from_us``."""
        opened, closed = self._own.get(intent, self._shared)
        now, left = from_us, charged_us
        for begin, end in zip(opened.tolist(), closed.tolist(), strict=True):
            if end <= now:
                continue
            if now + left <= begin:
                break
            left -= max(0, begin - now)
            now = max(now, end)
        return now + left


def _union(opened: _Times, closed: _Times) -> tuple[_Times, _Times]:
    """Merge overlapping stretches; return their beginnings and ends in order."""
    order = np.argsort(opened, kind="stable")
    opened, closed = opened[order], np.maximum.accumulate(closed[order]) if order.size else closed
    if not order.size:
        return opened, closed
    begins = np.ones(order.size, dtype=np.bool_)
    begins[1:] = opened[1:] > closed[:-1]
    ends = np.append(np.flatnonzero(begins)[1:] - 1, order.size - 1)
    return opened[begins], closed[ends]


def _within(union: tuple[_Times, _Times], from_us: _Times, to_us: _Times) -> _Times:
    return _until(union, to_us) - _until(union, from_us)


def _until(union: tuple[_Times, _Times], at_us: _Times) -> _Times:
    """Return how much outage lies before each moment."""
    opened, closed = union
    if not opened.size:
        return np.zeros(at_us.size, dtype=np.int64)
    whole = np.concatenate([[0], np.cumsum(closed - opened)])
    place = np.searchsorted(opened, at_us, side="right") - 1
    known = np.maximum(place, 0)
    inside = np.minimum(at_us, closed[known]) - opened[known]
    return np.where(place >= 0, whole[known] + inside, 0).astype(np.int64)
