"""Run a few intents of a scenario at a place its seed draws, and boil the run down to one row.

Faults and shocks of most scenarios stand at fixed times.  Twenty intents from the beginning would never meet them, so
each seed takes its intents from another place of the scenario's stretch (``workload.first_s``).
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np

from sim.chance import Stream
from sim.experiment import Result, armed, run_scenario
from sim.experiment.prepare import Market, load_market_of
from sim.experiment.rows import Array, RunRows, run_rows
from sim.metrics.venue_frames import DUST
from sim.scenario import LoadedPolicy, LoadedScenario, load_policy_named, load_scenario, split_overrides
from tests.campaigns import storm
from tests.campaigns.patches import PATCHES

INTENTS: Final = 20
SWARM: Final = "+swarm"
"""Ends a scenario's name where its faults are those that the seed arms."""

_KINDS: Final = ("safety", "liveness", "simulator")
_BY_MANY: Final = "L04"
"""Which share of all trades is asked of all runs together: twenty intents in a crash say nothing about calm."""

_SHOWN: Final = 3


@dataclass(frozen=True, kw_only=True)
class Case:
    """Say what is run: a scenario under a policy, both with changes (``key=value``), and how many intents."""

    scenario: str
    policy: str
    changes: tuple[str, ...] = ()
    intents: int = INTENTS
    name: str = ""
    """What the policy is called in tables; empty: as it is."""
    where: str = ""
    """What the scenario with its changes is called in tables; empty: as it is."""
    patch: str = ""
    """What is taken out of the code itself (:data:`tests.campaigns.patches.PATCHES`); empty: nothing."""

    @property
    def label(self) -> str:
        """Name the policy with its changes."""
        return self.name or "+".join([self.policy, *(c for c in self.changes if c.startswith("execution."))])

    @property
    def place(self) -> str:
        """Name the scenario with its changes."""
        return self.where or "+".join(
            [self.scenario, *(c for c in self.changes if not c.startswith("execution."))]
        )


@dataclass(frozen=True, kw_only=True)
class Row:
    """Keep what one run showed: intents by what became of them, violations by check, the first few told."""

    code: str
    scenario: str
    policy: str
    seed: int
    intents: int
    decided: int
    traded: int
    refused: int
    untouched: int
    untouched_traded: int
    doubled: int
    orphaned: int
    unresolved: int
    naked_s: float
    requests: int
    denied: int
    counts: dict[str, int] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    wall_s: float = 0.0
    command: str = ""

    @property
    def failed(self) -> bool:
        """Tell whether a safety or a liveness rule was broken."""
        return bool(self.broken)

    @property
    def broken(self) -> set[str]:
        """Return the safety and liveness rules that were broken."""
        return {check for check in self.counts if check[0] in "IL"}


def text_of(row: Row) -> dict[str, Any]:
    """Return a row as one line of a CSV file."""
    flat = asdict(row)
    return flat | {"counts": json.dumps(row.counts), "told": json.dumps(row.told)}


def row_of(line: dict[str, str]) -> Row:
    """Read a row back from one line of a CSV file."""
    kinds: dict[str, Any] = {"int": int, "float": float, "str": str}
    values = {item.name: kinds.get(str(item.type), json.loads)(line[item.name]) for item in fields(Row)}
    return Row(**values)


@cache
def market_of(scenario: str, changes: tuple[str, ...]) -> tuple[LoadedScenario, Market]:
    """Load a scenario and its tapes once per process."""
    loaded = load_scenario(scenario, changes)
    return loaded, load_market_of(loaded)


@cache
def policy_of(policy: str, changes: tuple[str, ...]) -> LoadedPolicy:
    """Load a policy once per process."""
    return load_policy_named(policy, changes)


def first_s(
    loaded: LoadedScenario, market: Market, seed: int, intents: int, given: Collection[str] = ()
) -> float | None:
    """Draw where in its stretch a run begins; None where signals or ``given`` keys say it."""
    spec = loaded.scenario
    work = spec.workload
    if work.signals is not None or "workload.first_s" in given:
        return None
    line = spec.market.line
    whole_s = min(tape.end_us for tape in market.tapes) / 1e6 if line is None else line.for_s
    gap_s = 3600.0 / work.poisson_per_hour if work.poisson_per_hour else work.every_s or 60.0
    stretch_s = min(whole_s - work.hold_s - spec.settle.settle_s, (spec.check.intents or 1e9) * gap_s)
    room_s = max(0.0, stretch_s - work.first_s - 1.5 * gap_s * intents)
    return round(work.first_s + room_s * Stream(seed, "campaign.place").uniform(0), 1)


