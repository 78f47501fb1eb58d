"""Hold what was counted: every number of this report is a ratio of two sums over blocks of clock time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from sim.fidelity.tapes import Tape, date_of
from sim.market.bars import IntArray

Array = np.ndarray[Any, Any]

KEY: Final = ("section", "measure", "x", "x_unit", "t_s")
SUM_COLUMNS: Final = ("level", "tape", "date", "kind", "episode", "source", *KEY, "num", "den", "events")


class Measure(NamedTuple):
    """Name one number: its section, what it is, at which x (of which unit) and after which t (s).

    ``x`` and ``t_s`` are NaN where the measure has none.
    """

    section: str
    name: str
    x: float = np.nan
    x_unit: str = ""
    t_s: float = np.nan


@dataclass(frozen=True)
class Blocks:
    """Say which block of clock time each step of a tape lies in."""

    tape: Tape
    of_step: IntArray
    of_bar: IntArray
    epochs_us: IntArray

    @classmethod
    def of(cls, tape: Tape) -> Blocks:
        """Number the blocks of ``tape`` from 0."""
        level = tape.level
        starts = tape.bars.epoch_us + np.arange(len(tape.steps), dtype=np.int64) * level.step_us
        first = int(starts[0]) // level.episode_us
        of_step: IntArray = starts // level.episode_us - first
        epochs = (first + np.arange(int(of_step[-1]) + 1, dtype=np.int64)) * level.episode_us
        return cls(tape, of_step, of_step[:: level.steps], epochs)

    @property
    def count(self) -> int:
        """Return the number of blocks."""
        return int(self.epochs_us.size)


class Sums:
    """Collect numerators, denominators and events per block, for one source on one tape."""

    def __init__(self, blocks: Blocks, source: str) -> None:
        self._blocks = blocks
        self._source = source
        self._parts: list[tuple[Measure, Array, Array, Array]] = []

    def add(
        self,
        measure: Measure,
        block: IntArray,
        values: Array,
        weights: Array | None = None,
        events: Array | None = None,
    ) -> None:
        """Add one value per item; its ``block``, what it counts in the denominator (1) and whether it is an event.

        Events are, unless given, the items whose value is not 0.
        """
        count = self._blocks.count
        ones = np.ones(block.size) if weights is None else weights.astype(np.float64)
        hits = values != 0 if events is None else events
        self._parts.append(
            (
                measure,
                np.bincount(block, values.astype(np.float64), count),
                np.bincount(block, ones, count),
                np.bincount(block, hits.astype(np.float64), count),
            )
        )

    def frame(self) -> pd.DataFrame:
        """Return all sums as rows of SUM_COLUMNS; blocks without a denominator are left out."""
        tape = self._blocks.tape
        dates = [date_of(int(epoch)) for epoch in self._blocks.epochs_us]
        kinds = ["violent" if date in tape.violent else tape.kind for date in dates]
        frames = []
        for measure, num, den, events in self._parts:
            kept = np.flatnonzero(den > 0)
            frames.append(
                pd.DataFrame(
                    {
                        "level": tape.level.name,
                        "tape": tape.name,
                        "date": [dates[place] for place in kept],
                        "kind": [kinds[place] for place in kept],
                        "episode": self._blocks.epochs_us[kept],
                        "source": self._source,
                        "section": measure.section,
                        "measure": measure.name,
                        "x": measure.x,
                        "x_unit": measure.x_unit,
                        "t_s": measure.t_s,
                        "num": num[kept],
                        "den": den[kept],
                        "events": events[kept],
                    }
                )
            )
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(SUM_COLUMNS))
