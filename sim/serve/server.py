"""Serve a scenario's exchange on a port: over real sockets, in virtual time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from sim.errors import InputError, SimError
from sim.experiment.prepare import load_market_of, paths_of
from sim.scenario import LoadedScenario, load_scenario
from sim.serve.bridge import BridgedExchange
from sim.serve.control import Control
from sim.serve.listening import LOOPBACK, address_of, listen
from sim.serve.pace import MAX, Pace
from sim.serve.quiet import one_line
from sim.serve.stand import Stand
from sim.web.application import make_application, make_runner

DEMO_KEY: Final = "sim-demo-key"
DEMO_SECRET: Final = "sim-demo-secret"
_MOST_ERRORS: Final = 20


class Server:
    """Hold a running server: where it listens, whom it lets in, and what it has done so far.

    ``guarded``: control calls need ``token``.  ``stopped`` is set when it is to end; ``ended`` says why, ``failed``
    whether by a mistake of its own, and ``errors`` what went wrong inside, a line each.
    """

    def __init__(
        self,
        loaded: LoadedScenario,
        seed: int,
        stand: Stand,
        speed: float,
        keys: Mapping[str, str],
        guarded: bool,
    ) -> None:
        self.loaded = loaded
        self.seed = seed
        self.stand = stand
        self.keys = dict(keys)
        self.guarded = guarded
        self.token = secrets.token_urlsafe(16)
        self.host = ""
        self.port = 0
        self.stopped = asyncio.Event()
        self.ended = ""
        self.failed = False
        self.errors: list[str] = []
        self.pace = Pace(
            stand.loop, stand.end_us, speed, lambda: self.stop("the tape has ended"), self._broke
        )
        self.exchange = BridgedExchange(stand.exchange, stand.loop, self.pace, stand.trace)

    @property
    def url(self) -> str:
        """Return the address that clients use."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def stop(self, why: str) -> None:
        """Let the server end; the first reason counts."""
        if not self.stopped.is_set():
            self.ended = why
            self.stopped.set()

    def note(self, error: str) -> None:
        """Keep a line about something that went wrong inside; repetitions and the many are dropped."""
        if error not in self.errors and len(self.errors) < _MOST_ERRORS:
            self.errors.append(error)

    def _broke(self, error: BaseException) -> None:
        self.failed = True
        text = str(error) if isinstance(error, SimError) else one_line(error)
        self.stop(f"the model failed: {text}")


@asynccontextmanager
async def serve_scenario(
    scenario: str | LoadedScenario,
    *,
    host: str = LOOPBACK,
    port: int = 0,
    speed: float = MAX,
    seed: int | None = None,
    keys: Mapping[str, str] | None = None,
    allow_remote: bool = False,
    overrides: Sequence[str] = (),
) -> AsyncIterator[Server]:
    """Serve ``scenario`` (name, path or loaded) in the running loop while the block runs.

    ``port`` 0 takes a free one (:attr:`Server.port`).  ``speed``: virtual seconds per second of the wall, or
    :data:`MAX`.  ``keys``: secrets by API key (default: a demo pair).  ``seed`` None: the first of the scenario's
    check.
    ``allow_remote`` lets ``host`` be more than loopback and asks for :attr:`Server.token` on control calls.
    Raises InputError for what a person can get wrong.
    """
    address = address_of(host, allow_remote=allow_remote)
    if not 0 <= port <= 65_535:
        raise InputError("--port", port, "a whole number from 0 to 65535")
    loaded = scenario if isinstance(scenario, LoadedScenario) else load_scenario(scenario, overrides)
    seed = seed if seed is not None else loaded.scenario.check.seeds[0]
    market = load_market_of(loaded)
    filters, paths = paths_of(loaded, market, seed)
    pairs = dict(keys) if keys else {DEMO_KEY: DEMO_SECRET}
    stand = Stand(loaded.scenario, seed, paths, filters, market.volumes, list(pairs))
    server = Server(loaded, seed, stand, speed, pairs, guarded=allow_remote)
    application = make_application(server.exchange, pairs)
    Control(server).add_to(application)
    runner = make_runner(application)
    await runner.setup()
    try:
        server.host, server.port = await listen(runner, address, port)
        yield server
    finally:
        server.pace.close()
        await runner.cleanup()
        stand.close()
