"""Build a small exchange on a straight line behind its application, for real client libraries in virtual time."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import math
import queue
import re
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

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


class Wire:
    """Speak raw HTTP to the application; ``connect`` opens a stream, ``now_ms`` tells the venue's time."""

    def __init__(
        self, run: Callable[[Callable[[], Awaitable[Any]]], Any], connect: Callable[[], Awaitable[Any]],
        now_ms: Callable[[], int],
    ) -> None:  # fmt: skip
        self.run = run
        self.connect = connect
        self.now_ms = now_ms
        self._frozen: dict[str, bytes] = {}

    async def ask(self, data: bytes, answers: int = 1) -> list[tuple[int, str]]:
        """Send bytes on a connection of their own and return (status, body) of the answers."""
        reader, writer = await self.connect()
        writer.write(data)
        if not answers:
            writer.write_eof()
            assert await reader.read() == b""
        heard = [await read_answer(reader) for _ in range(answers)]
        writer.close()
        return heard

    def signed(
        self, method: str, path: str, params: dict[str, Any], *, key: str | bytes | None = KEY, secret: str = SECRET,
        signature: str | bytes | None = "right", stamp: str | None = "now-ish", ahead_ms: int = 0, body: bool = False,
        content: str = "application/x-www-form-urlencoded", as_json: bool = False, after: dict[str, str] | None = None,
        tamper: bool = False, frozen: str = "",
    ) -> bytes:  # fmt: skip
        """Return a request's bytes; what is not said is right.  ``frozen``: made once, the same bytes ever after."""
        if frozen in self._frozen:
            return self._frozen[frozen]
        sent: dict[str, Any] = dict(params)
        if stamp is not None:
            sent["timestamp"] = self.now_ms() + ahead_ms if stamp == "now-ish" else stamp
        text = joined(sent)
        right = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
        added: dict[str, Any] = {}
        if signature is not None:
            added["signature"] = right if signature == "right" else signature
        if tamper:
            text = joined({**sent, **(after or {})})
        else:
            added_twice = joined(after or {})
            text += b"&" + added_twice if added_twice else b""
        text += (b"&" if added else b"") + joined(added)
        if as_json:
            text = json.dumps(sent).encode()
        lines = [b"Host: x", b"Content-Type: " + content.encode()]
        if key is not None:
            lines.append(b"X-MBX-APIKEY: " + (key if isinstance(key, bytes) else key.encode()))
        target = path.encode() + (b"" if body or as_json else b"?" + text)
        payload = text if body or as_json else b""
        lines.append(b"Content-Length: %d" % len(payload))
        data = b"%s %s HTTP/1.1\r\n" % (method.encode(), target) + b"\r\n".join(lines) + b"\r\n\r\n" + payload
        if frozen:
            self._frozen[frozen] = data
        return data


def joined(params: dict[str, Any]) -> bytes:
    """Return parameters as they stand on the wire; text is escaped already, but for what would end the line."""
    return b"&".join(
        name.encode() + b"=" + (value if isinstance(value, bytes) else quote(str(value), safe=SAFE).encode())
        for name, value in params.items()
    )


SAFE = "".join(chr(code) for code in range(33, 127) if chr(code) not in '&=#+ "<>')


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, str]:
    """Read one answer and return its status and body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    status = int(head.split(" ", 2)[1])
    length = int(re.search(r"(?i)content-length: (\d+)", head).group(1))  # type: ignore[union-attr]
    return status, (await reader.readexactly(length)).decode()


VENUE = """
title = "a price that stands"
rules = "2025-12-09"
[market]
path = "line"
line = { start_price = 50000.0, pct_per_s = 0.0, for_s = 36000.0 }
[latency]
request = { law = "constant", ms = 30 }
reply = { law = "constant", ms = 10 }
stream = { law = "constant", ms = 5 }
[limits]
enforce = false
[workload]
poisson_per_hour = 1
sl_pct = 0.004
tp_pct = 0.008
"""


@pytest.fixture(scope="session")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Serve the same exchange on a port of this machine, from a thread with a loop of its own."""
    from sim.serve import serve_scenario

    file = tmp_path_factory.mktemp("venue") / "venue.toml"
    file.write_text(VENUE)
    ready: queue.Queue[Any] = queue.Queue()

    async def serve() -> None:
        try:
            await _serve()
        except BaseException as error:
            ready.put(error)
            raise

    async def _serve() -> None:
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        async with serve_scenario(str(file), keys={KEY: SECRET, "idle": SECRET}) as server:
            ready.put((server, lambda: loop.call_soon_threadsafe(done.set)))
            await done.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    begun = ready.get(timeout=30)
    if isinstance(begun, BaseException):
        raise begun
    server, end = begun
    yield server
    end()
    thread.join()


async def _awaited(program: Awaitable[_T]) -> _T:
    return await program


@pytest.fixture(params=["memory", "port"])
def wire(request: pytest.FixtureRequest) -> Wire:
    """Give a way to the application for raw bytes: the pipe in memory, and a port of this machine."""
    if request.param == "port":
        server = request.getfixturevalue("port")
        return Wire(
            lambda program: asyncio.run(_awaited(program())),
            lambda: asyncio.open_connection(server.host, server.port),
            lambda: (server.stand.epoch_us + server.pace.now_us) // 1000,
        )
    return in_memory()


def in_memory() -> Wire:
    """Return a way to an exchange of its own through the pipe in memory."""
    from sim.web.clients import SOCKET

    booth = Booth(keys=(KEY, "idle"))
    return Wire(
        lambda program: booth.run(lambda _: program()),
        lambda: asyncio.open_unix_connection(SOCKET),
        lambda: (EPOCH_US + booth.loop.now_us) // 1000,
    )


@pytest.fixture(scope="session")
def memory_wire() -> Callable[[], Wire]:
    """Give the builder of ways through the pipe in memory."""
    return in_memory
