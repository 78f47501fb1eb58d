"""Run one scenario under one policy and one seed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from logging import Logger
from typing import Any, TypedDict

from sim.checks import CHECKS, Bounds, Caps, Case, Grid, tell
from sim.code import factory_for
from sim.errors import InputError
from sim.exchange.filters import SymbolFilters
from sim.experiment.command import Command
from sim.experiment.fingerprint import code_sha256, versions
from sim.experiment.prepare import Market, Prepared, load_market_of, prepare
from sim.experiment.result import Result
from sim.experiment.swarm import is_armed
from sim.metrics import build_frames
from sim.scenario import (
    LoadedPolicy,
    LoadedScenario,
    Scenario,
    load_policy_named,
    load_scenario,
    split_overrides,
)
from sim.world import RunRecord, World
from sim.world.code_under_test import ExecutorFactory, event_driven
from sim.world.processes import run_apart

_LONGEST_NAME = 120
_CALM_TRADING = 0.95
"""The share of intents that must trade where nothing is there to stop them (failures C3, calm_baseline)."""

Progress = Callable[[int, int], None]


def run_scenario(
    scenario: str | LoadedScenario,
    policy: str | LoadedPolicy | None = None,
    *,
    seed: int | None = None,
    intents: int | None = None,
    overrides: Sequence[str] = (),
    market: Market | None = None,
    scenario_word: str = "",
    policy_word: str = "",
    progress: Progress | None = None,
    logger: Logger | None = None,
    executor_factory: ExecutorFactory = event_driven,
) -> Result:
    """Run ``scenario`` (name, path or loaded) under ``policy`` and return its result.

    ``policy`` None means the first of the scenario's ``[check]``, ``seed`` None likewise.  ``overrides`` are
    ``key=value`` texts: ``execution.*`` go to the policy, the rest to the scenario.  ``market`` spares loading the
    tapes again.  ``executor_factory`` makes the code under test, by default what the scenario's ``[code]`` names, and
    the shipped executor without one.
    ``scenario_word`` and ``policy_word`` are how the reproducing command names what was loaded.
    Raises InputError for anything a person wrote that cannot be used.
    """
    to_scenario, to_policy = split_overrides(overrides)
    loaded = scenario if isinstance(scenario, LoadedScenario) else load_scenario(scenario, to_scenario)
    spec = loaded.scenario
    if isinstance(policy, str):
        policy_word = policy_word or policy
    if policy is None:
        policy = load_policy_named(spec.check.policies[0], to_policy, loaded.base_dir)
    elif not isinstance(policy, LoadedPolicy):
        policy = load_policy_named(policy, to_policy)
    seed = seed if seed is not None else spec.check.seeds[0]
    market = market if market is not None else load_market_of(loaded)
    command = Command.of(
        loaded,
        policy,
        seed,
        intents,
        overrides,
        scenario_word=scenario_word or (scenario if isinstance(scenario, str) else ""),
        policy_word=policy_word,
    )
    run = run_judged(
        loaded,
        policy,
        market,
        seed=seed,
        intents=intents,
        progress=progress,
        logger=logger,
        executor_factory=executor_factory,
    )
    manifest = _manifest(loaded, policy, seed, intents, str(command), market, run.ready, run.record)
    frames = build_frames(run.record.trace, **run.measures, reproduce=command.up_to)
    run.record.trace.forget()
    return Result(frames=frames, manifest=manifest)


class Measures(TypedDict):
    """Name what metrics must know beside a trace (:func:`sim.metrics.build_frames`)."""

    episode_us: int
    seed: int
    epoch_us: int
    steps: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class JudgedRun:
    """Hold what one world left; its violations are in its trace once it was judged."""

    ready: Prepared
    record: RunRecord
    measures: Measures


def run_judged(
    loaded: LoadedScenario,
    policy: LoadedPolicy,
    market: Market,
    *,
    seed: int,
    intents: int | None = None,
    progress: Progress | None = None,
    logger: Logger | None = None,
    executor_factory: ExecutorFactory = event_driven,
) -> JudgedRun:
    """Run one world and judge it; raises InputError for anything a person wrote that cannot be used."""
    run = run_unjudged(
        loaded,
        policy,
        market,
        seed=seed,
        intents=intents,
        progress=progress,
        logger=logger,
        executor_factory=executor_factory,
    )
    judge(run.record, loaded.scenario, policy, run.ready.filters)
    return run


def run_unjudged(
    loaded: LoadedScenario,
    policy: LoadedPolicy,
    market: Market,
    *,
    seed: int,
    intents: int | None = None,
    progress: Progress | None = None,
    logger: Logger | None = None,
    executor_factory: ExecutorFactory = event_driven,
) -> JudgedRun:
    """Run one world, which is still to be judged; raises what :func:`run_judged` raises."""
    spec = loaded.scenario
    if executor_factory is event_driven:
        executor_factory = factory_for(loaded)
    ready = prepare(loaded, market, seed, intents)
    world = World(
        spec,
        policy.store,
        seed,
        ready.paths,
        ready.filters,
        ready.plans,
        logger=logger,
        progress=progress,
        volumes=ready.volumes,
        executor_factory=executor_factory,
    )
    try:
        record = world.run()
    except TimeoutError as error:
        # What the flows meet is theirs to handle; this is the bot's first call, which no fault touches.
        patience = (
            "longer than a request and its reply take: the bot could not load the filters before it began"
        )
        raise InputError("client.timeout_s", spec.client.timeout_s, patience) from error
    measures = Measures(
        episode_us=round(spec.market.episode_s * 1e6),
        seed=seed,
        epoch_us=record.epoch_us,
        steps={symbol: float(filters.step) for symbol, filters in ready.filters.items()},
    )
    return JudgedRun(ready=ready, record=record, measures=measures)


def judge(
    record: RunRecord, spec: Scenario, policy: LoadedPolicy, filters: Mapping[str, SymbolFilters]
) -> None:
    """Write every violation of a run into its trace, by the bounds of its scenario; once for each run."""
    case = case_of(record, spec, policy, filters)
    for check in CHECKS:
        tell(record.trace, check, check.find(case))


def case_of(
    record: RunRecord, spec: Scenario, policy: LoadedPolicy, filters: Mapping[str, SymbolFilters]
) -> Case:
    """Return what the checks are to judge: a run's record, and the bounds of its scenario."""
    return Case(
        trace=record.trace,
        settings=policy.store.settings,
        steps={symbol: float(rules.step) for symbol, rules in filters.items()},
        isolation=spec.isolation,
        opening_wallet=spec.account.wallet,
        protect_us=round(spec.invariants.protect_s * 1e6),
        settle_belief_us=round(spec.invariants.settle_belief_s * 1e6),
        errors=record.errors,
        trigger_view_us=round(spec.fills.trigger_view_delay_ms / 1e3 * 1e6),
        bounds=bounds_of(spec),
        grids={name: Grid(float(rules.tick), float(rules.min_notional)) for name, rules in filters.items()},
        caps=caps_of(record, spec) if spec.limits.enforce else None,
        fault_rates={fault.name: fault.how.rate for fault in spec.faults if fault.how.rate is not None},
        own_processes=run_apart(spec),
    )


