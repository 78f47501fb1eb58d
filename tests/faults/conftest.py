"""Run small worlds on a straight line, and make single requests for faults to look at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest
from pydantic import TypeAdapter

from sim.clock import VirtualLoop, run_virtual
from sim.exchange.account import Account
from sim.exchange.attribution import CURRENT_INTENT, Attribution, IntentSlot
from sim.exchange.client import SimulatedClient
from sim.exchange.door import Door
from sim.exchange.filters import RulesVersion, filters_of
from sim.exchange.gateway import Gateway
from sim.exchange.latency import Constant, LatencySpec
from sim.exchange.matching import FillSpec
from sim.exchange.minute_volume import MinuteVolume
from sim.exchange.request import Request
from sim.exchange.venue import Venue
from sim.faults import Fault, FaultInjector, FaultSpec
from sim.market import LinePath
from sim.scenario.market_spec import LineSpec, MarketSpec
from sim.scenario.spec import Scenario
from sim.scenario.workload import IntentPlan
from sim.scenario.workload_spec import WorkloadSpec
from sim.trace import Trace
from sim.world import RunRecord, World
from tests.policies import d7_policy

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
    world = World(scenario, d7_policy(policy), seed, {"BTCUSDT": path}, {"BTCUSDT": filters}, plans)
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


FREE = FillSpec(
    half_spread_bps=0.0, spread_range_share=0.0, impact_bps=0.0, taker_fee=0.0, trigger_delay_ms=0.0
)
LEGS = LatencySpec(request=Constant(law="constant", ms=30.0), reply=Constant(law="constant", ms=10.0))
READ: TypeAdapter[Any] = TypeAdapter(Fault)
BUY = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}


class Wire:
    """Hold one exchange behind a wire with faults, and its client."""

    def __init__(self, *tables: dict[str, Any], timeout_s: float = 10.0) -> None:
        filters = filters_of("BTCUSDT", "2025-12-09")
        assert filters is not None
        self.loop, self.trace = VirtualLoop(), Trace()
        path = LinePath(
            "BTCUSDT", EPOCH_US, 900_000_000, filters.tick_size, filters.price_decimals, 50_000.0, 0.0
        )
        venue = Venue(
            self.loop, {"BTCUSDT": path}, {"BTCUSDT": filters}, FREE, "2025-12-09", self.trace, 1,
            {"BTCUSDT": MinuteVolume({0: 1e9})},
        )  # fmt: skip
        self.account = Account(1, 10_000.0)
        self.slot = IntentSlot(0, "BTCUSDT", 1, self.account)
        attribution = Attribution(IntentSlot(-1, "", 0, Account(0, 0.0)))
        attribution.opened(self.slot)
        faults = [
            READ.validate_python({"name": f"f{place}", "how": {"rate": 1.0}, **table})
            for place, table in enumerate(tables)
        ]
        injector = FaultInjector(faults, 1, EPOCH_US, 800_000_000, self.trace, {"BTCUSDT": path})
        gateway = Gateway(
            self.loop,
            Door(venue, EPOCH_US, "2025-12-09"),
            LEGS,
            1,
            injector,
            attribution,
            self.trace,
            timeout_s,
        )
        self.client = SimulatedClient(gateway, "2025-12-09", timeout_s)
        self.heard_us: list[int] = []
        """How long each call took until it was answered."""

    def call(self, name: str = "futures_create_order", at_s: float = 0.0, **params: Any) -> Any:
        """Call the client at a moment and return its answer, or the exception it raised; then let time pass."""
        return self.call_all(name, [params or BUY], at_s)[0]

    def call_all(self, name: str, orders: list[dict[str, Any]], at_s: float = 0.0) -> list[Any]:
        """Call the client for each in turn and return its answers, and the exceptions it raised."""

        async def main() -> list[Any]:
            CURRENT_INTENT.set(self.slot)
            await asyncio.sleep(at_s)
            answers: list[Any] = []
            for order in orders:
                begun_us = self.loop.now_us
                try:
                    answers.append(await getattr(self.client, name)(**order))
                except Exception as error:  # noqa: BLE001 - whatever the transport raises is looked at
                    answers.append(error)
                self.heard_us.append(self.loop.now_us - begun_us)
            await asyncio.sleep(100)
            return answers

        return run_virtual(main(), loop=self.loop)

    def rows(self, table: str) -> pd.DataFrame:
        return pd.DataFrame(self.trace.arrays(table))

    @property
    def position(self) -> float:
        return float(sum(position.quantity for position in self.account.positions.values()))


@pytest.fixture(scope="session")
def make_wire() -> type[Wire]:
    """Give the class of small exchanges behind a wire with faults."""
    return Wire
