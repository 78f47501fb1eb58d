"""The executor without a policy: that of the file safe, used alone by code written against the seed document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import AsyncMock

import pytest

from sim.execution import OrderResult, SafeOrderExecutor, place_hybrid_orders

STOP = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "stopPrice": 50_100.0}
WOULD_TRIGGER = (-2021, "Order would immediately trigger")
Clients = dict[str, Callable[[], Any]]


class PriceClient:
    """Read the mark price and nothing else, as a client written for a test of the document might."""

    async def futures_mark_price(self, *, symbol: str) -> dict[str, str]:
        """Answer 50,000."""
        return {"symbol": symbol, "markPrice": "50000.0"}


CANNOT_LOOK_UP: Clients = {"none": lambda: None, "prices only": PriceClient, "AsyncMock": AsyncMock}


def place(run: Any, submit: Any, order_type: str, client: Any = None, **more: Any) -> OrderResult:
    placement = SafeOrderExecutor(policy_store=None).place_order_with_safety(
        submit, STOP, "BTCUSDT", "buy", sl_price=50_100.0, client=client, order_type=order_type, **more
    )
    result: OrderResult = run(placement)
    return result


@pytest.mark.parametrize("kind", CANNOT_LOOK_UP)
@pytest.mark.parametrize("order_type", ["entry", "sl", "tp", "exit"])
def test_an_internal_error_is_resent_at_once_where_nothing_can_be_looked_up(
    run: Any, script: Any, error: Any, kind: str, order_type: str
) -> None:
    """-1001 is documented as not applied: up to five attempts, within seconds, under one client id."""
    venue = script([error(-1001, "Internal error")])
    result = place(run, venue.method, order_type, CANNOT_LOOK_UP[kind]())
    assert (result.success, result.error_code, result.attempts) == (False, -1001, 5)
    assert result.duration_sec < 10.0
    assert len({call["newClientOrderId"] for call in venue.calls}) == 1


@pytest.mark.parametrize("kind", CANNOT_LOOK_UP)
@pytest.mark.parametrize(
    "failure", [TimeoutError(), ConnectionResetError(), (-1007, "Timeout waiting")], ids=str
)
def test_an_entry_of_unknown_fate_is_not_resent(
    run: Any, script: Any, error: Any, kind: str, failure: Any
) -> None:
    """Nothing that opens a position is sent twice where it cannot be looked up: the result says unknown."""
    venue = script([failure if isinstance(failure, Exception) else error(*failure), {"orderId": 1}])
    result = place(run, venue.method, "entry", CANNOT_LOOK_UP[kind]())
    assert (result.success, result.outcome, result.attempts) == (False, "unknown", 1)


@pytest.mark.parametrize("kind", CANNOT_LOOK_UP)
@pytest.mark.parametrize("order_type", ["sl", "tp", "exit"])
def test_an_exit_of_unknown_fate_is_resent(run: Any, script: Any, kind: str, order_type: str) -> None:
    """A second stop or close is refused by the venue or reduces nothing; a missing one leaves the position bare."""
    venue = script([TimeoutError(), {"orderId": 1}])
    result = place(run, venue.method, order_type, CANNOT_LOOK_UP[kind]())
    assert (result.success, result.attempts) == (True, 2)


def test_a_stop_the_price_has_reached_is_moved_where_nobody_closes(run: Any, script: Any, error: Any) -> None:
    """Alone, 50,100 becomes 49,950, further than the budget of widening allows: giving up would leave it bare."""
    venue = script([error(*WOULD_TRIGGER), {"orderId": 1}])
    assert place(run, venue.method, "sl", PriceClient()).success
    assert [call["stopPrice"] for call in venue.calls] == [50_100.0, 49_950.0]


def test_a_stop_the_price_has_reached_is_given_up_where_the_caller_closes(
    run: Any, script: Any, error: Any
) -> None:
    """Whoever says that it can close is told to, after one attempt."""
    venue = script([error(*WOULD_TRIGGER), {"orderId": 1}])
    result = place(run, venue.method, "sl", PriceClient(), can_close=True)
    assert (result.success, result.outcome, len(venue.calls)) == (False, "stop_passed", 1)


def test_the_protection_alone_moves_a_stop_the_price_has_reached(
    run: Any, fake_client: Any, error: Any
) -> None:
    """``place_hybrid_orders`` closes nothing, so it never gives a stop up: refused once, it rests below the mark."""
    client, refused = fake_client(mark="49000.0"), [error(*WOULD_TRIGGER)]
    client.signed_outcomes = lambda path, params: (
        refused.pop() if refused and params["type"] == "STOP_MARKET" else None
    )
    protected = run(
        place_hybrid_orders(
            client=client,
            symbol="BTCUSDT",
            side="buy",
            entry_price=50_000.0,
            qty=0.01,
            risk_sl_percent=0.01,
            base_tp_percent=0.02,
            ai_tp_percent=None,
            ai_trail_percent=None,
            confidence=0.0,
            policy_store=None,
        )
    )
    stops = [params["stopPrice"] for _, _, params in client.signed if params["type"] == "STOP_MARKET"]
    assert protected
    assert [float(price) for price in stops] == [49_500.0, 48_951.0]
