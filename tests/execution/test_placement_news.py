"""What the stream says of a stop while its placement waits to send it again."""

from __future__ import annotations

import asyncio

import pytest

from sim.clock import run_virtual
from sim.execution import OrderResult, SafeOrderExecutor
from tests.execution.venue_fake import VenueError, VenueFake, policy

STOP = {
    "symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "stopPrice": "49500", "closePosition": "true",
    "newClientOrderId": "a-s",
}  # fmt: skip
THROTTLED = VenueError(-1008, "Request throttled by system-level protection.")


async def place(books: VenueFake, status: str) -> OrderResult:
    """Place the stop, and let the stream tell something of it while its second attempt is waited for."""
    executor = SafeOrderExecutor(policy(retry_backoff_base_sec=8.0, jitter="none", hedge_stop_sec=0.0))
    own = books.client()
    placing = asyncio.create_task(
        executor.place_order_with_safety(
            own.futures_create_order, STOP, "BTCUSDT", "buy", client=own, order_type="sl", can_close=True
        )
    )
    await asyncio.sleep(0.1)
    body = {"c": "a-s", "X": status, "i": 7, "z": "0", "ap": "0"}
    executor.news.handle({"e": "ORDER_TRADE_UPDATE", "o": body})
    return await placing


@pytest.mark.parametrize(("status", "sent", "attempts"), [("EXPIRED", 2, 2), ("NEW", 1, 1)])
def test_news_that_a_stop_ended_does_not_end_its_placement(status: str, sent: int, attempts: int) -> None:
    """A position needs one that rests: it is sent again all the same, and not once the stream says that it rests."""
    books = VenueFake()
    books.on("sl", THROTTLED)
    result = run_virtual(place(books, status))
    assert (result.success, result.attempts, books.log.count("sl")) == (True, attempts, sent)


def test_news_of_an_earlier_attempt_says_nothing_of_the_next() -> None:
    """The first stop expired, the second rests and its reply is lost: it is looked up, and no third one is sent."""
    books = VenueFake()
    books.on("sl", THROTTLED, "lose reply")
    result = run_virtual(place(books, "EXPIRED"))
    assert (result.success, result.attempts, books.log.count("sl")) == (True, 2, 2)
