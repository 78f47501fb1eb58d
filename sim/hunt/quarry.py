"""Hold the one-intent scenario that is hunted, and run one script on it after another.

The scenario is complete in itself: saved with a script's faults and moves in it, ``sim run`` makes the same run.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from sim.experiment.prepare import Prepared, prepare
from sim.hunt.bracket import Bracket
from sim.hunt.escapes import Escape, Watching
from sim.hunt.judge import Judge
from sim.hunt.script import Move, Script, faults_of, moves_of, shocks_of
from sim.hunt.seen import Seen, broken_in, seen_of
from sim.scenario import LoadedScenario
from sim.scenario.spec import Scenario
from sim.world import RunRecord
from sim.world.many import BareWorld, many_runs

_COLLECT_EVERY: Final = 4096
"""Scripts after which cycles are looked for: a run that was taken apart leaves a few."""

_MOVES: Final = 64
"""Markets that are kept."""

HOLD_S: Final = 30.0
"""So long is the position of a hunted bracket held: long enough for every kind of call, and some twelve in all."""


class Quarry:
    """Run scripts on one bracket, alone in a scenario of its own."""

    def __init__(self, bracket: Bracket, *, hold_s: float = HOLD_S) -> None:
        self.bracket = bracket
        self.hold_s = hold_s
        self.loaded = _alone(bracket, hold_s)
        self.policy = bracket.policy
        self.seed = bracket.seed
        self._spec = self.loaded.scenario
        self._ready = prepare(self.loaded, bracket.market, self.seed)
        (self.plan,) = self._ready.plans
        self.decided_s = self.plan.decided_us / 1e6
        self._price = self._ready.paths[self.plan.symbol].last(self.plan.decided_us)
        self._judge = Judge(self.policy, self._ready.filters)
        # Scripts that were changed in one place mostly have the price move as it did.
        self._moved = lru_cache(maxsize=_MOVES)(self._prepared)
        self._comes_back = False
        self._since_collected = 0

    @property
    def comes_back(self) -> bool:
        """Tell whether the code under test can recover what it held when its process died."""
        return self._comes_back

    @property
    def notional(self) -> float:
        """Return what the bracket is worth at its decision, in quote currency."""
        return self.bracket.notional

    def scenario_of(self, script: Script) -> Scenario:
        """Return the scenario in which a script happens."""
        moved, _ = self._moved(moves_of(script))
        return moved.model_copy(update={"faults": faults_of(script)})

    def _prepared(self, moves: tuple[Move, ...]) -> tuple[Scenario, Prepared]:
        """Return the scenario in which the price moves so and nothing fails, and what its runs share."""
        if not moves:
            return self._spec, self._ready
        market = self._spec.market
        shocks = [*market.shock, *shocks_of(moves, self.decided_s)]
        spec = self._spec.model_copy(update={"market": market.model_copy(update={"shock": shocks})})
        loaded = replace(self.loaded, scenario=spec)
        return spec, prepare(loaded, self.bracket.market, self.seed)

    def run(self, script: Script = ()) -> Seen:
        """Run a script and judge it by itself."""
        record, spec, seen = self._run(script)
        return self._judged(record, spec, seen)

    def run_all(self, scripts: Sequence[Script]) -> list[Seen]:
        """Run scripts and judge them side by side, those that may have broken a rule once more by themselves."""
        with many_runs(self.bracket.executor_factory):
            runs = [self._run(script) for script in scripts]
        came = [seen for _, _, seen in runs]
        for place in self._judge.suspects([(record, spec) for record, spec, _ in runs]):
            came[place] = self._judged(*runs[place])
        self._since_collected += len(scripts)
        if self._since_collected >= _COLLECT_EVERY:
            # Runs freeze what was there before them, and so the collector never looks at what they left.
            del runs
            gc.collect()
            self._since_collected = 0
        return came

    def _run(self, script: Script) -> tuple[RunRecord, Scenario, Seen]:
        spec = self.scenario_of(script)
        _, ready = self._moved(moves_of(script))
        escapes: list[Escape] = []
        world = BareWorld(
            spec,
            self.policy.store,
            self.seed,
            ready.paths,
            ready.filters,
            ready.plans,
            volumes=ready.volumes,
            executor_factory=Watching(self.bracket.executor_factory, escapes),
        )
        record = world.run()
        said = getattr(world.executor, "comes_back", None)
        self._comes_back = hasattr(world.executor, "recover") if said is None else bool(said)
        seen = seen_of(
            record.trace,
            intent=self.plan.number,
            decided_us=self.plan.decided_us,
            wallet=spec.account.wallet,
            price=self._price,
            escapes=escapes,
            requests=record.requests,
        )
        world.take_apart()
        return record, spec, seen

    def _judged(self, record: RunRecord, spec: Scenario, seen: Seen) -> Seen:
        self._judge.judge(record, spec)
        found = broken_in(record.trace, self.plan.decided_us)
        return replace(
            seen,
            broken=tuple(one for one in found if one.kind != "practice"),
            practice=tuple(one for one in found if one.kind == "practice"),
        )


def _alone(bracket: Bracket, hold_s: float) -> LoadedScenario:
    """Return the scenario in which the bracket's intent is the only one, decided when and as it was there."""
    plan, spec = bracket.plan, bracket.loaded.scenario
    workload = spec.workload.model_copy(
        update={
            "every_s": 86_400.0,
            "every_bars": None,
            "poisson_per_hour": None,
            "signals": None,
            "first_s": plan.decided_us / 1e6,
            "intents": 1,
            "side": "long" if plan.direction > 0 else "short",
            "hold_s": min(hold_s, plan.hold_us / 1e6),
            "sl_pct": plan.sl_pct,
            "tp_pct": plan.tp_pct,
            "leverage": plan.leverage,
            "notional": plan.notional,
            "quantity": plan.quantity,
            "decision_delay_s": min(spec.workload.decision_delay_s, hold_s / 2),
        }
    )
    check = spec.check.model_copy(
        update={"policies": [bracket.policy.name], "seeds": [bracket.seed], "intents": 1}
    )
    alone = spec.model_copy(
        update={"faults": [], "isolation": "intent", "workload": workload, "check": check, "regime": None}
    )
    return replace(bracket.loaded, scenario=alone, overrides=())
