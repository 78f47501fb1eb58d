"""Runs that are judged and measured beside one another give the rows that each gives by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from sim.experiment import armed
from sim.experiment.beside import Beside, fits
from sim.experiment.command import Command
from sim.experiment.prepare import Market, load_market_of
from sim.experiment.rows import Columns, RunRows, rows_together, run_rows
from sim.experiment.run import JudgedRun, run_unjudged
from sim.scenario import LoadedPolicy, LoadedScenario, load_policy_named, load_scenario
from sim.scenario.files import scenario_dir
from sim.trace import TABLES

SEEDS = (1, 2)

Loaded = tuple[LoadedScenario, LoadedPolicy, Market]


def loaded(scenario: str, policy: str, *overrides: str) -> Loaded:
    """Load a scenario, a policy and the tapes."""
    found = load_scenario(scenario, overrides)
    return found, load_policy_named(policy), load_market_of(found)


def runs_of(asked: Loaded, intents: int, seeds: Sequence[int] = SEEDS) -> list[JudgedRun]:
    """Make runs that are still to be judged."""
    scenario, policy, market = asked
    return [run_unjudged(scenario, policy, market, seed=seed, intents=intents) for seed in seeds]


def together(asked: Loaded, runs: Sequence[JudgedRun], intents: int) -> list[RunRows]:
    """Return the rows of runs that were read together."""
    scenario, policy, _ = asked
    commands = [Command.of(scenario, policy, run.measures["seed"], intents, ()) for run in runs]
    return rows_together(scenario, policy, runs, commands)


def same(mine: RunRows, other: RunRows) -> None:
    """Hold two runs' rows to be alike in every value and type."""
    pairs: list[tuple[str, Columns, Columns]] = [
        ("intents", mine.intents, other.intents),
        ("violations", mine.violations, other.violations),
        ("rest", {"touched": mine.touched, "at": mine.positions}, {"touched": other.touched, "at": other.positions}),
    ]  # fmt: skip
    for where, here, there in pairs:
        assert list(here) == list(there)
        for name, values in here.items():
            assert values.dtype == there[name].dtype, (where, name)
            np.testing.assert_array_equal(values, there[name], f"{where} {name}")
    assert (mine.refusals, str(mine.command)) == (other.refusals, str(other.command))


def hold_together(asked: Loaded, intents: int, seeds: Sequence[int] = SEEDS) -> None:
    """Compare runs that are read together with the same runs read one by one."""
    scenario, policy, market = asked
    for rows, seed in zip(together(asked, runs_of(asked, intents, seeds), intents), seeds, strict=True):
        same(rows, run_rows(scenario, policy, seed=seed, market=market, intents=intents))


@pytest.mark.parametrize(
    ("scenario", "policy"),
    [
        ("quickstart", "legacy-entry"),
        ("crash_and_count", "safe"),
        ("lossy_network", "d7"),
        ("quick_reentry", "d7"),
    ],
)
def test_together_as_alone(scenario: str, policy: str) -> None:
    """Intents, violations in their order and in their words, and all else are those of each run alone."""
    hold_together(loaded(scenario, policy), 3)


def test_what_does_not_fit_is_read_alone() -> None:
    """A record that somebody has read, or in which something is everybody's, stands by itself among the others."""
    asked = loaded("calm_baseline", "d7")
    runs = runs_of(asked, 1, (1, 2, 3))
    runs[1].record.trace.arrays("order")
    write = runs[2].record.trace.writer("outage")
    assert [fits(run.record) for run in runs] == [True, False, True]
    write(("halt", -1, 5, 6))
    assert [fits(run.record) for run in runs] == [True, False, False]
    scenario, policy, market = asked
    for rows, seed in zip(together(asked, runs, 1), SEEDS, strict=False):
        same(rows, run_rows(scenario, policy, seed=seed, market=market, intents=1))


def test_every_run_can_be_read_as_it_was() -> None:
    """A run's rows among those beside it are its own record's, number by number and word by word."""
    asked = loaded("quickstart", "safe")
    beside = Beside([run.record for run in runs_of(asked, 1)])
    for place, run in enumerate(runs_of(asked, 1)):
        for name in TABLES:
            own, seen = run.record.trace.arrays(name), beside.alone(place).arrays(name)
            assert list(seen) == list(own)
            for column, values in own.items():
                np.testing.assert_array_equal(seen[column], values, f"{name} {column}")


def test_errors_stay_with_their_run() -> None:
    """What one run reports beside its record is that run's alone."""
    asked = loaded("calm_baseline", "safe")
    runs = runs_of(asked, 1)
    runs[1] = replace(runs[1], record=replace(runs[1].record, errors=("left virtual time: sleep", "died")))
    found = [rows.violations["check"].tolist() for rows in together(asked, runs, 1)]
    assert found == [[], ["L03", "S08"]]


@pytest.mark.campaign
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("policy", ["d7", "safe", "legacy-entry", "never-resend"])
@pytest.mark.parametrize("scenario", sorted(path.stem for path in scenario_dir().glob("*.toml")))
def test_all_scenarios_together_as_alone(scenario: str, policy: str) -> None:
    """It holds in every shipped scenario, and with the faults of a random run in place of its own."""
    found, policy_of, market = loaded(scenario, policy)
    hold_together((found, policy_of, market), 20, range(1, 9))
    hold_together((armed(found, 7), policy_of, market), 20, range(1, 9))
