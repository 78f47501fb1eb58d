"""A search asks for the same values however often it is interrupted, and never recommends what it gave up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.errors import InputError
from sim.tune.choose import pareto
from sim.tune.runs import Outcome
from sim.tune.search import Evaluate, Study, Trial, finished, open_study, search
from sim.tune.space import Space

CASES = 16
SCENARIOS = 2
SCENARIOS = 2
SPACE = """
[knobs."execution.sl_adjustment_buffer_pct"]
low = 0.001
high = 0.1
log = true
[knobs."execution.look_up_min"]
low = 1
high = 5
[knobs."execution.client_ids"]
"""
START = {
    "execution.sl_adjustment_buffer_pct": 0.05,
    "execution.look_up_min": 3,
    "execution.client_ids": False,
}


@pytest.fixture
def space(space_of: Callable[[str], Space]) -> Space:
    """Read a space of three kinds of knobs."""
    return space_of(SPACE)


@pytest.fixture
def evaluate(outcome: Callable[..., Outcome]) -> Evaluate:
    """Lose with the distance of the buffer from 0.01; below 0.005 be unsafe."""

    def run(point: Any, from_case: int, to_case: int) -> list[Outcome]:
        buffer = point["execution.sl_adjustment_buffer_pct"]
        loss = 1000 * abs(buffer - 0.01) + abs(point["execution.look_up_min"] - 2)
        return [
            outcome(loss + case / 100 + scenario, doubled=int(buffer < 0.005))
            for case in range(from_case, to_case)
            for scenario in range(SCENARIOS)
        ]

    return run


def run_to(study: Study, trials: int, evaluate: Evaluate) -> list[Trial]:
    """Search and return what is finished."""
    search(study, trials, START, CASES, evaluate)
    return finished(study)


def test_an_interrupted_search_goes_on_as_if_it_had_not_been(
    tmp_path: Path, space: Space, evaluate: Evaluate
) -> None:
    """Stopped between trials and in the middle of one, it makes the trials of an uninterrupted one."""
    whole = run_to(open_study("one", str(tmp_path / "a.journal"), space, "held"), 14, evaluate)
    file = str(tmp_path / "b.journal")
    run_to(open_study("one", file, space, "held"), 11, evaluate)

    def killed(point: Any, from_case: int, to_case: int) -> list[Outcome]:
        if from_case == 0 and to_case == 4:
            raise KeyboardInterrupt
        return evaluate(point, from_case, to_case)

    with pytest.raises(KeyboardInterrupt):
        run_to(open_study("one", file, space, "held"), 14, killed)
    again = run_to(open_study("one", file, space, "held"), 14, evaluate)
    assert again == whole
    assert whole[0].point == START
    assert len({tuple(trial.point.items()) for trial in whole}) > 10


def test_given_up_and_unsafe_trials_are_never_recommended(
    tmp_path: Path, space: Space, evaluate: Evaluate
) -> None:
    """Only trials that were evaluated on every case and kept every constraint can be on the front."""
    trials = run_to(open_study("two", str(tmp_path / "a.journal"), space, "held"), 20, evaluate)
    assert {trial.state for trial in trials} == {"complete", "unsafe", "pruned"}
    assert all(trial.cases == SCENARIOS * CASES for trial in trials if trial.state == "complete")
    assert all(trial.cases < SCENARIOS * CASES for trial in trials if trial.state == "pruned")
    assert {trial.state for trial in pareto(trials)} == {"complete"}


def test_looks_at_held_out_data_are_counted_over_studies(tmp_path: Path, space: Space) -> None:
    """A changed space is another study, and the same held-out data has been seen all the same."""
    file = str(tmp_path / "a.journal")
    assert [open_study("one", file, space, "days").look() for _ in range(2)] == [1, 2]
    assert open_study("two", file, space, "days").look() == 3
    assert open_study("three", file, space, "other days").look() == 1


def test_a_storage_that_cannot_be_used_is_named(tmp_path: Path, space: Space) -> None:
    """A folder is no journal, and an unknown database no storage."""
    for storage in (str(tmp_path), "nosuch://place"):
        with pytest.raises(InputError, match="--storage"):
            open_study("one", storage, space, "held")
