"""Build a small exchange on a straight line behind its application, for real client libraries in virtual time."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import pytest

from sim.exchange.effects import Effect
from sim.exchange.filters import RulesVersion, filters_of
from sim.exchange.latency import Constant, LatencySpec
from sim.exchange.limits_spec import VenueLimits
from sim.exchange.matching import FillSpec
from sim.exchange.minute_volume import MinuteVolume
from sim.exchange.request import Request
from sim.market import LinePath, MarkSpec

_T = TypeVar("_T")
EPOCH_US = 1_705_276_800_000_000
KEY, SECRET = "the-key", "the-secret"
FREE = FillSpec(
    half_spread_bps=0.0, spread_range_share=0.0, impact_bps=0.0, taker_fee=0.0004, trigger_delay_ms=20.0
)
LATENCY = LatencySpec(
    request=Constant(law="constant", ms=30.0),
    reply=Constant(law="constant", ms=10.0),
    stream=Constant(law="constant", ms=5.0),
)


class Scripted:
    """Inject the effects a test puts into ``next``, once, into the next request to ``path``."""

    def __init__(self) -> None:
        self.next: list[tuple[str, Sequence[Effect]]] = []

    def effects(self, request: Request, arrives_us: int) -> list[Effect]:
        if self.next and request.path == self.next[0][0]:
            return list(self.next.pop(0)[1])
        return []


class Booth:
    """Hold one exchange with one account; ``run`` serves it and runs a program of clients on its loop."""

    def __init__(
        self,
        *,
        rules: RulesVersion = "2025-12-09",
        price: float = 50_000.0,
        pct_per_s: float = 0.0,
        for_s: float = 7200.0,
        wallet: float = 1_000_000.0,
        latency: LatencySpec = LATENCY,
        limits: VenueLimits | None = None,
        seed: int = 1,
        keys: tuple[str, ...] = (KEY,),
    ) -> None:
        # Here, so that without the http extra each test module can be skipped by itself.
        from sim.web.client_world import ClientWorld, Credential

        symbol = "BTCUSDT"
        filters = filters_of(symbol, rules)
        assert filters is not None
        path = LinePath(
            symbol, EPOCH_US, round(for_s * 1e6), filters.tick_size, filters.price_decimals, price, pct_per_s,
            mark=MarkSpec(),
        )  # fmt: skip
        self.injector = Scripted()
        self.world = ClientWorld(
            {symbol: path}, {symbol: filters}, rules, {key: Credential(SECRET, wallet) for key in keys}, seed=seed,
            latency=latency, fills=FREE, injector=self.injector, limits=limits,
            volumes={symbol: MinuteVolume({0: math.inf})},
        )  # fmt: skip
        self.loop, self.trace = self.world.loop, self.world.trace
        self.account = self.world.account(keys[0])

    def run(self, program: Callable[[Booth], Awaitable[_T]]) -> _T:
        """Run ``program`` with this exchange; return what it returns."""
        return self.world.run(lambda: program(self))

    @property
    def now_s(self) -> float:
        return self.loop.time()

    def fault(self, path: str, **effect: Any) -> None:
        """Let the next request to ``path`` meet an effect; what is not said is that nothing was applied."""
        given = {
            "fault": "planted", "kind": "planted", "stage": "core", "truth": "not_applied", "reply": None, **effect,
        }  # fmt: skip
        self.injector.next.append((path, [Effect(**given)]))


@pytest.fixture
def make_booth() -> Callable[..., Booth]:
    """Give the builder of exchanges behind an application."""
    return Booth


@pytest.fixture
def booth() -> Booth:
    """Give an exchange under the newer rules at a price that stands at 50 000."""
    return Booth()


@pytest.fixture
def key() -> tuple[str, str]:
    """Give the account's API key and secret."""
    return KEY, SECRET
