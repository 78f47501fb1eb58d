"""Measure how much a symbol trades in a typical minute: the median over the traded minutes of each UTC day.

Depth and the limit on sizes are stated in typical minutes.  A single bar's volume would say the opposite of the truth:
on 2025-10-10, until 15:30, the book held 1,200 to 3,000 BTC within 1 % on either side at any time, while the median
minute of an hour went from 28 to 709 BTC; and in a quiet minute of a long tape it would call any order too large.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from sim.market import Bars, PricePath, Trades
from sim.market.bars import FloatArray, IntArray

_MINUTE_US: Final = 60_000_000
_DAY_US: Final = 86_400_000_000


class MinuteVolume:
    """Give the typical minute's volume (base asset) of the day that holds a Unix time.

    ``by_day`` holds it by days since 1970; a day outside takes the nearest one's.  0.0: the tape knows no volumes
    (mark prices); infinity: endless.
    """

    def __init__(self, by_day: Mapping[int, float]) -> None:
        self._by_day = dict(by_day)
        self._first, self._last = min(by_day), max(by_day)

    def at(self, unix_us: int) -> float:
        """Return the typical minute's volume at ``unix_us``."""
        day = unix_us // _DAY_US
        volume = self._by_day.get(day)
        if volume is None:
            volume = self._by_day[min(max(day, self._first), self._last)]
        return volume

    @classmethod
    def of_tape(cls, tape: Bars | Trades) -> MinuteVolume:
        """Measure a whole tape, before it is cut: the same moment has the same depth wherever a run begins."""
        if isinstance(tape, Trades):
            return _measured(tape.epoch_us + tape.times_us, tape.quantity, _MINUTE_US)
        opens_us = tape.epoch_us + np.arange(len(tape), dtype=np.int64) * tape.interval_us
        return _measured(opens_us, tape.volume, tape.interval_us)

    @classmethod
    def of_path(cls, path: PricePath) -> MinuteVolume:
        """Measure a path that was given without its tape."""
        if math.isinf(path.bar_volume(0)):
            return cls({0: math.inf})
        starts = range(0, path.end_us, path.bar_us)
        volumes = np.array([path.bar_volume(t_us) for t_us in starts])
        return _measured(path.epoch_us + np.array(starts, dtype=np.int64), volumes, path.bar_us)


def _measured(unix_us: IntArray, volume: FloatArray, bar_us: int) -> MinuteVolume:
    span_us = max(bar_us, _MINUTE_US)
    span = unix_us // span_us
    starts = np.flatnonzero(np.diff(span, prepend=span[0] - 1))
    per_minute = np.add.reduceat(volume, starts) * _MINUTE_US / span_us
    day = span[starts] * span_us // _DAY_US
    by_day: dict[int, float] = {}
    edges = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    for first, stop in zip(edges, [*edges[1:], day.size], strict=True):
        traded = per_minute[first:stop]
        traded = traded[traded > 0]
        by_day[int(day[first])] = float(np.median(traded)) if traded.size else 0.0
    if not any(by_day.values()):
        return MinuteVolume({min(by_day): 0.0})
    # A day without any trade, in the midst of days that have some, is as deep as the day before it.
    known = next(volume for volume in by_day.values() if volume)
    for number in range(min(by_day), max(by_day) + 1):
        known = by_day[number] = by_day.get(number) or known
    return MinuteVolume(by_day)
