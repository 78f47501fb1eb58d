"""Show that every shipped scenario loads and says what it is for."""

import pickle
import re
from pathlib import Path

import pytest

import sim.policies
from sim.market import Drift
from sim.scenario import (
    load_policy_named,
    load_scenario,
    plan_intents,
    policy_names,
    scenario_names,
    symbol_filters,
)
from sim.scenario.files import scenario_dir

DAY_US = 86_400_000_000


def test_the_four_scenarios_are_shipped() -> None:
    """The shipped scenarios are found by name."""
    assert {"quickstart", "calm_baseline", "drop_after_entry", "d7_claims"} <= set(scenario_names())


@pytest.mark.parametrize("name", scenario_names())
def test_a_shipped_scenario_loads_and_plans_intents(name: str) -> None:
    """A shipped scenario loads by name and by path, has intents, filters and existing policies, and pickles."""
    loaded = load_scenario(name)
    assert load_scenario(scenario_dir() / f"{name}.toml").sha256 == loaded.sha256
    scenario = loaded.scenario
    assert plan_intents(scenario.workload, 1, DAY_US, 0, 60_000_000, ["BTCUSDT"], loaded.base_dir)
    assert "BTCUSDT" in symbol_filters(scenario, ["BTCUSDT"])
    assert all(load_policy_named(policy, base_dir=loaded.base_dir) for policy in scenario.check.policies)
    assert pickle.loads(pickle.dumps(loaded)) == loaded


@pytest.mark.parametrize("name", scenario_names())
def test_a_shipped_scenario_opens_with_its_story(name: str) -> None:
    """The file begins with a comment, and the story has two sentences or more."""
    assert (scenario_dir() / f"{name}.toml").read_text().startswith("# ")
    assert len(re.findall(r"[.?](?:\s|$)", load_scenario(name).scenario.story)) >= 2


def test_the_claims_stand_at_the_rates_that_make_them_true() -> None:
    """Five attempts at the stated rates succeed as often as the seed document promises."""
    faults = load_scenario("d7_claims").scenario.faults
    rates = {fault.name: fault.how.window.rate for fault in faults if fault.how.window is not None}
    silence = 1 - (1 - rates["request_lost"]) * (1 - rates["reply_lost"])
    assert 1 - rates["internal_error"] ** 5 == pytest.approx(0.95, abs=0.001)
    assert 1 - rates["would_trigger"] ** 5 == pytest.approx(0.90, abs=0.001)
    assert 1 - silence**5 == pytest.approx(0.90, abs=0.001)
    assert (1 - rates["request_lost"]) * rates["reply_lost"] == pytest.approx(silence / 2, abs=0.001)


@pytest.mark.parametrize("name", ["d7_claims", "drop_after_entry"])
def test_the_shocks_leave_the_price_where_it_was(name: str) -> None:
    """Each fall is taken back, so that the tape after it is the recorded one again."""
    level = 1.0
    for shock in load_scenario(name).scenario.market.shock:
        assert isinstance(shock, Drift)
        level *= 1 + shock.pct_per_s * shock.for_s / 100
    assert level == pytest.approx(1, abs=1e-4)


def test_the_calm_scenario_is_quickstart_without_faults() -> None:
    """The calm baseline differs from quickstart in the faults only."""
    calm, quick = load_scenario("calm_baseline").scenario, load_scenario("quickstart", ["faults=[]"]).scenario
    words = {"title", "story", "check"}
    assert calm.model_dump(exclude=words) == quick.model_dump(exclude=words)


@pytest.mark.parametrize("name", policy_names())
def test_a_shipped_policy_loads(name: str) -> None:
    """A shipped policy loads by name and by path to the same digest."""
    file = Path(sim.policies.__file__).parent / f"{name}.toml"
    assert load_policy_named(name).sha256 == load_policy_named(file).sha256
