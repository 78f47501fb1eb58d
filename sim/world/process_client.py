"""Be the client of a process: it thinks, and once the process is dead it says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from sim.exchange.client import SimulatedClient
from sim.exchange.filters import RulesVersion
from sim.exchange.gateway import Gateway
from sim.world.process import CURRENT_PROCESS

Think = Callable[[str, str, dict[str, Any]], Coroutine[Any, Any, int]]
"""``await think(method, path, params)``: let think time pass before a request; return that after its reply (µs)."""


class _OwnWay:
    """Be a gateway for one process."""

    def __init__(self, gateway: Gateway, think: Think | None) -> None:
        self._gateway = gateway
        self._think = think

    async def ask(self, method: str, path: str, params: dict[str, Any]) -> Any:
        """Send a request unless the process is dead, and think before and after it."""
        process = CURRENT_PROCESS.get()
        if process is not None and not process.alive:
            raise asyncio.CancelledError
        after_us = 0 if self._think is None else await self._think(method, path, params)
        answer = await self._gateway.ask(method, path, params)
        if after_us:
            await asyncio.sleep(after_us / 1e6)
        return answer


class ProcessClient(SimulatedClient):
    """Speak to the exchange for a process; ``next_id`` numbers invented client ids over all processes of a run."""

    def __init__(
        self,
        gateway: Gateway,
        rules: RulesVersion,
        timeout_s: float,
        next_id: Callable[[], int],
        think: Think | None,
    ) -> None:
        super().__init__(gateway, rules, timeout_s)
        self._next_id = next_id
        self._think = think

    @property
    def gateway(self) -> Any:
        """Return the way to the exchange for a client library of this process: it thinks and dies with it."""
        return _OwnWay(self._gateway, self._think)

    async def _send(self, method: str, path: str, params: dict[str, Any]) -> Any:
        process = CURRENT_PROCESS.get()
        if process is not None and not process.alive:
            # Only a ``finally`` that is run when the dead are cleared away can get here.
            raise asyncio.CancelledError
        if self._think is None:
            return await super()._send(method, path, params)
        after_us = await self._think(method, path, params)
        if not after_us:
            return await super()._send(method, path, params)
        try:
            answer = await super()._send(method, path, params)
        except Exception:
            await asyncio.sleep(after_us / 1e6)
            raise
        await asyncio.sleep(after_us / 1e6)
        return answer

    def _invent_id(self) -> str:
        # A new process has not forgotten how to be unique: the libraries' ids are random.
        self._invented = self._next_id() - 1
        return super()._invent_id()
