"""Looking after an open position's stop: vanished, fired, unfilled, passed by the price."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from tests.execution.venue_fake import VenueError, VenueFake, close, live, wait


def test_a_stop_that_vanishes_later_is_put_up_again() -> None:
    """The caretaker finds it gone within seconds and places another one."""
    books = VenueFake()
    books.on("sl", "vanish")
    live(books, wait)
    assert books.resting("sl") == ["i1-s1"]
    assert books.position == 0.5


def test_a_stop_that_vanished_and_is_refused_again_closes_the_position() -> None:
    """No second stop: out."""
    books = VenueFake()
    books.on("sl", "vanish", VenueError(-4045, "Reach max stop order limit."))
    live(books, wait)
    assert (books.position, books.resting()) == (0.0, [])


def test_a_stop_that_cannot_be_read_and_rests_all_the_same_is_kept() -> None:
    """-4130 while it is put up again means that the old one rests: it is kept, and looked after by its old id."""
    books = VenueFake()
    books.on("look sl", None, *[lambda v, p: _missing()] * 4)
    live(books, wait)
    assert books.resting("sl") == ["i1-s"]
    assert books.position == 0.5
    assert books.log.count("sl") == 2


def _missing() -> Any:
    return {"code": -2013, "msg": "Order does not exist."}


def test_a_fired_stop_that_filled_leaves_nothing_resting() -> None:
    """Flat by its stop: the target is cancelled and the journal is empty."""
    books, journal = VenueFake(), dict[str, str]()

    async def fire(executor: Any, result: Any) -> None:
        books.trigger("i1-s")
        await asyncio.sleep(60.0)

    live(books, fire, journal=journal)
    assert (books.resting(), journal, books.log.count("exit")) == ([], {}, 0)


def test_a_fired_stop_that_did_not_fill_is_followed_by_a_close() -> None:
    """What a fired stop left open is closed a moment later."""
    books = VenueFake()

    async def fire(executor: Any, result: Any) -> None:
        books.trigger("i1-s", 0.4)
        await asyncio.sleep(60.0)

    live(books, fire)
    assert (books.position, books.resting()) == (0.0, [])


def test_a_price_through_a_stop_that_did_not_fire_closes_the_position() -> None:
    """The mark has passed the trigger and nothing happens: close."""
    books = VenueFake()

    async def fall(executor: Any, result: Any) -> None:
        books.price = 49_000.0
        await asyncio.sleep(60.0)

    live(books, fall)
    assert books.position == 0.0


def test_a_price_that_cannot_be_read_does_not_stop_the_looks() -> None:
    """Without a mark the stop itself is looked at."""
    books = VenueFake()
    books.on("mark", *[LookupError()] * 50)
    live(books, wait)
    assert books.log.count("look sl") >= 4


def test_a_position_closed_by_other_means_is_swept_when_the_stop_is_gone() -> None:
    """The stop ended because somebody closed the position: nothing is placed again."""
    books = VenueFake()

    async def end(executor: Any, result: Any) -> None:
        books.position = 0.0
        books.orders["i1-s"]["status"] = "EXPIRED"
        await asyncio.sleep(60.0)

    live(books, end)
    assert (books.resting(), books.log.count("sl")) == ([], 1)


@pytest.mark.parametrize(("sizing", "rest"), [("reduce_only", []), ("close_position", ["i1-s"])])
def test_a_stop_that_outlives_its_position_is_swept_though_nobody_told(sizing: str, rest: list[str]) -> None:
    """The venue ends a stop that closes the whole position; one that takes a quantity off it leaves."""
    books = VenueFake()

    async def end(executor: Any, result: Any) -> None:
        await asyncio.sleep(3.0)
        books.position = 0.0
        await asyncio.sleep(60.0)

    live(books, end, stop_sizing=sizing)
    assert books.resting("sl") == rest


def test_a_flat_reading_is_believed_only_twice() -> None:
    """A lagging position read says 0 once: the vanished stop is put up again all the same."""
    books = VenueFake()
    books.on("sl", "vanish")
    books.on("position", lambda v, p: [{"symbol": "BTCUSDT", "positionAmt": "0"}])
    live(books, wait)
    assert (books.resting("sl"), books.position) == (["i1-s1"], 0.5)


def test_a_stop_that_was_moved_while_it_was_looked_for_is_not_put_up_again() -> None:
    """The move comes while the old stop is being put up anew: the new one stays alone."""
    books = VenueFake()

    async def move(executor: Any, result: Any) -> None:
        bracket = executor._brackets["i1"]
        old = bracket._own.stop
        await executor.move_stop("i1", 49_700.0)
        assert await bracket._protection.place_stop(old, again=True) == "kept"

    live(books, move)
    assert books.resting("sl") == ["i1-s1"]


def test_a_caretaker_without_a_policy_for_it_does_not_begin() -> None:
    """``verify_every_sec = 0``: nobody looks, and a close ends nothing that never began."""
    books = VenueFake()

    async def wait_and_close(executor: Any, result: Any) -> Any:
        await wait(executor, result)
        return await close(executor, result)

    _, closed = live(books, wait_and_close, verify_every_sec=0.0)
    assert closed.success
    assert "mark" not in books.log


@pytest.mark.parametrize("told", [False, True], ids=["closed", "told"])
def test_a_caretaker_stands_back_once_somebody_else_ends_the_position(told: bool) -> None:
    """Its stop fired, and before its patience ends the position is closed, or said to be: it does nothing."""
    books = VenueFake()

    async def end(executor: Any, result: Any) -> None:
        await asyncio.sleep(20.0)
        books.trigger("i1-s", 0.5)
        event = {"c": "i1-s", "X": "FILLED", "i": 2, "z": "0.25", "ap": "49500"}
        executor.handle_user_event({"e": "ORDER_TRADE_UPDATE", "o": event})
        await asyncio.sleep(0.5)
        if told:
            books.position = 0.0
            await executor.position_closed("i1")
        else:
            await close(executor, result)
        await asyncio.sleep(30.0)

    live(books, end)
    assert (books.position, books.resting(), books.log.count("exit")) == (0.0, [], 0 if told else 1)


def test_news_of_the_stop_is_acted_upon_at_once() -> None:
    """The stream says that the stop was cancelled: it is put up again before any look was due."""
    books = VenueFake()

    async def cancelled(executor: Any, result: Any) -> None:
        await asyncio.sleep(20.0)
        books.orders["i1-s"]["status"] = "CANCELED"
        executor.handle_user_event(
            {"e": "ORDER_TRADE_UPDATE", "o": {"c": "i1-s", "X": "CANCELED", "i": 2, "z": "0", "ap": "0"}}
        )
        await asyncio.sleep(1.0)

    live(books, cancelled)
    assert books.resting("sl") == ["i1-s1"]


def test_a_new_stop_is_looked_at_three_times_soon_and_then_as_the_policy_says() -> None:
    """After 1.0, 2.2 and 3.8 s, then every half minute while the price is far away."""
    books, looked_s = VenueFake(), list[float]()

    def note(venue: Any, params: Any) -> Any:
        looked_s.append(asyncio.get_running_loop().time())
        return {"orderId": 2, "status": "NEW", "executedQty": "0", "avgPrice": "0"}

    books.on("look sl", *[note] * 99)

    async def a_while(executor: Any, result: Any) -> None:
        await asyncio.sleep(70.0)

    live(books, a_while, verify_every_sec=30.0)
    since_s = [round(later_s - looked_s[0], 1) for later_s in looked_s[1:]]
    assert since_s[:3] == [1.0, 2.2, 3.8]
    assert [round(later - sooner) for sooner, later in itertools.pairwise(looked_s[3:])] == [30, 30]


@pytest.mark.parametrize(("price", "exits"), [(49_500.0, 1), (49_501.0, 0)])
def test_a_price_at_the_stop_is_through_it(price: float, exits: int) -> None:
    """The mark has reached the trigger, and the stop had its second to fire: close; a tick above it is not."""
    books = VenueFake()

    async def fall(executor: Any, result: Any) -> None:
        books.price = price
        await asyncio.sleep(30.0)

    live(books, fall)
    assert books.log.count("exit") == exits


def test_a_short_is_looked_after_from_the_other_side() -> None:
    """A price above a short's stop closes it, one below does not."""
    for price, left in ((50_500.0, 0.0), (49_000.0, -0.5)):
        books = VenueFake()

        async def move(executor: Any, result: Any, books: VenueFake = books, price: float = price) -> None:
            books.price = price
            await asyncio.sleep(30.0)

        live(books, move, wishes={"side": "sell"})
        assert books.position == left


