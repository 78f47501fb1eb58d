"""State how the mark price parts from the last price: basis, publication once a second, truncation, delay.

Assumptions.  The mark has no path of its own (two independent paths would invent a basis, and basis makes
-2021).  It is published on whole seconds of Unix time, as measured at most 20 ms late, from the last price at
that instant; it is truncated, not rounded, to the price precision; readers and the trigger engine see it from
publication + delay.  The basis is constant unless a process is stated (:mod:`sim.market.basis`) or mark klines are
given (:mod:`sim.market.marks`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim.errors import InputError
from sim.market.bars import Bars, IntArray
from sim.market.grid import NOISE

PUBLISHED_EVERY_US = 1_000_000
CUT_SD: Final = 5.0
"""Noise beyond so many standard deviations is cut there: one second in 1.7 million."""

PRESETS: Final[dict[str, dict[str, float]]] = {
    "last": {},
    "calm-2023": {
        "index_gap_bps": 4.6,
        "follow_share": 0.66,
        "follow_s": 20.0,
        "sd_bps": 0.44,
        "half_life_s": 7.8,
        "delay_ms": 87.0,
    },
}
"""Values of keys by preset.

"last": the mark is last.  "calm-2023": what :func:`sim.market.fit_basis.fit_stream` finds for BTCUSDT in the one-second
stream of 2023-04-04; the delay is its median (klines/README).
"""


class MarkSpec(BaseModel):
    """State the mark: last · (1 + basis), truncated, seen ``delay_ms`` late (87 ms median, 200 ms p99 in 2023).

    ``basis_bps`` is a constant part of the basis, in bps above last (may be negative).  The fair price computed from
    the index is last plus a gap, and the mark is the median of last, that price, and one ``index_gap_bps`` further
    (0: the fair price itself).  The gap is the sum of three parts: ``follow_share`` of what the mean of last over
    the latest ``follow_s`` differs from last (fast moves open a basis); noise of ``sd_bps`` whose correlation halves
    in ``half_life_s``; and ``burst_bps`` to either side, in bursts of ``burst_length_s`` with ``burst_gap_s`` between
    them on average.  ``klines`` names recorded mark price klines, one file for each symbol: then each of their bars
    opens and closes on the recorded mark and stays inside its range, and the process only fills it.  ``preset``
    gives measured values to the keys that are not written.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    preset: Literal["last", "calm-2023"] = "last"
    klines: str | Annotated[list[str], Field(min_length=1)] | None = None
    basis_bps: float = Field(default=0.0, gt=-10_000.0, le=10_000.0)
    delay_ms: float = Field(default=0.0, ge=0.0, le=3_600_000.0)
    index_gap_bps: float = Field(default=0.0, ge=-1_000.0, le=1_000.0)
    follow_share: float = Field(default=0.0, ge=0.0, le=1.0)
    follow_s: float = Field(default=20.0, ge=1.0, le=600.0)
    sd_bps: float = Field(default=0.0, ge=0.0, le=1_000.0)
    half_life_s: float = Field(default=8.0, ge=0.0, le=600.0)
    burst_bps: float = Field(default=0.0, ge=0.0, le=5_000.0)
    burst_gap_s: float = Field(default=3_600.0, ge=1.0, le=1e8)
    burst_length_s: float = Field(default=30.0, ge=1.0, le=1e8)

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, given: Any) -> Any:
        if isinstance(given, dict) and isinstance(given.get("preset"), str):
            return PRESETS.get(given["preset"], {}) | given
        return given

    @model_validator(mode="after")
    def _leaves_a_price(self) -> MarkSpec:
        lowest = self.basis_bps - self.most_bps
        if lowest <= -10_000:
            raise ValueError(
                f"basis_bps - {CUT_SD:g} * sd_bps - burst_bps must stay above -10000 (the mark above 0)"
            )
        if self.klines is not None and self.basis_bps:
            raise ValueError("basis_bps must be 0 where klines give the basis")
        return self

    @property
    def delay_us(self) -> int:
        """Return the delay in whole µs."""
        return round(self.delay_ms * 1_000)

    @property
    def references(self) -> list[str]:
        """List the mark klines as they are written in the file."""
        if self.klines is None:
            return []
        return [self.klines] if isinstance(self.klines, str) else self.klines

    @property
    def most_bps(self) -> float:
        """Return how far noise and bursts together may part the mark from last, in bps."""
        return CUT_SD * self.sd_bps + self.burst_bps


MARK_IS_LAST = MarkSpec()


@dataclass(frozen=True, slots=True)
class MarkSource:
    """Hold what one path makes its mark from: the spec, the seed of its noise, and recorded mark klines if any.

    A bare :class:`MarkSpec` stands for seed 0.
    """

    spec: MarkSpec
    seed: int = 0
    bars: Bars | None = None

    @property
    def moves(self) -> bool:
        """Tell a basis that moves from a constant one."""
        spec = self.spec
        return bool(spec.follow_share or spec.sd_bps or spec.burst_bps or self.bars is not None)

    def describe(self) -> str:
        """Say in a clause, for the source of a path, how the mark parts from last; empty when it does not."""
        spec = self.spec
        parts = [f"recorded mark klines {self.bars.source}"] if self.bars is not None else []
        if spec.basis_bps:
            parts.append(f"{spec.basis_bps:+g} bps")
        if spec.follow_share:
            parts.append(f"{spec.follow_share:g} of the lag behind {spec.follow_s:g} s of last")
        if spec.sd_bps:
            parts.append(f"noise of {spec.sd_bps:g} bps")
        if spec.burst_bps:
            parts.append(f"bursts of {spec.burst_bps:g} bps")
        name = "" if spec.preset == "last" else f" (preset {spec.preset})"
        return f"; mark = last and {', '.join(parts)}{name}" if parts else ""


Mark = MarkSpec | MarkSource


def source_of(mark: Mark) -> MarkSource:
    """Return ``mark`` as a source; raise :class:`InputError` when its spec names klines and their bars are missing."""
    source = mark if isinstance(mark, MarkSource) else MarkSource(mark)
    if source.spec.klines is not None and source.bars is None:
        raise InputError(
            "mark.klines", source.spec.klines, "their bars loaded (MarkSource), as a path reads no files"
        )
    return source


class MarkRule:
    """Turn ticks of last into units of a mark of constant basis; never decreasing, so bounds carry over."""

    __slots__ = ("units_per_tick",)

    def __init__(self, spec: MarkSpec, units_per_tick: int) -> None:
        self.units_per_tick = units_per_tick * (1.0 + spec.basis_bps / 1e4)

    def units_of_tick(self, ticks: int) -> int:
        """Return the mark, in units, for one last price."""
        return math.floor(ticks * self.units_per_tick + NOISE)

    def units_of(self, ticks: IntArray) -> IntArray:
        """Return the mark, in units, for many last prices."""
        units: IntArray = np.floor(ticks * self.units_per_tick + NOISE).astype(np.int64)
        return units
