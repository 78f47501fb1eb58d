"""Build a small exchange on a straight line: every price is known in advance, and nothing is random."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest

from sim.clock import VirtualLoop
from sim.exchange.account import Account
from sim.exchange.attribution import CURRENT_INTENT, Attribution, IntentSlot
from sim.exchange.client import SimulatedClient
from sim.exchange.door import Door
from sim.exchange.effects import Effect
from sim.exchange.filters import RulesVersion, filters_of
from sim.exchange.gateway import Gateway
from sim.exchange.latency import Constant, LatencySpec
from sim.exchange.limits_spec import VenueLimits
from sim.exchange.matching import FillSpec
from sim.exchange.minute_volume import MinuteVolume
from sim.exchange.request import Request
from sim.exchange.venue import Venue
from sim.market import LinePath, MarkSpec
from sim.trace import Trace

EPOCH_US = 1_705_276_800_000_000
FREE = FillSpec(
    half_spread_bps=0.0, spread_range_share=0.0, impact_bps=0.0, taker_fee=0.0, trigger_delay_ms=0.0
)


class Scripted:
    """Inject the effects a test names for the n-th request (from 1)."""

    def __init__(self, script: dict[int, Sequence[Effect]]) -> None:
        self.script = script
        self.seen: list[Request] = []

    def effects(self, request: Request, arrives_us: int) -> list[Effect]:
        self.seen.append(request)
        return list(self.script.get(len(self.seen), ()))


class Desk:
    """Hold one exchange, one account with one intent, and a client; ``door`` answers without any wire."""

    def __init__(
        self,
        *,
        rules: RulesVersion = "2025-01",
        price: float = 50_000.0,
        pct_per_s: float = 0.0,
        symbol: str = "BTCUSDT",
        fills: FillSpec = FREE,
        mark: MarkSpec | None = None,
        latency: LatencySpec | None = None,
        timeout_s: float = 10.0,
        script: dict[int, Sequence[Effect]] | None = None,
        for_s: float = 900.0,
        wallet: float = 10_000.0,
        line: type[LinePath] = LinePath,
        depth: float = math.inf,
        seed: int = 0,
        limits: VenueLimits | None = None,
        clock_offset_ms: float = 0.0,
        epoch_us: int = EPOCH_US,
    ) -> None:
        filters = filters_of(symbol, rules)
        assert filters is not None
        self.symbol = symbol
        self.loop = VirtualLoop()
        self.trace = Trace()
        self.path = line(
            symbol, epoch_us, round(for_s * 1e6), filters.tick_size, filters.price_decimals, price, pct_per_s,
            mark=mark if mark is not None else MarkSpec(),
        )  # fmt: skip
        self.venue = Venue(
            self.loop, {symbol: self.path}, {symbol: filters}, fills, rules, self.trace, seed,
            {symbol: MinuteVolume({0: depth})},
        )  # fmt: skip
        self.account = Account(1, wallet)
        self.slot = IntentSlot(0, symbol, 1, self.account)
        self.attribution = Attribution(IntentSlot(-1, "", 0, Account(0, wallet)))
        self.attribution.opened(self.slot)
        self.door = Door(self.venue, epoch_us, rules)
        instant = Constant(law="constant", ms=0.0)
        self.injector = Scripted(script or {})
        self.gateway = Gateway(
            self.loop, self.door, latency or LatencySpec(request=instant, reply=instant), 1,
            self.injector, self.attribution, self.trace, timeout_s, limits, clock_offset_ms,
        )  # fmt: skip
        self.client = SimulatedClient(self.gateway, rules, timeout_s)
        self._requests = 0

    def ask(self, method: str, path: str, **params: Any) -> tuple[int, Any]:
        """Ask the door now and return (status, body); the symbol is given unless the test gives one."""
        self._requests += 1
        asked = {"symbol": self.symbol, **params}
        asked = {name: value for name, value in asked.items() if value is not None}
        request = Request(self._requests, self.slot, "none", method, path, asked, self.loop.now_us)
        status, body, _ = self.door.handle(request)
        return status, body

    def over_the_wire(self, method: str, path: str, params: dict[str, Any]) -> tuple[int, Any]:
        """Send one request through the gateway as the desk's intent, let it come back, return (status, body)."""
        token = CURRENT_INTENT.set(self.slot)
        future = self.gateway.send(method, path, params)
        CURRENT_INTENT.reset(token)
        self.loop.run_until(self.loop.now_us + 1_000)
        status, _, body = future.result()
        return status, body

    def order(self, **params: Any) -> tuple[int, Any]:
        return self.ask("POST", "/fapi/v1/order", **params)

    def algo(self, **params: Any) -> tuple[int, Any]:
        return self.ask("POST", "/fapi/v1/algoOrder", **{"algoType": "CONDITIONAL", **params})

    def buy(self, quantity: str = "0.010", **params: Any) -> tuple[int, Any]:
        return self.order(side="BUY", type="MARKET", quantity=quantity, **params)

    def sell(self, quantity: str = "0.010", **params: Any) -> tuple[int, Any]:
        return self.order(side="SELL", type="MARKET", quantity=quantity, **params)

    def run_to(self, seconds: float) -> None:
        """Let the exchange live on until ``seconds`` after the start."""
        self.loop.run_until(round(seconds * 1e6))

    @property
    def position(self) -> float:
        return self.account.position(self.symbol).quantity

    def frame(self, table: str) -> pd.DataFrame:
        return pd.DataFrame(self.trace.arrays(table))

    def states(self, order: int) -> list[tuple[str, int]]:
        """Return an order's (status, µs) in the record."""
        frame = self.frame("order")
        rows = frame[frame.order == order]
        return list(zip(rows.status, rows.at_us.tolist(), strict=True))


@pytest.fixture
def make_desk() -> Callable[..., Desk]:
    """Give the builder of exchanges."""
    return Desk


@pytest.fixture
def desk() -> Desk:
    """Give an exchange under the older rules at a price that stands at 50 000."""
    return Desk()
