"""Boil one run down to arrays: one element per intent and one per violation, for experiments of many runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.experiment.prepare import Market
from sim.experiment.run import run_scenario
from sim.scenario import LoadedPolicy, LoadedScenario
from sim.world.code_under_test import ExecutorFactory, event_driven

Array = np.ndarray[Any, Any]
Columns = dict[str, Array]


@dataclass(frozen=True, kw_only=True)
class RunRows:
    """Hold what one run left, without frames.

    ``intents``: the columns of ``COLUMNS["intents"]`` (:mod:`sim.metrics.columns`), one element per intent: texts as
    objects, whole numbers that may be missing as floats with NaN, truth values that may be missing as floats 0, 1 and
    NaN.  ``violations``: ``intent``, ``check``, ``kind`` and ``amount``.  ``refusals``: requests the venue refused
    for load, by code.
    """

    intents: Columns
    violations: Columns
    refusals: dict[str, int]


def run_rows(
    scenario: LoadedScenario,
    policy: LoadedPolicy,
    *,
    seed: int,
    market: Market,
    intents: int | None = None,
    overrides: Sequence[str] = (),
    executor_factory: ExecutorFactory = event_driven,
) -> RunRows:
    """Run ``scenario`` under ``policy`` and ``seed`` and return its rows.

    ``market`` are the scenario's tapes, loaded once for many runs; ``overrides`` only name the changes that were made.
    Raises what :func:`sim.experiment.run.run_scenario` raises.
    """
    result = run_scenario(
        scenario,
        policy,
        seed=seed,
        intents=intents,
        overrides=overrides,
        market=market,
        executor_factory=executor_factory,
    )
    found = result.violations
    return RunRows(
        intents={str(name): _plain(column) for name, column in result.frames["intents"].items()},
        violations={name: _plain(found[name]) for name in ("intent", "check", "kind", "amount")},
        refusals=dict(result.manifest["load"]["refusals"]),
    )


def _plain(column: Any) -> Array:
    name = str(column.dtype)
    if name in ("Int64", "boolean"):
        return np.asarray(column.astype("float64").to_numpy(dtype=float, na_value=np.nan))
    if name in ("str", "category", "object"):
        return np.asarray(column.to_numpy(dtype=object))
    return np.asarray(column.to_numpy())
