"""Bring the user data stream to code under test that listens: events travel, are late, lost or doubled as faults say.

An executor listens when its ``listens`` is true; each event of its account is then given to ``handle_user_event``.
Nothing is built for one that does not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sim.clock import VirtualLoop
from sim.exchange.attribution import IntentSlot
from sim.exchange.latency import LatencySpec, Leg
from sim.exchange.stream import UserStreams
from sim.exchange.venue import Venue
from sim.faults.live import StateFaults


class Listening:
    """Hold the listen keys of a run's accounts.  ``executor_of`` gives who acts for an intent now, None for a dead."""

    def __init__(
        self,
        loop: VirtualLoop,
        epoch_us: int,
        venue: Venue,
        latency: LatencySpec,
        seed: int,
        faults: StateFaults,
        executor_of: Callable[[IntentSlot], Any],
    ) -> None:
        leg = Leg(latency.stream, seed, "latency.stream", latency.rho)
        paths = venue.paths
        self._streams = UserStreams(
            loop, epoch_us, leg, seed, lambda symbol: paths[symbol].mark(loop.now_us), lite=False
        )
        faults.attach(self._streams)
        venue.publish = self._streams.publish
        self._executor_of = executor_of
        self._attached: set[int] = set()

    def begin(self, slot: IntentSlot) -> None:
        """Let the process that acts for ``slot`` hear of its account from now on, for an hour at least."""
        key = self._streams.open(slot.account)
        if slot.account.number in self._attached:
            return
        self._attached.add(slot.account.number)

        def deliver(event: dict[str, Any]) -> None:
            executor = self._executor_of(slot)
            if executor is not None:
                executor.handle_user_event(event)

        self._streams.attach(key, deliver)

    def end(self, slot: IntentSlot) -> None:
        """Close the stream of an account whose books are closed."""
        self._streams.close(slot.account)
        self._attached.discard(slot.account.number)
