"""Choose the recommended point: of the best, the one whose worst neighbour is best.  Probe every knob around it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sim.execution.policy_keys import KEYS
from sim.tune.score import Score, front
from sim.tune.search import Point, Trial
from sim.tune.space import Knob, Safety, Space, Value

Ask = Callable[[Point], Score]
PROBED: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Where in its range a knob is tried when it moves alone."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Hold what one change of one knob did; ``score`` beside the point's own."""

    knob: str
    value: Value
    score: Score


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Hold a candidate with its neighbours.  ``worst_bps``: the loss of the worst of them, inf for an unsafe one."""

    number: int
    point: dict[str, Value]
    score: Score
    neighbours: tuple[Probe, ...]
    worst_bps: float


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """Hold how far one knob alone moves the loss over its range, the others standing still."""

    knob: str
    probes: tuple[Probe, ...]

    @property
    def reach_bps(self) -> float:
        """Return the difference between the worst and the best of its values."""
        losses = [probe.score.loss_bps for probe in self.probes]
        return max(losses) - min(losses) if losses else 0.0


def safe_trials(trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that may be recommended: evaluated on every case, every constraint fulfilled."""
    return [trial for trial in trials if trial.state == "complete"]


def pareto(trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that may be recommended and that no other beats in every goal, in order of loss."""
    able = {trial.number: trial for trial in safe_trials(trials)}
    numbers = front({number: trial.score.goals for number, trial in able.items()})
    return sorted(
        (able[number] for number in numbers), key=lambda trial: (trial.score.loss_bps, trial.number)
    )


def choose(trials: Sequence[Trial], space: Space, ask: Ask) -> list[Choice]:
    """Probe the best points and return them, the recommended one first; empty when none is safe."""
    ordered = sorted(safe_trials(trials), key=lambda trial: (*trial.score.goals, trial.number))
    distinct: list[Trial] = []
    for trial in ordered:
        if all(trial.point != other.point for other in distinct):
            distinct.append(trial)
    choices = [_probed(trial, space, ask) for trial in distinct[: space.plateau.candidates]]
    return sorted(choices, key=lambda one: (one.worst_bps, one.score.loss_bps, one.number))


def _probed(trial: Trial, space: Space, ask: Ask) -> Choice:
    probes = [
        Probe(knob=name, value=value, score=ask({**trial.point, name: value}))
        for name, knob in space.knobs.items()
        for value in neighbours(name, knob, trial.point[name], space.plateau.step)
    ]
    worst = max([trial.score.loss_bps, *(_felt(probe.score, space.safety) for probe in probes)])
    return Choice(
        number=trial.number,
        point=trial.point,
        score=trial.score,
        neighbours=tuple(probes),
        worst_bps=worst,
    )


def _felt(found: Score, safety: Safety) -> float:
    return found.loss_bps if found.is_safe(safety) else math.inf


def neighbours(name: str, knob: Knob, value: Value, step: float) -> list[Value]:
    """Return the values one ``step`` of the range to either side, inside it; a choice has no neighbours."""
    if knob.choices is not None or isinstance(value, bool | str):
        return []
    found = [at(name, knob, position_of(knob, value) + side * step) for side in (-1.0, 1.0)]
    return [other for other in dict.fromkeys(found) if other != value]


def position_of(knob: Knob, value: float) -> float:
    """Return where a value lies in its range, 0 to 1 (in its logarithm where the knob has one)."""
    low, high = knob.low or 0.0, knob.high or 0.0
    if knob.log:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def at(name: str, knob: Knob, position: float) -> Value:
    """Return the value at a position of the range, cut to it; whole, or on a step, where the knob asks for it."""
    low, high = knob.low or 0.0, knob.high or 0.0
    share = min(1.0, max(0.0, position))
    value = low * (high / low) ** share if knob.log else low + (high - low) * share
    if knob.step is not None:
        value = min(high, low + round((value - low) / knob.step) * knob.step)
    if KEYS[name].kind == "integer":
        return int(min(high, max(low, round(value))))
    # Rounding may step over the end of the range by the last bit.
    return min(high, max(low, value))


def sensitivities(space: Space, point: Point, ask: Ask) -> list[Sensitivity]:
    """Move one knob at a time through its range (five places, or every choice), the rest as in ``point``."""
    found = []
    for name, knob in space.knobs.items():
        values = knob.choices or [at(name, knob, position) for position in PROBED]
        tried = dict.fromkeys([*values, point[name]])
        probes = [Probe(knob=name, value=value, score=ask({**point, name: value})) for value in tried]
        found.append(Sensitivity(knob=name, probes=tuple(probes)))
    return sorted(found, key=lambda one: (-one.reach_bps, one.knob))


def centre(space: Space) -> dict[str, Value]:
    """Return the middle of the space, and the first of choices."""
    return {
        name: knob.choices[0] if knob.choices is not None else at(name, knob, 0.5)
        for name, knob in space.knobs.items()
    }
