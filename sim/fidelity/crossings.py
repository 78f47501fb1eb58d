"""Place stops at random and look at where they are crossed: how wild the price is there, how far it goes beyond.

In every bar one moment is drawn, the same for all sources; from the price then, one stop below and one above at
each distance, standing for the level's horizon.  The crossing is the first later step with a print at or beyond.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from sim.chance import Stream
from sim.fidelity.steps import Steps
from sim.fidelity.sums import Array, Blocks, Measure, Sums
from sim.fidelity.tapes import Tape
from sim.market import PricePath
from sim.market.bars import FloatArray, IntArray

PROFILE_REACH: Final = 10
_AT_ONCE: Final = 256
_SEED: Final = 20_240_101
"""Where stops are placed is part of the question, not of a path: all sources and seeds share it."""


def placements(tape: Tape) -> IntArray:
    """Return one step per bar, keyed by symbol and the bar's open time."""
    stream = Stream(_SEED, f"fidelity.stop.{tape.steps.symbol}")
    offsets = [int(stream.uniform(int(start)) * tape.level.steps) for start in tape.bar_starts_us]
    return np.arange(len(tape.bars), dtype=np.int64) * tape.level.steps + np.array(offsets, dtype=np.int64)


def look_at_crossings(steps: Steps, blocks: Blocks, sums: Sums) -> None:
    """Add, for each distance: share crossed, squared returns at and around the crossing, overshoot."""
    level = blocks.tape.level
    placed = placements(blocks.tape)
    average = float(steps.squares.mean()) or 1.0
    for distance in level.stops_bps:
        sides = list(_crossed(steps, placed, distance, level.horizon))
        block = blocks.of_step[np.concatenate([placed] * 2)]
        found = np.concatenate([at >= 0 for at, _ in sides])
        sums.add(Measure("crossings", "stops crossed", distance, "bps"), block, found)
        at = np.concatenate([at for at, _ in sides])
        beyond = np.concatenate(
            [_beyond(steps, at, price, side) for (at, price), side in zip(sides, (-1, 1), strict=True)]
        )
        # Two steps beyond must be known; the last few crossings of a tape are left out.
        inside = found & (at + level.crossing_near < len(steps))
        _add_volatility(steps, at[inside], blocks, distance, average, sums)
        for column, text in enumerate(("by the end of the crossing step", "one step later")):
            values = beyond[inside, column]
            measure = Measure("crossings", f"beyond the stop {text}", distance, "bps")
            sums.add(measure, blocks.of_step[at[inside]], values, events=np.ones(values.size))


def _crossed(
    steps: Steps, placed: IntArray, distance: float, horizon: int
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Yield, for stops below and then above, the step of the first crossing (-1: none) and the stop's price."""
    ahead = np.arange(1, horizon + 1)
    for side, values in ((-1, steps.low), (1, steps.high)):
        padded = np.concatenate([side * values, np.full(horizon, -np.inf)])
        prices = steps.last[placed] * (1 + side * distance / 1e4)
        at = np.full(placed.size, -1, dtype=np.int64)
        for start in range(0, placed.size, _AT_ONCE):
            some = np.s_[start : start + _AT_ONCE]
            hit = padded[placed[some, None] + ahead] >= (side * prices[some])[:, None]
            at[some] = np.where(hit.any(axis=1), placed[some] + 1 + hit.argmax(axis=1), -1)
        yield at, prices


def _beyond(steps: Steps, at: IntArray, price: FloatArray, side: int) -> Array:
    """Return how far beyond the stop the price is, in bps and 0 if back, at the step's end and one later."""
    later = np.minimum(np.stack([at, at + 1], axis=1), len(steps) - 1)
    return np.maximum(side * (steps.last[later] / price[:, None] - 1) * 1e4, 0.0)


def _add_volatility(
    steps: Steps, at: IntArray, blocks: Blocks, distance: float, average: float, sums: Sums
) -> None:
    level = blocks.tape.level
    squares, block = steps.squares, blocks.of_step[at]
    everything = np.ones(at.size)
    here = squares[at] / average
    sums.add(
        Measure("crossings", "squared return at the crossing", distance, "bps"),
        block,
        here,
        events=everything,
    )
    reach = np.arange(-level.crossing_near, level.crossing_near + 1)
    around = squares[np.maximum(at[:, None] + reach, 0)].mean(axis=1) / average
    measure = Measure("crossings", "squared return around the crossing", distance, "bps")
    sums.add(measure, block, around, events=everything)
    means = squares.reshape(-1, level.steps).mean(axis=1)[at // level.steps]
    share = np.divide(squares[at], means, out=np.zeros(at.size), where=means > 0)
    measure = Measure("crossings", "squared return at the crossing over the bar's", distance, "bps")
    sums.add(measure, block, share, events=everything)
    if distance == level.stops_bps[len(level.stops_bps) // 2]:
        for offset in range(-PROFILE_REACH, PROFILE_REACH + 1):
            known = (at + offset >= 0) & (at + offset < len(steps))
            values = squares[at[known] + offset] / average
            sums.add(Measure("around crossings", "squared return", offset, "steps"), block[known], values)


def look_at_prints(path: PricePath, blocks: Blocks, sums: Sums) -> None:
    """Add the overshoot of prints: the first at or beyond the stop, and last one second after it.

    ``path`` begins with the tape.  For tapes with recorded trades only: within a second, bars do not tell.
    """
    tape = blocks.tape
    level = tape.level
    moments = ((placements(tape) + 1) * level.step_us - 1).tolist()
    for distance in level.stops_bps:
        block, first, later = [], [], []
        for moment in moments:
            for side in (-1, 1):
                price = path.last(moment) * (1 + side * distance / 1e4)
                until_us = min(moment + level.horizon * level.step_us, path.end_us - 1)
                at = path.first_last_crossing(price, side > 0, moment, until_us)
                if at is None or at + level.step_us >= path.end_us:
                    continue
                block.append(at // level.step_us)
                # Prints of one millisecond keep their order: the first at or beyond the stop triggers it.
                beyond = side * (path.prints(at, at + 1)[1] / price - 1) * 1e4
                first.append(max(float(beyond[beyond >= -1e-6][0]), 0.0))
                later.append(max(side * (path.last(at + level.step_us) / price - 1) * 1e4, 0.0))
        where = blocks.of_step[np.array(block, dtype=np.int64)]
        for name, values in (
            ("first print beyond the stop", first),
            ("last beyond the stop 1 s after it", later),
        ):
            measure = Measure("prints", name, distance, "bps")
            sums.add(measure, where, np.array(values), events=np.ones(len(values)))