def bounds_of(spec: Scenario) -> Bounds:
    """Return what the checks are to hold a run of this scenario to."""
    stated = spec.invariants
    calm = not spec.faults and not spec.market.shock and spec.regime is None
    return Bounds(
        clean_s=stated.clean_s,
        replace_gap_s=stated.replace_gap_s,
        panic_s=stated.panic_s,
        live_s=stated.live_s,
        settle_s=spec.settle.settle_s,
        block_s=stated.block_s,
        reference_age_s=stated.reference_age_s,
        flight_s=stated.flight_s,
        fill_tolerance_pct=stated.fill_tolerance_pct,
        min_stop_pct=stated.min_stop_pct,
        widen_budget=stated.widen_budget,
        cap_share=stated.cap_share,
        least_trading=_CALM_TRADING if stated.least_trading is None and calm else stated.least_trading,
    )


def caps_of(record: RunRecord, spec: Scenario) -> Caps:
    """Return what the venue allows in a run of this scenario, and in which windows."""
    limits = spec.limits
    return Caps(
        limits.weight_per_min,
        limits.orders_per_10s,
        limits.orders_per_min,
        limits.shared_ip,
        record.epoch_us,
    )


def run_name(loaded: LoadedScenario, policy: LoadedPolicy, seed: int, intents: int | None) -> str:
    """Name a run after its question, as a folder can be called: scenario, changes, policy, seed, length."""
    # Where the user's code lies, and which of its modules are not installed, says nothing of the question.
    skipped = ("code.app_dir=", "code.stubs=", "code.modules=")
    words = [loaded.name, *(item for item in loaded.overrides if not item.startswith(skipped))]
    asked = (
        "+".join(words) + f"-{policy.name}-seed{seed}" + (f"-{intents}intents" if intents is not None else "")
    )
    name = re.sub(r"[^A-Za-z0-9._+=-]+", "_", asked)
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:_LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _escaped(record: RunRecord) -> dict[str, Any]:
    ends = record.trace.arrays("intent_end")
    errors = ends["error"][ends["outcome"] == "escaped"]
    return {"intents": len(errors), "first": str(errors[0]) if len(errors) else ""}


