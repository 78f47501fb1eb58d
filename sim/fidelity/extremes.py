"""Look at the extremes of bars: which comes first, when, and how wild the steps around them are.

An extreme lies in the first step whose own extreme equals the bar's.  Bars that do not move are left out; so are,
for the order, bars whose two extremes fall into one step and bars that close where they open.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sim.fidelity.steps import Steps
from sim.fidelity.sums import Blocks, Measure, Sums
from sim.market.bars import FloatArray, IntArray

PROFILE_REACH: Final = 10
"""Steps before and after an extreme that the picture shows."""


def look_at_extremes(steps: Steps, blocks: Blocks, sums: Sums) -> None:
    """Add order, time and surroundings of the extremes of all bars that move."""
    tape = blocks.tape
    level = tape.level
    shape = (len(tape.bars), level.steps)
    high_at = steps.high.reshape(shape).argmax(axis=1)
    low_at = steps.low.reshape(shape).argmin(axis=1)
    moves = tape.bars.high > tape.bars.low
    body = tape.bars.close - tape.bars.open
    # Up bars should see the low first, down bars the high.
    expected = np.where(body > 0, low_at < high_at, high_at < low_at)
    ordered = moves & (body != 0) & (high_at != low_at)
    sums.add(Measure("extremes", "extreme against the body first"), blocks.of_bar[ordered], expected[ordered])
    sums.add(
        Measure("extremes", "both extremes in one step"), blocks.of_bar[moves], (high_at == low_at)[moves]
    )
    places = np.concatenate([high_at[moves], low_at[moves]])
    block = np.concatenate([blocks.of_bar[moves]] * 2)
    _add_times(places, block, level.steps, level.edge, sums)
    bars = np.concatenate([np.flatnonzero(moves)] * 2)
    _add_surroundings(steps.squares.reshape(shape), bars, places, block, level.near, sums)


def _add_times(places: IntArray, block: IntArray, count: int, edge: int, sums: Sums) -> None:
    away = np.abs((places + 0.5) / count - 0.5)
    sums.add(Measure("extremes", "distance of an extreme from mid-bar"), block, away)
    sums.add(Measure("extremes", "extremes at the beginning", edge, "steps"), block, places < edge)
    sums.add(Measure("extremes", "extremes at the end", edge, "steps"), block, places >= count - edge)
    for share in np.linspace(0.0, 1.0, 13)[1:-1] if count >= 12 else np.arange(1, count) / count:
        by_then = (places + 1) / count <= share + 1e-9
        sums.add(Measure("times", "extremes before a share of the bar", float(share), "bars"), block, by_then)


def _add_surroundings(
    squares: FloatArray, bars: IntArray, places: IntArray, block: IntArray, near: int, sums: Sums
) -> None:
    """Add squared returns around extremes over the mean square of their bar, each bar counting alike."""
    count = squares.shape[1]
    mean = squares.mean(axis=1)[bars]
    known = mean > 0
    bars, places, block, mean = bars[known], places[known], block[known], mean[known]
    total, members = np.zeros(bars.size), np.zeros(bars.size)
    reach = min(PROFILE_REACH, count - 1)
    for offset in range(-reach, reach + 1):
        at = places + offset
        inside = (at >= 0) & (at < count)
        ratio = squares[bars[inside], at[inside]] / mean[inside]
        sums.add(Measure("around extremes", "squared return", offset, "steps"), block[inside], ratio)
        if abs(offset) <= near:
            total[inside] += ratio
            members[inside] += 1
    measure = Measure("extremes", "squared return near an extreme over the bar's", near, "steps")
    sums.add(measure, block, total / members)
