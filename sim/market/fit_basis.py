"""Fit the basis process to recorded marks: a stream with its index, or mark klines beside klines.

With the index the hidden gap can be seen, so each key is measured by itself.  Klines show only what the median left of
it at the end of each bar; there the share of the lag and the distance of the third price are searched for, and the
keys that live below a bar are taken as given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Final, NamedTuple

import numpy as np

from sim.errors import InputError
from sim.market.bars import Bars, FloatArray, IntArray
from sim.market.basis import Noise, median_of_three
from sim.market.mark import MarkSpec
from sim.market.mark_stream import MarkStream
from sim.market.path import PricePath

WINDOWS_S: Final = (5, 10, 15, 20, 30, 45, 60)
SHARES: Final = tuple(step / 20 for step in range(21))
GAPS_BPS: Final = (0.5, 1.0, 1.5, 2.0, 3.0, 4.5, 6.0, 10.0)
QUANTILES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
# The exchange compares last with the index over five minutes of samples; fewer than one say little.
_MEAN_S, _LEAST_S = 300, 60
_LAGS_S = (5, 10)
_SECOND_US = 1_000_000


class BasisFit(NamedTuple):
    """Give fitted keys and how well they do: ``points`` used, ``explained`` and ``left_bps`` of the gap.

    From a stream ``explained`` is the correlation of the gap with the lag and ``left_bps`` the standard deviation of
    what remains; from klines ``explained`` is NaN and ``left_bps`` the mean distance of the quantiles.
    """

    spec: MarkSpec
    points: int
    explained: float
    left_bps: float


def fit_stream(stream: MarkStream, last: FloatArray) -> BasisFit:
    """Fit all keys of the process to a stream and ``last``, the price of the latest print at each publication.

    Raises :class:`InputError` for a stream of less than two minutes, or prices that do not belong to it.
    """
    if len(stream) < 2 * _LEAST_S or last.size != len(stream):
        given = f"{len(stream)} publications, {last.size} prices of last"
        raise InputError(stream.source, given, f"at least {2 * _LEAST_S} publications and a price for each")
    index_gap = (stream.index / last - 1.0) * 1e4
    gap = index_gap - _mean_before(index_gap)
    seen = np.arange(len(stream)) >= _LEAST_S
    best: tuple[float, int, float, FloatArray, float] | None = None
    for window in WINDOWS_S:
        lag = lag_bps(last, window)[seen]
        centred = gap[seen] - gap[seen].mean()
        share = min(max(float((lag * centred).sum() / (lag * lag).sum()), 0.0), 1.0) if lag.any() else 0.0
        left = centred - share * lag
        left -= left.mean()
        if best is None or left.std() < best[0]:
            fits = float(np.corrcoef(lag, centred)[0, 1]) if lag.any() and centred.any() else 0.0
            best = (float(left.std()), window, share, left, fits)
    assert best is not None
    left_bps, window, share, left, fits = best
    spec = MarkSpec(
        index_gap_bps=round(float(index_gap.mean()), 2),
        follow_share=round(share, 2),
        follow_s=float(window),
        sd_bps=round(left_bps, 2),
        half_life_s=round(half_life_s(left), 1),
    )
    return BasisFit(spec, int(seen.sum()), fits, left_bps)


def fit_klines(paths: Sequence[PricePath], marks: Bars, spec: MarkSpec) -> BasisFit:
    """Search ``follow_share`` and ``index_gap_bps`` for which closes of last and mark part as recorded.

    ``paths`` are last over the same stretch, one for each seed of what fills its bars; the other keys are those of
    ``spec``.  The measure is the mean distance of quantiles of the basis, each relative to half a bp plus its size, so
    that tails do not decide alone.  Raises :class:`InputError` without a path, or for one of another stretch.
    """
    if not paths:
        raise InputError(marks.source, "no path", "at least one path of last over the same stretch")
    seen = [_at_closes(path, marks, spec, seed) for seed, path in enumerate(paths)]
    last, published, lag, noise = (np.concatenate(parts) for parts in zip(*seen, strict=True))
    recorded = (np.tile(marks.close, len(paths)) / last - 1.0) * 1e4
    wanted = np.quantile(recorded, QUANTILES)
    best = (math.inf, 0.0, 0.0)
    for share, index_gap in product(SHARES, GAPS_BPS):
        basis = median_of_three(share * lag + spec.sd_bps * noise, index_gap)
        made = (published * (1.0 + basis / 1e4) / last - 1.0) * 1e4
        distance = float(np.mean(np.abs(np.quantile(made, QUANTILES) - wanted) / (0.5 + np.abs(wanted))))
        best = min(best, (distance, share, index_gap))
    distance, share, index_gap = best
    found = spec.model_copy(update={"preset": "last", "follow_share": share, "index_gap_bps": index_gap})
    return BasisFit(found, len(marks), math.nan, distance)


def _at_closes(path: PricePath, marks: Bars, spec: MarkSpec, seed: int) -> tuple[FloatArray, ...]:
    """Return for each bar its close, last at its latest publication, the lag there (bps), and noise."""
    closes_us = closes_of(path, marks)
    seconds, at_second = last_by_second(path)
    places = np.searchsorted(seconds, closes_us, side="right") - 1
    noise = Noise(seed, f"basis.{path.symbol}", spec.half_life_s)
    return (
        np.array([path.last(int(close)) for close in closes_us]),
        at_second[places],
        lag_bps(at_second, round(spec.follow_s))[places],
        noise.at((path.epoch_us + seconds[places]) // _SECOND_US),
    )


def lag_bps(last: FloatArray, window: int) -> FloatArray:
    """Return, in bps, how far the mean of the latest ``window`` values lies above each; fewer at the beginning."""
    sums = np.concatenate(([0.0], np.cumsum(last - last[0])))
    ends = np.arange(1, last.size + 1)
    starts = np.maximum(ends - window, 0)
    means = last[0] + (sums[ends] - sums[starts]) / (ends - starts)
    lag: FloatArray = (means / last - 1.0) * 1e4
    return lag


def half_life_s(values: FloatArray) -> float:
    """Return the mean half-life that the correlations over five and ten seconds tell; 0 where there is none."""
    centred = values - values.mean()
    power = float((centred * centred).mean())
    lives = []
    for lag in _LAGS_S:
        correlation = float((centred[lag:] * centred[:-lag]).mean()) / power if power else 0.0
        lives.append(-lag / math.log2(min(correlation, 0.99)) if correlation > 0.01 else 0.0)
    return min(sum(lives) / len(lives), 600.0)


def closes_of(path: PricePath, marks: Bars) -> IntArray:
    """Return the last instant of each bar of ``marks``, in µs since the start of ``path``.

    Raises :class:`InputError` when path and marks are not the same stretch.
    """
    if (marks.epoch_us, marks.end_us) != (path.epoch_us, path.end_us):
        given = f"Unix {marks.epoch_us / 1e6:g} s for {marks.end_us / 1e6:g} s"
        raise InputError(
            marks.source, given, f"{path.epoch_us / 1e6:g} s for {path.end_us / 1e6:g} s, as last has"
        )
    closes: IntArray = (np.arange(len(marks), dtype=np.int64) + 1) * marks.interval_us - 1
    return closes


def last_by_second(path: PricePath) -> tuple[IntArray, FloatArray]:
    """Return the whole Unix seconds on the tape, in µs since its start, and last at each of them."""
    seconds = np.arange(-path.epoch_us % _SECOND_US, path.end_us, _SECOND_US, dtype=np.int64)
    times, prices = path.prints(0, path.end_us)
    return seconds, prices[np.maximum(times.searchsorted(seconds, side="right") - 1, 0)]


def _mean_before(values: FloatArray) -> FloatArray:
    """Return the mean of up to 300 values before each; of itself where there is none."""
    sums = np.concatenate(([0.0], np.cumsum(values)))
    ends = np.arange(values.size)
    starts = np.maximum(ends - _MEAN_S, 0)
    means: FloatArray = np.where(ends > 0, (sums[ends] - sums[starts]) / np.maximum(ends - starts, 1), values)
    return means
