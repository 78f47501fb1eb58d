"""Draw the two legs of a request from laws that live in time.

``L = F^-1(Phi(sqrt(rho) * Z(t) + sqrt(1 - rho) * e_key))``: Z is a stationary Gaussian field on the time axis
that depends on (seed, leg) alone, e a draw for the request's key.  Two policies under one seed therefore meet
the same slow minutes, and a request's own luck does not depend on what others ask.
"""

from __future__ import annotations

import math
from math import cos, exp, sin
from statistics import NormalDist
from typing import Annotated, Any, Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim.chance import Stream

_NORMAL = NormalDist()
_P99: Final = _NORMAL.inv_cdf(0.99)
_CELL_US: Final = 10_000_000
"""The weather's memory: slow moments last about this long."""
_RADIANS_PER_US: Final = math.pi / 2 / _CELL_US


class _Law(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Lognormal(_Law):
    """Log-normal law by its median and 99th percentile, in ms."""

    law: Literal["lognormal"]
    p50_ms: float = Field(gt=0, le=600_000)
    p99_ms: float = Field(gt=0, le=3_600_000)

    @model_validator(mode="after")
    def _ordered(self) -> Lognormal:
        if self.p99_ms < self.p50_ms:
            raise ValueError(f"p99_ms={self.p99_ms} must be >= p50_ms={self.p50_ms}")
        return self


class Constant(_Law):
    """The same delay always, in ms."""

    law: Literal["constant"]
    ms: float = Field(ge=0, le=3_600_000)


class Empirical(_Law):
    """Measured delays in ms; drawn by inverting their empirical distribution with interpolation."""

    law: Literal["empirical"]
    values_ms: list[Annotated[float, Field(ge=0, le=3_600_000)]] = Field(min_length=2)


Law = Annotated[Lognormal | Constant | Empirical, Field(discriminator="law")]


class LatencySpec(BaseModel):
    """State both legs' laws and ``rho``, the share of variance that belongs to the moment (0 to 1).

    ``stream`` is the law of events on their way to a listener (user data and market streams).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    request: Law = Lognormal(law="lognormal", p50_ms=30.0, p99_ms=200.0)
    reply: Law = Lognormal(law="lognormal", p50_ms=10.0, p99_ms=80.0)
    stream: Law = Lognormal(law="lognormal", p50_ms=10.0, p99_ms=80.0)
    rho: float = Field(default=0.3, ge=0, le=1)


class SampledLeg(Protocol):
    """Be a leg whose delays can be asked for."""

    def sample_us(self, key: int, t_us: int) -> int:
        """Return this leg's delay for the request ``key`` at ``t_us``."""
        ...


class Leg:
    """Sample one leg: ``sample_us(key, t_us)`` in whole microseconds."""

    def __init__(self, law: Any, seed: int, name: str, rho: float) -> None:
        self._own_normal = Stream(seed, name).normal
        self._field = Stream(seed, name + ".field")
        self._cells: dict[int, tuple[float, float]] = {}
        self._root_field = math.sqrt(rho)
        self._root_own = math.sqrt(1 - rho)
        self._constant_us = round(law.ms * 1000) if isinstance(law, Constant) else None
        if isinstance(law, Lognormal):
            self._mu = math.log(law.p50_ms * 1000)
            self._sigma = math.log(law.p99_ms / law.p50_ms) / _P99
        self._sorted_us = (
            sorted(value * 1000 for value in law.values_ms) if isinstance(law, Empirical) else None
        )

    def sample_us(self, key: int, t_us: int) -> int:
        """Return this leg's delay for the request ``key`` at ``t_us``."""
        if self._constant_us is not None:
            return self._constant_us
        x = self._own_normal(key)
        if self._root_field:
            # Cosine weights keep the variance of the blend at one between the cells' own draws.
            cell = t_us // _CELL_US
            left, right = self._cells.get(cell) or self._new_cell(cell)
            angle = (t_us - cell * _CELL_US) * _RADIANS_PER_US
            x = self._root_field * (cos(angle) * left + sin(angle) * right) + self._root_own * x
        if self._sorted_us is None:
            return int(exp(self._mu + self._sigma * x))
        place = _NORMAL.cdf(x) * (len(self._sorted_us) - 1)
        low = min(int(place), len(self._sorted_us) - 2)
        share = place - low
        return int(self._sorted_us[low] * (1 - share) + self._sorted_us[low + 1] * share)

    def _new_cell(self, cell: int) -> tuple[float, float]:
        if len(self._cells) > 100_000:
            self._cells.clear()
        pair = self._cells[cell] = (self._field.normal(cell), self._field.normal(cell + 1))
        return pair
