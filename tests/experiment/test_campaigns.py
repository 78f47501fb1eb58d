"""Many seeds: where nothing fails nothing is found, and whatever fails, the simulator keeps its own rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from sim.errors import InputError
from sim.exchange.latency import LatencySpec
from sim.experiment import armed
from sim.experiment.prepare import Market, load_market_of, prepare
from sim.experiment.run import judge
from sim.faults.arming import FAMILIES, arm
from sim.scenario import LoadedScenario, load_policy_named, load_scenario, scenario_names
from sim.scenario.spec import ClientSpec, LimitsSpec
from sim.world import RunRecord, World

INTENTS = 5
OFF = {
    "faults": [], "regime": None, "latency": LatencySpec(), "limits": LimitsSpec(), "client": ClientSpec(),
    "isolation": "intent",
}  # fmt: skip


@cache
def markets() -> dict[str, tuple[LoadedScenario, Market]]:
    """Load the market of every shipped scenario whose recordings are here, each market once."""
    found: dict[Any, tuple[str, LoadedScenario, Market]] = {}
    for name in scenario_names():
        try:
            loaded = load_scenario(name)
            market = loaded.scenario.market
            key = (tuple(market.references), str(market.from_), str(market.to), market.line)
            if key not in found:
                found[key] = (name, loaded, load_market_of(loaded))
        except InputError as error:
            if "shared" not in str(error):
                raise
    return {name: (loaded, market) for name, loaded, market in found.values()}


def calm(loaded: LoadedScenario) -> LoadedScenario:
    """Return a scenario with its market and its rules, and nothing that goes wrong: short plain brackets."""
    scenario = loaded.scenario
    market = scenario.market.model_copy(update={"shock": []})
    plain = {
        "hold_s": 60.0, "decision_delay_s": 0.0, "ai_tp_pct": None, "ai_trail_pct": None, "signals": None,
        # Far enough that no market here runs through a stop on its way: that would be a finding about d7.
        "sl_pct": 0.03, "tp_pct": 0.03, "leverage": 5,
    }  # fmt: skip
    if scenario.workload.signals is not None:
        plain["every_s"] = 60.0
    workload = scenario.workload.model_copy(update=plain)
    return replace(
        loaded, scenario=scenario.model_copy(update={**OFF, "market": market, "workload": workload})
    )


def run(loaded: LoadedScenario, market: Market, seed: int) -> RunRecord:
    """Run five intents and judge them."""
    policy = load_policy_named("d7")
    ready = prepare(loaded, market, seed, INTENTS)
    spec = loaded.scenario
    record = World(
        spec, policy.store, seed, ready.paths, ready.filters, ready.plans, volumes=ready.volumes
    ).run()
    judge(record, spec, policy, ready.filters)
    return record


def findings(record: RunRecord, *, kinds: set[str]) -> Iterator[str]:
    """Say what was found, of these kinds, but for conduct and what only many intents can show."""
    found = record.trace.arrays("violation")
    for check, kind, truth in zip(found["check"], found["kind"], found["truth"], strict=True):
        # Five intents cannot show which share of all would trade.
        if kind in kinds and check != "L04":
            yield f"{check}: {truth}"


@pytest.mark.parametrize("count", [40, pytest.param(2000, marks=pytest.mark.campaign)])
@pytest.mark.timeout(1200)
def test_nothing_is_found_where_nothing_fails(count: int) -> None:
    """Over all scenarios' markets, fault-free: no false alarm of any check on safety, liveness or ourselves."""
    names = sorted(markets())
    alarms = []
    for seed in range(1, count + 1):
        name = names[seed % len(names)]
        loaded, market = markets()[name]
        record = run(calm(loaded), market, seed)
        alarms += [f"{name}, seed {seed}: {error}" for error in record.errors]
        alarms += [
            f"{name}, seed {seed}: {one}"
            for one in findings(record, kinds={"safety", "liveness", "simulator"})
        ]
    assert not alarms, alarms[:5]


@pytest.mark.parametrize("count", [20, pytest.param(1000, marks=pytest.mark.campaign)])
@pytest.mark.timeout(1200)
def test_whatever_fails_the_simulator_keeps_its_own_rules(count: int) -> None:
    """Under armed faults the code under test may do wrong; the simulator's own checks find nothing."""
    loaded, market = markets()["calm_baseline"]
    alarms = []
    for seed in range(1, count + 1):
        record = run(armed(loaded, seed), market, seed)
        alarms += [f"seed {seed}: {error}" for error in record.errors]
        alarms += [f"seed {seed}: {one}" for one in findings(record, kinds={"simulator"})]
    assert not alarms, alarms[:5]


def test_armed_runs_meet_the_same_weather_under_two_policies() -> None:
    """What a seed arms is the scenario's, not the policy's: stretches of faults are the same for both."""
    loaded, market = markets()["calm_baseline"]
    everything = next(seed for seed in range(1, 200) if len(arm(seed)) == len(FAMILIES))
    edges = []
    for policy in ("d7", "legacy-sltp"):
        store = load_policy_named(policy).store
        ready = prepare(loaded, market, everything, INTENTS)
        spec = armed(loaded, everything).scenario
        world = World(spec, store, everything, ready.paths, ready.filters, ready.plans, volumes=ready.volumes)
        trace = world.run().trace
        edges.append({name: values.tolist() for name, values in trace.arrays("fault_edge").items()})
    assert edges[0] == edges[1]
    assert edges[0]["opened_us"]
