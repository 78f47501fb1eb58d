"""Run small worlds on a straight line, and make single requests for faults to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest

from sim.exchange.account import Account
from sim.exchange.attribution import IntentSlot
from sim.exchange.filters import RulesVersion, filters_of
from sim.exchange.latency import LatencySpec
from sim.exchange.request import Request
from sim.execution import PolicyStore
from sim.faults import FaultSpec
from sim.market import LinePath
from sim.scenario.market_spec import LineSpec, MarketSpec
from sim.scenario.spec import Scenario
from sim.scenario.workload import IntentPlan
from sim.scenario.workload_spec import WorkloadSpec
from sim.world import RunRecord, World

EPOCH_US = 1_705_276_800_000_000
PRICE = 50_000.0


def plans_of(count: int, every_s: float, hold_s: float) -> list[IntentPlan]:
    """Return intents that take turns between long and short."""
    return [
        IntentPlan(
            number=number,
            decided_us=1_000_000 + round(number * every_s * 1e6),
            symbol="BTCUSDT",
            direction=1 if number % 2 else -1,
            quantity=0.010,
            notional=None,
            plan_price=None,
            sl_pct=0.004,
            tp_pct=0.008,
            leverage=5,
            hold_us=round(hold_s * 1e6),
            confidence=0.0,
            ai_tp_pct=None,
            ai_trail_pct=None,
        )
        for number in range(count)
    ]


def run_small(
    faults: Sequence[FaultSpec] = (),
    *,
    policy: dict[str, Any] | None = None,
    seed: int = 1,
    intents: int = 40,
    every_s: float = 20.0,
    hold_s: float = 30.0,
    latency: LatencySpec | None = None,
    rules: RulesVersion = "2025-01",
    pct_per_s: float = 0.0,
) -> RunRecord:
    """Run ``intents`` on a line and return the record."""
    line = LineSpec(start_price=PRICE, pct_per_s=pct_per_s)
    scenario = Scenario(
        title="a small run",
        rules=rules,
        market=MarketSpec(path="line", line=line),
        workload=WorkloadSpec(every_s=every_s, sl_pct=0.004, tp_pct=0.008, hold_s=hold_s),
        latency=latency if latency is not None else LatencySpec(),
        faults=list(faults),
    )
    filters = filters_of("BTCUSDT", rules)
    assert filters is not None
    path = LinePath(
        "BTCUSDT", EPOCH_US, 3_600_000_000, filters.tick_size, filters.price_decimals, PRICE, pct_per_s
    )
    plans = plans_of(intents, every_s, hold_s)
    world = World(scenario, PolicyStore(policy or {}), seed, {"BTCUSDT": path}, {"BTCUSDT": filters}, plans)
    return world.run()


def frame_of(record: RunRecord, table: str) -> pd.DataFrame:
    return pd.DataFrame(record.trace.arrays(table))


@pytest.fixture(scope="session")
def fresh_run() -> Callable[..., RunRecord]:
    """Give the function that runs a small world."""
    return run_small


@pytest.fixture(scope="session")
def run() -> Callable[..., RunRecord]:
    """Give the function that runs a small world and remembers what it ran: equal arguments, the same record."""
    known: dict[str, RunRecord] = {}

    def remembered(faults: Sequence[FaultSpec] = (), **more: Any) -> RunRecord:
        key = repr((list(faults), sorted(more.items())))
        if key not in known:
            known[key] = run_small(faults, **more)
        return known[key]

    return remembered


@pytest.fixture(scope="session")
def frame() -> Callable[[RunRecord, str], pd.DataFrame]:
    """Give the function that turns a table of a record into a frame."""
    return frame_of


@pytest.fixture
def ask() -> Callable[..., Request]:
    """Give the builder of single requests; one slot per intent number, numbered in order."""
    slots: dict[int, IntentSlot] = {}
    number = 0

    def build(
        intent: int = 0,
        role: str = "entry",
        call: str = "POST /fapi/v1/order",
        sent_us: int = 0,
        **params: Any,
    ) -> Request:
        nonlocal number
        number += 1
        slot = slots.setdefault(intent, IntentSlot(intent, "BTCUSDT", 1, Account(intent + 1, 0.0)))
        method, path = call.split()
        return Request(
            number, slot, role, method, path, {"symbol": "BTCUSDT", "side": "BUY", **params}, sent_us
        )

    return build
