"""Put the faults of state into the hooks of one run's venue, door, streams and clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sim.clock import VirtualLoop
from sim.exchange.account import Account
from sim.exchange.client import SimulatedClient
from sim.exchange.door import Door
from sim.exchange.market_stream import MarketStreams
from sim.exchange.stream import UserStreams
from sim.faults.injector import FaultInjector
from sim.faults.live.armed import armed
from sim.faults.live.changes import LiveChanges
from sim.faults.live.news import FlatNews
from sim.faults.live.orders import LiveOrders
from sim.faults.live.prices import LivePrices
from sim.faults.live.reads import LiveReads
from sim.faults.live.user_streams import LiveUserStreams
from sim.faults.live.weather import LiveClock, thin_books
from sim.faults.partial_fill import PartialFill
from sim.faults.read_lag import ReadLag
from sim.faults.slow_match import SlowMatch
from sim.faults.stop_vanishes import StopVanishes
from sim.trace import Trace

__all__ = ["StateFaults", "install"]


class StateFaults:
    """Hold what stands in a run's hooks; what has nothing to do stands in none of them.

    ``news`` is what the strategy has been told of closed positions, None where it is told at once and truly.
    ``clock`` is how far its wall clock is ahead (µs, at a time of the run), None where that is right.
    """

    def __init__(self, injector: FaultInjector, door: Door, trace: Trace) -> None:
        venue = door.venue
        users, prices = LiveUserStreams(injector), LivePrices(injector, trace)
        self._users = users if users.acts else None
        self._prices = prices if prices.acts else None
        slow = armed(injector, "slow_match", SlowMatch)
        partial = armed(injector, "partial_fill", PartialFill)
        self.news: FlatNews | None = None
        if users.acts or slow or partial:
            self.news = FlatNews(venue.loop, self._users)
        reads = LiveReads(venue, injector)
        silent = any(spec.word == "silent" for spec, _ in armed(injector, "stop_vanishes", StopVanishes))
        misled = reads.acts or silent
        if misled:
            door.reads = reads
        orders = LiveOrders(venue, injector, reads if misled else None, self.news)
        if orders.acts:
            venue.troubles = orders
            if reads.acts:
                venue.journal.watcher = orders.changed
        if self._prices is not None:
            door.wrap(prices.around)
        changes = LiveChanges(injector)
        if changes.acts:
            door.wrap(changes.around)
            changes.appoint(door)
        thin_books(venue.books, injector, venue.loop)
        clock = LiveClock(injector, venue.loop)
        self.clock: Callable[[int], int] | None = clock.offset_us if clock.acts else None
        _write_blind_stretches(injector, trace)

    def hear_flat(self, tell: Callable[[Account, str], None]) -> Callable[[Account, str], None]:
        """Return what the venue is to call when a position closes, for ``tell`` to hear of it as the stream lets it."""
        if self.news is None:
            return tell
        self.news.listen(tell)
        return self.news.closed

    def set_clock(self, client: Any, loop: VirtualLoop, epoch_us: int) -> None:
        """Let an in-process client stamp its requests by the wrong clock; ``epoch_us``: its Unix time at the start."""
        clock, env = self.clock, loop.env
        if clock is None or not isinstance(client, SimulatedClient):
            return

        def stamp_ms() -> int:
            now = int(env.now)
            return (epoch_us + now + clock(now)) // 1000

        client.stamp_ms = stamp_ms

    def attach(self, users: UserStreams, markets: MarketStreams | None = None) -> None:
        """Stand in the run's streams as well."""
        users.troubles = self._users
        if markets is not None:
            markets.troubles = self._prices


def install(injector: FaultInjector, door: Door, trace: Trace) -> StateFaults:
    """Put a run's faults of state into its hooks and return what else they touch; once per run."""
    return StateFaults(injector, door, trace)


def _write_blind_stretches(injector: FaultInjector, trace: Trace) -> None:
    """Write down when nothing that is written can be read: nobody could see the need for a stop then."""
    write = trace.writer("outage")
    for spec, timing in armed(injector, "read_lag", ReadLag):
        if spec.hides_everything:
            for opened, closed in timing.edges_us or ():
                write(("read lag", -1, opened, closed))
