"""Keep what a library is built from apart from what it is judged on.

Two schemes.  ``blocks``: clock blocks by turns, even ones judged by a library of odd ones and the reverse.
``dates``: a tape judged by a library of other dates.  Under both, no step within a margin of a judged bar, of any
tape, is used for building: neighbours share their market.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from sim.fidelity.level import Level
from sim.fidelity.tapes import Tape
from sim.market import Recording
from sim.market.bars import IntArray

Scheme = Literal["blocks", "dates"]

BLOCK_FOLDS: Final = (0, 1)


def block_fold(starts_us: IntArray, level: Level) -> IntArray:
    """Return the fold (0 or 1) in which bars that open at ``starts_us`` (Unix time) are judged."""
    folds: IntArray = (starts_us // level.fold_us) % len(BLOCK_FOLDS)
    return folds


def training_of_fold(tapes: Sequence[Tape], fold: int) -> list[Recording]:
    """Return the stretches that a library judged in block fold ``fold`` may be built from."""
    found: list[Recording] = []
    for tape in tapes:
        found += _stretches(tape, fold)
    return found


def training_without(tapes: Sequence[Tape], judged: Tape) -> list[Recording]:
    """Return the tapes that hold no moment of the dates of ``judged`` nor of the day before and after."""
    day_us = 86_400_000_000
    first_us = (judged.bars.epoch_us // day_us - 1) * day_us
    last_us = (-(-(judged.bars.epoch_us + judged.bars.end_us) // day_us) + 1) * day_us
    return [
        tape.recording(0, tape.bars.end_us)
        for tape in tapes
        if tape.bars.epoch_us + tape.bars.end_us <= first_us or tape.bars.epoch_us >= last_us
    ]


def _stretches(tape: Tape, fold: int) -> list[Recording]:
    """Return the runs of bars that are not judged in ``fold`` and further than the margin from any that is.

    Blocks lie on the clock, so what another tape is judged on at that time is left out as well.
    """
    level = tape.level
    starts = tape.bar_starts_us
    near = block_fold(starts, level) == fold
    # Whether a moment is judged is a matter of the clock alone: blocks before and after the tape count too.
    for shift_us in (-level.margin_us, level.margin_us):
        near |= block_fold(starts + shift_us, level) == fold
    edges = np.flatnonzero(np.diff(np.concatenate([[True], near, [True]]).astype(np.int8)))
    return [
        tape.recording(int(first) * level.bar_us, int(last) * level.bar_us)
        for first, last in zip(edges[::2], edges[1::2], strict=True)
    ]
