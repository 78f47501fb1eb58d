"""Hold one bracket of the quickstart for all sweeps: its market is loaded once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sim.hunt import Bracket
from sim.scenario import load_policy_named, load_scenario
from sim.world.code_under_test import ExecutorFactory, event_driven


@pytest.fixture(scope="session")
def bracket() -> Bracket:
    """Give the bracket that `sim sweep-calls` takes by default."""
    return Bracket(load_scenario("quickstart"), load_policy_named("d7"))


@pytest.fixture(scope="session")
def make_bracket() -> Callable[..., Bracket]:
    """Give the function that takes a bracket under another policy, and of other code."""

    def make(policy: str, executor_factory: ExecutorFactory = event_driven) -> Bracket:
        scenario, reaction = load_scenario("quickstart"), load_policy_named(policy)
        return Bracket(scenario, reaction, intent=0, executor_factory=executor_factory)

    return make
