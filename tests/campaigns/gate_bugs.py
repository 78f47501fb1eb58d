"""Hold every planted bug against the sound code as the gate would: checks that never fired, metrics that got worse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import planted.model_bugs as model_bugs
import pytest
from conftest import EPOCH_US, build_world
from planted.executor_plants import EXECUTOR_BUGS, refuses
from planted.model_bugs import MODEL_BUGS
from planted.plant import Plant, findings_of, run_plant

from sim.checks import CHECKS
from sim.execution import event_driven_executor
from sim.experiment import Result, run_scenario
from sim.experiment.gate import OFTEN, made_of
from sim.experiment.gate_rule import ALARMS, judge
from sim.experiment.gate_sums import GATED, STRETCH_S, Sums, sums_of, together
from sim.metrics import build_frames

SEEDS = range(1, 7)
_KINDS = {check.id: check.kind for check in CHECKS}
_LEVEL = ALARMS / len(GATED)
_GUARDS = {
    "guard: all are long": model_bugs.AllAreLong,
    "guard: limit upside down": model_bugs.LimitUpsideDown,
    "guard: counts dollars": model_bugs.CountsDollars,
    "guard: never content": model_bugs.NeverContent,
    "guard: keeps wrong targets": model_bugs.KeepsWrongTargets,
}

_GUARDED: Final = ("drop_after_entry", "blind_guard")
"""Weather for guards: prices that run, prices that lie."""

BEYOND: Final = {
    "a harness that cannot fail": "checks that see nothing change no run; S10 of the planted bugs sees them",
    "guard: counts dollars": "the executor never lets the guard place a stop; the guard's laws see it",
    "guard: keeps wrong targets": "the executor never lets the guard place a target; the guard's laws see it",
}
"""What holding runs against runs cannot see, and why."""

Seen = tuple[set[str], Sums]


def found_in_bugs() -> Iterator[tuple[str, str]]:
    """Yield each planted bug and what fails the gate, "" for nothing."""
    for plant in (*EXECUTOR_BUGS, *MODEL_BUGS):
        if plant.name in _GUARDS:
            yield plant.name, _guard_bug(plant)
        elif plant.judge is not None:
            yield plant.name, _by_other_rules(plant)
        else:
            yield plant.name, _held_against_sound(plant)


def _held_against_sound(plant: Plant) -> str:
    sound = [_seen(plant, seed, planted=False) for seed in SEEDS]
    with pytest.MonkeyPatch.context() as patches:
        if plant.patch is not None:
            plant.patch(patches)
        spoilt = [_seen(plant, seed, planted=True) for seed in SEEDS]
    return _verdict(sound, spoilt)


def _seen(plant: Plant, seed: int, *, planted: bool) -> Seen:
    record = run_plant(plant, build_world, seed, planted=planted)
    checks = {check for check, _, _ in findings_of(plant, record) if _KINDS.get(check) != "practice"}
    frames = build_frames(
        record.trace, episode_us=3_600_000_000, seed=seed, epoch_us=EPOCH_US, steps={"BTCUSDT": 0.001}
    )
    return checks, sums_of(frames, epoch_us=EPOCH_US, seed=seed, stretch_s=STRETCH_S, protect_s=5.0)


def _verdict(sound: list[Seen], spoilt: list[Seen]) -> str:
    """Say what fails: new findings on the same seed first, then metrics."""
    new = sorted(set().union(*(now[0] - before[0] for before, now in zip(sound, spoilt, strict=True))))
    old, now = (together([sums for _, sums in side]) for side in (sound, spoilt))
    worse = [item.metric for item in judge("planted", old, now, paired=True, level=_LEVEL) if item.trips]
    return ", ".join([*(f"{check} new" for check in new), *worse])


def _by_other_rules(plant: Plant) -> str:
    """Ask what no single record shows: the same bytes of the same code, a fault that no longer strikes."""
    if plant.check == "S03":
        assert plant.judge is not None
        return "other bytes of the same code" if plant.judge(plant, build_world, 1, True) else ""
    if plant.check == "S09":
        counts = []
        for role in ("sl", "trailing"):
            tried = replace(plant, faults=[refuses(role, 1)])
            counts.append(len(run_plant(tried, build_world, 1, planted=False).trace.arrays("fault")["role"]))
        return "a fault that never strikes" if counts[0] >= OFTEN and not counts[1] else ""
    return ""


def _guard_bug(plant: Plant) -> str:
    found = []
    for scenario in _GUARDED:
        sound = [_with_guard(None, scenario, seed) for seed in (1, 2)]
        found.append(_verdict(sound, [_with_guard(_GUARDS[plant.name], scenario, seed) for seed in (1, 2)]))
    return ", ".join(filter(None, found))


def _with_guard(guard: Any, scenario: str, seed: int) -> Seen:
    with pytest.MonkeyPatch.context() as patches:
        if guard is not None:
            patches.setattr(event_driven_executor, "ExecutionSafetyGuard", guard)
        result: Result = run_scenario(scenario, "d7", seed=seed, intents=120)
    found = result.violations
    checks = set(found["check"][found["kind"] != "practice"])
    return checks, made_of(result, STRETCH_S).sums
