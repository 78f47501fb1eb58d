"""The library's front door: run, compare, load, check.  ``import sim`` offers these names lazily."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from sim.api.folders import WRITABLE, as_input_error, load_run, new_folder
from sim.api.inputs import load_reaction, skipped, with_expectations
from sim.api.progress import PAGES, notice, progress_bar
from sim.api.values import checked_number, override_texts, seed_list
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.experiment import Comparison, GateReport, Result

Overrides = str | Sequence[str] | Mapping[str, object]
"""``"key=value"`` texts, or a mapping; ``execution.*`` keys belong to the policy, all others to the scenario."""


def run(
    scenario: str | PathLike[str] = "quickstart",
    policy: str | PathLike[str] | None = None,
    *,
    seed: int | None = None,
    intents: int | None = None,
    set: Overrides = (),
    out: str | PathLike[str] | None = None,
    progress: bool = False,
) -> Result:
    """Run one scenario (name or file) under one policy (name or file) and return its result.

    ``policy`` and ``seed`` None mean the first of the scenario's ``[check]``; ``intents`` stops after so many.
    ``out`` is a folder to write as ``sim run`` does; ``progress`` shows a bar on a terminal.  Raises
    :class:`sim.InputError` for anything that cannot be used, before the run starts.
    """
    from sim.experiment import run_scenario
    from sim.scenario import load_scenario, split_overrides

    overrides = override_texts(set)
    to_scenario, to_policy = split_overrides(overrides)
    loaded = load_scenario(scenario, to_scenario)
    reaction = load_reaction(loaded, None if policy is None else str(policy), to_policy)

    chosen = loaded.scenario.check.seeds[0] if seed is None else checked_number("seed", seed, least=0)
    first = None if intents is None else checked_number("intents", intents, least=1)

    def run_it() -> Result:
        with progress_bar(progress) as advance:
            return run_scenario(
                loaded,
                reaction,
                seed=chosen,
                intents=first,
                overrides=overrides,
                scenario_word=str(scenario),
                policy_word="" if policy is None else str(policy),
                progress=None if advance is None else lambda done, total: advance(loaded.name, done, total),
            )

    if out is None:
        return run_it()
    from sim.report import publish

    with new_folder(Path(out)) as folder:
        result = run_it()
        with notice(progress, PAGES), as_input_error("--out", Path(out), WRITABLE):
            publish(result, folder)
    return result


def compare(
    scenario: str | PathLike[str],
    policies: Sequence[str | PathLike[str]],
    *,
    seeds: Sequence[int] | None = None,
    intents: int | None = None,
    set: Overrides = (),
) -> Comparison:
    """Run at least two different policies on the same seeds and pair the results; the first is the baseline.

    ``seeds`` None means those of the scenario's ``[check]``.  Raises :class:`sim.InputError`.
    """
    from sim.experiment import compare_policies

    if isinstance(policies, str | PathLike):
        raise InputError("policies", str(policies), "a list of at least two policies")
    return compare_policies(
        str(scenario),
        [str(policy) for policy in policies],
        seeds=None if seeds is None else seed_list("seeds", seeds),
        intents=None if intents is None else checked_number("intents", intents, least=1),
        overrides=override_texts(set),
    )


def load(folder: str | PathLike[str]) -> Result:
    """Load the result of an earlier run from its folder, or from its name under ``reports/``.

    Raises :class:`sim.InputError` when there is none or it cannot be read.
    """
    return load_run(str(folder))


def check(*scenarios: str | PathLike[str], update: bool = False) -> list[GateReport]:
    """Rerun scenarios and hold them against their expectations; none given means all shipped that have some.

    With ``update`` the expectations are written instead.  Scenarios on recordings that are not there are left out.
    Raises :class:`sim.InputError` before anything runs
    when a scenario cannot be loaded or has nothing to be held against.
    """
    from sim.experiment import check_scenario

    named = with_expectations([str(scenario) for scenario in scenarios], update=update)
    names = [name for name in named if not skipped(name)]
    return [check_scenario(name, update=update, scenarios=len(names)) for name in names]
