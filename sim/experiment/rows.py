"""Boil one run down to arrays: one element per intent and one per violation, for experiments of many runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.experiment.command import Command
from sim.experiment.prepare import Market
from sim.experiment.run import JudgedRun, judge, run_judged
from sim.experiment.together import groups_of, intents_beside, judge_beside
from sim.metrics import Tables, plain_columns
from sim.scenario import LoadedPolicy, LoadedScenario
from sim.world.code_under_test import ExecutorFactory, event_driven

Array = np.ndarray[Any, Any]
Columns = dict[str, Array]


@dataclass(frozen=True, kw_only=True)
class RunRows:
    """Hold what one run left, without frames.

    ``intents``: the columns of ``COLUMNS["intents"]`` (:mod:`sim.metrics.columns`), one element per intent: texts as
    objects, whole numbers that may be missing as floats with NaN, truth values that may be missing as floats 0, 1 and
    NaN.  ``violations``: ``check``, ``kind``, ``intent``, ``at_us``, ``amount``, ``unit``, ``truth`` and ``belief``.
    ``refusals``: requests the venue refused for load, by code.  ``touched``: numbers of the intents that a fault
    reached.  ``positions``: base asset left in each account when its books were closed.  ``command`` runs it again.
    """

    intents: Columns
    violations: Columns
    refusals: dict[str, int]
    touched: Array
    positions: Array
    command: Command


def run_rows(
    scenario: LoadedScenario,
    policy: LoadedPolicy,
    *,
    seed: int,
    market: Market,
    intents: int | None = None,
    overrides: Sequence[str] = (),
    scenario_word: str = "",
    policy_word: str = "",
    executor_factory: ExecutorFactory = event_driven,
) -> RunRows:
    """Run ``scenario`` under ``policy`` and ``seed`` and return its rows.

    ``market`` are the scenario's tapes, loaded once for many runs; ``overrides`` only name, in the command, the
    changes that were made, and the words what was loaded.  Raises what :func:`sim.experiment.run.run_scenario` raises.
    """
    run = run_judged(scenario, policy, market, seed=seed, intents=intents, executor_factory=executor_factory)
    command = Command.of(
        scenario,
        policy,
        seed,
        intents,
        overrides,
        scenario_word=scenario_word,
        policy_word=policy_word,
    )
    return _rows_of_one(run, command)


def rows_together(
    scenario: LoadedScenario, policy: LoadedPolicy, runs: Sequence[JudgedRun], commands: Sequence[Command]
) -> list[RunRows]:
    """Judge runs of one scenario under one policy, made by :func:`run_unjudged`, and return the rows of each.

    They are those that :func:`run_rows` gives; of short runs many cost little more than one.
    """
    rows: dict[int, RunRows] = {}
    for places, beside in groups_of(scenario, runs):
        group = [runs[place] for place in places]
        if beside is None:
            for place, run in zip(places, group, strict=True):
                judge(run.record, scenario.scenario, policy, run.ready.filters)
                rows[place] = _rows_of_one(run, commands[place])
            continue
        judge_beside(scenario, policy, group, beside)
        columns = intents_beside(group, beside)
        for number, (place, run) in enumerate(zip(places, group, strict=True)):
            own = beside.alone(number)
            rows[place] = RunRows(
                intents=columns[number],
                violations=run.record.trace.arrays("violation"),
                refusals=dict(run.record.load.refusals),
                touched=np.unique(own.arrays("fault")["intent"]),
                positions=own.arrays("account_end")["position"],
                command=commands[place],
            )
    return [rows[place] for place in range(len(runs))]


def _rows_of_one(run: JudgedRun, command: Command) -> RunRows:
    tables = Tables(run.record.trace, **run.measures)
    return RunRows(
        intents=plain_columns("intents", tables["intents"]),
        violations=tables.source.table("violation"),
        refusals=dict(run.record.load.refusals),
        touched=np.unique(tables.source.table("fault")["intent"]),
        positions=tables["accounts"]["position"],
        command=command,
    )
