"""Hold one trace on its way into frames: its tables, its intents, and the labels every row carries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sim.metrics.lookup import Array, Numbers, take, text
from sim.trace import Trace

DAY_US = 86_400_000_000


class Source:
    """Give the tables of ``trace`` as arrays, and run, seed and cluster of a row's intent.

    ``epoch_us`` is the Unix time of the run's start; it separates episodes and dates of different tapes.
    """

    def __init__(self, trace: Trace, *, episode_us: int, seed: int, epoch_us: int) -> None:
        self._trace = trace
        self.seed = seed
        self.run = f"{seed}/{epoch_us}"
        intents = self.table("intent")
        self.numbers = Numbers(intents["intent"])
        self.size = self.numbers.size
        moment = intents["decided_us"] + epoch_us
        self.episodes: Array = moment // episode_us
        self.dates: Array = moment // DAY_US
        codes, names = pd.factorize(self.episodes)
        labels = np.array([f"{seed}/{name}" for name in names], dtype=object)
        self._clusters: Array = labels[codes] if self.size else np.zeros(0, dtype=object)

    def table(self, name: str) -> dict[str, Array]:
        """Return the columns of a table of the trace."""
        return self._trace.arrays(name)

    def rows(self, intents: Array) -> Array:
        """Return each intent's row, -1 for none."""
        return self.numbers.rows(intents)

    def clusters(self, intents: Array) -> Array:
        """Return each intent's cluster, "" for no intent."""
        return take(self._clusters, self.rows(intents), "")

    def runs(self, size: int) -> Any:
        """Return the run's label ``size`` times."""
        return text(np.full(size, self.run, dtype=object))
