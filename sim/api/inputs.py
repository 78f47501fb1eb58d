"""Load what a command names, before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import InputError

if TYPE_CHECKING:
    from sim.scenario import LoadedPolicy, LoadedScenario


def load_reaction(loaded: LoadedScenario, policy: str | None, overrides: Sequence[str]) -> LoadedPolicy:
    """Load the policy that was asked for, else the first of the scenario's check."""
    from sim.scenario import load_policy_named

    if policy is not None:
        return load_policy_named(policy, overrides)
    # What a scenario names, it names from where it stands.
    return load_policy_named(loaded.scenario.check.policies[0], overrides, loaded.base_dir)


def with_expectations(names: Sequence[str], *, update: bool) -> list[str]:
    """Return ``names``, or all shipped scenarios that have expectations (with ``update`` all that are shipped).

    Raises InputError when one cannot be loaded or has none to be held against, before anything runs.  Shipped ones
    whose recordings are not there are left in: see :func:`skipped`.
    """
    from sim.experiment.gate import expected_path
    from sim.scenario import load_scenario, scenario_names
    from sim.scenario.files import scenario_dir

    if not names:
        shipped = scenario_dir()
        found = [name for name in scenario_names() if update or (shipped / f"{name}.expected.json").is_file()]
        if not found:
            expected = f"a scenario: no shipped one has expectations in {shipped}"
            raise InputError("SCENARIO", "none", expected)
        return found
    for name in names:
        if skipped(name):
            continue
        loaded = load_scenario(name)
        path = Path(expected_path(loaded))
        if not update and not path.is_file():
            raise InputError("SCENARIO", name, f"a scenario with expectations ({path}); --update writes them")
    return list(names)


def skipped(name: str) -> str | None:
    """Return why a shipped scenario cannot run here, or None; a file somebody wrote is never skipped."""
    from sim.scenario import scenario_names
    from sim.scenario.shared import why_skipped

    return why_skipped(name) if name in scenario_names() else None
