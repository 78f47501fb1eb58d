"""Time callables in interleaved pairs and print what came out."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """State one measured figure beside its bound (None: reported only)."""

    name: str
    value: float
    unit: str
    at_most: float | None
    low: float
    high: float

    @property
    def met(self) -> bool:
        """Tell whether the figure is within its bound."""
        return self.at_most is None or self.value <= self.at_most


def cpu_s(work: Callable[[], object]) -> float:
    """Return the CPU seconds of one call, with the collector's debts settled before."""
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def paired_ratio(
    name: str,
    subject: Callable[[], object],
    base: Callable[[], object],
    at_most: float | None,
    pairs: int = 15,
) -> Row:
    """Return the median ratio subject/base over interleaved pairs, after one warm-up pair."""
    subject()
    base()
    ratios = sorted(cpu_s(subject) / cpu_s(base) for _ in range(pairs))
    return Row(name, statistics.median(ratios), "×", at_most, ratios[0], ratios[-1])


def figure(name: str, values: list[float], unit: str, at_most: float) -> Row:
    """Return the median of several absolute measurements."""
    return Row(name, statistics.median(values), unit, at_most, min(values), max(values))


def print_rows(rows: list[Row]) -> None:
    """Print rows as aligned text."""
    for row in rows:
        bound = f"at most {row.at_most:g}" if row.at_most is not None else "reported"
        verdict = "ok" if row.met else "MISSED"
        spread = f"[{row.low:.2f} to {row.high:.2f}]"
        print(
            f"{row.name:<58} {row.value:>8.2f} {row.unit:<4} {spread:<22} {bound:<14} {verdict}", flush=True
        )
