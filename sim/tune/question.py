"""Bind a space to scenarios, dates, seeds and an edge: what is asked, and the runs that answer it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sim.errors import InputError, nearest
from sim.scenario import load_policy_named, load_scenario
from sim.tune.cases import Case, Days, Split
from sim.tune.edge import Edge
from sim.tune.runs import Bench, Job, Outcome
from sim.tune.score import Score, score
from sim.tune.search import Point
from sim.tune.space import LoadedSpace, Space, Value

Values = Mapping[str, float]
"""Assumed parameters by name."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Name a policy so that any process can load it: a name or file, and changes to it (``KEY=VALUE``)."""

    word: str
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Question:
    """Hold all that decides the answer."""

    loaded: LoadedSpace
    split: Split
    edge: Edge | None
    baseline: str
    bench: Bench
    applies: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """The scenarios, by position, that each assumed parameter belongs to."""

    @property
    def space(self) -> Space:
        """Return the space."""
        return self.loaded.space

    @property
    def base_values(self) -> dict[str, float]:
        """Return what is taken for each assumed parameter."""
        return {name: one.base for name, one in self.space.assumed.items()}

    def tuned(self, point: Point) -> Policy:
        """Return the base policy with a point's values."""
        changes = tuple(f"{name}={text_of(value)}" for name, value in sorted(point.items()))
        return Policy(word=self.space.base, changes=changes)

    @property
    def rival(self) -> Policy:
        """Return the baseline."""
        return Policy(word=self.baseline)

    @property
    def start(self) -> dict[str, Value]:
        """Return the base policy's own point; empty when it lies outside the space."""
        settings = load_policy_named(self.space.base).store.settings
        point: dict[str, Value] = {}
        for name, knob in self.space.knobs.items():
            value: Value = getattr(settings, name.removeprefix("execution."))
            if knob.choices is not None:
                if value not in knob.choices:
                    return {}
            elif isinstance(value, str) or not (knob.low or 0.0) <= value <= (knob.high or 0.0):
                return {}
            point[name] = value
        return point

    def outcomes(
        self,
        policy: Policy,
        cases: Sequence[Case],
        assumed: Values | None = None,
        without: tuple[str, ...] = (),
    ) -> list[Outcome]:
        """Run a policy on cases.  ``assumed`` None means the base of every assumed parameter."""
        values = self.base_values if assumed is None else {**self.base_values, **assumed}
        return self.bench.outcomes([self._job(policy, case, values, without) for case in cases])

    def score(self, policy: Policy, cases: Sequence[Case], assumed: Values | None = None) -> Score:
        """Return a policy's score on cases."""
        return score(self.outcomes(policy, cases, assumed))

    def _job(self, policy: Policy, case: Case, values: Values, without: tuple[str, ...]) -> Job:
        told = tuple(
            f"{name}={value!r}" for name, value in values.items() if case.scenario in self.applies[name]
        )
        return Job(
            scenario=self.split.scenarios[case.scenario].word,
            overrides=(*self.space.set, *self.split.slot(case).overrides, *told),
            policy=policy.word,
            changes=policy.changes,
            seed=case.seed,
            intents=self.space.intents,
            dates=self.split.counted(case),
            without=without,
            edge=self.edge,
        )


def text_of(value: Value) -> str:
    """Write a value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, str) else repr(value)


def places_of(space: LoadedSpace, scenarios: Sequence[Days]) -> dict[str, tuple[int, ...]]:
    """Return the scenarios each assumed parameter belongs to; raises InputError for one that belongs to none.

    A fault's parameter belongs to the scenarios that have a fault of its name, any other to all.
    """
    faults = [{fault.name for fault in one.loaded.scenario.faults} for one in scenarios]
    places: dict[str, tuple[int, ...]] = {}
    for name in space.space.assumed:
        parts = name.split(".")
        found = tuple(
            position
            for position, names in enumerate(faults)
            if parts[0] != "faults" or (len(parts) > 1 and parts[1] in names)
        )
        if not found:
            known = sorted(set().union(*faults))
            raise InputError(
                f"{space.path}: assumed", name, f"a fault of the scenarios: {', '.join(known) or 'they have none'}",
                nearest(parts[1] if len(parts) > 1 else name, known),
            )  # fmt: skip
        places[name] = found
        one = space.space.assumed[name]
        for value in (one.low, one.base, one.high):
            # A value no scenario can have is better refused before the search than in the middle of it.
            load_scenario(scenarios[found[0]].word, (*space.space.set, f"{name}={value!r}"))
    return places
