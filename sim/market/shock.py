"""Lay declared moves over a recorded tape: a drift, or a crash with or without recovery.

Assumptions.  A shock is a factor on every print; the price after it is rounded to tick.  The level it ends at
stays for the rest of the tape, so nothing snaps back unasked.  While a shock moves, the price prints at least
every 250 ms, since a falling market that does not trade would hide the fall.  Several shocks multiply.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sim.errors import InputError
from sim.market.bars import FloatArray, IntArray
from sim.market.grid import PriceGrid

PRINTS_EVERY_US = 250_000
_DAY_US = 86_400_000_000
_LONGEST_S = 31_622_400
_HIGHEST_PCT = 10_000.0
_CLOCK = re.compile(r"^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)$")


class _ShockModel(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    at: str | float

    @field_validator("at")
    @classmethod
    def _check_at(cls, at: str | float) -> str | float:
        if isinstance(at, str) and not _CLOCK.match(at):
            raise ValueError("must be a clock time HH:MM:SS or seconds since the start")
        if isinstance(at, float) and at < 0:
            raise ValueError("must be >= 0")
        return at

    def start_us(self, epoch_us: int) -> int:
        """Return the onset in µs since the start; a clock time (UTC) means its first occurrence."""
        if isinstance(self.at, float):
            return round(self.at * 1e6)
        hours, minutes, seconds = (int(part) for part in self.at.split(":"))
        return ((hours * 3600 + minutes * 60 + seconds) * 1_000_000 - epoch_us) % _DAY_US

    def _when(self) -> str:
        return f"at {self.at}" if isinstance(self.at, str) else f"{self.at:g} s after the start"


class Drift(_ShockModel):
    """Move the price by ``pct_per_s`` per cent of its undisturbed level each second for ``for_s``."""

    kind: Literal["drift"] = "drift"
    pct_per_s: float
    for_s: float = Field(gt=0, le=_LONGEST_S)

    @model_validator(mode="after")
    def _check_level(self) -> Drift:
        if self.pct_per_s * self.for_s <= -100:
            raise ValueError("pct_per_s * for_s must stay above -100 (the price above 0)")
        if self.pct_per_s * self.for_s > _HIGHEST_PCT:
            raise ValueError(f"pct_per_s * for_s must stay at or below {_HIGHEST_PCT:g}")
        return self

    def knots(self, epoch_us: int) -> tuple[list[int], list[float]]:
        """Return the corners of the factor: times in µs since the start, and its values there."""
        start_us = self.start_us(epoch_us)
        return [start_us, start_us + max(1, round(self.for_s * 1e6))], [
            1.0,
            1.0 + self.pct_per_s * self.for_s / 100,
        ]

    def describe(self) -> str:
        """Say in a sentence what happens."""
        rate = f"{self.pct_per_s:+g} % per second for {self.for_s:g} s"
        return f"{self._when()} the price drifts {rate} and stays there"


class Crash(_ShockModel):
    """Move the price by ``pct`` per cent within ``over_s``, and back within ``recover_s`` (0: never)."""

    kind: Literal["crash"] = "crash"
    pct: float = Field(gt=-100, le=_HIGHEST_PCT)
    over_s: float = Field(default=1.0, gt=0, le=_LONGEST_S)
    recover_s: float = Field(default=0.0, ge=0, le=_LONGEST_S)

    def knots(self, epoch_us: int) -> tuple[list[int], list[float]]:
        """Return the corners of the factor: times in µs since the start, and its values there."""
        start_us = self.start_us(epoch_us)
        bottom_us = start_us + max(1, round(self.over_s * 1e6))
        times, factors = [start_us, bottom_us], [1.0, 1.0 + self.pct / 100]
        if self.recover_s:
            times.append(bottom_us + max(1, round(self.recover_s * 1e6)))
            factors.append(1.0)
        return times, factors

    def describe(self) -> str:
        """Say in a sentence what happens."""
        after = f"recovers within {self.recover_s:g} s" if self.recover_s else "stays there"
        return f"{self._when()} the price moves {self.pct:+g} % within {self.over_s:g} s and {after}"


Shock = Annotated[Drift | Crash, Field(discriminator="kind")]


class Overlay:
    """Hold the shocks of one tape as piecewise straight factors on the time axis.

    Raises :class:`InputError` for a shock that begins after the tape ends.
    """

    def __init__(self, shocks: tuple[Drift | Crash, ...], epoch_us: int, end_us: int) -> None:
        self._knots: list[tuple[IntArray, FloatArray]] = []
        for index, shock in enumerate(shocks):
            times, factors = shock.knots(epoch_us)
            if times[0] >= end_us:
                raise InputError(
                    f"shock[{index}].at", shock.at, f"a time on the tape, which lasts {end_us / 1e6:g} s"
                )
            self._knots.append((np.array(times, dtype=np.int64), np.array(factors)))

    def factor(self, times: IntArray) -> FloatArray:
        """Return the factor in force at each time."""
        factor = np.ones(times.size)
        for knots, values in self._knots:
            factor *= np.interp(times, knots, values)
        return factor

    def refuse_beyond(self, grid: PriceGrid, highest: float) -> None:
        """Raise :class:`InputError` when the shocks lift ``highest`` beyond what ``grid`` keeps exactly."""
        lifted = highest * math.prod(float(values.max()) for _, values in self._knots)
        if lifted > grid.highest:
            raise InputError("shock", f"{highest:g} lifted to {lifted:g}", grid.not_too_high)

    def bounds(self, starts: IntArray, bar_us: int) -> tuple[FloatArray, FloatArray]:
        """Return bounds, from below and above, on the factor inside each bar."""
        lowest, highest = np.ones(starts.size), np.ones(starts.size)
        for knots, values in self._knots:
            ends = np.interp(starts, knots, values), np.interp(starts + bar_us - 1, knots, values)
            low, high = np.minimum(*ends), np.maximum(*ends)
            bars = np.clip(np.searchsorted(starts, knots, side="right") - 1, 0, None)
            np.minimum.at(low, bars, values)
            np.maximum.at(high, bars, values)
            lowest, highest = lowest * low, highest * high
        return lowest, highest

    def apply(
        self, times: IntArray, ticks: IntArray, before: int, from_us: int, to_us: int
    ) -> tuple[IntArray, IntArray]:
        """Move prints in [``from_us``, ``to_us``) by the factor, adding prints where a shock moves.

        ``before`` is the undisturbed price, in ticks, in force as the stretch begins.
        """
        added = np.setdiff1d(self._moving_times(from_us, to_us), times)
        if added.size:
            place = times.searchsorted(added, side="right")
            carried = np.concatenate(([before], ticks))[place]
            times, ticks = np.insert(times, place, added), np.insert(ticks, place, carried)
        moved = np.rint(ticks * self.factor(times)).astype(np.int64)
        return times, np.maximum(moved, 1)

    def _moving_times(self, from_us: int, to_us: int) -> IntArray:
        found = [np.empty(0, dtype=np.int64)]
        for knots, _ in self._knots:
            start_us, stop_us = int(knots[0]), int(knots[-1])
            if start_us < to_us and from_us <= stop_us:
                skipped = max(0, -(-(from_us - start_us) // PRINTS_EVERY_US))
                grid = np.arange(start_us + skipped * PRINTS_EVERY_US, min(stop_us, to_us), PRINTS_EVERY_US)
                # The corners print too, so that the full depth is reached and is the level that stays.
                found += [grid, knots[(knots >= from_us) & (knots < to_us)]]
        return np.concatenate(found)


def describe_shocks(shocks: tuple[Drift | Crash, ...]) -> str:
    """Join the sentences of all shocks, empty when there are none."""
    return "".join(f"; {shock.describe()}" for shock in shocks)
