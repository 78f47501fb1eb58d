"""Fill one bar with prints: a bridge through open, first extreme, second extreme and close.

Assumptions.  The prints touch the four prices exactly and never leave the bar's range.  The low comes first
in 93 % of rising bars and the high first in 93 % of falling ones, as measured on real seconds; a bar that
closes where it opened is a coin toss.  Between the four the price wanders with the volatility that makes
such a range typical, reflected at the extremes.  A bridge is a sensitivity path: it spreads moves evenly
over the bar, where real ones come in bursts, and shows about five times the true rate of 10 bp moves within
8 s.

Chance is a counter hashed with the key (SplitMix64, as in ``sim.chance``): nothing is consumed, and neither
numpy's generators nor its logarithms, which may change with a release or a processor, play a part.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.market.bars import IntArray
from sim.market.scatter import GOLDEN, scatter

PRINTS_MAX = 240
PRINTS_MIN_MOVING = 4
EXTREME_ORDER_RATE = 0.93
# Of recorded trades, in seconds that moved: 96 to 100 % (BTC and ETH USDS-M, 2023-04-04, 2024-07-18, 2024-08-08).
SECOND_ORDER_RATE = 0.97
# E[range] of a Brownian motion of unit length is sqrt(8 / pi) standard deviations.
_SD_PER_RANGE = (8 / np.pi) ** -0.5
# Ones among 32 fair bits have a standard deviation of sqrt(32 / 4).
_BITS_SD = 8**0.5
_UNIT = 2.0**-53
_HALF_UNIT = 2.0**-32

_S32 = np.uint64(32)
_LOW_HALF = np.uint64(0xFFFFFFFF)
_COUNTER = np.arange(1, PRINTS_MAX + 4, dtype=np.uint64) * GOLDEN
_INDEX = np.arange(PRINTS_MAX, dtype=np.float64)
_RANK = np.arange(PRINTS_MAX, dtype=np.int64)


def print_count(trades: int, moves: bool, interval_us: int) -> int:
    """Return how many prints stand for a bar of ``trades`` trades (−1: unknown).

    At most 240, or 4 per second in bars shorter than a minute; a bar without a trade keeps the one print that
    states its price.
    """
    if trades == 0 and not moves:
        return 1
    most = min(PRINTS_MAX, max(PRINTS_MIN_MOVING, 4 * interval_us // 1_000_000))
    count = most if trades < 0 else min(trades, most)
    return max(count, PRINTS_MIN_MOVING) if moves else max(count, 1)


def bridge(
    key: int,
    open_: int,
    high: int,
    low: int,
    close: int,
    count: int,
    interval_us: int,
    order_rate: float = EXTREME_ORDER_RATE,
) -> tuple[IntArray, IntArray]:
    """Return ``count`` prints of one bar: distinct times in [0, ``interval_us``), the first 0, and ticks.

    The four prices are in ticks; ``key`` is 64 well-spread bits; ``order_rate`` is the share of rising bars whose low
    comes first.  A bar that moves needs at least 4 prints.
    """
    # Three words for the bar, then one for each print: its time from the upper half, its step from the lower.
    bits = _words(key, count + 3)
    times = _times(bits[4:], interval_us)
    if high == low:
        return times, np.full(count, open_, dtype=np.int64)
    first_draw, second_draw, order_draw = ((word >> 11) * _UNIT for word in bits[:3].tolist())
    # Two distinct places of 1 … count - 2, in order, for the two extremes.
    early = 1 + int(first_draw * (count - 2))
    late = 1 + int(second_draw * (count - 3))
    if late >= early:
        late += 1
    else:
        early, late = late, early
    low_first = order_draw < _low_first_rate(open_, close, order_rate)
    extremes = (low, high) if low_first else (high, low)
    places = np.array((0, early, late, count - 1))
    return times, _walk(bits[3:], places, np.array((open_, *extremes, close)), low, high)


def _low_first_rate(open_: int, close: int, order_rate: float) -> float:
    if close == open_:
        return 0.5
    return order_rate if close > open_ else 1.0 - order_rate


def _walk(bits: npt.NDArray[np.uint64], places: IntArray, prices: IntArray, low: int, high: int) -> IntArray:
    height = high - low
    # The mean of a step is a straight line, which bending the walk to the four places takes out again.
    walk = np.add.accumulate(np.bitwise_count(bits & _LOW_HALF), dtype=np.float64)
    walk *= height * _SD_PER_RANGE / (_BITS_SD * bits.size**0.5)
    # One interpolation both bends the walk to zero at the four places and lays it on the legs between them.
    walk += np.interp(_INDEX[: bits.size], places, prices - low - walk[places])
    np.abs(walk, out=walk)
    np.abs(np.subtract(height, walk, out=walk), out=walk)
    # Reflected at both ends; an excursion of more than the whole range again is cut off.
    np.maximum(np.subtract(height, walk, out=walk), 0.0, out=walk)
    ticks: IntArray = np.rint(walk, out=walk).astype(np.int64)
    ticks += low
    ticks[places] = prices
    return ticks


def _times(bits: npt.NDArray[np.uint64], interval_us: int) -> IntArray:
    """Return 0 and one distinct, sorted time inside the bar for each word."""
    others = bits.size
    times = np.zeros(others + 1, dtype=np.int64)
    if others:
        # Sorted draws from a shorter stretch, each pushed up by its rank, cannot tie.
        drawn = ((bits >> _S32) * (_HALF_UNIT * (interval_us - others))).astype(np.int64)
        drawn.sort()
        times[1:] = drawn
        times += _RANK[: others + 1]
    return times


def _words(key: int, count: int) -> npt.NDArray[np.uint64]:
    return scatter(_COUNTER[:count] + np.uint64(key))