def test_a_fired_stop_has_a_second_before_what_it_left_is_closed() -> None:
    """Its child may still be on its way."""
    books, sent_s = VenueFake(), list[float]()

    def note(venue: VenueFake, params: Any) -> Any:
        sent_s.append(asyncio.get_running_loop().time())
        raise VenueError(-4140, "no")

    books.on("exit", note)

    async def fire(executor: Any, result: Any) -> None:
        await asyncio.sleep(20.0)
        books.trigger("i1-s", 0.4)
        event = {"c": "i1-s", "X": "PARTIALLY_FILLED", "i": 2, "z": "0.2", "ap": "49500"}
        sent_s.append(asyncio.get_running_loop().time())
        executor.handle_user_event({"e": "ORDER_TRADE_UPDATE", "o": event})
        await asyncio.sleep(10.0)

    live(books, fire)
    assert 1.0 <= sent_s[1] - sent_s[0] < 1.2
    assert (books.position, books.resting()) == (0.0, [])


def _not_shown(venue: Any, params: Any) -> Any:
    return [{"symbol": "BTCUSDT", "positionAmt": "0"}]


def test_a_position_no_read_has_shown_keeps_its_stop() -> None:
    """Reads lag: stop and position are both missing in them, and the stop is not cancelled for that."""
    books = VenueFake()
    books.on("look sl", None, *[lambda v, p: _missing()] * 4)
    books.on("position", *[_not_shown] * 4)
    live(books, wait)
    assert books.resting("sl") == ["i1-s"]
    assert (books.position, books.log.count("exit")) == (0.5, 0)


def test_an_ended_stop_of_a_position_no_read_has_shown_is_followed_by_an_exit() -> None:
    """The stop is gone for certain and reads say flat: only a write tells, so a close is sent."""
    books = VenueFake()
    books.on("position", *[_not_shown] * 4)

    async def end(executor: Any, result: Any) -> None:
        books.orders["i1-s"]["status"] = "EXPIRED"
        await asyncio.sleep(60.0)

    live(books, end)
    assert (books.position, books.resting()) == (0.0, [])


def test_a_stop_that_fired_shows_in_its_type_alone() -> None:
    """The ordinary endpoint goes on calling a fired stop NEW; what it left open is closed all the same."""
    books = VenueFake()

    async def stick(executor: Any, result: Any) -> None:
        books.orders["i1-s"].update(type="MARKET", origType="STOP_MARKET")
        await asyncio.sleep(120.0)

    live(books, stick)
    assert books.position == 0.0
