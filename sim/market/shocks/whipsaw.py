"""Whipsaw: the price swings to one side, as far to the other, and ends where it would have been."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sim.market.shocks.base import LONGEST_S, Parts, SizedPct, check_pct, length_us
from sim.market.shocks.curves import curve


class Whipsaw(SizedPct):
    """Swing the price ``swings`` times within ``over_s`` at one speed, the first one by ``pct`` * ``depth`` per cent.

    Swings alternate sides about the undisturbed level, so that orders on both sides of it are met.
    """

    kind: Literal["whipsaw"] = "whipsaw"
    over_s: float = Field(default=4.0, ge=0.001, le=LONGEST_S)
    swings: int = Field(default=2, ge=1, le=100)

    @model_validator(mode="after")
    def _check_other_side(self) -> Whipsaw:
        if self.swings > 1:
            check_pct("-pct * depth (the swing to the other side)", -self.pct * self.depth)
        return self

    @property
    def length_s(self) -> float:
        """Return how long the price is pushed, in seconds."""
        return self.over_s

    def lay(self, start_us: int) -> Parts:
        """Return a factor that zigzags about 1 and ends there."""
        size = self.level - 1.0
        # From the middle to a side is one way, from side to side two: 2 * swings ways in all.
        way_us = length_us(self.over_s) / (2 * self.swings)
        corners = [(start_us, 1.0)]
        for swing in range(self.swings):
            side = 1.0 if swing % 2 == 0 else -1.0
            corners.append((start_us + round(way_us * (2 * swing + 1)), 1.0 + side * size))
        corners.append((start_us + length_us(self.over_s), 1.0))
        return Parts(factor=curve(corners))

    def describe(self) -> str:
        """Say in a clause what happens."""
        swings = f"{self.swings} swings" if self.swings > 1 else "one swing"
        return (
            f"{self.when()} the price whipsaws: {swings} within {self.over_s:g} s, the first by "
            f"{self.told(self.pct)}, about the level of the tape and back to it"
        )
