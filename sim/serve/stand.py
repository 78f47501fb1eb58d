"""Build the exchange of a scenario without its workload: the client on the wire is the trader."""

from __future__ import annotations

from collections.abc import Mapping

from sim.clock import VirtualLoop
from sim.exchange.account import Account
from sim.exchange.attribution import IntentSlot
from sim.exchange.door import Door
from sim.exchange.filters import SymbolFilters
from sim.exchange.gateway import Gateway
from sim.exchange.minute_volume import MinuteVolume
from sim.exchange.venue import Venue
from sim.faults.clock import ClockFault
from sim.faults.live import install
from sim.faults.regimes import RegimeLeg, faults_of, stretches
from sim.market import PricePath
from sim.scenario import Scenario
from sim.serve.live_faults import LiveFaults
from sim.trace import Trace
from sim.web.client_world import KeyedAttribution
from sim.web.gateway_exchange import GatewayExchange
from sim.world.processes import KINDS_OF_PROCESS


class Stand:
    """Hold one exchange: market, latency, faults, limits, fills and accounts as the scenario states them.

    ``paths`` and ``filters`` by symbol, on one time axis; ``api_keys``: each has an account of its own, numbered from 1
    in their order, with the wallet and the mode of ``[account]``.  ``loop`` to live on (default: one of its own);
    ``patience_s``: when a reply that does not come is given up (default: the scenario's ``client.timeout_s``).
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        paths: dict[str, PricePath],
        filters: dict[str, SymbolFilters],
        volumes: Mapping[str, MinuteVolume],
        api_keys: list[str],
        *,
        loop: VirtualLoop | None = None,
        patience_s: float | None = None,
    ) -> None:
        self.loop = loop if loop is not None else VirtualLoop()
        self.loop.event_limit = scenario.limits.events
        self.trace = Trace()
        self._orders: int | None = None
        self.epoch_us = min(path.epoch_us for path in paths.values())
        self.end_us = min(path.end_us for path in paths.values())
        if scenario.limits.time_s is not None:
            self.end_us = min(self.end_us, round(scenario.limits.time_s * 1e6))
        regime = scenario.regime
        weather = () if regime is None else tuple(stretches(regime, seed, self.end_us))
        faults = [*scenario.faults, *(() if regime is None else faults_of(regime, weather))]
        self.inert = [spec.name for spec in faults if isinstance(spec, (*KINDS_OF_PROCESS, ClockFault))]
        """Faults that do nothing here: the process and the clock of the client are its own."""
        self.faults = LiveFaults(faults, seed, self.epoch_us, self.end_us, self.trace, paths)
        self.venue = Venue(
            self.loop, paths, filters, scenario.fills_in_force(), scenario.rules, self.trace, seed, volumes,
            scenario.venue,
        )  # fmt: skip
        wallet, hedge = scenario.account.wallet, scenario.account.hedge_mode
        house = IntentSlot(-1, "", 0, Account(0, wallet, hedge=hedge))
        self.slots = {
            key: IntentSlot(number, "", 0, Account(number + 1, wallet, hedge=hedge))
            for number, key in enumerate(api_keys)
        }
        door = Door(self.venue, self.epoch_us, scenario.rules)
        of_state = install(self.faults.standing, door, self.trace)
        self.client_clock = of_state.clock
        """What a clock fault adds to the client's wall clock at a time of the run (µs); None without one."""
        self.gateway = Gateway(
            self.loop, door, scenario.latency, seed, self.faults, KeyedAttribution(house), self.trace,
            scenario.client.timeout_s if patience_s is None else patience_s, scenario.limits,
        )  # fmt: skip
        latency = scenario.latency
        if regime is not None and regime.latency:
            self.gateway.use_legs(
                RegimeLeg(latency.request, seed, "latency.request", latency.rho, weather),
                RegimeLeg(latency.reply, seed, "latency.reply", latency.rho, weather),
            )
        self.exchange = GatewayExchange.over(door, self.gateway, latency, seed, self.slots)
        of_state.attach(self.exchange.user_streams, self.exchange.market_streams)

    @property
    def orders(self) -> int:
        """Return how many orders were accepted, the children of triggered ones not counted."""
        if self._orders is not None:
            return self._orders
        return sum(order.parent is None for order in self.venue.orders.values())

    def close(self) -> None:
        """Close the accounts' books where they stand, so that the record is whole, and forget what was still due."""
        self._orders = self.orders
        venue, write = self.venue, self.trace.writer("account_end")
        for slot in self.slots.values():
            account = slot.account
            symbols = sorted({position.symbol for position in account.positions.values()})
            write(
                (
                    account.number, slot.number, self.loop.now_us,
                    sum(account.positions[key].quantity for key in sorted(account.positions)),
                    len(venue.open_orders(account)), account.wallet, account.fees, account.realised,
                    sum(venue.leave_value(account, symbol) for symbol in symbols),
                )
            )  # fmt: skip
            venue.close_books(account)
        self.loop.close()
