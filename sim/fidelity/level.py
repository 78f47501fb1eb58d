"""Fix what is measured at which scale: steps whose truth is known, inside bars a path has to fill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_SECOND_US: Final = 1_000_000
_MINUTE_US: Final = 60 * _SECOND_US
_HOUR_US: Final = 60 * _MINUTE_US


@dataclass(frozen=True, kw_only=True)
class Level:
    """State one scale of the comparison.

    ``step_us`` and ``bar_us``: the known steps and the bars made from them.  ``lags``: t in steps.  ``moves_bps``
    and ``moves_range``: x in bps and in ranges of the bar.  ``near`` and ``crossing_near``: reach, in steps, of
    "around" an extreme and a crossing.  ``edge``: steps that count as the beginning or the end of a bar.
    ``stops_bps``: distances of the stops; ``horizon``: steps a stop is left standing.  ``episode_us``: blocks of
    clock time that count as one cluster.  ``fold_us``: blocks a library is built on or judged on, by turns;
    ``margin_us``: how near to a judged block no training step may lie.
    """

    name: str
    step_us: int
    bar_us: int
    lags: tuple[int, ...]
    moves_bps: tuple[float, ...]
    moves_range: tuple[float, ...]
    near: int
    crossing_near: int
    edge: int
    stops_bps: tuple[float, ...]
    horizon: int
    episode_us: int
    fold_us: int
    margin_us: int

    @property
    def steps(self) -> int:
        """Return how many steps make a bar."""
        return self.bar_us // self.step_us

    @property
    def step_s(self) -> float:
        """Return the length of a step in seconds."""
        return self.step_us / 1e6


SECONDS: Final = Level(
    name="1 s in 1 m",
    step_us=_SECOND_US,
    bar_us=_MINUTE_US,
    lags=(1, 8, 30),
    moves_bps=(1.0, 2.0, 5.0, 10.0, 20.0),
    moves_range=(0.1, 0.25, 0.5),
    near=3,
    crossing_near=2,
    edge=5,
    stops_bps=(10.0, 20.0, 40.0),
    horizon=1_800,
    episode_us=15 * _MINUTE_US,
    fold_us=_HOUR_US,
    margin_us=5 * _MINUTE_US,
)

MINUTES: Final = Level(
    name="1 m in 5 m",
    step_us=_MINUTE_US,
    bar_us=5 * _MINUTE_US,
    lags=(1, 2, 5),
    moves_bps=(10.0, 20.0, 50.0, 100.0, 200.0),
    moves_range=(0.1, 0.25, 0.5),
    near=1,
    crossing_near=1,
    edge=1,
    stops_bps=(50.0, 100.0, 200.0),
    horizon=720,
    episode_us=_HOUR_US,
    fold_us=5 * 24 * _HOUR_US,
    margin_us=24 * _HOUR_US,
)

LEVELS: Final = (SECONDS, MINUTES)
