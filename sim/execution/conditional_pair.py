"""Send two conditional orders in one request, and each alone ever after.

The ordinary batch endpoint takes conditional orders only where the rules of before 2025-12-09 hold; since then each
item answers -4120 and goes to the algo endpoint by itself (binance-facts 5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from .conditional import send_conditional, send_signed
from .outcomes import SWITCH_TO_ALGO, order_id_or_failure
from .policy_keys import Endpoint
from .precision import memory_of
from .values import call

BATCH_PATH: Final = "/fapi/v1/batchOrders"


class ConditionalPair:
    """Be the submit functions of two placements whose first attempts share one request.

    Both orders carry client ids: one whose item was refused, or whose reply was lost, is settled and resent by its own
    placement like any other.
    """

    def __init__(self, client: Any, endpoint: Endpoint, orders: Sequence[Mapping[str, str]]) -> None:
        self._client = client
        self._endpoint = endpoint
        self._orders = [dict(order) for order in orders]
        self._request: asyncio.Task[Any] | None = None

    def submit_for(self, number: int) -> Callable[..., Awaitable[Any]]:
        """Return the submit function of the order with this number, 0 or 1."""
        attempts = 0

        async def submit(**params: str) -> Any:
            nonlocal attempts
            attempts += 1
            if attempts > 1:
                return await send_conditional(self._client, self._endpoint, params)
            reply = await self._reply(number)
            outcome = order_id_or_failure(reply)
            if isinstance(outcome, str) or outcome.code != SWITCH_TO_ALGO or self._endpoint != "auto":
                return reply
            memory_of(self._client).uses_algo_endpoint = True
            return await send_conditional(self._client, self._endpoint, params)

        return submit

    async def _reply(self, number: int) -> Any:
        if self._request is None:
            self._request = asyncio.ensure_future(self._send())
            self._request.add_done_callback(_look_at)
        # A time-out of one placement does not take the request away from the other.
        replies = await asyncio.shield(self._request)
        if isinstance(replies, list):
            return replies[number] if number < len(replies) else None
        return replies

    async def _send(self) -> Any:
        method = getattr(self._client, "futures_place_batch_order", None)
        if method is not None:
            return await call(method, batchOrders=self._orders)
        import json  # Only clients without the method need the text.

        text = json.dumps(self._orders, separators=(",", ":"))
        return await send_signed(self._client, "POST", BATCH_PATH, {"batchOrders": text})


def _look_at(request: asyncio.Task[Any]) -> None:
    """Take note of a failure that nobody waits for any more: its placement was cut off."""
    if not request.cancelled():
        request.exception()
