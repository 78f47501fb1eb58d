"""News of the user stream: late, doubled, out of order, or never."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.lookup import Sighting
from sim.execution.order_news import OrderNews


def order(status: str, executed: str = "0", client_id: str = "a-e", **more: Any) -> dict[str, Any]:
    body = {"c": client_id, "X": status, "i": 7, "z": executed, "ap": "100", **more}
    return {"e": "ORDER_TRADE_UPDATE", "o": body}


def algo(status: str, **more: Any) -> dict[str, Any]:
    return {"e": "ALGO_UPDATE", "o": {"caid": "a-s", "X": status, "aid": 9, "aq": "0", "ap": "0", **more}}


def told(*events: dict[str, Any], client_id: str = "a-e") -> Any:
    news = OrderNews()
    news.expect("a-e", "a-s")
    for event in events:
        news.handle(event)
    return news.latest(client_id)


def test_nothing_heard_is_nothing_known() -> None:
    """Silence is not an end, and orders nobody cares for are not remembered."""
    assert told() is None
    assert told(order("FILLED", "1", client_id="somebody-e"), client_id="somebody-e") is None


@pytest.mark.parametrize(
    ("events", "status", "executed", "state"),
    [
        ([order("NEW")], "NEW", 0.0, "there"),
        ([order("FILLED", "1"), order("NEW")], "FILLED", 1.0, "there"),
        (
            [order("PARTIALLY_FILLED", "0.6"), order("PARTIALLY_FILLED", "0.3")],
            "PARTIALLY_FILLED",
            0.6,
            "there",
        ),
        ([order("PARTIALLY_FILLED", "0.3")] * 3, "PARTIALLY_FILLED", 0.3, "there"),
        ([order("EXPIRED", "0.3"), order("PARTIALLY_FILLED", "0.3")], "EXPIRED", 0.3, "there"),
        ([order("CANCELED"), order("NEW")], "CANCELED", 0.0, "ended"),
        ([order("PARTIALLY_FILLED", "0.3"), order("TRIGGERED", "0.3")], "PARTIALLY_FILLED", 0.3, "there"),
        ([order("EXPIRED")], "EXPIRED", 0.0, "ended"),
        ([order("REJECTED")], "REJECTED", 0.0, "ended"),
        ([order("EXPIRED_IN_MATCH")], "EXPIRED_IN_MATCH", 0.0, "ended"),
        ([order("PARTIALLY_FILLED", "0.3"), order("NEW")], "PARTIALLY_FILLED", 0.3, "there"),
        ([order("FILLED", "1"), order("EXPIRED", "0")], "FILLED", 1.0, "there"),
        ([order("NEW", "nonsense")], "NEW", 0.0, "there"),
        ([order("NEW", o="STOP_MARKET", ot="STOP_MARKET")], "NEW", 0.0, "there"),
        ([order("NEW", o="MARKET", ot="STOP_MARKET")], "TRIGGERED", 0.0, "there"),
    ],
)
def test_late_and_doubled_news_changes_nothing(events: Any, status: str, executed: float, state: str) -> None:
    """The furthest state that was heard of is the one that is known."""
    seen = told(*events)
    assert (seen.status, seen.executed, seen.state) == (status, executed, state)


@pytest.mark.parametrize(
    ("events", "status", "state", "message"),
    [
        ([algo("NEW"), algo("TRIGGERING"), algo("TRIGGERED")], "TRIGGERED", "there", ""),
        ([algo("FINISHED"), algo("TRIGGERED")], "FINISHED", "there", ""),
        ([algo("TRIGGERED"), algo("TRIGGERING"), algo("NEW")], "TRIGGERED", "there", ""),
        ([algo("TRIGGERING"), algo("NEW")], "TRIGGERING", "there", ""),
        ([algo("EXPIRED", er="8")], "EXPIRED", "ended", "8"),
        ([algo("EXPIRED", rm="no margin", er="8")], "EXPIRED", "ended", "no margin"),
        ([algo("REJECTED", rm="Margin is insufficient.")], "REJECTED", "ended", "Margin is insufficient."),
    ],
)
def test_algo_orders_are_known_by_their_own_ids(events: Any, status: str, state: str, message: str) -> None:
    """ALGO_UPDATE names clientAlgoId, and why a trigger was refused."""
    seen = told(*events, client_id="a-s")
    assert (seen.status, seen.state, seen.message, seen.order_id) == (status, state, message, "9")


@pytest.mark.parametrize(
    "event", [{}, {"e": "listenKeyExpired"}, {"e": "ORDER_TRADE_UPDATE"}, {"e": "ALGO_UPDATE"}]
)
def test_events_of_other_kinds_are_ignored(event: dict[str, Any]) -> None:
    """Nothing is known, and nothing breaks."""
    assert told(event) is None


def test_an_order_can_be_forgotten_and_expected_anew() -> None:
    """What was known goes with it; expecting tells whether somebody already did."""
    news = OrderNews()
    assert news.expect("a-e")
    assert not news.expect("a-e", "a-s")
    news.handle(order("NEW"))
    news.forget("a-e", "never expected")
    assert news.latest("a-e") is None
    assert news.expect("a-e")


@pytest.mark.parametrize(
    ("event", "heard", "waited_s"),
    [
        (order("NEW"), True, 1.0),
        ({"e": "ACCOUNT_UPDATE"}, False, 5.0),
        (order("NEW", client_id="a-s"), False, 5.0),
        ({}, False, 5.0),
    ],
)
def test_who_waits_is_woken_by_his_own_order_alone(event: Any, heard: bool, waited_s: float) -> None:
    """Another order's news, or the account's, lets him wait on; the time-out ends it, and nothing is left behind."""

    async def main() -> tuple[bool, float]:
        news, loop = OrderNews(), asyncio.get_running_loop()
        news.expect("a-e", "a-s")
        loop.call_later(1.0, news.handle, event)
        loop.call_later(1.0, news.handle, event)
        answer = await news.wait(("a-e",), 5.0)
        assert not news._waiting
        return answer, loop.time()

    assert run_virtual(main()) == (heard, waited_s)


def test_two_who_wait_for_one_order_are_both_woken() -> None:
    """And one that was cancelled does not keep the other from it."""

    async def main() -> list[Any]:
        news = OrderNews()
        news.expect("a-e")
        waiting = [asyncio.create_task(news.wait(("a-e",), 5.0)) for _ in range(3)]
        await asyncio.sleep(0.5)
        waiting[0].cancel()
        news.handle(order("NEW"))
        return await asyncio.gather(*waiting, return_exceptions=True)

    cancelled, one, two = run_virtual(main())
    assert isinstance(cancelled, asyncio.CancelledError)
    assert (one, two) == (True, True)


def test_news_makes_the_wait_for_an_answer_short() -> None:
    """Once the stream has told of an order, its answer is waited for a moment longer and no more."""

    async def main() -> tuple[Sighting | None, float]:
        news, loop = OrderNews(), asyncio.get_running_loop()
        news.expect("a-e")
        loop.call_later(1.0, news.handle, order("FILLED", "1"))
        look = asyncio.sleep(60.0, Sighting("absent"))
        return await news.unless_heard("a-e", look), loop.time()

    heard, at_s = run_virtual(main())
    assert (heard, at_s) == (None, pytest.approx(1.15))


def test_a_resent_order_is_not_known_by_the_end_of_the_one_before() -> None:
    """Its id is the same, its life another one."""
    news = OrderNews()
    news.expect("a-s")
    news.handle(order("EXPIRED", client_id="a-s"))
    news.renew("a-s")
    news.renew("nobody's")
    assert (news.latest("a-s"), news.latest("nobody's")) == (None, None)
