"""What a placement teaches about the venue: how long its answers take, and how long an order does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution import SafeOrderExecutor
from sim.execution.volatility import FIRST_DELAY_S
from tests.execution.venue_fake import VenueError, policy

CLOSE = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.5", "reduceOnly": "true"}
REFUSED = VenueError(-1121, "Invalid symbol.")


def taught(takes_s: float, ends: Any, **changes: Any) -> tuple[float, float]:
    """Close with orders that take so long and end so; return the slowest answer, and the delay an order has."""

    async def submit(**params: Any) -> Any:
        await asyncio.sleep(takes_s)
        if isinstance(ends, Exception):
            raise ends
        return ends

    async def main() -> tuple[float, float]:
        executor = SafeOrderExecutor(policy(attempt_timeout_sec=1.0, **changes))
        await executor.place_order_with_safety(submit, CLOSE, "BTCUSDT", "buy", order_type="exit")
        return round(executor.replies.slowest_s(), 3), round(executor.volatility.delay_s, 3)

    return run_virtual(main())


@pytest.mark.parametrize(
    ("ends", "slowest_s"), [({"orderId": 1}, 0.4), (REFUSED, 0.4), (ConnectionResetError("reset"), 0.0)]
)
def test_how_slow_the_venue_is_is_what_its_answers_took(ends: Any, slowest_s: float) -> None:
    """A refusal is an answer; a connection that breaks is none."""
    assert taught(0.4, ends)[0] == slowest_s


@pytest.mark.parametrize(
    ("factors", "delay_s"),
    [
        ({"buffer_volatility_factor": 1.0, "slippage_volatility_factor": 0.0}, 0.48),
        ({"buffer_volatility_factor": 0.0, "slippage_volatility_factor": 1.0}, 0.48),
        ({"buffer_volatility_factor": 0.0, "slippage_volatility_factor": 0.0}, FIRST_DELAY_S),
    ],
)
def test_the_delay_that_a_volatile_price_is_given_is_what_orders_took(
    factors: dict[str, float], delay_s: float
) -> None:
    """A fifth of the way from half a second to 0.4; nothing is learnt where no wish depends on it."""
    assert taught(0.4, {"orderId": 1}, **factors)[1] == delay_s
