"""No safeguard of the hardened policy is free: without it something breaks that the whole policy keeps."""

from __future__ import annotations

import pytest

from sim.scenario import load_scenario
from tests.campaigns import ablation, storm
from tests.campaigns.ledger import Ledger
from tests.campaigns.runs import Case, run


@pytest.mark.parametrize("patch", ["no_ids", "no_ticks"])
def test_a_patch_takes_its_safeguard_out_and_puts_it_back(patch: str) -> None:
    """A run with the patch breaks a rule, and the same run after it breaks none."""
    scenario = {"no_ids": "ghost_entry", "no_ticks": "calm_baseline"}[patch]
    without = Case(scenario=scenario, policy="safe", intents=4, patch=patch)
    whole = Case(scenario=scenario, policy="safe", intents=4)
    assert run(without, 1, "").failed
    assert not run(whole, 1, "").failed


def test_each_part_of_the_storm_is_a_scenario_that_loads() -> None:
    """Every scene and every fault of the storm, laid over its file, makes a scenario with that change in it."""
    for condition in (*storm.SCENES, *storm.FAULTS):
        loaded = load_scenario(storm.PATH, condition.changes)
        assert loaded.overrides == condition.changes
    known = {fault.name for fault in storm.FAULTS}
    assert all(known.issuperset(scene.without) for scene in storm.SCENES)


def test_seeds_draw_every_part_of_the_storm_and_leave_the_others_out() -> None:
    """Two hundred seeds meet every condition, none of them all, and the same seed always the same."""
    drawn = [storm.drawn(seed) for seed in range(1, 201)]
    met = {condition.name for conditions in drawn for condition in conditions}
    assert met == {condition.name for condition in (*storm.SCENES, *storm.FAULTS)}
    assert max(map(len, drawn)) < len(storm.FAULTS)
    assert storm.drawn(7) == drawn[6]


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0.0, 366.0), (5, 164.0, 1128.0), (100, 9637.0, 10_000.0)]
)
def test_failures_per_ten_thousand_have_an_exact_interval(count: int, low: float, high: float) -> None:
    """Of 100 runs with ``count`` failures: Clopper and Pearson's bounds, as tables print them; both ends are exact."""
    found = ablation.exact_per_10_000(count, 100)
    assert found[0] == pytest.approx(low, abs=5.0)
    assert found[1] == pytest.approx(high, abs=5.0)


@pytest.mark.campaign
@pytest.mark.timeout(86_400)
def test_every_safeguard_matters() -> None:
    """The whole campaign: without each safeguard, in the storm and on the scenario made for it."""
    ledger = Ledger("ablation")
    ledger.extend(ablation.all_cases((storm.STORM,)), range(1, 201))
    ledger.extend(ablation.all_cases((ablation.OWN,)), range(1, 101))
    text, all_matter = ablation.report(ledger.rows())
    assert all_matter, text
