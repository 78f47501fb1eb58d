"""Model how the fair price that the exchange computes from its index parts from last: one value a second.

Assumptions.  Binance's mark is the median of three prices: last; the index plus what last has stood above it of
late; the index moved by the funding rate.  The simulator has no index, so the second price is written as last ·
(1 + gap).  The index follows last with a lag, hence gap = ``follow_share`` · (mean of last over ``follow_s`` / last −
1), plus noise of its own, plus declared bursts.  The third price lies ``index_gap_bps`` further: the mean of index
above last.  As in truth the mark then equals last whenever last lies between the other two, and the basis grows with
the pace of the market without any switch.

The noise is first-order autoregressive over whole Unix seconds, as a weighted sum of the draws of the seconds before:
no state, so any question in any order has the same answer.  Weights and draws are whole numbers, which leaves nothing
to the order in which a processor adds.  The noise is cut at five standard deviations, so that a bound exists.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sim.chance import Stream, key_of, mix
from sim.market.bars import FloatArray, IntArray
from sim.market.mark import CUT_SD, MarkSpec
from sim.market.scatter import GOLDEN, scatter

# What is asked together is minutes that begin with a multiple of five: one block then, not three halves of one.
_BLOCK_S = 300
_BLOCKS_KEPT = 4_096
# After so many half-lives a draw weighs a four-thousandth of what it did.
_MEMORY = 12
_WEIGHT_ONE = 1 << 20
# Ones among 64 fair bits have a standard deviation of 4.
_BITS_SD = 4.0
_SEED_MASK = (1 << 64) - 1


@lru_cache(maxsize=8)
def _weights_of(half_life_s: float) -> tuple[FloatArray, float]:
    """Return what the draws of a second and of those before it weigh, and the scale that makes their sum standard."""
    memory = math.ceil(_MEMORY * half_life_s)
    weights = [
        round(_WEIGHT_ONE * 2.0 ** (-lag / half_life_s)) if lag else _WEIGHT_ONE for lag in range(memory + 1)
    ]
    scale = 1.0 / (_BITS_SD * math.sqrt(sum(weight * weight for weight in weights)))
    # Whole numbers all the way, which sums of floats of this size keep, and convolve sooner.
    return np.array(weights, dtype=np.float64), scale


class Noise:
    """Give a stationary Gaussian noise of standard deviation 1 over whole Unix seconds.

    Its correlation halves every ``half_life_s`` (0: every second is drawn anew).  It depends on (seed, name, second).
    """

    def __init__(self, seed: int, name: str, half_life_s: float) -> None:
        self._key = np.uint64(mix(seed & _SEED_MASK, key_of(name)))
        self._weights, self._scale = _weights_of(half_life_s)
        self._blocks: dict[int, FloatArray] = {}

    def at(self, seconds: IntArray) -> FloatArray:
        """Return the noise at Unix ``seconds``, in any order; what lies between them is made too."""
        if not seconds.size:
            return np.empty(0)
        first, last = int(seconds.min()) // _BLOCK_S, int(seconds.max()) // _BLOCK_S
        blocks = [self._block(block) for block in range(first, last + 1)]
        whole = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
        values: FloatArray = whole[seconds - first * _BLOCK_S]
        return values

    def _block(self, block: int) -> FloatArray:
        values = self._blocks.get(block)
        if values is None:
            if len(self._blocks) >= _BLOCKS_KEPT:
                del self._blocks[next(iter(self._blocks))]
            first = block * _BLOCK_S - (self._weights.size - 1)
            seconds = np.arange(first, (block + 1) * _BLOCK_S, dtype=np.int64)
            ones = np.bitwise_count(self._bits(seconds)).astype(np.float64) - 32.0
            summed = np.convolve(ones, self._weights, mode="valid")
            values = self._blocks[block] = np.clip(summed * self._scale, -CUT_SD, CUT_SD)
        return values

    def _bits(self, seconds: IntArray) -> npt.NDArray[np.uint64]:
        return scatter((seconds.astype(np.uint64) + np.uint64(1)) * GOLDEN + self._key)


_kept_noise = lru_cache(maxsize=8)(Noise)
"""Paths that differ only in their shocks have one noise."""


class Bursts:
    """Tell at which Unix seconds a burst acts, and on which side: 1.0, -1.0, or 0.0 outside.

    Every stretch of ``gap_s`` + ``length_s`` holds one burst: it begins anywhere in it and lasts for an exponential
    time of mean ``length_s``, at most as long as the stretch.  Where two meet, the later one acts.
    """

    def __init__(self, seed: int, name: str, gap_s: float, length_s: float) -> None:
        self._stream = Stream(seed, name)
        self._length_s = length_s
        self._cell_s = gap_s + length_s

    def at(self, seconds: IntArray) -> FloatArray:
        """Return the side of the burst that acts at each of ``seconds``."""
        sides = np.zeros(seconds.size)
        if not seconds.size:
            return sides
        first, last = (int(second // self._cell_s) for second in (seconds.min(), seconds.max()))
        for cell in range(first - 1, last + 1):
            start_s, until_s, side = self._burst(cell)
            sides[(seconds >= start_s) & (seconds < until_s)] = side
        return sides

    def _burst(self, cell: int) -> tuple[float, float, float]:
        start_s = (cell + self._stream.uniform(mix(cell, 1))) * self._cell_s
        length_s = min(-math.log(1.0 - self._stream.uniform(mix(cell, 2))) * self._length_s, self._cell_s)
        return start_s, start_s + length_s, 1.0 if self._stream.uniform(mix(cell, 3)) < 0.5 else -1.0


class BasisProcess:
    """Compute the basis, as a ratio to last, from the second and the recent path of last."""

    def __init__(self, spec: MarkSpec, seed: int, symbol: str) -> None:
        self._spec = spec
        name = f"basis.{symbol}"
        self._noise = _kept_noise(seed, name, spec.half_life_s) if spec.sd_bps else None
        self._bursts = (
            Bursts(seed, f"{name}.burst", spec.burst_gap_s, spec.burst_length_s) if spec.burst_bps else None
        )
        # One mean over a single second is last itself.
        self.window_s = max(1, round(spec.follow_s)) if spec.follow_share else 1

    def ratios(self, seconds: IntArray, followed: FloatArray | float) -> FloatArray:
        """Return mark / last − 1 at Unix ``seconds``, where ``followed`` is the mean of last over last, less 1."""
        spec = self._spec
        gap: FloatArray = np.full(seconds.size, followed * spec.follow_share)
        if self._noise is not None:
            gap += self._noise.at(seconds) * (spec.sd_bps / 1e4)
        if self._bursts is not None:
            gap += self._bursts.at(seconds) * (spec.burst_bps / 1e4)
        return spec.basis_bps / 1e4 + median_of_three(gap, spec.index_gap_bps / 1e4)


def median_of_three(gap: FloatArray, further: float) -> FloatArray:
    """Return the median of 0 (last), ``gap`` and ``gap`` + ``further``: what the mark formula leaves of a gap."""
    other = gap + further
    low, high = np.minimum(gap, other), np.maximum(gap, other)
    return np.minimum(np.maximum(low, 0.0), high)
