"""Build a library of shapes from recorded seconds: what real bars did inside.

From trades every change of price leaves a print, in its place.  A one-second bar leaves up to four: its first, its
extremes (the low first when the second rose, as measured in 97 % of seconds), its last; where in the second they fell
is not known, and four sorted draws keyed by its time stand for it.  Repeats of one price leave no print.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.chance import Stream, mix
from sim.errors import InputError
from sim.market.bars import Bars, FloatArray, IntArray, Trades, interval_name
from sim.market.inside import SECOND_US, BarTicks
from sim.market.shapes.features import FEATURES, features_of, is_turned
from sim.market.shapes.library import ShapeLibrary

MINUTE_US = 60_000_000
_FEWEST_STEPS = 4
_CHANGES_MOST = 480
_SCALE = 1e8
_DRAWS = Stream(0, "shapes.places")


class Recording(NamedTuple):
    """Name a tape of seconds or trades, and what its volume and count mean.

    ``name`` is what the library says it was built from.  ``unit_value``: what a unit of volume is worth in quote
    currency where that is not the price (a contract of 10 USD: 10).  ``fills_each``: how many fills of the venue one
    of its trades stands for, as klines count fills.
    """

    tape: Bars | Trades
    name: str
    unit_value: float | None = None
    fills_each: float = 1.0


def build_shapes(
    recordings: Sequence[Recording],
    *,
    interval_us: int = MINUTE_US,
    keep: Sequence[tuple[int, int]] | None = None,
) -> ShapeLibrary:
    """Build shapes of bars of ``interval_us`` from finer bars or from trades.

    ``keep``: stretches of Unix time [from, to) in µs; only bars wholly inside one of them are used (None: all).
    Raises :class:`InputError` for bars that do not divide ``interval_us``, or when no bar moves.
    """
    pieces: list[tuple[IntArray, IntArray]] = []
    features: list[tuple[int, ...]] = []
    for recording in recordings:
        prints = _prints_of(recording.tape, interval_us)
        for bar in prints.bars(interval_us, keep):
            prices = prints.price[bar]
            high, low = int(prices.max()), int(prices.min())
            if high == low:
                continue
            open_, close = int(prices[0]), int(prices[-1])
            unit_value = (high + low) / (2 * _SCALE) if recording.unit_value is None else recording.unit_value
            counts = prints.trades[bar]
            trades = -1 if (counts < 0).any() else round(int(counts.sum()) * recording.fills_each)
            value = float(prints.volume[bar].sum()) * unit_value
            features.append(features_of(BarTicks(open_, high, low, close, trades, value)))
            pieces.append(_shape_of(prints.times[bar] + prints.epoch_us, prices, interval_us))
    lengths = np.array([0, *(times.size for times, _ in pieces)], dtype=np.int64)
    return ShapeLibrary(
        interval_us=interval_us,
        sources=tuple(recording.name for recording in recordings),
        starts=np.cumsum(lengths),
        times=_joined([times for times, _ in pieces]),
        levels=_joined([levels for _, levels in pieces]),
        features=np.array(features, dtype=np.int32).reshape(len(features), FEATURES),
    )


class _Prints(NamedTuple):
    """Hold a tape as prints: times (µs after ``epoch_us``), prices in 1e-8, what each adds to trades and volume."""

    epoch_us: int
    end_us: int
    times: IntArray
    price: IntArray
    trades: IntArray
    volume: FloatArray

    def bars(self, interval_us: int, keep: Sequence[tuple[int, int]] | None) -> Iterator[slice]:
        """Yield the whole bars that hold prints and lie inside a stretch to keep."""
        number = (self.times + self.epoch_us) // interval_us
        edges = np.flatnonzero(np.diff(number, prepend=number[0] - 1, append=number[-1] + 1))
        for first, last in pairwise(edges.tolist()):
            start_us = int(number[first]) * interval_us
            stop_us = start_us + interval_us
            # A tape may begin or end inside a bar.
            whole = self.epoch_us <= start_us and stop_us <= self.epoch_us + self.end_us
            if whole and (keep is None or any(a <= start_us and stop_us <= b for a, b in keep)):
                yield slice(first, last)


def _prints_of(tape: Bars | Trades, interval_us: int) -> _Prints:
    if isinstance(tape, Trades):
        return _of_trades(tape, interval_us)
    if interval_us % tape.interval_us or interval_us // tape.interval_us < _FEWEST_STEPS:
        expected = f"bars of a whole part of {interval_name(interval_us)}, {_FEWEST_STEPS} or more to one"
        raise InputError(tape.source, f"bars of {interval_name(tape.interval_us)}", expected)
    return _of_bars(tape)


def _of_bars(tape: Bars) -> _Prints:
    step_us = tape.interval_us
    traded = np.flatnonzero((tape.count > 0) | ((tape.count < 0) & (tape.volume > 0)))
    rises = tape.close[traded] >= tape.open[traded]
    low, high = tape.low[traded], tape.high[traded]
    prices = np.stack(
        (tape.open[traded], np.where(rises, low, high), np.where(rises, high, low), tape.close[traded]),
        axis=1,
    )
    first_us = tape.epoch_us + traded * step_us
    drawn = np.array([[_DRAWS.uniform(mix(at_us, n)) for n in range(4)] for at_us in first_us.tolist()])
    times = traded[:, None] * step_us + (np.sort(drawn.reshape(-1, 4), axis=1) * step_us).astype(np.int64)
    trades, volume = np.zeros_like(prices, dtype=np.int64), np.zeros_like(prices)
    trades[:, 0], volume[:, 0] = tape.count[traded], tape.volume[traded]
    return _Prints(
        tape.epoch_us, tape.end_us, times.ravel(), _whole(prices.ravel()), trades.ravel(), volume.ravel()
    )


def _of_trades(tape: Trades, interval_us: int) -> _Prints:
    """Keep every change of price; in bars with very many of them the first, last and extremes of each second."""
    price = tape.price
    unix_us = tape.times_us + tape.epoch_us
    bar = unix_us // interval_us
    # The first trade of a bar is its open, whether it changed the price or not.
    changed = (np.diff(price, prepend=price[0]) != 0) | (np.diff(bar, prepend=bar[0] - 1) != 0)
    changes = np.flatnonzero(changed)
    bar = bar[changes]
    bars, count = np.unique(bar, return_counts=True)
    busy = bars[count > _CHANGES_MOST]
    seconds = _ends_and_extremes(price, unix_us // SECOND_US)
    seconds = seconds[np.isin(unix_us[seconds] // interval_us, busy)]
    kept = np.unique(np.concatenate((changes[~np.isin(bar, busy)], seconds)))
    # What was traded from one kept print to the next counts with the first.
    trades = np.diff(np.append(kept, price.size))
    volume = np.add.reduceat(tape.quantity, kept)
    return _Prints(tape.epoch_us, tape.end_us, tape.times_us[kept], _whole(price[kept]), trades, volume)


def _ends_and_extremes(price: FloatArray, second: IntArray) -> IntArray:
    """Return the places of the first, last, lowest and highest trade of each second, in order."""
    starts = np.flatnonzero(np.diff(second, prepend=second[0] - 1))
    group = np.cumsum(np.diff(second, prepend=second[0]) != 0)
    ends = np.append(starts[1:], second.size) - 1
    found = [starts, ends]
    for reach in (np.maximum.reduceat(price, starts), np.minimum.reduceat(price, starts)):
        at = np.flatnonzero(price == reach[group])
        found.append(at[np.unique(group[at], return_index=True)[1]])
    return np.unique(np.concatenate(found))


def _shape_of(unix_us: IntArray, prices: IntArray, interval_us: int) -> tuple[IntArray, IntArray]:
    """Return places in 1/65536 of the bar and levels in 1/65535 of its range; a bar that falls is turned over."""
    changed = np.flatnonzero(np.diff(prices, prepend=prices[0] - 1))
    if changed.size < 2:
        raise AssertionError("a bar that moves has two prices")
    times = unix_us[changed] % interval_us * 65_536 // interval_us
    kept = prices[changed]
    low, high = int(kept.min()), int(kept.max())
    if is_turned(int(kept[0]) - low, int(kept[-1]) - low, high - low):
        kept = high + low - kept
    return times, (kept - low) * 65_535 // (high - low)


def _whole(prices: FloatArray) -> IntArray:
    whole: IntArray = np.rint(prices * _SCALE).astype(np.int64)
    return whole


def _joined(pieces: list[IntArray]) -> npt.NDArray[np.uint16]:
    return np.concatenate(pieces).astype(np.uint16) if pieces else np.empty(0, dtype=np.uint16)
