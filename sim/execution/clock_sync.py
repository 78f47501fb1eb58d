"""Set a client's clock by the venue's after -1021, and never resend an old time stamp (failures F37).

python-binance adds ``timestamp_offset`` (ms) to its time stamps and measures it once, when it is made; a host whose
clock drifts is refused from then on.  Three probes are taken and the quickest is believed: a slow one would
over-correct.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Final

from .outcomes import attempt_within

TIME_CALL: Final = "futures_time"
BAD_TIMESTAMP: Final = frozenset({-1021, -5028})
_OFFSET: Final = "timestamp_offset"
_PROBES: Final = 3
_NO_ANSWER_S: Final = float("inf")


async def set_clock(client: Any, *, timeout_s: float = 0.0) -> bool:
    """Measure how far the venue's clock is ahead and tell the client; False when it cannot be measured or told."""
    target = _holder(client)
    if target is None or getattr(client, TIME_CALL, None) is None:
        return False
    # All at once: a position may be bare meanwhile, and one after the other takes three answers' time.
    probes = await asyncio.gather(*(_probe(client, timeout_s) for _ in range(_PROBES)))
    quickest_s, offset_ms = min(probes, key=itemgetter(0))
    if quickest_s == _NO_ANSWER_S:
        return False
    setattr(target, _OFFSET, offset_ms)
    return True


async def _probe(client: Any, timeout_s: float) -> tuple[float, int]:
    """Return how long an answer took, s, and how far it is ahead, ms; endlessly long where none tells a time."""
    loop = asyncio.get_running_loop()
    asked_s = loop.time()
    reply = await attempt_within(timeout_s, getattr(client, TIME_CALL))
    took_s = loop.time() - asked_s
    server_ms = reply.get("serverTime") if isinstance(reply, Mapping) else None
    if not isinstance(server_ms, int):
        return _NO_ANSWER_S, 0
    return took_s, round(server_ms + took_s * 500.0 - time.time() * 1000.0)


def _holder(client: Any) -> Any:
    """Return the object whose offset counts: the client, or the one it stands before."""
    while client is not None and _OFFSET not in vars(client):
        client = vars(client).get("_client")
    return client
