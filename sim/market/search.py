"""Find when a price series first reaches a level, or first falls back from its running extreme.

Both searches look at bar extremes first and at the values of one bar only when its extremes allow a hit, so
their cost follows hits and not bars.  Extremes may be wider than the truth (never narrower): then a bar is
looked at in vain, and the answer is the same.  The answers equal a scan of every value in order.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.market.bars import FloatArray, IntArray
from sim.market.grid import NOISE
from sim.market.pyramid import Pyramid

_FIRST_CHUNK = 64
_LARGEST_CHUNK = 65_536
_NOTHING_YET = -(2**62)


class Extremes:
    """Hold, in ticks, bounds on what each bar's prints and the value it began with can be."""

    __slots__ = ("bar_us", "count", "high", "highs", "low", "lows")

    def __init__(self, low: IntArray, high: IntArray, bar_us: int) -> None:
        self.low = low
        self.high = high
        self.bar_us = bar_us
        self.count = int(low.size)
        self.highs = Pyramid(high)
        self.lows = Pyramid(-low)

    def next_reaching(self, bound: int, rising: bool, bar: int) -> int:
        """Return the first bar from ``bar`` on whose high is ≥ ``bound`` (low ≤ when not ``rising``), or ``count``."""
        return self.highs.first(bound, bar) if rising else self.lows.first(-bound, bar)


class Series(NamedTuple):
    """Describe one readable price: last, or mark.

    ``values(bar)`` gives the times at which a bar's values become visible and the values in units.  They
    are visible ``shift_us`` after the bar's own time.  One tick of last is ``units_per_tick`` units.
    ``exact`` says that the extremes are values of the series itself and not only bounds.
    """

    values: Callable[[int], tuple[IntArray, IntArray]]
    shift_us: int
    units_per_tick: float
    exact: bool


class Crossing(NamedTuple):
    """Point at one value of a series: its bar, its position there, and when it was visible."""

    bar: int
    position: int
    at_us: int


class Trail(NamedTuple):
    """Report a trailing trigger: when it armed, when it fired, and the extreme it had followed (a price)."""

    activated_us: int
    trigger_us: int
    extreme: float


def first_crossing(
    extremes: Extremes, series: Series, units: int, rising: bool, after_us: int, until_us: int
) -> Crossing | None:
    """Return the first value at or beyond ``units`` that becomes visible in (``after_us``, ``until_us``]."""
    last_bar = bar_at(extremes, series, until_us)
    bar = bar_at(extremes, series, after_us)
    # One tick of slack where a value is a rounded function of a print: a bound may be loose, never tight.
    slack = 0 if series.exact else 1
    if rising:
        bound = math.ceil(units / series.units_per_tick) - slack
    else:
        bound = math.floor((units + slack) / series.units_per_tick) + slack
    while (bar := extremes.next_reaching(bound, rising, bar)) <= last_bar:
        times, values = series.values(bar)
        start = bisect_right(times.data, after_us)
        reached = values[start:] >= units if rising else values[start:] <= units
        if reached.size:
            position = int(reached.argmax())
            if reached[position]:
                at_us = int(times[start + position])
                return Crossing(bar, start + position, at_us) if at_us <= until_us else None
        bar += 1
    return None


def first_retreat(
    extremes: Extremes,
    series: Series,
    start: Crossing,
    followed: int,
    rising: bool,
    rate: float,
    until_us: int,
) -> tuple[int, int] | None:
    """Follow the running extreme from ``start`` and return when a value retreats from it by ``rate``, and it.

    ``followed`` is the extreme known before ``start`` in units (``no_extreme(rising)`` when none).
    ``rising`` follows the highest value and fires at or below it · (1 − rate); otherwise the mirror image.
    """
    # Falling is rising in negated values: fires when −P ≤ −low · (1 + rate), and −low is the running maximum.
    sign = 1 if rising else -1
    keep = 1.0 - sign * rate
    last_bar = bar_at(extremes, series, until_us)
    bar, position, highest = start.bar, start.position, sign * followed
    while bar <= last_bar:
        times, values = series.values(bar)
        signed = sign * values[position:]
        if signed.size:
            running = np.maximum(np.maximum.accumulate(signed), highest)
            fires = signed <= np.floor(running * keep + NOISE)
            hit = int(fires.argmax())
            if fires[hit]:
                at_us = int(times[position + hit])
                return (at_us, sign * int(running[hit])) if at_us <= until_us else None
            highest = int(running[-1])
        bar, highest = _next_bar_that_matters(extremes, series, bar + 1, last_bar, sign, keep, highest)
        position = 0
    return None


def bar_at(extremes: Extremes, series: Series, t_us: int) -> int:
    """Return the bar whose values become visible around ``t_us``, held to the tape.

    What shows before the first bar can is kept with that bar: marks published before the tape.
    """
    bar, most = (t_us - series.shift_us) // extremes.bar_us, extremes.count - 1
    if bar < 0:
        return 0
    return bar if bar < most else most


def no_extreme(rising: bool) -> int:
    """Return the extreme of nothing, which the first value replaces."""
    return _NOTHING_YET if rising else -_NOTHING_YET


def _next_bar_that_matters(
    extremes: Extremes, series: Series, bar: int, last_bar: int, sign: int, keep: float, highest: int
) -> tuple[int, int]:
    """Skip bars that can neither fire nor, where extremes are only bounds, move the extreme."""
    width = _FIRST_CHUNK
    while bar <= last_bar:
        stop = min(bar + width, last_bar + 1)
        best, worst = _signed_bounds(extremes, series, bar, stop, sign)
        reach = np.maximum(np.maximum.accumulate(best), highest)
        matters: npt.NDArray[np.bool_] = worst <= np.floor(reach * keep + NOISE)
        if not series.exact:
            matters |= best > highest
        hit = int(matters.argmax())
        if matters[hit]:
            return bar + hit, int(reach[hit - 1]) if series.exact and hit else highest
        if series.exact:
            highest = int(reach[-1])
        bar, width = stop, min(width * 4, _LARGEST_CHUNK)
    return last_bar + 1, highest


def _signed_bounds(
    extremes: Extremes, series: Series, bar: int, stop: int, sign: int
) -> tuple[FloatArray, FloatArray]:
    slack = 0.0 if series.exact else 1.0
    scale = np.float64(sign * series.units_per_tick)
    high: FloatArray = extremes.high[bar:stop] * scale
    low: FloatArray = extremes.low[bar:stop] * scale
    return (high + slack, low - slack) if sign > 0 else (low + slack, high - slack)
