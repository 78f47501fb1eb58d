"""Count moves: how often the price is further than x away after t.

A move starts at the end of every whole step and is taken between prices carried forward.  In bps it may cross
into the next bars: |ln(p(s + t) / p(s))| > x.  In ranges it stays inside its bar, whose range it is measured by:
|p(s + t) − p(s)| > x · (high − low), over bars that move.
"""

from __future__ import annotations

import numpy as np

from sim.fidelity.steps import Steps
from sim.fidelity.sums import Blocks, Measure, Sums

# Of a price; a move of exactly x must not count or not by the last digit of a float.
_SLACK = 1e-9


def count_moves(steps: Steps, blocks: Blocks, sums: Sums) -> None:
    """Add the rates of moves beyond each x within each t, and the share of steps without any move."""
    level = blocks.tape.level
    logs = np.log(steps.last)
    for lag in level.lags:
        if lag >= len(steps):
            continue
        moved = np.abs(logs[lag:] - logs[:-lag]) * 1e4
        start = blocks.of_step[:-lag]
        for x in level.moves_bps:
            measure = Measure("moves", "moves beyond x in t", x, "bps", lag * level.step_s)
            sums.add(measure, start, moved > x + _SLACK)
    _count_by_range(steps, blocks, sums)
    zero = Measure("moves", "steps without a move", t_s=level.step_s)
    sums.add(zero, blocks.of_step, steps.returns == 0.0)


def _count_by_range(steps: Steps, blocks: Blocks, sums: Sums) -> None:
    tape = blocks.tape
    level = tape.level
    prices = steps.last.reshape(-1, level.steps)
    height = tape.bars.high - tape.bars.low
    moves = height > 0
    for lag in level.lags:
        inside = level.steps - lag
        if inside < 1:
            continue
        moved = np.abs(prices[moves, lag:] - prices[moves, :-lag])
        start = np.repeat(blocks.of_bar[moves], inside)
        for x in level.moves_range:
            limit = x * height[moves, None] + _SLACK * prices[moves, :1]
            measure = Measure("moves", "moves beyond x in t", x, "ranges", lag * level.step_s)
            sums.add(measure, start, (moved > limit).ravel())
