"""Place one order on a fake venue, under the policy safe with changes."""

from __future__ import annotations

import asyncio
from typing import Any

from sim.clock import run_virtual
from sim.execution import OrderResult, SafeOrderExecutor
from sim.execution.conditional import send_conditional
from tests.execution.venue_fake import VenueFake, policy

ENTRY = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.5", "newClientOrderId": "a-e"}
STOP = {
    "symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "stopPrice": "49500", "closePosition": "true",
    "newClientOrderId": "a-s",
}  # fmt: skip
NO_CLIENT: Any = object()


def place(
    books: VenueFake, params: dict[str, Any], order_type: str, *, client: Any = None, executor: Any = None,
    during: Any = None, before_attempt: Any = None, events: Any = None, **changes: Any,
) -> OrderResult:  # fmt: skip
    """Place one order on a fake venue, under the policy safe with changes."""

    async def main() -> OrderResult:
        shared = executor or SafeOrderExecutor(
            policy(**changes), hooks=() if events is None else [events.append]
        )
        own = books.client()

        async def conditional(**values: Any) -> Any:
            return await send_conditional(own, changes.get("conditional_endpoint", "auto"), values)

        task = asyncio.create_task(during(shared)) if during is not None else None
        result = await shared.place_order_with_safety(
            conditional if order_type in ("sl", "tp", "trailing") else own.futures_create_order,
            params, "BTCUSDT", "buy", client=None if client is NO_CLIENT else own, order_type=order_type,
            before_attempt=before_attempt, can_close=True,
        )  # fmt: skip
        if task is not None:
            await task
        return result

    return run_virtual(main())
