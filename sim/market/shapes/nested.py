"""Fill bars longer than recorded shapes reach: by shapes of parts, and the parts again, down to seconds.

The seconds of one-minute bars say nothing of how a crash spreads over an hour.  A long bar is therefore cut into five
parts by the shape of a real bar of five (open, extremes and close of each part), and each part is filled in the same
way until it is no longer than the bars whose seconds are known.  That shapes of five-minute bars stand for other bars
of five parts is an assumption; ``reports/fidelity`` shows how it does on violent days.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Final

import numpy as np

from sim.chance import mix
from sim.market.bars import IntArray, interval_name
from sim.market.inside import BarTicks
from sim.market.shapes.library import ShapeLibrary, shipped_parts, shipped_shapes

PARTS: Final = 5


@dataclass(frozen=True, eq=False)
class NestedShapes:
    """Fill bars by ``seconds``, after cutting those that are longer into parts by ``parts``."""

    seconds: ShapeLibrary
    parts: ShapeLibrary

    @cached_property
    def sha256(self) -> str:
        """Hash what decides prints."""
        return hashlib.sha256(f"{self.seconds.sha256} {self.parts.sha256}".encode()).hexdigest()

    def describe(self, interval_us: int) -> str:
        """Say what fills bars of this length, and how often they are cut."""
        cuts, inner_us = self._cuts(interval_us)
        if not cuts:
            return self.seconds.describe(interval_us)
        times = "cut into fifths" + (f" {cuts} times over" if cuts > 1 else "")
        return (
            f"resampled real shapes inside {interval_name(interval_us)} bars "
            f"({times} by shapes of {interval_name(self.parts.interval_us)} bars, "
            f"{interval_name(inner_us)} each filled by shapes of {interval_name(self.seconds.interval_us)} bars)"
        )

    def prints(self, key: int, bar: BarTicks, interval_us: int) -> tuple[IntArray, IntArray]:
        """Return the prints of ``bar``, part by part."""
        if interval_us <= self.seconds.interval_us:
            return self.seconds.prints(key, bar, interval_us)
        times, ticks = self.parts.prints(key, bar, interval_us)
        edges = [interval_us * part // PARTS for part in range(PARTS + 1)]
        cuts = times.searchsorted(edges).tolist()
        busy = sum(a < b for a, b in pairwise(cuts))
        found = []
        for part in range(PARTS):
            inside = ticks[cuts[part] : cuts[part + 1]]
            if not inside.size:
                continue
            piece = BarTicks(
                int(inside[0]),
                int(inside.max()),
                int(inside.min()),
                int(inside[-1]),
                bar.trades // busy if bar.trades >= 0 else bar.trades,
                bar.value / busy,
            )
            length_us = edges[part + 1] - edges[part]
            piece_times, piece_ticks = self.prints(mix(key, 2 + part), piece, length_us)
            found.append((piece_times + edges[part], piece_ticks))
        return np.concatenate([each for each, _ in found]), np.concatenate([each for _, each in found])

    def _cuts(self, interval_us: int) -> tuple[int, int]:
        cuts = 0
        while interval_us > self.seconds.interval_us:
            cuts, interval_us = cuts + 1, interval_us // PARTS
        return cuts, interval_us


@lru_cache(maxsize=1)
def shipped_inside() -> NestedShapes:
    """Return what fills bars of any length unless a scenario says otherwise."""
    return NestedShapes(shipped_shapes(), shipped_parts())
