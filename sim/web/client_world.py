"""Wire an exchange for client libraries in virtual time, and run a program of theirs against it.

One account per API key.  The program is any coroutine function; inside it build clients with
:mod:`sim.web.clients`.  Wall clocks show the replayed date, client order ids are drawn from the seed, and nothing but
this exchange can be reached, so two runs are alike byte by byte.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

from sim.clock import PipedLoop, fenced, run_virtual
from sim.exchange.account import Account
from sim.exchange.attribution import CURRENT_INTENT, Attribution, IntentSlot
from sim.exchange.door import Door
from sim.exchange.effects import Injector, NoFaults
from sim.exchange.filters import RulesVersion, SymbolFilters
from sim.exchange.gateway import Gateway
from sim.exchange.latency import LatencySpec
from sim.exchange.limits_spec import VenueLimits
from sim.exchange.matching import FillSpec
from sim.exchange.minute_volume import MinuteVolume
from sim.exchange.venue import Venue
from sim.faults import FaultInjector
from sim.faults.live import install
from sim.market import PricePath
from sim.trace import Trace
from sim.web.application import make_application
from sim.web.clients import modules_to_fence, reproducible_ids, served
from sim.web.exchange import Exchange
from sim.web.gateway_exchange import GatewayExchange

_T = TypeVar("_T")

PATIENCE_S: Final = 3600.0
"""The gateway's own time-out: beyond any client's, so that the library's patience decides and not ours."""


class Credential(NamedTuple):
    """State what stands behind an API key: its secret ("": signatures are not verified) and the account's wallet."""

    secret: str
    wallet: float = 1_000_000.0


class KeyedAttribution(Attribution):
    """Attribute a request to the account whose key it carries, whatever client ids it names.

    Two accounts may use the same client ids; what carries no key is market data and belongs to nobody.
    """

    def slot_of(self, method: str, path: str, params: dict[str, Any]) -> IntentSlot:
        """Return the slot of the key, the house slot where there is none."""
        self.total += 1
        slot = CURRENT_INTENT.get()
        return slot if slot is not None else self.house


class ClientWorld:
    """Hold one exchange behind an in-memory socket; :meth:`run` runs one program against it.

    ``paths`` and ``filters`` by symbol, on one time axis; ``keys`` by API key; ``injector`` decides on faults (none).
    ``pipe_delay_us`` delays bytes each way beyond the legs of ``latency``.
    """

    def __init__(
        self,
        paths: dict[str, PricePath],
        filters: dict[str, SymbolFilters],
        rules: RulesVersion,
        keys: Mapping[str, Credential],
        *,
        seed: int = 0,
        latency: LatencySpec | None = None,
        fills: FillSpec | None = None,
        injector: Injector | None = None,
        limits: VenueLimits | None = None,
        volumes: Mapping[str, MinuteVolume] | None = None,
        pipe_delay_us: int = 0,
    ) -> None:
        self.seed = seed
        self.loop = PipedLoop(pipe_delay_us=pipe_delay_us)
        self.trace = Trace()
        self.epoch_us = min(path.epoch_us for path in paths.values())
        latency = latency if latency is not None else LatencySpec()
        fills = fills if fills is not None else FillSpec()
        self.venue = Venue(self.loop, paths, filters, fills, rules, self.trace, seed, volumes)
        self.door = Door(self.venue, self.epoch_us, rules)
        self.slots = {
            key: IntentSlot(number, "", 0, Account(number + 1, credential.wallet))
            for number, (key, credential) in enumerate(keys.items())
        }
        house = IntentSlot(-1, "", 0, Account(0, 0.0))
        self.gateway = Gateway(
            self.loop, self.door, latency, seed, injector if injector is not None else NoFaults(),
            KeyedAttribution(house), self.trace, PATIENCE_S, limits,
        )  # fmt: skip
        self.exchange = GatewayExchange.over(self.door, self.gateway, latency, seed, self.slots)
        self._clock: Callable[[int], int] | None = None
        if isinstance(injector, FaultInjector):
            faults = install(injector, self.door, self.trace)
            faults.attach(self.exchange.user_streams, self.exchange.market_streams)
            self._clock = faults.clock
        self._secrets = {key: credential.secret for key, credential in keys.items()}

    def account(self, api_key: str) -> Account:
        """Return the true account behind a key."""
        return self.slots[api_key].account

    def run(self, program: Callable[[], Awaitable[_T]]) -> _T:
        """Serve the exchange, run ``program`` to its end inside the fence, and return what it returns; once.

        Raises what the program raises, and RuntimeError for tasks that died unseen or coroutines never awaited.
        """

        return run_program(
            program, self.exchange, self._secrets, loop=self.loop, epoch_us=self.epoch_us, seed=self.seed,
            ahead=self._clock,
        )  # fmt: skip


def run_program(
    program: Callable[[], Awaitable[_T]],
    exchange: Exchange,
    secrets: Mapping[str, str],
    *,
    loop: PipedLoop,
    epoch_us: int,
    seed: int,
    ahead: Callable[[int], int] | None = None,
) -> _T:
    """Serve ``exchange`` in memory, run a program of clients on ``loop`` and return what it returns.

    Wall clocks show ``epoch_us`` (Unix µs) at the loop's start, and what ``ahead`` adds at a time of the
    run (µs).  Raises as :meth:`ClientWorld.run`.
    """

    async def main() -> _T:
        async with served(make_application(exchange, secrets)):
            return await program()

    with fenced(loop, epoch_us, modules_to_fence(), ahead) as fence, reproducible_ids(seed):
        result = run_virtual(main(), loop=loop)
    if fence.never_awaited:
        raise RuntimeError(f"coroutines never awaited: {', '.join(fence.never_awaited)}")
    return result
