"""Put policies side by side on the same weather: same seeds, same intents, same path, paired."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sim import metrics
from sim.errors import InputError
from sim.experiment.prepare import load_market_of
from sim.experiment.result import Result
from sim.experiment.run import run_scenario
from sim.scenario import load_policy_named, load_scenario, split_overrides


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Hold the results of several policies on the same seeds.  The first policy is the baseline."""

    scenario: str
    title: str
    policies: tuple[str, ...]
    seeds: tuple[int, ...]
    results: dict[tuple[str, int], Result]
    command: str
    protect_s: float

    def frames(self, policy: str) -> dict[str, pd.DataFrame]:
        """Return the frames of all seeds of ``policy``, stacked."""
        stacks = [self.results[policy, seed].frames for seed in self.seeds]
        return metrics.concat_frames(stacks)

    @property
    def table(self) -> pd.DataFrame:
        """Return the headline numbers, one column per policy."""
        return pd.DataFrame(
            {
                policy: metrics.headline(self.frames(policy), protect_s=self.protect_s)
                for policy in self.policies
            }
        )

    @property
    def differences(self) -> pd.DataFrame:
        """Return paired differences of every policy against the first, with cluster intervals."""
        baseline = self.frames(self.policies[0])
        parts = []
        for policy in self.policies[1:]:
            part = metrics.paired(baseline, self.frames(policy))
            part.insert(0, "policy", policy)
            part.insert(1, "against", self.policies[0])
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    @property
    def claims(self) -> pd.DataFrame:
        """Return the seed document's claims beside what was measured here."""
        return metrics.claims({policy: self.frames(policy) for policy in self.policies})

    def _repr_html_(self) -> str:
        table = self.table.to_html(float_format="{:.4g}".format)
        return f"<h3>{self.title}</h3>{table}{self.differences.to_html(index=False, float_format='{:.4g}'.format)}"


def compare_policies(
    scenario: str,
    policies: Sequence[str],
    *,
    seeds: Sequence[int] | None = None,
    intents: int | None = None,
    overrides: Sequence[str] = (),
    progress: Callable[[str, int, int, int], None] | None = None,
) -> Comparison:
    """Run every policy on every seed and pair the results.

    ``policies`` are names or files, at least two different ones; ``seeds`` None means the scenario's ``[check]``.
    ``progress(policy, seed, done, total)`` is called as intents end.
    """
    if len(policies) < 2:
        raise InputError("--policies", ",".join(policies), "at least two policies, separated by commas")
    to_scenario, to_policy = split_overrides(overrides)
    loaded = load_scenario(scenario, to_scenario)
    named = [load_policy_named(policy, to_policy) for policy in policies]
    names = [policy.name for policy in named]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise InputError("--policies", name, "each policy once")
    chosen = tuple(seeds) if seeds else tuple(loaded.scenario.check.seeds)
    market = load_market_of(loaded)
    made: dict[tuple[str, int], Result] = {}
    # Seed by seed: a seed's prices are made once for all policies.
    for seed in chosen:
        for policy, word in zip(named, policies, strict=True):
            made[policy.name, seed] = run_scenario(
                loaded,
                policy,
                seed=seed,
                intents=intents,
                overrides=overrides,
                market=market,
                scenario_word=scenario,
                policy_word=word,
                progress=_bound(progress, policy.name, seed),
            )
    results = {(name, seed): made[name, seed] for name in names for seed in chosen}
    return Comparison(
        scenario=loaded.name,
        title=loaded.scenario.title,
        policies=tuple(names),
        seeds=chosen,
        results=results,
        protect_s=loaded.scenario.invariants.protect_s,
        command=_command(scenario, policies, chosen, intents, overrides),
    )


def _bound(progress: Any, policy: str, seed: int) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    return lambda done, total: progress(policy, seed, done, total)


def _command(
    scenario: str,
    policies: Sequence[str],
    seeds: Sequence[int],
    intents: int | None,
    overrides: Sequence[str],
) -> str:
    import shlex

    words = ["sim", "compare", scenario, "--policies", ",".join(policies)]
    words += ["--seeds", ",".join(map(str, seeds))]
    words += ["--intents", str(intents)] if intents is not None else []
    for item in overrides:
        words += ["--set", item]
    return shlex.join(words)
