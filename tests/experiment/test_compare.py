"""Policies side by side meet the same weather, and are paired intent by intent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pandas.testing import assert_frame_equal

import sim
from sim.experiment import Comparison, compare_policies, run_scenario

_PLAN = ["seed", "intent", "decided_us", "symbol", "direction", "quantity", "plan_price"]


@pytest.fixture(scope="module")
def pair() -> Comparison:
    """Give two policies on two seeds of the shipped day."""
    return compare_policies("quickstart", ["d7", "legacy-sltp"], seeds=[1, 2], intents=40)


def test_both_policies_have_the_same_intents_and_ideals(pair: Comparison) -> None:
    """Decisions, plans and what they would have earned without faults are equal, intent by intent and seed by seed."""
    one, other = (pair.frames(policy) for policy in pair.policies)
    assert len(one["intents"]) == 80
    columns = [name for name in _PLAN if name in one["intents"]]
    assert len(columns) >= 6
    assert_frame_equal(one["intents"][columns], other["intents"][columns])
    ideal = [frames["shadows"].query("kind != 'refused'").reset_index(drop=True) for frames in (one, other)]
    assert_frame_equal(*ideal)


def test_both_policies_meet_the_same_fault_windows(pair: Comparison) -> None:
    """Bursts lie at the same times under both policies, and elsewhere under another seed."""
    one, other = (pair.frames(policy)["fault_edges"] for policy in pair.policies)
    assert len(one)
    assert_frame_equal(one, other)
    edges = one.groupby("run")["opened_us"].apply(list)
    assert len(edges) == 2
    assert edges.iloc[0] != edges.iloc[1]


def test_a_comparison_is_made_of_single_runs(pair: Comparison) -> None:
    """Each result of a comparison is the one a single run gives."""
    single = run_scenario("quickstart", "legacy-sltp", seed=2, intents=40)
    assert pair.results["legacy-sltp", 2].manifest == single.manifest


def test_the_first_policy_is_the_baseline(pair: Comparison) -> None:
    """The table has a column per policy; differences stand against the first."""
    assert list(pair.table.columns) == ["d7", "legacy-sltp"]
    assert set(pair.differences["policy"]) == {"legacy-sltp"}
    assert set(pair.differences["against"]) == {"d7"}
    assert len(pair.claims)


def test_a_policy_against_its_double_differs_by_nothing(own: Path, tmp_path: Path) -> None:
    """Two files of the same values differ in name and in no number."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text("[execution]\nmax_order_retries = 3\n")
    pair = compare_policies(
        str(own), [str(tmp_path / "a.toml"), str(tmp_path / "b.toml")], seeds=[1, 2], intents=12
    )
    assert (pair.table["a"] == pair.table["b"]).all()
    mean = [name for name in pair.differences if "mean" in name and "interval" not in name]
    assert mean
    assert (pair.differences[mean].fillna(0.0) == 0.0).all(axis=None)


@pytest.mark.parametrize("overrides", [[], ["execution.max_order_retries=3", "faults.failed.how.rate=0.5"]])
def test_its_command_makes_the_same_comparison(
    own: Path, obey: Callable[[str], Any], overrides: list[str]
) -> None:
    """Doing what its command says, files and overrides included, gives the same traces under the same names."""
    two = str(own.parent / "own" / "two.toml")
    pair = compare_policies(str(own), [two, "d7"], intents=12, overrides=overrides)
    again = obey(pair.command)
    assert again.policies == pair.policies
    assert again.seeds == pair.seeds == (3,)
    for key, result in pair.results.items():
        assert again.results[key].manifest["trace_sha256"] == result.manifest["trace_sha256"]
        single = obey(result.manifest["command"])
        assert single.manifest["trace_sha256"] == result.manifest["trace_sha256"]


@pytest.mark.parametrize("policies", [["d7"], ["d7", "d7"], ["d7", "legacy-sltp", "d7"], ["d7", "dseven"]])
def test_fewer_than_two_different_policies_are_refused(policies: list[str]) -> None:
    """One policy, one twice or an unknown one is refused before anything runs."""
    with pytest.raises(sim.InputError, match="polic"):
        compare_policies("quickstart", policies, intents=5)


def test_progress_names_policy_and_seed() -> None:
    """Progress says which run it is about."""
    seen: list[tuple[str, int, int, int]] = []
    compare_policies(
        "quickstart", ["d7", "legacy-entry"], seeds=[5], intents=4, progress=lambda *told: seen.append(told)
    )
    assert seen[0] == ("d7", 5, 1, 4)
    assert seen[-1] == ("legacy-entry", 5, 4, 4)
