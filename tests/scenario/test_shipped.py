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
from sim.scenario.shared import why_skipped

DAY_US = 86_400_000_000
EPOCH_US = 1_705_276_800_000_000
"""2024-01-15, the day of the embedded tapes and of the signals that go with them."""
SYMBOLS = ["BTCUSDT", "ETHUSDT"]


def _there() -> list[object]:
    """List the shipped scenarios; those whose recordings are not there are skipped and say so."""
    marks = {
        name: [pytest.mark.skip(reason=why)] if (why := why_skipped(name)) else []
        for name in scenario_names()
    }
    return [pytest.param(name, marks=found) for name, found in marks.items()]


def test_the_scenarios_are_shipped() -> None:
    """The shipped scenarios are found by name, and the five marked ones also on recordings."""
    names = set(scenario_names())
    assert {"quickstart", "calm_baseline", "drop_after_entry", "d7_claims"} <= names
    recorded = {name.removesuffix("_real") for name in names if name.endswith("_real")}
    assert recorded == {
        "cascade_1010",
        "drop_after_entry",
        "stop_shuffle",
        "throttle_not_exempt",
        "wick_and_basis",
    }
    assert recorded <= names


@pytest.mark.parametrize("name", _there())
def test_a_shipped_scenario_loads_and_plans_intents(name: str) -> None:
    """A shipped scenario loads by name and by path, has intents, filters and existing policies, and pickles."""
    loaded = load_scenario(name)
    assert load_scenario(scenario_dir() / f"{name}.toml").sha256 == loaded.sha256
    scenario = loaded.scenario
    assert plan_intents(scenario.workload, 1, DAY_US, EPOCH_US, 60_000_000, SYMBOLS, loaded.base_dir)
    assert set(SYMBOLS) <= symbol_filters(scenario, SYMBOLS).keys()
    assert all(load_policy_named(policy, base_dir=loaded.base_dir) for policy in scenario.check.policies)
    assert pickle.loads(pickle.dumps(loaded)) == loaded


@pytest.mark.parametrize("name", _there())
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