def _rule_notes(loaded: LoadedScenario, policy: LoadedPolicy) -> list[str]:
    endpoint = policy.store.settings.conditional_endpoint
    if loaded.scenario.rules == "2025-12-09" and endpoint == "order":
        return [
            f"Under the rules of 2025-12-09 the ordinary endpoint refuses every stop with -4120, and {policy.name} "
            'sends them there (execution.conditional_endpoint = "order").'
        ]
    return []


def _load(record: RunRecord) -> dict[str, Any]:
    """Return what the venue counted: fullest windows, refusals by code, bans in µs of the run."""
    load = record.load
    return {
        "weight_1m_most": load.weight_most,
        "orders_10s_most": load.orders_10s_most,
        "orders_1m_most": load.orders_1m_most,
        "refusals": load.refusals,
        "bans_us": [[ban.from_us, ban.until_us] for ban in load.bans],
    }


def _limit_notes(loaded: LoadedScenario, record: RunRecord) -> list[str]:
    """Say when the shared address coupled intents that are otherwise worlds apart."""
    spec, refusals = loaded.scenario, record.load.refusals
    coupled = refusals.get("-1003", 0) + refusals.get("418", 0)
    if spec.isolation != "intent" or not spec.limits.shared_ip or not coupled:
        return []
    return [
        f"All intents ask from one address, and its limits refused {coupled} requests: intents are not independent "
        "here, and pairing them is degraded (limits.shared_ip = false gives each its own address)."
    ]


def _manifest(
    loaded: LoadedScenario,
    policy: LoadedPolicy,
    seed: int,
    intents: int | None,
    command: str,
    market: Market,
    ready: Prepared,
    record: RunRecord,
) -> dict[str, Any]:
    spec = loaded.scenario
    return {
        "name": run_name(loaded, policy, seed, intents),
        "scenario": loaded.name,
        "title": spec.title,
        "story": spec.story,
        "policy": policy.name,
        "policy_values": dict(policy.store.values),
        "seed": seed,
        "rules": spec.rules,
        "isolation": spec.isolation,
        "ended": record.ended,
        "ended_us": record.ended_us,
        "epoch_us": record.epoch_us,
        "intents": record.intents,
        "requests": record.requests,
        "unattributed": record.unattributed,
        "events": record.events,
        "load": _load(record),
        "errors": list(record.errors),
        "armed": [fault.model_dump(mode="json", exclude_unset=True) for fault in spec.faults]
        if is_armed(loaded)
        else [],
        "escaped": _escaped(record),
        "path_source": {symbol: path.source for symbol, path in sorted(ready.paths.items())},
        "regimes_us": [list(stretch) for stretch in record.regimes],
        "shocks": [shock.describe() for shock in spec.shocks_in_force()],
        "shock_spans_us": [list(shock.span_us(record.epoch_us)) for shock in spec.shocks_in_force()],
        "data_notes": [
            *market.notes,
            *ready.notes,
            *_rule_notes(loaded, policy),
            *_limit_notes(loaded, record),
        ],
        "protect_s": spec.invariants.protect_s,
        "trace_sha256": record.trace.sha256(),
        "scenario_sha256": loaded.sha256,
        "policy_sha256": policy.sha256,
        "data_sha256": market.sha256,
        "code_sha256": code_sha256(),
        "versions": versions(),
        "command": command,
    }
