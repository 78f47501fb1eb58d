"""Describe values that move in straight lines over time, and bound them bar by bar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from sim.market.bars import FloatArray, IntArray


class Curve(NamedTuple):
    """Describe a value that moves in straight lines between knots and rests outside them.

    ``times`` (µs since the start, ascending) and ``values`` are the knots; it departs at ``onset_us``.
    """

    times: IntArray
    values: FloatArray
    onset_us: int


def curve(corners: Sequence[tuple[int, float]]) -> Curve:
    """Return the curve through ``corners``; two corners at one time are a step that holds from that time on."""
    times = [time for time, _ in corners]
    # Times are whole µs, so a straight line of one µs is a step.
    placed = [
        time - 1 if times[index + 1 : index + 2] == [time] else time for index, time in enumerate(times)
    ]
    values = np.array([value for _, value in corners], dtype=np.float64)
    return Curve(np.array(placed, dtype=np.int64), values, times[0])


def product(curves: Iterable[Curve], times: IntArray) -> FloatArray:
    """Return the product of all curves at each time."""
    factor = np.ones(times.size)
    for curve in curves:
        factor *= np.interp(times, curve.times, curve.values)
    return factor


def bounds_of(curve: Curve, starts: IntArray, bar_us: int) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and highest value of a curve in each bar of ``bar_us`` that begins at ``starts``.

    ``starts`` are whole multiples of ``bar_us`` from 0 on, without a gap.
    """
    ends = [np.interp(times, curve.times, curve.values) for times in (starts, starts + bar_us - 1)]
    low, high = np.minimum(*ends), np.maximum(*ends)
    bars = curve.times // bar_us
    inside = (bars >= 0) & (bars < starts.size)
    np.minimum.at(low, bars[inside], curve.values[inside])
    np.maximum.at(high, bars[inside], curve.values[inside])
    return low, high