class _Asked(NamedTuple):
    """Hold what one run of a case needs: the scenario at the place its seed drew, and what was changed for it."""

    loaded: LoadedScenario
    policy: LoadedPolicy
    market: Market
    changes: list[str]


def _asked(case: Case, seed: int) -> _Asked:
    name, swarm = case.scenario.removesuffix(SWARM), case.scenario.endswith(SWARM)
    changes = list(case.changes)
    if name == storm.STORM:
        name, changes = storm.PATH, [*storm.weather(seed), *changes]
    to_scenario, to_policy = split_overrides(changes)
    loaded, market = market_of(name, tuple(to_scenario))
    given = {change.partition("=")[0] for change in to_scenario}
    place_s = first_s(loaded, market, seed, case.intents, given)
    if place_s is not None:
        changes.append(f"workload.first_s={place_s}")
        loaded = load_scenario(name, [*to_scenario, changes[-1]])
    policy = policy_of(case.policy, tuple(to_policy))
    return _Asked(armed(loaded, seed) if swarm else loaded, policy, market, changes)


def _word(case: Case) -> str:
    return storm.FILE if case.scenario == storm.STORM else case.scenario.removesuffix(SWARM)


def result_of(case: Case, seed: int) -> Result:
    """Run one case under one seed and return its result, frames and all."""
    asked = _asked(case, seed)
    with PATCHES[case.patch]() as factory:
        return run_scenario(
            asked.loaded,
            asked.policy,
            seed=seed,
            intents=case.intents,
            overrides=asked.changes,
            market=asked.market,
            scenario_word=_word(case),
            policy_word=case.policy,
            executor_factory=factory,
        )


def rows_of(case: Case, seed: int) -> RunRows:
    """Run one case under one seed and return its rows."""
    asked = _asked(case, seed)
    with PATCHES[case.patch]() as factory:
        return run_rows(
            asked.loaded,
            asked.policy,
            seed=seed,
            intents=case.intents,
            overrides=asked.changes,
            market=asked.market,
            scenario_word=_word(case),
            policy_word=case.policy,
            executor_factory=factory,
        )


def run(case: Case, seed: int, code: str) -> Row:
    """Run one case under one seed and boil it down."""
    began_s = time.perf_counter()
    rows = rows_of(case, seed)
    intents, found = rows.intents, rows.violations
    entered = intents["entry_fills"] > 0
    untouched = ~np.isin(intents["intent"], rows.touched)
    counted = np.flatnonzero(np.isin(found["kind"], _KINDS) & (found["check"] != _BY_MANY))
    return Row(
        code=code,
        scenario=case.place,
        policy=case.label,
        seed=seed,
        intents=case.intents,
        decided=len(entered),
        traded=int(entered.sum()),
        refused=int(intents["refused"].sum()),
        untouched=int(untouched.sum()),
        untouched_traded=int((untouched & entered).sum()),
        doubled=int((intents["over_fill"] > 0).sum()),
        orphaned=int((intents["orphaned"] == 1).sum()),
        unresolved=_left_open(rows),
        naked_s=round(float(np.nansum(intents["naked_charged_s"])), 3),
        requests=int(intents["requests"].sum()),
        denied=sum(rows.refusals.values()),
        counts=dict(sorted(Counter(found["check"][counted].tolist()).items())),
        told=_told(rows, counted),
        wall_s=round(time.perf_counter() - began_s, 3),
        command=str(rows.command),
    )


def _left_open(rows: RunRows) -> int:
    """Count intents without an end and positions left; in a shared account exits net, and only the account tells."""
    intents = rows.intents
    if not intents["shared_account"].any():
        return int((intents["outcome"] == "unresolved").sum())
    return int(np.isnan(intents["ended_us"]).sum()) + int((np.abs(rows.positions) > DUST).sum())


def _told(rows: RunRows, counted: Array) -> list[str]:
    found, shown, told = rows.violations, Counter[str](), list[str]()
    for row in counted.tolist():
        check, intent = str(found["check"][row]), int(found["intent"][row])
        shown[check] += 1
        if shown[check] <= _SHOWN:
            what = f"{found['truth'][row]} | {found['belief'][row]} | {rows.command.up_to(intent)}"
            told.append(f"{check} intent {intent}: {what}")
    return told
