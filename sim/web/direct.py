"""Let unmodified client libraries speak to the exchange of a run without HTTP in between.

python-binance and ccxt are given a session as aiohttp's, which hands what they send to a run's gateway and gives back
what the gateway answers: signing, parsing and every exception are the library's own, and a request costs a tenth of
one through the application.  What aiohttp itself would raise is raised here (:mod:`sim.exchange.breakages`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from types import TracebackType
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from sim.exchange.breakages import Breakages
from sim.exchange.client import SimulatedClient
from sim.exchange.effects import BROKEN
from sim.exchange.gateway import Gateway
from sim.web.neighbours import EMPTY_LISTS, SAME_HERE

_METHODS: Final = ("GET", "POST", "PUT", "DELETE")
_JSON: Final = "application/json;charset=UTF-8"


class DirectResponse:
    """Be the part of aiohttp's response that client libraries read."""

    def __init__(self, method: str, url: str, status: int, headers: Mapping[str, str], body: Any) -> None:
        self.method, self.url, self.status = method, url, status
        self.reason = "OK" if status == 200 else ""
        self._body = body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
        page = self._body.lstrip().startswith("<")
        self.headers = {"Content-Type": "text/html" if page else _JSON, **headers}

    async def text(self, **_: Any) -> str:
        """Return the body."""
        return self._body

    async def json(self, **_: Any) -> Any:
        """Return the body read as JSON; a page of HTML raises what aiohttp raises, other text ValueError."""
        if self._body.lstrip().startswith("<"):
            raise Breakages().wrong_content_type(self.method, urlsplit(self.url).path)
        return json.loads(self._body)


class _Asking:
    """Be what ``async with session.get(...)`` enters."""

    def __init__(self, session: DirectSession, method: str, url: str, data: Any) -> None:
        self._session, self._method, self._url, self._data = session, method, url, data

    async def __aenter__(self) -> DirectResponse:
        return await self._session.ask(self._method, self._url, self._data)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class DirectSession:
    """Be a session for client libraries that ends at a run's gateway."""

    closed = False

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.headers: dict[str, str] = {}

    def get(self, url: Any, **given: Any) -> _Asking:
        """Ask with GET; of the keywords, ``data`` travels."""
        return _Asking(self, "GET", str(url), given.get("data"))

    def post(self, url: Any, **given: Any) -> _Asking:
        """Ask with POST."""
        return _Asking(self, "POST", str(url), given.get("data"))

    def put(self, url: Any, **given: Any) -> _Asking:
        """Ask with PUT."""
        return _Asking(self, "PUT", str(url), given.get("data"))

    def delete(self, url: Any, **given: Any) -> _Asking:
        """Ask with DELETE."""
        return _Asking(self, "DELETE", str(url), given.get("data"))

    async def close(self) -> None:
        """Close nothing: the run ends with its loop."""

    async def ask(self, method: str, url: str, data: Any) -> DirectResponse:
        """Send one request; raise what aiohttp raises for silence and for connections that break."""
        parts = urlsplit(url)
        path = SAME_HERE.get(parts.path, parts.path)
        if (method, path) in EMPTY_LISTS:
            return DirectResponse(method, url, 200, {}, [])
        status, headers, body = await self._gateway.ask(method, path, _params(parts.query, data))
        if status == 0:
            raise TimeoutError
        if status == BROKEN:
            if str(body) != "empty":
                raise Breakages().error(str(body))
            status, body = 200, ""
        return DirectResponse(method, url, status, headers, body)


def _params(query: str, data: Any) -> dict[str, Any]:
    pairs = parse_qsl(query, keep_blank_values=True)
    if isinstance(data, bytes):
        data = data.decode()
    if isinstance(data, str):
        pairs += parse_qsl(data, keep_blank_values=True)
    elif data:
        pairs += [(str(name), str(value)) for name, value in data]
    return {name: value for name, value in pairs if name != "signature"}


def direct_python_binance(client: SimulatedClient) -> Any:
    """Return python-binance's own ``AsyncClient`` on the gateway of ``client``."""
    library = import_module("binance").AsyncClient

    class DirectClient(library):  # type: ignore[misc, valid-type]
        def _init_session(self) -> DirectSession:
            return DirectSession(client.gateway)

    return DirectClient("a-key", "a-secret")


def direct_ccxt(client: SimulatedClient, **config: Any) -> Any:
    """Return ccxt's own ``binanceusdm`` on the gateway of ``client``; ``config`` as ccxt takes it."""
    module = import_module("ccxt.async_support")
    settings = {"apiKey": "a-key", "secret": "a-secret", "enableRateLimit": False}
    return module.binanceusdm({**settings, "session": DirectSession(client.gateway), **config})
