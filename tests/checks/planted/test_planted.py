"""Every planted bug is seen by its named check, as soon as ever before, and the sound code is not accused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from planted.executor_bugs import NeverStops
from planted.executor_plants import EXECUTOR_BUGS
from planted.model_bugs import MODEL_BUGS
from planted.plant import Plant, findings_of, is_caught, run_plant
from planted.sound import Sound

from sim.checks import CHECKS, Bounds
from sim.checks.s10_canary import find_living_canary
from sim.faults import CodedError, How, Timeout, Unknown503
from sim.world import World

Build = Callable[..., World]

PLANTS = (*EXECUTOR_BUGS, *MODEL_BUGS)
FILE = Path(__file__).with_name("seeds_to_catch.json")
SEEDS_TO_CATCH: dict[str, int] = json.loads(FILE.read_text(encoding="utf-8"))
"""How many runs, from seed 1 up, each bug may survive; a rise means that a check has grown blinder."""

ELSEWHERE = {"S11"}
"""Checks whose planted bugs stand in a file of their own: liquidations need a run that is liquidated."""

LOSSY = (
    Timeout(name="lost", kind="timeout", truth="not_applied", how=How(rate=0.04)),
    Timeout(name="unheard", kind="timeout", truth="applied", how=How(rate=0.06)),
    Unknown503(name="unknown", kind="unknown_503", applied=0.5, how=How(rate=0.08)),
    CodedError(name="internal", code=-1001, applied=0.0, how=How(rate=0.05)),
    CodedError(name="busy", code=-1008, how=How(rate=0.05)),
)


def name_of(plant: Plant) -> str:
    return f"{plant.check}-{plant.name.replace(' ', '-')}"


def caught_after(plant: Plant, build: Build, most: int) -> int | None:
    """Return the seed at which the bug is first seen, None for not up to ``most``."""
    for seed in range(1, most + 1):
        with pytest.MonkeyPatch.context() as patches:
            if plant.patch is not None:
                plant.patch(patches)
            if is_caught(plant, build, seed, planted=True):
                return seed
    return None


@pytest.mark.parametrize("plant", PLANTS, ids=name_of)
def test_each_planted_bug_is_caught_by_its_check(plant: Plant, make_world: Build) -> None:
    """The named check sees the bug within the recorded number of seeds, and nothing in the sound run."""
    most = SEEDS_TO_CATCH[plant.name]
    seed = caught_after(plant, make_world, most)
    assert seed is not None, f"{plant.check} is blind to {plant.name!r} in seeds 1 to {most}"
    print(f"{plant.check:4} {seed:3} of {most}  {plant.name}")
    assert not is_caught(plant, make_world, seed, planted=False), "the sound code is accused"


def test_the_record_names_every_bug_once() -> None:
    """The file of seeds-to-catch speaks of exactly the bugs of the table."""
    names = [plant.name for plant in PLANTS]
    assert sorted(SEEDS_TO_CATCH) == sorted(names)
    assert len(set(names)) == len(names)


def test_every_check_has_a_planted_bug() -> None:
    """No check is in the table whose blindness nobody would notice."""
    assert {check.id for check in CHECKS} - {plant.check for plant in PLANTS} == ELSEWHERE


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("moves", [False, True], ids=["one stop", "moved stop"])
@pytest.mark.parametrize("faults", [(), LOSSY], ids=["calm", "lossy"])
def test_the_sound_executor_breaks_no_rule(make_world: Build, faults: Any, moves: bool, seed: int) -> None:
    """Whatever the weather, the code that bugs are planted into passes all checks, and it trades."""
    base = type("Moving", (Sound,), {"moves_stop": moves})
    bounds = Bounds(panic_s=5.0, least_trading=0.7 if faults else 1.0)
    plant = Plant(name="none", check="none", faults=faults, base=base, bounds=bounds, world={"intents": 30})
    record = run_plant(plant, make_world, seed, planted=False)
    assert record.ended == "finished"
    assert findings_of(plant, record) == []


def test_the_canary_run_fails(make_world: Build) -> None:
    """S10: an executor that never sends a stop is named in every intent it opened, so the checks can fail."""
    plant = Plant(name="canary", check="I03", bug=NeverStops)
    record = run_plant(plant, make_world, 1, planted=True)
    found = findings_of(plant, record)
    assert {check for check, _, _ in found} == {"I03", "I18"}
    assert {intent for check, intent, _ in found if check == "I03"} == set(range(20))
    assert find_living_canary(record.trace) == []
