"""State a planted bug: what is wrong, in what weather, and which check must see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from planted.sound import Sound

from sim.checks import Bounds, Finding, Grid, run_checks
from sim.faults import FaultSpec
from sim.scenario.account_spec import LARGE_WALLET
from sim.world import RunRecord, World
from sim.world.recorder import Recorder
from tests.policies import d7_policy

Patch = Callable[[Any], None]
"""Spoil the model: gets a ``pytest.MonkeyPatch`` before the world is built."""

HURRIED = Bounds(panic_s=5.0)


@dataclass(frozen=True, kw_only=True)
class Plant:
    """Plant one bug.  ``check`` must see it; ``bug`` replaces the sound executor, ``patch`` the sound model.

    ``faults``, ``world``, ``policy`` and ``bounds`` are the scenario, the same for the sound run and the planted one.
    ``judge``: for what no single record shows, a function from (plant, build, seed, planted) to findings instead.
    """

    name: str
    check: str
    faults: Sequence[FaultSpec] = ()
    world: Mapping[str, Any] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)
    bounds: Bounds = HURRIED
    base: type[Sound] = Sound
    bug: type[Sound] | None = None
    patch: Patch | None = None
    judge: Callable[[Plant, Any, int, bool], Sequence[Finding]] | None = None


def run_plant(plant: Plant, build: Callable[..., World], seed: int, *, planted: bool) -> RunRecord:
    """Run the plant's scenario with the bug, or with the sound code."""
    choices = {"intents": 20, "holds_s": (15.0, 25.0, 60.0)} | dict(plant.world)
    world = build(list(plant.faults), policy=dict(plant.policy), seed=seed, **choices)
    placed = world.executor
    maker = plant.bug if planted and plant.bug is not None else plant.base
    world.executor = maker(placed._client, placed._policy_store, hooks=(Recorder(world.loop, world.trace),))
    return world.run()


def findings_of(plant: Plant, record: RunRecord) -> list[tuple[str, int, str]]:
    """Judge a run and return (check, intent, truth) of each violation."""
    run_checks(
        record.trace,
        settings=d7_policy(plant.policy).settings,
        steps={"BTCUSDT": 0.001},
        isolation=plant.world.get("isolation", "intent"),
        opening_wallet=LARGE_WALLET,
        errors=record.errors,
        bounds=plant.bounds,
        grids={"BTCUSDT": Grid(0.1, 100.0)},
        fault_rates={fault.name: fault.how.rate for fault in plant.faults if fault.how.rate is not None},
    )
    found = record.trace.arrays("violation")
    return list(zip(found["check"].tolist(), found["intent"].tolist(), found["truth"].tolist(), strict=True))


def is_caught(plant: Plant, build: Callable[..., World], seed: int, *, planted: bool) -> bool:
    """Tell whether the plant's named check finds anything in its run."""
    if plant.judge is not None:
        return bool(plant.judge(plant, build, seed, planted))
    record = run_plant(plant, build, seed, planted=planted)
    return any(check == plant.check for check, _, _ in findings_of(plant, record))
