"""Estimate how fast a symbol's price moves, and how long orders take, from what was read and sent anyway.

Squared log returns per second, weighted exponentially by time: a quiet hour is forgotten within minutes of a storm.
"""

from __future__ import annotations

import math
import time
from typing import Final

_HALF_LIFE_S: Final = 300.0
_LEAST_SD: Final = 1.0e-4
"""No symbol is taken to be calmer than 1 bp per root second: a few equal reads must not lull anybody."""

FIRST_DELAY_S: Final = 0.5
"""How long an order is expected to take before the first one was seen."""

_DELAY_WEIGHT: Final = 0.2
_FEWEST: Final = 3
_LONGEST_GAP_S: Final = 600.0


class Volatility:
    """Hold one estimate per symbol; times are those of the monotonic clock."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, float]] = {}
        self._variance: dict[str, tuple[float, int]] = {}
        self.delay_s = FIRST_DELAY_S

    def note_delay(self, seconds: float) -> None:
        """Take in how long an order's answer took; ``delay_s`` is the exponentially weighted mean."""
        self.delay_s += _DELAY_WEIGHT * (seconds - self.delay_s)

    def note(self, symbol: str, price: float) -> None:
        """Take in a price that was read just now."""
        now_s = time.monotonic()
        before = self._last.get(symbol)
        self._last[symbol] = (now_s, price)
        if before is None or now_s <= before[0] or now_s - before[0] > _LONGEST_GAP_S:
            return
        gap_s = now_s - before[0]
        rate = math.log(price / before[1]) ** 2 / gap_s
        variance, count = self._variance.get(symbol, (rate, 0))
        weight = 1.0 - 0.5 ** (gap_s / _HALF_LIFE_S) if count >= _FEWEST else 1.0 / (count + 1)
        self._variance[symbol] = (variance + weight * (rate - variance), count + 1)

    def sd(self, symbol: str) -> float:
        """Return the standard deviation of the log price over one second; the least one while little is known."""
        variance, count = self._variance.get(symbol, (0.0, 0))
        return max(_LEAST_SD, math.sqrt(variance)) if count >= _FEWEST else _LEAST_SD

    def move(self, symbol: str, seconds: float) -> float:
        """Return one standard deviation of the move over ``seconds``, as a fraction of the price."""
        return self.sd(symbol) * math.sqrt(max(0.0, seconds))
