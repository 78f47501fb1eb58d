"""Tie a fault's probability to what goes on outside: volatility, a load field, or the close of a bar.

``p(t) = min(1, rate · exp(strength · z(t)))``; ``rate`` is the probability at z = 0.

``volatility``  z = ln(v / typical): v is the realised volatility of the request's symbol over the last minute (root of
the sum of squared 5 s steps of ln last), typical its median over the run.  So p = rate · (v / typical)^strength: at
strength 1 a minute three times as wild fails three times as often.  z is kept within ±4.
``load``        z is a stationary Gaussian field on the time axis, standard normal at each moment, in cells of a minute.
It depends on the seed alone: all faults coupled to load meet the same one, and our own requests do not move it.
``bar_close``   z = 1 in the first ``within_s`` seconds after each minute of the replayed clock, else 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from statistics import median
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from sim.chance import Stream
from sim.errors import SimError
from sim.market import PricePath

_STEP_US: Final = 5_000_000
_STEPS: Final = 12
_MINUTE_US: Final = 60_000_000
_TYPICAL_OF: Final = 200
_FARTHEST: Final = 4.0
_RADIANS_PER_US: Final = math.pi / 2 / _MINUTE_US

CoupledTo = Literal["volatility", "load", "bar_close"]


class Coupled(BaseModel):
    """State what a fault follows, its probability where that is typical, and how strongly it follows."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    to: CoupledTo
    rate: float = Field(ge=0, le=1)
    strength: float = Field(ge=0, le=20)
    within_s: float = Field(default=5.0, gt=0, le=60)


class Coupling:
    """Answer a coupled fault's probability at a moment, for a symbol."""

    def __init__(
        self, spec: Coupled, seed: int, epoch_us: int, until_us: int, paths: Mapping[str, PricePath]
    ) -> None:
        self._spec = spec
        self._epoch_us = epoch_us
        self._until_us = until_us
        self._paths = paths
        self._load = Stream(seed, "outside_load")
        self._within_us = round(spec.within_s * 1e6)
        self._logs: dict[tuple[str, int], float] = {}
        self._typical: dict[str, float] = {}

    def probability(self, at_us: int, symbol: str) -> float:
        """Return the probability in [0, 1] at ``at_us``."""
        if self._spec.rate == 0:
            return 0.0
        return min(1.0, self._spec.rate * math.exp(self._spec.strength * self.z(at_us, symbol)))

    def z(self, at_us: int, symbol: str) -> float:
        """Return what the fault follows, 0 where it is typical."""
        if self._spec.to == "volatility":
            return self._wildness(at_us, symbol)
        if self._spec.to == "load":
            return self._load_at(at_us)
        return 1.0 if (self._epoch_us + at_us) % _MINUTE_US < self._within_us else 0.0

    def _load_at(self, at_us: int) -> float:
        # Cosine weights keep the variance of the blend at one between the cells' own draws.
        cell = at_us // _MINUTE_US
        angle = (at_us - cell * _MINUTE_US) * _RADIANS_PER_US
        return math.cos(angle) * self._load.normal(cell) + math.sin(angle) * self._load.normal(cell + 1)

    def _wildness(self, at_us: int, symbol: str) -> float:
        if not self._paths:
            raise SimError("a fault coupled to volatility needs the run's price paths")
        if symbol not in self._paths:
            symbol = min(self._paths)
        typical = self._typical.get(symbol)
        if typical is None:
            end_us = min(self._until_us, self._paths[symbol].end_us)
            apart = max(1, end_us // _STEP_US // _TYPICAL_OF)
            places = range(_STEPS, max(_STEPS + 1, end_us // _STEP_US), apart)
            typical = self._typical[symbol] = median(self._volatility(symbol, place) for place in places)
        now = self._volatility(symbol, at_us // _STEP_US)
        if typical <= 0 or now <= 0:
            return 0.0 if now == typical else math.copysign(_FARTHEST, now - typical)
        return max(-_FARTHEST, min(_FARTHEST, math.log(now / typical)))

    def _volatility(self, symbol: str, place: int) -> float:
        logs = [self._log_last(symbol, step) for step in range(max(0, place - _STEPS), place + 1)]
        return math.sqrt(sum((later - before) ** 2 for before, later in pairwise(logs)))

    def _log_last(self, symbol: str, step: int) -> float:
        key = (symbol, step)
        value = self._logs.get(key)
        if value is None:
            value = self._logs[key] = math.log(self._paths[symbol].last(step * _STEP_US))
        return value
