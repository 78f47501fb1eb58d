"""Build unmodified client libraries that can reach nothing but the application behind one in-memory socket.

Their addresses stay the production ones.  aiohttp's ``UnixConnector`` (and ``websockets``' Unix mode) ignores host and
TLS, so whatever goes through these sessions ends at :data:`SOCKET`; any other way out raises RealWorldCall in the loop.

What the libraries need to live in virtual time:

* :func:`modules_to_fence` imports them and names the packages whose own ``from time import …`` must follow the run
  (aiohttp's pool of connections and ccxt's throttler take one each).
* :func:`reproducible_ids` seeds the ``random`` module, from which both libraries make client order ids.
* ccxt's throttler looks at the clock every millisecond while it holds a call back: ``enableRateLimit`` is off.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import aiohttp
from aiohttp import web
from aiohttp.client_proto import ResponseHandler

from sim.clock import PipeName
from sim.exchange.breakages import Breakages
from sim.web.application import make_runner
from sim.web.breaking import ConnectFailed

SOCKET: Final = "/sim/exchange"
"""The name under which the application listens; a name in the loop's table, not a file."""

_LIBRARIES: Final = ("binance", "ccxt.pro")
"""What is imported before a fence goes up, where it is installed; ``ccxt.pro`` brings ``ccxt.async_support``."""


def modules_to_fence(libraries: Iterable[str] = _LIBRARIES) -> tuple[str, ...]:
    """Import the libraries that are installed and return the package names to hand to :func:`sim.clock.fenced`.

    Behind the fence it is too late: some of what they import asks for a socket on the way (urllib3 does).
    """
    for library in libraries:
        if find_spec(library.partition(".")[0]) is not None:
            import_module(library)
    return ("sim.execution", "aiohttp", "binance", "ccxt", "websockets")


@contextmanager
def reproducible_ids(seed: int) -> Iterator[None]:
    """Seed the module-level ``random`` while the block runs, and put its state back."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


@asynccontextmanager
async def served(application: web.Application, path: str = SOCKET) -> AsyncIterator[str]:
    """Serve an application at a socket file of the running loop, in memory on a PipedLoop; yield the path."""
    runner = make_runner(application)
    await runner.setup()
    try:
        await web.UnixSite(runner, path).start()
        yield path
    finally:
        await runner.cleanup()


class _Line(ResponseHandler):
    def set_exception(self, exc: Any, *cause: Any) -> None:
        """Tell whoever waits for an answer; that no connection stood is told in aiohttp's own exceptions."""
        super().set_exception(Breakages().error(exc.how) if isinstance(exc, ConnectFailed) else exc, *cause)


class Connector(aiohttp.UnixConnector):
    """Lead everything to one socket; a connection that never stood raises what aiohttp's TCP connector raises."""

    def __init__(self, path: str) -> None:
        super().__init__(path=path)
        line: type[ResponseHandler] = _Line
        self._factory = partial(line, loop=self._loop)


def make_session(path: str = SOCKET, **keywords: Any) -> aiohttp.ClientSession:
    """Make an aiohttp session that reaches nothing but ``path``; call it inside the running loop."""
    return aiohttp.ClientSession(connector=Connector(path), **keywords)


@asynccontextmanager
async def python_binance(api_key: str, api_secret: str, path: str = SOCKET) -> AsyncIterator[Any]:
    """Make python-binance's ``AsyncClient`` (its constructor; no ping, no clock measured) and close it at the end."""
    client = import_module("binance").AsyncClient(
        api_key, api_secret, session_params={"connector": Connector(path)}
    )
    try:
        yield client
    finally:
        await client.close_connection()


def python_binance_sockets(client: Any, path: str = SOCKET) -> Any:
    """Make python-binance's ``BinanceSocketManager`` whose WebSockets end at ``path`` too."""
    manager = import_module("binance").BinanceSocketManager(client)
    # It hands these on to websockets.connect, whose own word for a socket file, path, is taken on the way there.
    manager.ws_kwargs = {"sock": PipeName(path)}
    return manager


@asynccontextmanager
async def ccxt_binanceusdm(
    api_key: str, api_secret: str, path: str = SOCKET, *, streams: bool = False, **config: Any
) -> AsyncIterator[Any]:
    """Make ccxt's ``binanceusdm`` on a session of ours and close both at the end.

    ``streams``: the class of ``ccxt.pro``, which adds the ``watch_*`` calls.  ``config`` as ccxt takes it.
    """
    module = import_module("ccxt.pro" if streams else "ccxt.async_support")
    session = make_session(path)
    settings = {"apiKey": api_key, "secret": api_secret, "enableRateLimit": False, "session": session}
    exchange = module.binanceusdm({**settings, **config})
    try:
        yield exchange
    finally:
        await exchange.close()
        await session.close()
