"""Hold what all shocks share: when they begin, how large they are, and the parts they lay over a tape.

A shock is a frozen model of what a person writes in a scenario.  ``lay`` turns it into parts on the time axis of
one tape; :class:`sim.market.shocks.Overlay` puts the parts of all shocks together.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim.market.moment import At, at_us
from sim.market.shocks.curves import Curve

LONGEST_S = 31_622_400
HIGHEST_PCT = 10_000.0

Length = Annotated[float, Field(gt=0, le=LONGEST_S)]
"""A length of time in seconds, above 0 and at most a year."""

LengthOrNone = Annotated[float, Field(ge=0, le=LONGEST_S)]
"""A length of time in seconds, where 0 means that it does not happen or happens at once."""

Pct = Annotated[float, Field(gt=-100, le=HIGHEST_PCT)]
"""A move in per cent that leaves the price above 0."""


class Stretch(NamedTuple):
    """Describe a stretch of time [``from_us``, ``until_us``) in µs since the start."""

    from_us: int
    until_us: int


class Parts(NamedTuple):
    """List what a shock does: factors on all prices or on last alone, bps of basis, stretches of standstill."""

    factor: Curve | None = None
    last_factor: Curve | None = None
    basis_bps: Curve | None = None
    halt: Stretch | None = None
    mark_stands: Stretch | None = None


class ShockModel(BaseModel, ABC):
    """Be the base of every kind of shock; ``at`` is a clock time (UTC) or seconds since the start."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    at: At

    @property
    @abstractmethod
    def length_s(self) -> float:
        """Return how long the shock acts, in seconds; what it leaves behind is not counted."""

    @abstractmethod
    def lay(self, start_us: int) -> Parts:
        """Return the parts of a shock that begins ``start_us`` after the start."""

    @abstractmethod
    def describe(self) -> str:
        """Say in a clause what happens, for the sentences of reports."""

    def start_us(self, epoch_us: int) -> int:
        """Return the onset in µs since the start; a clock time (UTC) means its first occurrence."""
        return at_us(self.at, epoch_us)

    def span_us(self, epoch_us: int) -> Stretch:
        """Return when the shock acts, in µs since the start of a tape of ``epoch_us``."""
        start_us = self.start_us(epoch_us)
        return Stretch(start_us, start_us + round(self.length_s * 1e6))

    def when(self) -> str:
        """Say when the shock begins."""
        return f"at {self.at}" if isinstance(self.at, str) else f"{self.at:g} s after the start"


class Sized(ShockModel):
    """Be the base of shocks with a size; ``depth`` multiplies it, so that a sweep turns one number.

    ``depth`` 0 leaves a price as it was, 1 is the size as written.
    """

    depth: float = Field(default=1.0, ge=0, le=1000)

    def told(self, size: float, unit: str = "%") -> str:
        """Say a size of ``unit`` as it acts, and what it is made of when ``depth`` is not 1."""
        said = f"{size * self.depth:+g} {unit}"
        return said if self.depth == 1 else f"{said} ({size:+g} {unit} times depth {self.depth:g})"


class SizedPct(Sized):
    """Be the base of shocks that move a price by ``pct`` per cent, times ``depth``."""

    pct: Pct

    @property
    def level(self) -> float:
        """Return the factor on the price at the shock's furthest."""
        return 1.0 + self.pct * self.depth / 100

    @model_validator(mode="after")
    def _check_size(self) -> SizedPct:
        check_pct("pct * depth", self.pct * self.depth)
        return self


def check_pct(name: str, pct: float) -> None:
    """Raise ValueError unless a move of ``pct`` per cent leaves a price above 0 that floats can count."""
    if pct <= -100:
        raise ValueError(f"{name} = {pct:g} must stay above -100 (the price above 0)")
    if pct > HIGHEST_PCT:
        raise ValueError(f"{name} = {pct:g} must stay at or below {HIGHEST_PCT:g}")


def length_us(seconds: float) -> int:
    """Return a length above 0 in µs, at least one."""
    return max(1, round(seconds * 1e6))
