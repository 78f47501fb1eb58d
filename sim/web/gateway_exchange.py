"""Be the :class:`Exchange` behind the application for a gateway and its venue, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sim.chance import key_of, spread
from sim.clock import VirtualLoop
from sim.exchange.attribution import CURRENT_INTENT, IntentSlot
from sim.exchange.door import Door
from sim.exchange.gateway import Gateway
from sim.exchange.latency import LatencySpec, Leg
from sim.exchange.market_stream import MarketStreams
from sim.exchange.stream import UserStreams
from sim.web.exchange import Answer, Deliver


class GatewayExchange:
    """Ask a gateway on behalf of API keys.

    ``slots`` by API key: the account (and intent) that a key trades for; requests with another key or none are
    attributed as those of the in-process client are.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        gateway: Gateway,
        user_streams: UserStreams,
        market_streams: MarketStreams,
        slots: Mapping[str, IntentSlot],
    ) -> None:
        self._loop = loop
        self._gateway = gateway
        self.user_streams = user_streams
        self.market_streams = market_streams
        self._slots = slots
        self._relayed = 0
        self._relay_key = key_of("answered before the exchange")

    @classmethod
    def over(
        cls, door: Door, gateway: Gateway, latency: LatencySpec, seed: int, slots: Mapping[str, IntentSlot]
    ) -> GatewayExchange:
        """Build the streams of a door's venue as well; from now on its listen keys and events are theirs."""
        venue, epoch_us = door.venue, door.epoch_us
        loop, paths = venue.loop, venue.paths
        leg = Leg(latency.stream, seed, "latency.stream", latency.rho)
        users = UserStreams(loop, epoch_us, leg, seed, lambda symbol: paths[symbol].mark(loop.now_us))
        door.listen_keys = users
        venue.publish = users.publish
        return cls(loop, gateway, users, MarketStreams(loop, epoch_us, venue.books, leg), slots)

    def send(self, method: str, path: str, params: dict[str, Any], api_key: str) -> Awaitable[Answer]:
        """Send one request for the account behind ``api_key``."""
        slot = self._slots.get(api_key)
        if slot is None:
            return self._gateway.send(method, path, params)
        token = CURRENT_INTENT.set(slot)
        try:
            return self._gateway.send(method, path, params)
        finally:
            CURRENT_INTENT.reset(token)

    async def relay(self, answer: Answer) -> Answer:
        """Give an answer after both legs' delays: who is not let in waits as long as others do."""
        self._relayed += 1
        now_us = self._loop.now_us
        legs_us = self._gateway.legs_us(spread(self._relay_key, 0, self._relayed), now_us)
        arrived: asyncio.Future[None] = self._loop.create_future()
        self._loop.at_us(now_us + sum(legs_us), _arrive, arrived)
        await arrived
        return answer

    def attach_user_stream(self, listen_key: str, deliver: Deliver) -> Callable[[], None] | None:
        """Feed an account's events to ``deliver``."""
        return self.user_streams.attach(listen_key, deliver)

    def attach_market_stream(self, name: str, deliver: Deliver) -> Callable[[], None] | None:
        """Feed a market stream to ``deliver``."""
        return self.market_streams.attach(name, deliver)


def _arrive(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
