"""Load a served venue from many connections at once, and hold what the clients heard against the venue's truth.

``python -m tests.benchmarks.load URL KEY SECRET CONNECTIONS REQUESTS FIRST`` is the clients' process; it writes what
it heard as JSON.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from sim.chance import Stream
from sim.exchange.sent import id_number

PATIENCE_S: Final = 1.0
"""How long a client waits: a lost reply costs this much of its connection's time."""

VENUE: Final = """
title = "a venue on which replies, requests and connections get lost"
rules = "2025-12-09"
[market]
path = "line"
line = { start_price = 50000.0, pct_per_s = 0.0, for_s = 864000.0 }
[latency]
request = { law = "lognormal", p50_ms = 5, p99_ms = 30 }
reply = { law = "lognormal", p50_ms = 5, p99_ms = 30 }
[client]
timeout_s = 3.0
[limits]
enforce = false
[workload]
poisson_per_hour = 1
sl_pct = 0.004
tp_pct = 0.008
[[faults]]
name = "reply_lost"
kind = "timeout"
truth = "applied"
how = { rate = 0.01 }
[[faults]]
name = "request_lost"
kind = "timeout"
truth = "not_applied"
how = { rate = 0.01 }
[[faults]]
name = "request_late"
kind = "timeout"
truth = "applied_late"
late_s = 4.0
how = { rate = 0.01 }
[[faults]]
name = "unknown"
kind = "unknown_503"
applied = 0.5
how = { rate = 0.02 }
[[faults]]
name = "reset"
kind = "reset"
applied = 0.5
how = { rate = 0.02 }
[[faults]]
name = "truncated"
kind = "truncated"
how = { rate = 0.01 }
"""

Heard = dict[str, Any]
"""What the clients heard: ``orders`` (client id, status or -1 for none), ``times_ms``, ``wall_s``, ``statuses``."""


