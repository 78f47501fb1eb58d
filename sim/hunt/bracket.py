"""Run one intent alone, again and again, each time under one fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from sim.errors import InputError
from sim.experiment.prepare import Market, Prepared, load_market_of, prepare
from sim.experiment.run import judge
from sim.faults import FaultSpec
from sim.scenario import LoadedPolicy, LoadedScenario
from sim.scenario.spec import Scenario
from sim.trace import Trace
from sim.world import World
from sim.world.code_under_test import ExecutorFactory, event_driven

_LONGEST_HOLD_US: Final = 60_000_000
"""A policy that looks after its stop asks some hundred times in a hold of a quarter of an hour, every time the same:
a minute holds each kind of call, and a table of all calls stays one that can be read, and run."""

_ORDERS: Final = {"sl": "stop", "tp": "target", "trailing": "trailing stop", "flatten": "close"}

_LOOKED_AT: Final = 32
"""So many of the scenario's intents are tried out for the one whose fault-free run makes the most calls."""


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """Name one request: the ``n``-th (from 0; below 0: every one) of ``role`` to ``call`` ("METHOD /path")."""

    call: str
    role: str
    n: int

    @property
    def name(self) -> str:
        """Return a short name: the role of an order, else the last word of the path, numbered from its second on."""
        method, _, path = self.call.partition(" ")
        word = path.rsplit("/", 1)[-1] if self.role == "none" else self.role
        if method == "DELETE":
            word = f"cancel {word}".replace("allOpenOrders", "all").replace("algoOpenOrders", "algo")
        elif word == "price":
            word = "ticker"
        return word if not self.n else f"{word} {self.n + 1}"

    @property
    def told(self) -> str:
        """Return what people call it: "the second sl order", "the first GET /fapi/v1/order"."""
        counts = ("first", "second", "third", "fourth", "fifth")
        number = (
            f"the {counts[self.n] if self.n < len(counts) else f'{self.n + 1}th'}" if self.n >= 0 else "every"
        )
        word = _ORDERS.get(self.role, self.role)
        return f"{number} {word} order" if self.role != "none" else f"{number} {self.call}"


@dataclass(frozen=True, slots=True)
class Cell:
    """State what one run came to.

    ``end``: what the code under test said last; ``believed`` and ``held``: the position it believed in and the one
    its account held when its books closed (base asset).  ``money``: the account's result in quote currency, marked
    at the price of leaving.  ``violations``: ids of the safety, liveness and simulator checks that found something;
    ``practice``: ids of those about conduct, which by itself loses nothing.
    """

    end: str
    believed: float
    held: float
    money: float
    requests: int
    violations: tuple[str, ...]
    practice: tuple[str, ...]
    faults: int


class Bracket:
    """Hold one intent of a scenario and its market; :meth:`run` runs it alone under given faults.

    The scenario's own faults are left out; its market, latencies, limits and rules are kept, and a position is held
    for a minute at most.  The intent is, of the
    first 32 of ``seed``, the first whose fault-free run makes the most calls, so that entry, protection and close are
    all in it; ``intent`` names another by number.  ``executor_factory`` makes the code under test, by default the
    shipped executor.
    """

    def __init__(
        self,
        loaded: LoadedScenario,
        policy: LoadedPolicy,
        *,
        seed: int | None = None,
        intent: int | None = None,
        market: Market | None = None,
        executor_factory: ExecutorFactory = event_driven,
    ) -> None:
        self.loaded = loaded
        self.policy = policy
        self.executor_factory = executor_factory
        """Makes the code under test."""
        self.seed = loaded.scenario.check.seeds[0] if seed is None else seed
        self._scenario = loaded.scenario.model_copy(update={"faults": [], "isolation": "intent"})
        wanted = _LOOKED_AT if intent is None else intent + 1
        self.market = market if market is not None else load_market_of(loaded)
        self._ready: Prepared = prepare(loaded, self.market, self.seed, wanted)
        if intent is not None and intent >= len(self._ready.plans):
            there = f"below {len(self._ready.plans)}, the number of intents there are"
            raise InputError("--intent", intent, there)
        self._plans = [
            replace(plan, hold_us=min(plan.hold_us, _LONGEST_HOLD_US)) for plan in self._ready.plans
        ]
        self.plan = self._plans[intent if intent is not None else self._busiest()]
        self.calls = self._calls_of()

    @property
    def facts(self) -> dict[str, Any]:
        """Say which intent this is, of what, under which policy and seed."""
        plan = self.plan
        return {
            "scenario": self.loaded.name,
            "policy": self.policy.name,
            "seed": self.seed,
            "intent": plan.number,
            "symbol": plan.symbol,
            "side": "long" if plan.direction > 0 else "short",
            "decided_s": plan.decided_us / 1e6,
        }

    @property
    def notional(self) -> float:
        """Return what the bracket is worth at its decision, in quote currency."""
        price = self._ready.paths[self.plan.symbol].last(self.plan.decided_us)
        return self.plan.notional if self.plan.notional is not None else (self.plan.quantity or 0.0) * price

    def _busiest(self) -> int:
        trace = self._world(self._scenario, self._plans).run().trace
        intents = trace.arrays("request")["intent"]
        counts = np.bincount(intents[intents >= 0], minlength=len(self._plans))
        return int(np.argmax(counts))

    def _world(self, scenario: Scenario, plans: Sequence[Any]) -> World:
        ready = self._ready
        return World(
            scenario,
            self.policy.store,
            self.seed,
            ready.paths,
            ready.filters,
            plans,
            volumes=ready.volumes,
            executor_factory=self.executor_factory,
        )

    def _calls_of(self) -> tuple[Call, ...]:
        requests = self._world(self._scenario, [self.plan]).run().trace.arrays("request")
        rows = np.flatnonzero(requests["intent"] == self.plan.number)
        rows = rows[np.argsort(requests["request"][rows], kind="stable")]
        return tuple(
            Call(str(requests["call"][row]), str(requests["role"][row]), int(requests["n"][row]))
            for row in rows
        )

    def run(self, faults: Sequence[FaultSpec] = ()) -> Cell:
        """Run the bracket under ``faults`` and judge it."""
        cell, _ = self.run_traced(faults)
        return cell

    def run_traced(self, faults: Sequence[FaultSpec] = ()) -> tuple[Cell, Trace]:
        """Run the bracket under ``faults``; return its judgement and its record."""
        scenario = self._scenario.model_copy(update={"faults": list(faults)})
        record = self._world(scenario, [self.plan]).run()
        judge(record, scenario, self.policy, self._ready.filters)
        return self._cell(record.trace), record.trace

    def _cell(self, trace: Trace) -> Cell:
        ends, books = trace.arrays("intent_end"), trace.arrays("account_end")
        found = trace.arrays("violation")
        conduct = found["kind"] == "practice"
        own = books["intent"] == self.plan.number
        end = "" if not len(ends["outcome"]) else str(ends["outcome"][-1])
        result = books["wallet"] + books["leave_value"] - self._scenario.account.wallet
        return Cell(
            end=end or "never ended",
            believed=float(ends["believed_position"][-1]) if end else 0.0,
            held=float(books["position"][own].sum()),
            money=float(result[own].sum()),
            requests=int((trace.arrays("request")["intent"] == self.plan.number).sum()),
            violations=tuple(sorted(set(found["check"][~conduct]))),
            practice=tuple(sorted(set(found["check"][conduct]))),
            faults=len(trace.arrays("fault")["fault"]),
        )
