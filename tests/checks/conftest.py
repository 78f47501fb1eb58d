"""Run small worlds, plant bugs in their records, and ask the checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from sim.checks import Grid, run_checks
from sim.exchange.filters import filters_of
from sim.exchange.latency import LatencySpec
from sim.faults import FaultSpec
from sim.market import LinePath
from sim.scenario.account_spec import LARGE_WALLET
from sim.scenario.market_spec import LineSpec, MarketSpec
from sim.scenario.spec import LimitsSpec, Scenario
from sim.scenario.workload import IntentPlan
from sim.scenario.workload_spec import WorkloadSpec
from sim.trace import TABLES, Trace
from sim.world import World
from tests.policies import d7_policy

EPOCH_US = 1_705_276_800_000_000
PRICE = 50_000.0
Row = dict[str, Any]
Rows = dict[str, list[Row]]


def build_world(
    faults: Sequence[FaultSpec] = (),
    *,
    policy: dict[str, Any] | None = None,
    isolation: Any = "intent",
    intents: int = 12,
    holds_s: Sequence[float] = (60.0, 300.0, 500.0),
    pct_per_s: float = 0.002,
    time_s: float | None = None,
    side: int | None = None,
    latency: LatencySpec | None = None,
    seed: int = 1,
) -> World:
    """Wire a world on a rising line: shorts meet their stop, longs their target, short holds their deadline."""
    scenario = Scenario(
        title="a small run",
        isolation=isolation,
        market=MarketSpec(path="line", line=LineSpec(start_price=PRICE, pct_per_s=pct_per_s)),
        workload=WorkloadSpec(every_s=20.0, sl_pct=0.004, tp_pct=0.008),
        faults=list(faults),
        limits=LimitsSpec(time_s=time_s),
        latency=latency if latency is not None else LatencySpec(),
    )
    filters = filters_of("BTCUSDT", scenario.rules)
    assert filters is not None
    path = LinePath("BTCUSDT", EPOCH_US, 3_600_000_000, 0.1, 2, PRICE, pct_per_s)
    plans = [
        IntentPlan(
            number=number,
            decided_us=1_000_000 + number * 20_000_000,
            symbol="BTCUSDT",
            direction=side if side is not None else (1 if number % 2 else -1),
            quantity=0.010,
            notional=None,
            plan_price=None,
            sl_pct=0.004,
            tp_pct=0.008,
            leverage=5,
            hold_us=round(holds_s[number % len(holds_s)] * 1e6),
            confidence=0.0,
            ai_tp_pct=None,
            ai_trail_pct=None,
        )
        for number in range(intents)
    ]
    return World(scenario, d7_policy(policy), seed, {"BTCUSDT": path}, {"BTCUSDT": filters}, plans)


def rows_of(trace: Trace, table: str) -> list[Row]:
    """Return a table as plain rows."""
    columns = trace.arrays(table)
    return [
        dict(zip(columns, values, strict=True))
        for values in zip(*(c.tolist() for c in columns.values()), strict=True)
    ]


NOTHING = {"i": -1, "n": -1, "f": float("nan"), "b": False, "s": ""}


def trace_from(rows: Rows) -> Trace:
    """Write rows to a new trace; a column that a row does not tell holds the table's word for nothing."""
    trace = Trace()
    for table, declaration in TABLES.items():
        columns = [item.split(":") for item in declaration.split()]
        for row in rows.get(table, ()):
            trace.writer(table)(tuple(row.get(column, NOTHING[kind]) for column, kind in columns))
    return trace


def judge_trace(
    trace: Trace, *, policy: dict[str, Any] | None = None, isolation: Any = "intent", **more: Any
) -> list[Row]:
    """Run all checks on a trace and return the violations as rows; rules of conduct only with ``practice=True``.

    The policy, d7 where none is given, sends no client ids, so every run of it breaks one.
    """
    wallet = more.pop("opening_wallet", LARGE_WALLET)
    practice = more.pop("practice", False)
    more.setdefault("grids", {"BTCUSDT": Grid(0.1, 100.0)})
    count = run_checks(
        trace,
        settings=d7_policy(policy).settings,
        steps=more.pop("steps", {"BTCUSDT": 0.001}),
        isolation=isolation,
        opening_wallet=wallet,
        **more,
    )
    found = rows_of(trace, "violation")
    assert count == len(found)
    return found if practice else [row for row in found if row["kind"] != "practice"]


@pytest.fixture(scope="session")
def make_world() -> Callable[..., World]:
    """Give the builder of small worlds."""
    return build_world


@pytest.fixture(scope="session")
def judge() -> Callable[..., list[Row]]:
    """Give the function that runs all checks."""
    return judge_trace


@pytest.fixture(scope="session")
def read() -> Callable[[Trace, str], list[Row]]:
    """Give the function that reads a table as rows."""
    return rows_of


@pytest.fixture(scope="session")
def clean_trace() -> Trace:
    """Give the record of a run without any fault."""
    record = build_world().run()
    assert record.ended == "finished"
    return record.trace


@pytest.fixture
def rows(clean_trace: Trace) -> Rows:
    """Give a copy of the clean record's rows, to plant bugs in."""
    return {table: rows_of(clean_trace, table) for table in TABLES if table != "violation"}


@pytest.fixture
def judge_rows() -> Callable[..., list[Row]]:
    """Give the function that judges changed rows."""

    def judged(changed: Rows, **more: Any) -> list[Row]:
        return judge_trace(trace_from(changed), **more)

    return judged
