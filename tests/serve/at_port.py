"""Point client libraries, unmodified, at a port: what their users change in their own code."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any
from urllib.parse import urlencode

import aiohttp

KEY, SECRET = "the-key", "the-secret"


@asynccontextmanager
async def python_binance(url: str, key: str = KEY, secret: str = SECRET) -> AsyncIterator[Any]:
    """Make python-binance's client at ``url``, its clock set by the server's, and close it at the end."""
    client = import_module("binance").AsyncClient(key, secret)
    client.API_URL, client.FUTURES_URL = f"{url}/api", f"{url}/fapi"
    await set_clock(client)
    try:
        yield client
    finally:
        await client.close_connection()


async def set_clock(client: Any) -> None:
    """Let python-binance's timestamps follow the server's time."""
    client.timestamp_offset = (await client.futures_time())["serverTime"] - int(time.time() * 1000)


def python_binance_sockets(client: Any, url: str) -> Any:
    """Make python-binance's socket manager at ``url``."""
    manager = import_module("binance").BinanceSocketManager(client)
    manager.FSTREAM_URL = url.replace("http", "ws") + "/"
    return manager


@asynccontextmanager
async def ccxt_binanceusdm(
    url: str, key: str = KEY, secret: str = SECRET, *, streams: bool = False
) -> AsyncIterator[Any]:
    """Make ccxt's ``binanceusdm`` at ``url``, which sets its clock with its first call, and close it at the end."""
    module = import_module("ccxt.pro" if streams else "ccxt.async_support")
    options = {"adjustForTimeDifference": True}
    exchange = module.binanceusdm(
        {"apiKey": key, "secret": secret, "enableRateLimit": False, "options": options}
    )
    exchange.urls["api"] = moved(exchange.urls["api"], url)
    # ccxt looks codes up by the host they came from; elsewhere each would be a bare ExchangeError.
    by_url = exchange.get_exceptions_by_url
    exchange.get_exceptions_by_url = lambda _, kind: by_url("https://fapi.binance.com/", kind)
    try:
        yield exchange
    finally:
        await exchange.close()


def moved(addresses: Any, url: str) -> Any:
    """Return addresses, in tables of tables, with ``url`` for their hosts."""
    if isinstance(addresses, dict):
        return {name: moved(address, url) for name, address in addresses.items()}
    here = re.sub(r"^https://[^/]+", url, addresses)
    return re.sub(r"^wss://[^/]+", url.replace("http", "ws"), here)


class Plain:
    """Speak HTTP without any library of the venue's: signed calls, market data, control calls."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def get(self, path: str, **keywords: Any) -> tuple[int, Any]:
        """Ask and return status and JSON."""
        return await self.ask("GET", path, **keywords)

    async def post(self, path: str, body: Any = None, **keywords: Any) -> tuple[int, Any]:
        """Send ``body``, text as it is and anything else as JSON, and return status and JSON."""
        sent = {"data": body} if isinstance(body, str) else {"json": body}
        return await self.ask("POST", path, **sent, **keywords)

    async def ask(self, method: str, path: str, **keywords: Any) -> tuple[int, Any]:
        """Send one request and return status and JSON."""
        async with self.session.request(method, self.url + path, **keywords) as response:
            return response.status, await response.json(content_type=None)

    async def signed(
        self, method: str, path: str, *, at_ms: int | None = None, key: str = KEY, secret: str = SECRET, **params: Any
    ) -> tuple[int, Any]:  # fmt: skip
        """Send one signed request, at the server's time as the control tells it unless another is given."""
        if at_ms is None:
            at_ms = (await self.get("/sim/state"))[1]["server_time_ms"]
        text = urlencode({**params, "timestamp": at_ms})
        signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        return await self.ask(method, f"{path}?{text}&signature={signature}", headers={"X-MBX-APIKEY": key})

    async def order(self, **params: Any) -> tuple[int, Any]:
        """Send a new order: buy 0.010 at market unless something else is said."""
        given = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010", **params}
        return await self.signed("POST", "/fapi/v1/order", **given)
