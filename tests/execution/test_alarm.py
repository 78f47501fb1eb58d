"""An alarm waits for news of one order without a task, beside those that wait with one."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.lookup import Sighting
from sim.execution.order_news import OrderNews


def order(status: str, executed: str = "0", client_id: str = "a-e") -> dict[str, Any]:
    body = {"c": client_id, "X": status, "i": 7, "z": executed, "ap": "100"}
    return {"e": "ORDER_TRADE_UPDATE", "o": body}


@pytest.mark.parametrize(
    ("event", "rung"),
    [(order("NEW"), (True, 1.0)), (order("NEW", client_id="a-s"), (False, 5.0)), ({}, (False, 5.0))],
    ids=["its own", "another's", "nothing"],
)
def test_an_alarm_rings_once_at_its_orders_news_or_at_its_time(event: Any, rung: tuple[bool, float]) -> None:
    """Told which of both it was; nothing is left behind."""

    async def main() -> list[tuple[bool, float]]:
        news, loop, heard = OrderNews(), asyncio.get_running_loop(), list[tuple[bool, float]]()
        news.expect("a-e", "a-s")
        news.alarm("a-e", 5.0, lambda early: heard.append((early, loop.time())))
        for at_s in (1.0, 2.0, 6.0):
            loop.call_at(at_s, news.handle, event)
        await asyncio.sleep(9.0)
        assert not news._waiting
        return heard

    assert run_virtual(main()) == [rung]


def test_an_alarm_that_was_stopped_is_silent_and_the_others_ring() -> None:
    """Another alarm, and a task that waits for the same order."""

    async def main() -> list[Any]:
        news, heard = OrderNews(), list[str]()
        news.expect("a-e")
        alarms = [news.alarm("a-e", 5.0, lambda early, n=n: heard.append(n)) for n in ("one", "two")]  # type: ignore[misc]
        waiting = asyncio.create_task(news.wait(("a-e",), 5.0))
        await asyncio.sleep(0.5)
        alarms[0].stop()
        news.handle(order("NEW"))
        answer = await waiting
        await asyncio.sleep(9.0)
        return [*heard, answer, len(news._waiting)]

    assert run_virtual(main()) == ["two", True, 0]


def test_a_stopped_alarm_does_not_ring_at_its_time_either() -> None:
    """Its timer goes with it."""

    async def main() -> int:
        news, heard = OrderNews(), list[bool]()
        news.expect("a-e")
        news.alarm("a-e", 1.0, heard.append).stop()
        await asyncio.sleep(3.0)
        return len(heard) + len(news._waiting)

    assert run_virtual(main()) == 0


def test_what_is_older_than_what_is_known_wakes_nobody() -> None:
    """A late NEW after a fill; and the same fill once more does."""

    async def main() -> list[bool]:
        news = OrderNews()
        news.expect("a-e")
        news.handle(order("PARTIALLY_FILLED", "0.5"))
        answers = []
        for event in (order("NEW"), order("PARTIALLY_FILLED", "0.4"), order("PARTIALLY_FILLED", "0.5")):
            asyncio.get_running_loop().call_later(0.1, news.handle, event)
            answers.append(await news.wait(("a-e",), 1.0))
        return answers

    assert run_virtual(main()) == [False, False, True]


def test_who_waits_for_several_orders_is_woken_by_any() -> None:
    """And nothing is left of it under the other names."""

    async def main() -> list[Any]:
        news, loop = OrderNews(), asyncio.get_running_loop()
        news.expect("a-e", "a-s")
        loop.call_later(1.0, news.handle, order("NEW", client_id="a-s"))
        other = asyncio.create_task(news.wait(("a-e",), 3.0))
        answer = await news.wait(("a-e", "a-s"), 5.0)
        return [answer, loop.time(), list(news._waiting), await other, loop.time(), dict(news._waiting)]

    assert run_virtual(main()) == [True, 1.0, ["a-e"], False, 3.0, {}]


def test_a_look_that_is_answered_before_any_news_is_what_was_seen() -> None:
    """However long it takes; afterwards its order's news hurries nobody."""

    async def main() -> list[Any]:
        news, loop = OrderNews(), asyncio.get_running_loop()
        news.expect("a-e")
        seen = await news.unless_heard("a-e", asyncio.sleep(999.0, Sighting("absent")))
        at_s = loop.time()
        quick = news.unless_heard("a-e", asyncio.sleep(1.1, Sighting("there")))
        loop.call_later(1.0, news.handle, order("NEW"))
        late = await quick
        return [seen, at_s, late, dict(news.awaited)]

    assert run_virtual(main()) == [Sighting("absent"), 999.0, Sighting("there"), {}]


def test_every_state_of_an_order_is_further_than_the_one_before() -> None:
    """NEW, TRIGGERING, TRIGGERED, PARTIALLY_FILLED, and then every end; a step back is not believed."""
    steps = ["NEW", "TRIGGERING", "TRIGGERED", "PARTIALLY_FILLED", "CANCELED"]
    for before, after in itertools.pairwise(steps):
        news = OrderNews()
        news.expect("a-e")
        for status in (before, after, before):
            news.handle(order(status))
        seen = news.latest("a-e")
        assert seen is not None
        assert seen.status == after
