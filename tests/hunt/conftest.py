"""Hold one bracket of the quickstart for all sweeps: its market is loaded once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sim.hunt import Bracket
from sim.scenario import load_policy_named, load_scenario


@pytest.fixture(scope="session")
def bracket() -> Bracket:
    """Give the bracket that `sim sweep-calls` takes by default."""
    return Bracket(load_scenario("quickstart"), load_policy_named("d7"))


@pytest.fixture(scope="session")
def make_bracket() -> Callable[[str], Bracket]:
    """Give the function that takes a bracket under another policy."""
    return lambda policy: Bracket(load_scenario("quickstart"), load_policy_named(policy))
