"""Give one test an exchange of its own: a client in virtual time, scripted faults, and the truth beside it."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sim.errors import InputError
from sim.exchange.account import Account
from sim.exchange.attribution import Attribution, IntentSlot
from sim.exchange.client import SimulatedClient
from sim.exchange.door import Door
from sim.exchange.gateway import Gateway
from sim.exchange.orders import Order
from sim.exchange.triggers import STOPS
from sim.exchange.venue import Venue
from sim.experiment.prepare import Market, load_market_of, paths_of
from sim.faults import FaultInjector
from sim.faults.live import install
from sim.scenario import LoadedScenario, load_scenario
from sim.testing.faults import FaultWord, faults_override
from sim.testing.virtual import VirtualTime
from sim.trace import Trace

_T = TypeVar("_T")

DEFAULT_SCENARIO: Final = "calm_baseline"
_OF_REQUEST: Final = ("request", "call", "role", "status", "code")


@dataclass(frozen=True, kw_only=True)
class Request:
    """State one request that was answered, or given up.

    ``truth``: what came of a write (applied, not_applied, applied_late), "" for a read.  ``status``: 0 for no answer.
    """

    call: str
    role: str
    truth: str
    status: int
    code: int


class SimWorld:
    """Hold an exchange for one test.  ``client`` speaks as python-binance's ``AsyncClient`` does.

    The market, latencies, limits and wallet are those of ``scenario`` (name or file); its own faults and workload are
    left aside.  ``faults`` are the test's.  Raises InputError for what cannot be used.
    """

    def __init__(
        self,
        scenario: str = DEFAULT_SCENARIO,
        *,
        seed: int = 1,
        faults: Sequence[FaultWord] = (),
        overrides: Sequence[str] = (),
    ) -> None:
        loaded = _loaded(scenario, faults, tuple(overrides))
        spec = loaded.scenario
        market = _market(loaded)
        filters, paths = paths_of(loaded, market, seed)
        epoch_us = min(path.epoch_us for path in paths.values())
        until_us = min(path.end_us for path in paths.values())
        self.symbols = tuple(sorted(paths))
        """What is traded here."""
        self.trace = Trace()
        """The record of the test, as runs of scenarios have it."""
        self._slot = IntentSlot(
            0, self.symbols[0], 0, Account(1, spec.account.wallet, hedge=spec.account.hedge_mode)
        )
        self.time = VirtualTime(epoch_us + round(spec.client.clock_offset_ms * 1000), self._slot)
        """The clock: ``time.now_s``."""
        loop = self.time.loop
        self.venue = Venue(
            loop, paths, filters, spec.fills_in_force(), spec.rules, self.trace, seed, market.volumes,
            spec.venue,
        )  # fmt: skip
        injector = FaultInjector(list(spec.faults), seed, epoch_us, until_us, self.trace, paths)
        door = Door(self.venue, epoch_us, spec.rules)
        of_state = install(injector, door, self.trace)
        attribution = Attribution(IntentSlot(-1, "", 0, Account(0, 0.0)))
        attribution.opened(self._slot)
        gateway = Gateway(
            loop, door, spec.latency, seed, injector, attribution, self.trace, spec.client.timeout_s, spec.limits,
            spec.client.clock_offset_ms,
        )  # fmt: skip
        self.client = SimulatedClient(gateway, spec.rules, spec.client.timeout_s)
        self.time.ahead = of_state.clock
        of_state.set_clock(self.client, loop, self.time.epoch_us)

    def run(self, main: Coroutine[Any, Any, _T], modules: Sequence[str] = ()) -> _T:
        """Run the test's coroutine in this world, once, and return its result."""
        __tracebackhide__ = True
        return self.time.run(main, modules)

    @property
    def account(self) -> Account:
        """Return the true account: wallet, fees, realised profit, positions."""
        return self._slot.account

    def position(self, symbol: str | None = None) -> float:
        """Return the true signed position (base), of the only symbol by default."""
        name = self.symbols[0] if symbol is None else symbol
        held = [item.quantity for item in self.account.positions.values() if item.symbol == name]
        return float(sum(held))

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        """Return the orders that truly rest at the venue."""
        return [order for order in self.venue.open_orders(self.account) if symbol in (None, order.symbol)]

    def protected(self, symbol: str | None = None) -> bool:
        """Tell whether live stops on the right side truly cover the whole position; a flat account is protected."""
        held = self.position(symbol)
        covered = 0.0
        for order in self.open_orders(self.symbols[0] if symbol is None else symbol):
            exits = order.reduce_only or order.close_position
            if order.type in STOPS and exits and order.side * held < 0:
                covered += abs(held) if order.close_position else order.quantity
        return covered >= abs(held) - 1e-9

    @property
    def requests(self) -> list[Request]:
        """Return every request so far in the order in which they left, with what truly came of it."""
        rows, writes = self.trace.arrays("request"), self.trace.arrays("write")
        truths = dict(zip(writes["request"].tolist(), writes["truth"].tolist(), strict=True))
        found = sorted(zip(*(rows[name].tolist() for name in _OF_REQUEST), strict=True))
        return [
            Request(
                call=str(call), role=str(role), truth=str(truths.get(number, "")), status=status, code=code
            )
            for number, call, role, status, code in found
        ]

    @property
    def faults(self) -> list[str]:
        """Return the names of the faults that struck, in order."""
        return [str(name) for name in self.trace.arrays("fault")["fault"].tolist()]


def _loaded(scenario: str, faults: Sequence[FaultWord], overrides: tuple[str, ...]) -> LoadedScenario:
    asked = ("faults=[]", *overrides)
    bare = load_scenario(scenario, asked)
    if not faults:
        return bare
    try:
        return load_scenario(scenario, (*asked, faults_override(faults)))
    except InputError as error:
        where = error.where.rpartition("faults[")
        raise InputError(
            f"sim_faults[{where[2] or error.where}", error.given, error.expected, error.nearest
        ) from None


_MARKETS: dict[tuple[str, str], Market] = {}


def _market(loaded: LoadedScenario) -> Market:
    """Load a scenario's tapes once for all tests that stand on them."""
    key = (loaded.path, loaded.scenario.market.model_dump_json())
    if key not in _MARKETS:
        _MARKETS[key] = load_market_of(loaded)
    return _MARKETS[key]
