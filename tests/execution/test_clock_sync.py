"""The client's clock is set by the quickest of three answers, and a refused time stamp asks for that."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution import SafeOrderExecutor
from sim.execution.clock_sync import set_clock
from sim.execution.lookup import find_order
from tests.execution.venue_fake import VenueError, policy


@pytest.fixture(autouse=True)
def wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the wall clock be the loop's."""
    monkeypatch.setattr(time, "time", lambda: asyncio.get_running_loop().time() + 1000.0)


class Client:
    """Answer with a clock 5 s ahead, each time after another while; refuse time stamps until it is set."""

    def __init__(self, *took_s: float, replies: Any = None) -> None:
        self.timestamp_offset = 0
        self.took_s = list(took_s)
        self.replies = replies
        self.asked = 0

    async def futures_time(self) -> Any:
        begun_s = time.time()
        took_s = self.took_s.pop(0)
        await asyncio.sleep(took_s)
        self.asked += 1
        if self.replies is not None:
            reply = self.replies.pop(0)
            if isinstance(reply, Exception):
                raise reply
            return reply
        return {"serverTime": round((begun_s + took_s / 2 + 5.0) * 1000.0) + round(took_s * 100.0)}

    async def futures_get_order(self, **params: Any) -> Any:
        return self._unless_late({"orderId": 7, "status": "NEW"})

    async def futures_create_order(self, **params: Any) -> Any:
        return self._unless_late(
            {"orderId": 7, "status": "FILLED", "executedQty": "0.5", "avgPrice": "50000"}
        )

    def _unless_late(self, reply: Any) -> Any:
        if self.timestamp_offset < 4000:
            raise VenueError(-1021, "Timestamp for this request is outside of the recvWindow.")
        return reply


@pytest.mark.parametrize("took_s", [(0.4, 0.1, 0.3), (0.1, 0.4, 0.3), (0.3, 0.4, 0.1)])
def test_the_quickest_of_three_answers_is_believed(took_s: tuple[float, ...]) -> None:
    """Half of its way is taken off: the offset is what the venue's clock is ahead, in milliseconds."""
    client = Client(*took_s)
    assert run_virtual(set_clock(client))
    assert (client.timestamp_offset, client.asked) == (5010, 3)


def test_the_three_are_asked_at_once() -> None:
    """A position may be bare meanwhile: setting the clock takes as long as the slowest answer, or as the limit."""

    async def took_s(*answers_s: float) -> float:
        begun_s = asyncio.get_running_loop().time()
        await set_clock(Client(*answers_s), timeout_s=1.0)
        return asyncio.get_running_loop().time() - begun_s

    assert run_virtual(took_s(0.4, 0.1, 0.3)) == pytest.approx(0.4)
    assert run_virtual(took_s(0.4, 9.0, 9.0)) == pytest.approx(1.0)


def test_of_two_equally_quick_answers_the_first_is_believed() -> None:
    """A later one is no better."""
    now_ms = 1_000_000
    replies = [{"serverTime": now_ms + 7}, {"serverTime": now_ms + 99}, {"serverTime": now_ms + 98}]
    client = Client(0.0, 0.0, 0.0, replies=replies)
    assert run_virtual(set_clock(client))
    assert client.timestamp_offset == 7


@pytest.mark.parametrize(
    "replies",
    [[LookupError("down")] * 3, [None] * 3, [{"serverTime": "soon"}] * 3, [{}] * 3],
    ids=["down", "nothing", "text", "no time"],
)
def test_a_clock_that_cannot_be_read_is_left_alone(replies: list[Any]) -> None:
    """Neither an exception nor an answer without a time says anything."""
    client = Client(0.1, 0.1, 0.1, replies=list(replies))
    assert not run_virtual(set_clock(client))
    assert client.timestamp_offset == 0


def test_one_answer_of_three_is_enough() -> None:
    """The others failed before and after it."""
    client = Client(0.0, 0.0, 0.0, replies=[LookupError(), {"serverTime": 1_000_003}, None])
    assert run_virtual(set_clock(client))
    assert client.timestamp_offset == 3


def test_the_offset_of_the_client_behind_another_is_set() -> None:
    """An adapter in front of it passes the call on; without an offset anywhere nothing is asked."""
    client = Client(0.0, 0.0, 0.0)
    front = SimpleNamespace(_client=SimpleNamespace(_client=client), futures_time=client.futures_time)
    assert run_virtual(set_clock(front))
    assert client.timestamp_offset == 5000
    assert not run_virtual(set_clock(SimpleNamespace(futures_time=client.futures_time)))
    assert not run_virtual(set_clock(SimpleNamespace(timestamp_offset=0)))
    assert client.asked == 3


def test_a_refused_time_stamp_is_sent_anew_with_the_clock_set() -> None:
    """-1021 for a look-up: three readings of the clock, and the look-up once more."""
    client = Client(0.0, 0.0, 0.0)
    seen = run_virtual(find_order(client, "BTCUSDT", "a-e", algo=False))
    assert (seen.state, client.timestamp_offset) == ("there", 5000)
    late = Client(9.0, 9.0, 9.0)
    seen = run_virtual(find_order(late, "BTCUSDT", "a-e", algo=False, timeout_s=1.0))
    assert (seen.state, late.asked, late.timestamp_offset) == ("unreadable", 0, 0)


def test_a_placement_refused_for_its_time_stamp_sets_the_clock_before_it_tries_again() -> None:
    """The second attempt is accepted; a client that keeps its clock would be refused for ever."""
    client = Client(0.0, 0.0, 0.0)
    entry = {
        "symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.5", "newClientOrderId": "a-e",
    }  # fmt: skip
    placing = SafeOrderExecutor(policy()).place_order_with_safety(
        client.futures_create_order, entry, "BTCUSDT", "buy", client=client
    )
    result = run_virtual(placing)
    assert (result.success, result.attempts, client.timestamp_offset) == (True, 2, 5000)
