"""Conditional orders of every kind are looked for where the venue keeps them."""

from __future__ import annotations

from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution import OrderResult, SafeOrderExecutor
from sim.execution.conditional import send_conditional
from tests.execution.venue_fake import VenueFake, policy

COMMON = {"symbol": "BTCUSDT", "side": "SELL"}
ORDERS: dict[str, dict[str, Any]] = {
    "sl": {**COMMON, "type": "STOP_MARKET", "stopPrice": "49500", "newClientOrderId": "a-s"},
    "tp": {**COMMON, "type": "TAKE_PROFIT_MARKET", "stopPrice": "51000", "newClientOrderId": "a-t"},
    "trailing": {**COMMON, "type": "TRAILING_STOP_MARKET", "callbackRate": "0.8", "newClientOrderId": "a-r"},
}


@pytest.mark.parametrize("order_type", ORDERS)
def test_a_conditional_order_whose_reply_was_lost_is_found_among_the_algo_orders(order_type: str) -> None:
    """Stop, target or trailing stop: the first look finds it, and it is sent once."""
    books = VenueFake(algo=True)

    async def main() -> OrderResult:
        own = books.client()

        async def send(**params: Any) -> Any:
            return await send_conditional(own, "algo", params)

        executor = SafeOrderExecutor(policy(conditional_endpoint="algo"))
        return await executor.place_order_with_safety(
            send, ORDERS[order_type], "BTCUSDT", "buy", client=own, order_type=order_type, can_close=True
        )

    books.on(order_type, "lose reply")
    result = run_virtual(main())
    assert (result.success, result.outcome, len(books.resting())) == (True, "applied", 1)
    assert (books.log.count(order_type), books.log.count(f"look {order_type}")) == (1, 1)