class _Caller:
    """Ask from one connection after another's pattern; the venue's time is what its answers say."""

    def __init__(
        self, url: str, key: str, secret: str, heard: Heard, clock_ms: list[int], patience_s: float
    ) -> None:
        self._url, self._key, self._secret = url, key, secret
        self._heard = heard
        self._clock_ms = clock_ms
        self._patience_s = patience_s
        self._open: list[str] = []
        self._known: list[str] = []

    async def run(self, connection: int, requests: int, first: int) -> None:
        draw = Stream(first, f"load {connection}").uniform
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=1), timeout=aiohttp.ClientTimeout(total=self._patience_s)
        ) as session:
            for number in range(requests):
                await self._one(
                    session, f"c{first}-{connection}-{number}", draw(2 * number), draw(2 * number + 1)
                )

    async def _one(self, session: aiohttp.ClientSession, name: str, what: float, how: float) -> None:
        symbol = {"symbol": "BTCUSDT"}
        if what < 0.5 or not self._known:
            await self._order(session, name, how)
        elif what < 0.8 or not self._open:
            asked = self._known[int(how * len(self._known))]
            await self._ask(session, "GET", {**symbol, "origClientOrderId": asked})
        else:
            await self._ask(session, "DELETE", {**symbol, "origClientOrderId": self._open.pop()})

    async def _order(self, session: aiohttp.ClientSession, name: str, how: float) -> None:
        order = {"symbol": "BTCUSDT", "side": "BUY" if how < 0.5 else "SELL", "quantity": "0.010"}
        if 0.4 < how < 0.6:  # the venue holds 200 resting orders of a symbol
            order |= {"type": "LIMIT", "timeInForce": "GTC", "price": "49000" if how < 0.5 else "51000"}
            self._open.append(name)
        else:
            order |= {"type": "MARKET"}
        self._known.append(name)
        status = await self._ask(session, "POST", {**order, "newClientOrderId": name})
        self._heard["orders"].append((name, status))

    async def _ask(self, session: aiohttp.ClientSession, method: str, params: dict[str, str]) -> int:
        text = "&".join(f"{name}={value}" for name, value in params.items())
        text += f"&recvWindow=60000&timestamp={self._clock_ms[0]}"
        signature = hmac.new(self._secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        url = f"{self._url}/fapi/v1/order?{text}&signature={signature}"
        began = time.perf_counter()
        try:
            async with session.request(method, url, headers={"X-MBX-APIKEY": self._key}) as answer:
                body = await answer.json()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            self._heard["statuses"][type(error).__name__] += 1
            return -1
        self._heard["times_ms"].append((time.perf_counter() - began) * 1000)
        self._heard["statuses"][f"{status} {body.get('code', '')}".rstrip()] += 1
        if body.get("code") == -1021:
            await self.look_at_the_clock(session)
        self._clock_ms[0] = max(self._clock_ms[0], int(body.get("updateTime", 0)))
        return status

    async def look_at_the_clock(self, session: aiohttp.ClientSession) -> None:
        async with session.get(f"{self._url}/fapi/v1/time") as answer:
            self._clock_ms[0] = max(self._clock_ms[0], (await answer.json())["serverTime"])


async def call(
    url: str, key: str, secret: str, connections: int, requests: int, first: int = 0, *, patience_s: float = PATIENCE_S
) -> Heard:  # fmt: skip
    """Send ``requests`` in all from so many connections; ``first`` numbers the round and seeds its pattern.

    ``patience_s``: how long each waits for an answer.
    """
    heard: Heard = {"orders": [], "times_ms": [], "statuses": Counter(), "wall_s": 0.0}
    clock_ms = [0]
    callers = [_Caller(url, key, secret, heard, clock_ms, patience_s) for _ in range(connections)]
    async with aiohttp.ClientSession() as session:
        await callers[0].look_at_the_clock(session)
    began = time.perf_counter()
    each, more = divmod(requests, connections)
    await asyncio.gather(
        *(caller.run(number, each + (number < more), first) for number, caller in enumerate(callers))
    )
    heard["wall_s"] = time.perf_counter() - began
    return heard


@dataclass(frozen=True)
class Books:
    """State how the clients' orders and the venue's truth go together; everything but the counts must be nought.

    ``lost``: the truth says applied, and no order exists.  ``doubled``: more than one order, or more than one write.
    ``invented``: an order exists that the truth says was not applied.  ``false_yes``: answered 200, not applied.
    ``false_no``: refused, yet applied.  ``unseen``: answered, and the venue never heard of it.
    """

    sent: int
    applied: int
    not_applied: int
    unknown: int
    lost: int
    doubled: int
    invented: int
    false_yes: int
    false_no: int
    unseen: int

    @property
    def wrong(self) -> int:
        """Return how many orders do not go together."""
        return self.lost + self.doubled + self.invented + self.false_yes + self.false_no + self.unseen


def balance(stand: Any, heard: Heard) -> Books:
    """Hold what was heard against the record and the orders of a :class:`sim.serve.stand.Stand`."""
    sent, write = stand.trace.arrays("sent"), stand.trace.arrays("write")
    truths = {int(number): str(truth) for number, truth in zip(write["request"], write["truth"], strict=True)}
    requests: dict[int, list[int]] = {}
    for number, client_id in zip(sent["request"], sent["client_id"], strict=True):
        requests.setdefault(int(client_id), []).append(int(number))
    existing = Counter(order.client_id for order in stand.venue.orders.values())
    counts: Counter[str] = Counter()
    for name, status in heard["orders"]:
        numbers = requests.get(id_number(name), [])
        applied = [number for number in numbers if truths.get(number, "").startswith("applied")]
        counts["applied" if applied else "not_applied"] += 1
        # 503 A says nothing of the order (binance-facts 1.3), nor does a connection that broke.
        unknown = status in (-1, 503)
        counts["unknown"] += unknown
        counts["unseen"] += not numbers and not unknown
        counts["lost"] += bool(applied) and not existing[name]
        counts["doubled"] += existing[name] > 1 or len(applied) > 1
        counts["invented"] += not applied and existing[name] > 0
        counts["false_yes"] += status == 200 and not applied
        counts["false_no"] += not unknown and status != 200 and bool(applied)
    fields = (
        "applied",
        "not_applied",
        "unknown",
        "lost",
        "doubled",
        "invented",
        "false_yes",
        "false_no",
        "unseen",
    )
    return Books(len(heard["orders"]), **{name: counts[name] for name in fields})


if __name__ == "__main__":
    url, key, secret, *numbers = sys.argv[1:]
    print(json.dumps(asyncio.run(call(url, key, secret, *map(int, numbers)))))
