"""Build small worlds: a day of the shipped scenario, or a straight line on which every price is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from sim.exchange.filters import SymbolFilters, filters_of
from sim.experiment.prepare import Market, load_market_of, prepare
from sim.market import LinePath, MarkSpec
from sim.scenario import IntentPlan, LoadedScenario, load_policy_named, load_scenario
from sim.scenario.market_spec import LINE_EPOCH_US
from sim.scenario.spec import Scenario
from sim.trace import Trace
from sim.world import RunRecord, World
from sim.world.code_under_test import ExecutorFactory, event_driven
from tests.policies import d7_policy

FREE = {
    "half_spread_bps": 0.0, "spread_range_share": 0.0, "impact_bps": 0.0, "taker_fee": 0.0, "trigger_delay_ms": 0.0,
}  # fmt: skip
Key = tuple[int, str, str, int]
Rows = list[dict[str, Any]]


@cache
def _market(klines: tuple[str, ...], scenario: str) -> Market:
    return load_market_of(load_scenario(scenario))


class Day:
    """Build worlds of a shipped scenario; the tape is loaded once."""

    def loaded(
        self, overrides: Sequence[str] = (), scenario: str = "quickstart", **changes: Any
    ) -> LoadedScenario:
        """Load the scenario; ``changes`` replace whole sections of it (validated anew)."""
        loaded = load_scenario(scenario, overrides)
        if not changes:
            return loaded
        data = loaded.scenario.model_dump(by_alias=True, exclude_unset=True) | changes
        return replace(loaded, scenario=Scenario.model_validate(data))

    def world(
        self,
        *,
        policy: str = "d7",
        keys: Sequence[str] = (),
        seed: int = 7,
        intents: int | None = 60,
        loaded: LoadedScenario | None = None,
    ) -> World:
        """Wire a world of ``loaded`` (default: quickstart); ``keys`` are overrides of the policy."""
        loaded = loaded if loaded is not None else self.loaded()
        market = (
            _market(tuple(loaded.klines), loaded.name) if not _own_tape(loaded) else load_market_of(loaded)
        )
        ready = prepare(loaded, market, seed, intents)
        store = load_policy_named(policy, keys).store
        return World(
            loaded.scenario, store, seed, ready.paths, ready.filters, ready.plans, volumes=ready.volumes
        )

    def run(self, **choices: Any) -> RunRecord:
        """Wire and run."""
        return self.world(**choices).run()


def _own_tape(loaded: LoadedScenario) -> bool:
    spec = loaded.scenario.market
    shipped = load_scenario(loaded.name).scenario.market
    return (spec.klines, spec.from_, spec.to) != (shipped.klines, shipped.from_, shipped.to)


@pytest.fixture(scope="session")
def day() -> Day:
    """Give worlds of the shipped quickstart day."""
    return Day()


def plan(number: int, decided_us: int, **changes: Any) -> IntentPlan:
    """State a long of 0.02 BTC with stop and target 1 % away, held for a second, unless ``changes`` say else."""
    values: dict[str, Any] = {
        "number": number, "decided_us": decided_us, "symbol": "BTCUSDT", "direction": 1, "quantity": 0.02,
        "notional": None, "plan_price": None, "sl_pct": 0.01, "tp_pct": 0.01, "leverage": 5, "hold_us": 1_000_000,
        "confidence": 0.0, "ai_tp_pct": None, "ai_trail_pct": None,
    }  # fmt: skip
    return IntentPlan(**(values | changes))


def line_world(
    plans: Sequence[IntentPlan],
    *,
    pct_per_s: float = 0.0,
    start_price: float = 50_000.0,
    policy: Mapping[str, Any] | None = None,
    request_ms: float = 20.0,
    reply_ms: float = 20.0,
    latency: Mapping[str, Any] | None = None,
    faults: Sequence[Mapping[str, Any]] = (),
    fills: Mapping[str, Any] | None = None,
    mark: MarkSpec | None = None,
    filters: SymbolFilters | None = None,
    epoch_us: int = LINE_EPOCH_US,
    seed: int = 7,
    for_s: float | None = None,
    step_us: int = 10_000,
    executor_factory: ExecutorFactory = event_driven,
    **sections: Any,
) -> World:
    """Wire a world on a straight line with constant legs; ``policy`` lays keys over d7."""
    rules = filters if filters is not None else filters_of("BTCUSDT", "2025-01")
    assert rules is not None
    last_us = max(one.decided_us + one.hold_us for one in plans)
    end_us = last_us + 300_000_000 if for_s is None else round(for_s * 1e6)
    scenario = Scenario.model_validate(
        {
            "title": "a straight line",
            "market": {"path": "line", "line": {"start_price": start_price, "pct_per_s": 0.0}},
            "workload": {"every_s": 1.0, "sl_pct": 0.01, "tp_pct": 0.01},
            "latency": latency
            or {
                "request": {"law": "constant", "ms": request_ms},
                "reply": {"law": "constant", "ms": reply_ms},
            },
            "faults": list(faults),
            "fills": FREE if fills is None else fills,
            **sections,
        }
    )
    path = LinePath(
        "BTCUSDT", epoch_us, end_us, rules.tick_size, rules.price_decimals, start_price, pct_per_s,
        mark if mark is not None else MarkSpec(), step_us,
    )  # fmt: skip
    return World(
        scenario, d7_policy(**(policy or {})), seed, {"BTCUSDT": path}, {"BTCUSDT": rules}, plans,
        executor_factory=executor_factory,
    )  # fmt: skip


def rows(trace: Trace, table: str, **where: Any) -> Rows:
    """Return the rows of a table as dictionaries, those whose columns hold the values of ``where``."""
    columns = {name: values.tolist() for name, values in trace.arrays(table).items()}
    whole = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [row for row in whole if all(row[name] == value for name, value in where.items())]


def key_of_request(row: dict[str, Any]) -> Key:
    """Return what a request's chance is keyed by."""
    return row["intent"], row["role"], row["call"], row["n"]


@pytest.fixture(scope="session")
def make_plan() -> Callable[..., IntentPlan]:
    """Give the function that states one intent."""
    return plan


@pytest.fixture(scope="session")
def make_line() -> Callable[..., World]:
    """Give the function that wires a world on a straight line."""
    return line_world


@pytest.fixture(scope="session")
def rows_of() -> Callable[..., Rows]:
    """Give the function that reads a table of a trace."""
    return rows


@pytest.fixture(scope="session")
def request_key() -> Callable[[dict[str, Any]], Key]:
    """Give the function that names a request by its key of chance."""
    return key_of_request
