"""Measure how fast a sweep makes runs, and what a second core brings; by the wall clock, on a quiet machine."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from sim.sweep import Asked, sweep
from tests.benchmarks.measure import Row

_RUNS: Final = 100_000
_WITHIN_MIN: Final = 30.0
_PAIRS: Final = 3
_SHORT: Final = Asked(
    scenarios=("quickstart", "calm_baseline"),
    policies=("d7", "safe"),
    seeds=32,
    intents=20,
    batch_intents=160,
)
"""256 runs of 20 intents in 32 batches: long enough to even out, small enough to repeat."""


def sweep_two() -> list[Row]:
    """Return the time of two processes over the time of one: at most 1 / 1.8."""
    ratios = sorted(_wall_s(_SHORT, 2) / _wall_s(_SHORT, 1) for _ in range(_PAIRS))
    middle = statistics.median(ratios)
    return [Row("sweep: two processes over one (wall)", middle, "×", 1 / 1.8, ratios[0], ratios[-1])]


def sweep_rate() -> list[Row]:
    """Return the minutes that 100,000 runs of 20 intents take on two cores, from a sample: at most 30."""
    asked = replace(_SHORT, seeds=128, batch_intents=320)
    runs = 4 * asked.seeds
    minutes = sorted(_RUNS / runs * _wall_s(asked, 2) / 60 for _ in range(_PAIRS))
    middle = statistics.median(minutes)
    return [
        Row("sweep: 100,000 runs of 20 intents, 2 cores", middle, "min", _WITHIN_MIN, minutes[0], minutes[-1])
    ]


def _wall_s(asked: Asked, jobs: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        began_s = time.perf_counter()
        sweep(asked, Path(folder) / "sweep", jobs=jobs)
        return time.perf_counter() - began_s


BENCHMARKS: Final[dict[str, Callable[[], list[Row]]]] = {"sweep_two": sweep_two, "sweep_rate": sweep_rate}
