"""Hold one trace on its way into frames: its tables, its intents, and the labels every row carries."""

from __future__ import annotations

import numpy as np

from sim.metrics.lookup import Array, Columns, Numbers, factorise, take
from sim.trace import Trace

DAY_US = 86_400_000_000
_KEPT_ROWS = 4_096
"""Longer tables are read anew each time: texts spelt out, all of them at once would double a large run's peak."""


class Source:
    """Give the tables of ``trace`` as arrays, and run, seed and cluster of a row's intent.

    ``epoch_us`` is the Unix time of the run's start; it separates episodes and dates of different tapes.
    """

    def __init__(self, trace: Trace, *, episode_us: int, seed: int, epoch_us: int) -> None:
        self._trace = trace
        self._read: dict[str, Columns] = {}
        self.seed = seed
        self.run = f"{seed}/{epoch_us}"
        intents = self.table("intent")
        self.numbers = Numbers(intents["intent"])
        self.size = self.numbers.size
        moment = intents["decided_us"] + epoch_us
        self.episodes: Array = moment // episode_us
        self.dates: Array = moment // DAY_US
        codes, names = factorise(self.episodes)
        self._clusters: Array = np.array([f"{seed}/{name}" for name in names], dtype=object)[codes]

    def table(self, name: str) -> Columns:
        """Return the columns of a table of the trace; they are not to be changed."""
        if name in self._read:
            return self._read[name]
        columns = self._trace.arrays(name)
        if len(next(iter(columns.values()))) <= _KEPT_ROWS:
            self._read[name] = columns
        return columns

    def rows(self, intents: Array) -> Array:
        """Return each intent's row, -1 for none."""
        return self.numbers.rows(intents)

    def clusters(self, intents: Array) -> Array:
        """Return each intent's cluster, "" for no intent."""
        return take(self._clusters, self.rows(intents), "")

    def runs(self, size: int) -> Array:
        """Return the run's label ``size`` times, in the place of one."""
        return np.broadcast_to(np.array(self.run, dtype=object), size)

    def seeds(self, size: int) -> Array:
        """Return the run's seed ``size`` times."""
        return np.full(size, self.seed)
