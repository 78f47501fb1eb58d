"""A run says what it was made from, and how to make it again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.experiment import Result, run_scenario
from sim.scenario import load_policy_named, load_scenario

Obey = Callable[[str], Any]


def _trace(result: Result) -> str:
    value: str = result.manifest["trace_sha256"]
    return value


def test_the_manifests_command_makes_the_same_bytes(small: Result, obey: Obey) -> None:
    """Doing what the manifest's command says gives the same trace."""
    again = obey(small.manifest["command"])
    assert _trace(again) == _trace(small)
    assert again.manifest == small.manifest


def test_overrides_of_scenario_and_policy_are_in_the_command(obey: Obey) -> None:
    """Overrides, with their quotes and spaces, come back from the command."""
    overrides = [
        "faults.internal_error.how.rate=0.4",
        "market.mark={ basis_bps = 1.5, delay_ms = 87.0 }",
        "execution.max_order_retries=2",
    ]
    result = run_scenario("quickstart", "d7", seed=3, intents=15, overrides=overrides)
    again = obey(result.manifest["command"])
    assert _trace(again) == _trace(result)
    assert again.name == result.name
    plain = run_scenario("quickstart", "d7", seed=3, intents=15)
    assert _trace(plain) != _trace(result)


def test_what_was_left_open_is_in_the_command(obey: Obey) -> None:
    """Policy and seed that the scenario chose are named, so that the command outlives a change of its [check]."""
    result = run_scenario("quickstart", intents=10)
    assert "--policy d7" in result.manifest["command"]
    assert "--seed 1" in result.manifest["command"]
    assert _trace(obey(result.manifest["command"])) == _trace(result)


@pytest.mark.parametrize("loads", ["path", "loaded", "api"])
def test_the_command_finds_files_again(own: Path, obey: Obey, loads: str) -> None:
    """A scenario file, and a policy file that it names from where it stands, are found from the working directory."""
    changed = ["execution.retry_backoff_base_sec=0.25"]
    if loads == "api":
        text = own.read_text().replace('["d7", "own/two.toml"]', '["own/two.toml"]')
        own.write_text(text)
        result = sim.run(own, intents=8, set=changed)
    else:
        loaded = load_scenario(own)
        policy = load_policy_named("own/two.toml", changed, loaded.base_dir)
        scenario = str(own) if loads == "path" else loaded
        result = run_scenario(scenario, policy, seed=3, intents=8, overrides=changed)
    again = obey(result.manifest["command"])
    assert _trace(again) == _trace(result)
    assert again.manifest["policy_sha256"] == result.manifest["policy_sha256"]


def test_hashes_name_what_changed_and_nothing_else(small: Result) -> None:
    """Another seed changes the trace's hash only; another policy value the policy's and the trace's."""
    names = ("scenario_sha256", "policy_sha256", "data_sha256", "code_sha256")
    seed = run_scenario("quickstart", "d7", seed=8, intents=30).manifest
    assert [seed[name] for name in names] == [small.manifest[name] for name in names]
    assert seed["trace_sha256"] != small.manifest["trace_sha256"]
    keyed = run_scenario(
        "quickstart", "d7", seed=7, intents=30, overrides=["execution.max_order_retries=2"]
    ).manifest
    same = [keyed[name] == small.manifest[name] for name in names]
    assert same == [True, False, True, True]


def test_a_policy_that_says_the_defaults_is_the_default(small: Result) -> None:
    """A value set to what it was leaves hashes and bytes alone."""
    result = run_scenario("quickstart", "d7", seed=7, intents=30, overrides=["execution.max_order_retries=5"])
    assert result.manifest["policy_sha256"] == small.manifest["policy_sha256"]
    assert _trace(result) == _trace(small)


def test_progress_counts_every_intent_once() -> None:
    """Progress runs from 1 to the number of intents and ends there."""
    seen: list[tuple[int, int]] = []
    run_scenario(
        "quickstart", "d7", seed=7, intents=12, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(done, 12) for done in range(1, 13)]
