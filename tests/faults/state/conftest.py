"""Build a small exchange on a straight line with faults of state in its hooks; nothing is random but what they draw."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from pydantic import TypeAdapter

from sim.clock import VirtualLoop
from sim.exchange.account import Account
from sim.exchange.attribution import CURRENT_INTENT, Attribution, IntentSlot
from sim.exchange.client import SimulatedClient
from sim.exchange.door import Door
from sim.exchange.filters import RulesVersion, filters_of
from sim.exchange.gateway import Gateway
from sim.exchange.latency import Constant, LatencySpec, Leg
from sim.exchange.market_stream import MarketStreams
from sim.exchange.matching import FillSpec
from sim.exchange.minute_volume import MinuteVolume
from sim.exchange.stream import UserStreams
from sim.exchange.venue import Venue
from sim.faults import Fault, FaultInjector
from sim.faults.live import install
from sim.market import LinePath, PricePath
from sim.trace import Trace

EPOCH_US = 1_705_276_800_000_000
FREE = FillSpec(
    half_spread_bps=0.0, spread_range_share=0.0, impact_bps=0.0, taker_fee=0.0, trigger_delay_ms=0.0
)
READ: TypeAdapter[Any] = TypeAdapter(Fault)


class Exchange:
    """Hold one exchange, one account with one intent, its client and streams; requests take no time."""

    def __init__(
        self,
        *tables: dict[str, Any],
        rules: RulesVersion = "2025-12-09",
        pct_per_s: float = 0.0,
        seed: int = 1,
        for_s: float = 900.0,
        fills: FillSpec = FREE,
        depth: float = math.inf,
        path: PricePath | None = None,
        installed: bool = True,
    ) -> None:
        filters = filters_of("BTCUSDT", rules)
        assert filters is not None
        self.loop, self.trace = VirtualLoop(), Trace()
        if path is None:
            path = LinePath(
                "BTCUSDT", EPOCH_US, round(for_s * 1e6), filters.tick_size, filters.price_decimals, 50_000.0,
                pct_per_s,
            )  # fmt: skip
        self.path = path
        self.venue = Venue(
            self.loop, {"BTCUSDT": path}, {"BTCUSDT": filters}, fills, rules, self.trace, seed,
            {"BTCUSDT": MinuteVolume({0: depth})},
        )  # fmt: skip
        self.account = Account(1, 1_000_000.0, leverage={"BTCUSDT": 1})
        self.slot = IntentSlot(0, "BTCUSDT", 1, self.account)
        attribution = Attribution(IntentSlot(-1, "", 0, Account(0, 0.0)))
        attribution.opened(self.slot)
        faults = [
            READ.validate_python(
                {"name": f"f{place}", **({} if "how" in table else {"how": {"rate": 1.0}}), **table}
            )
            for place, table in enumerate(tables)
        ]
        injector = FaultInjector(faults, seed, EPOCH_US, round(for_s * 1e6), self.trace, {"BTCUSDT": path})
        self.door = Door(self.venue, EPOCH_US, rules)
        instant = Constant(law="constant", ms=0.0)
        self.gateway = Gateway(
            self.loop, self.door, LatencySpec(request=instant, reply=instant), seed, injector, attribution,
            self.trace, 10.0,
        )  # fmt: skip
        leg = Leg(instant, seed, "latency.stream", 0.0)
        self.users = UserStreams(
            self.loop, EPOCH_US, leg, seed, lambda _: path.mark(self.loop.now_us), lite=False
        )
        self.door.listen_keys = self.users
        self.venue.publish = self.users.publish
        self.markets = MarketStreams(self.loop, EPOCH_US, self.venue.books, leg)
        self.client = SimulatedClient(self.gateway, rules, 10.0)
        if installed:
            self.faults = install(injector, self.door, self.trace)
            self.faults.attach(self.users, self.markets)
            self.faults.set_clock(self.client, self.loop, EPOCH_US)

    def send(self, method: str, path: str, **params: Any) -> tuple[int, Any]:
        """Send one request as the intent's and return (status, body)."""
        token = CURRENT_INTENT.set(self.slot)
        future = self.gateway.send(method, path, {"symbol": "BTCUSDT", **params})
        CURRENT_INTENT.reset(token)
        self.loop.run_until(self.loop.now_us + 1_000)
        status, _, body = future.result()
        return status, body

    def get(self, path: str, **params: Any) -> tuple[int, Any]:
        return self.send("GET", path, **params)

    def buy(self, quantity: str = "0.010", **params: Any) -> tuple[int, Any]:
        return self.send("POST", "/fapi/v1/order", side="BUY", type="MARKET", quantity=quantity, **params)

    def stop(self, trigger: str = "49000", **params: Any) -> tuple[int, Any]:
        """Place a reduce-only stop of 0.010 below a long position."""
        name = "triggerPrice" if self.venue.rules == "2025-12-09" else "stopPrice"
        where = "/fapi/v1/algoOrder" if self.venue.rules == "2025-12-09" else "/fapi/v1/order"
        extra = {"algoType": "CONDITIONAL"} if self.venue.rules == "2025-12-09" else {}
        asked = {
            "side": "SELL", "type": "STOP_MARKET", "quantity": "0.010", "reduceOnly": "true", name: trigger,
            **extra, **params,
        }  # fmt: skip
        return self.send("POST", where, **asked)

    def run_to(self, seconds: float) -> None:
        self.loop.run_until(round(seconds * 1e6))

    def frame(self, table: str) -> pd.DataFrame:
        return pd.DataFrame(self.trace.arrays(table))

    @property
    def fired(self) -> list[tuple[str, str, str]]:
        """Return (fault, kind, truth) of each row of the record."""
        rows = self.frame("fault")
        return list(zip(rows.fault, rows.kind, rows.truth, strict=True))

    @property
    def position(self) -> float:
        return self.account.position("BTCUSDT").quantity

    def listen(self) -> list[tuple[float, dict[str, Any]]]:
        """Return the list into which the account's events fall, with their arrival (s)."""
        heard: list[tuple[float, dict[str, Any]]] = []
        key = self.users.open(self.account)
        self.users.attach(key, lambda body: heard.append((self.loop.now_us / 1e6, body)))
        return heard


@pytest.fixture
def make() -> Callable[..., Exchange]:
    """Give the builder of exchanges with faults of state."""
    return Exchange
