"""The way out: reduce-only until the venue says flat, and nothing left behind."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import pytest

from sim.execution import SideCallFailed
from tests.execution.venue_fake import VenueError, VenueFake, close, live


def test_being_told_that_the_position_closed_sweeps_its_orders_once() -> None:
    """The user stream's word is enough; a second word changes nothing."""
    books = VenueFake()

    async def told(executor: Any, result: Any) -> None:
        books.position = 0.0
        await executor.position_closed("i1")
        await executor.position_closed("i1")

    live(books, told)
    assert (books.resting(), books.log.count("cancel sl"), books.log.count("exit")) == ([], 1, 0)


def test_an_order_that_cannot_be_cancelled_is_reported() -> None:
    """After a dozen tries the log says what may still rest, and the journal keeps it for the next process."""
    books, journal, events = VenueFake(), dict[str, str](), list[Any]()
    books.on("cancel tp", *[LookupError("down")] * 12)

    _, closed = live(books, close, journal=journal, events=events)
    assert closed.success
    assert books.resting() == ["i1-t"]
    assert list(journal) == ["intent:i1"]
    assert any(event.message == "i1-t may still rest" for event in events if hasattr(event, "consequence"))


def test_orders_stay_where_the_policy_does_not_sweep() -> None:
    """``sweep_when_flat = false`` leaves leftovers alone."""
    books = VenueFake()
    live(books, close, sweep_when_flat=False)
    assert books.resting() == ["i1-s", "i1-t"]


@pytest.mark.parametrize("fault", ["lose reply", "lose request", "ack", "half"])
def test_a_close_goes_on_until_the_venue_says_flat(fault: str) -> None:
    """Lost, acknowledged or filled in part: in the end nothing is open, and nothing was sold twice."""
    books = VenueFake()
    books.on("exit", fault)
    _, closed = live(books, close)
    assert (closed.success, books.position, books.resting()) == (True, 0.0, [])


def test_a_close_refused_because_nothing_is_open_is_a_success() -> None:
    """-2022 and a flat position: closed already."""
    books = VenueFake()

    async def closed_already(executor: Any, result: Any) -> Any:
        books.position = 0.0
        return await close(executor, result)

    _, closed = live(books, closed_already)
    assert (closed.success, closed.outcome, books.log.count("exit")) == (True, "applied", 1)
    assert (closed.order_id, closed.error_code) == ("", -2022)


def test_a_close_refused_although_the_position_is_open_makes_room_for_itself() -> None:
    """-2022 while the venue shows a position: targets are cancelled first, the stop only at the third conflict."""
    books = VenueFake()
    books.on("exit", *[VenueError(-2022, "ReduceOnly Order is rejected.")] * 3)
    _, closed = live(books, close)
    assert (closed.success, books.position) == (True, 0.0)
    log = books.log
    exits = [number for number, role in enumerate(log) if role == "exit"]
    assert exits[0] < log.index("cancel tp") < exits[1]
    assert exits[2] < log.index("cancel sl") < exits[3]


def test_a_close_that_never_works_is_given_up_and_stays_in_the_journal() -> None:
    """After its patience the close is a failure, the stop still rests, and a restart will close."""
    books, journal, events = VenueFake(), dict[str, str](), list[Any]()
    books.on("exit", *[VenueError(-4140, "Invalid symbol status for opening position.")] * 99)
    _, closed = live(books, close, journal=journal, events=events, flatten_patience_sec=5.0)
    assert (closed.success, books.position, books.resting("sl")) == (False, 0.5, ["i1-s"])
    assert '"closing":true' in journal["intent:i1"]
    said = [(event.call, event.message) for event in events if isinstance(event, SideCallFailed)]
    assert said == [("flatten", "not flat after 5 s")]


def test_after_a_close_that_failed_the_stop_is_looked_after_and_a_second_close_works() -> None:
    """The intent stays open here: its stop is put up again when it vanishes, and closing it is tried anew."""
    books = VenueFake()
    books.on("exit", *[VenueError(-4140, "no")] * 20)

    async def twice(executor: Any, result: Any) -> Any:
        first = await close(executor, result)
        del books.faults["exit"]
        books.orders["i1-s"]["status"] = "EXPIRED"
        await asyncio.sleep(60.0)
        assert books.resting("sl") == ["i1-s1"]
        return first, await close(executor, result)

    _, (first, second) = live(books, twice, flatten_patience_sec=2.0)
    assert (first.success, second.success, books.position, books.resting()) == (False, True, 0.0, [])


def test_a_close_looks_at_a_position_that_cannot_be_read_again() -> None:
    """Neither exit nor position say anything: it goes on."""
    books = VenueFake()
    books.on("exit", VenueError(-4140, "no"), VenueError(-4140, "no"))
    books.on("position", LookupError(), lambda v, p: {"code": -1000}, lambda v, p: ["nonsense"])
    _, closed = live(books, close)
    assert (closed.success, books.position) == (True, 0.0)


def test_a_close_that_filled_asks_nothing_more() -> None:
    """One reduce-only MARKET order for what is held, answered in full; then the leftovers go."""
    books = VenueFake()
    live(books, close)
    assert books.log[-4:] == ["look sl", "exit", "cancel sl", "cancel tp"]
    assert books.orders["i1-x"]["params"] == {
        "symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.5", "reduceOnly": "true",
        "newOrderRespType": "RESULT", "newClientOrderId": "i1-x",
    }  # fmt: skip


def test_a_close_takes_off_what_was_filled_and_no_more() -> None:
    """Of half a fill a quarter bitcoin is sold, not the half that was wished."""
    books = VenueFake()
    books.on("entry", "half")
    live(books, close)
    assert books.orders["i1-x"]["params"]["quantity"] == "0.25"
    assert books.log[-4:] == ["look entry", "exit", "cancel sl", "cancel tp"]


def test_a_close_that_was_only_acknowledged_is_looked_at_until_it_filled() -> None:
    """One look finds all of it filled; the position need not be read."""
    books = VenueFake()
    books.on("exit", "ack")
    _, closed = live(books, close)
    assert books.log[-4:] == ["exit", "look exit", "cancel sl", "cancel tp"]
    assert closed.executed_quantity == 0.5


def test_the_rest_of_a_close_filled_in_part_is_sent_anew() -> None:
    """The second exit is for what the first left."""
    books = VenueFake()
    books.on("exit", "half")
    live(books, close)
    sent = [books.orders[name]["params"]["quantity"] for name in ("i1-x", "i1-x1")]
    assert sent == ["0.5", "0.25"]


def test_tries_to_close_come_ever_slower_up_to_one_a_second() -> None:
    """0.1 s, doubled each time, and no more than 1 s; each try itself takes two requests of 0.01 s."""
    books, sent_s = VenueFake(), list[float]()

    def refuse(venue: VenueFake, params: Any) -> Any:
        sent_s.append(asyncio.get_running_loop().time())
        raise VenueError(-4140, "no")

    books.on("exit", *[refuse] * 7)
    live(books, close)
    waits_s = [later - sooner - 0.02 for sooner, later in itertools.pairwise(sent_s)]
    assert waits_s == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0])


def test_a_close_that_never_works_names_its_last_refusal() -> None:
    """Given up is no success, and the caller learns why; other orders still rest."""
    books = VenueFake()
    books.on("exit", *[VenueError(-2022, "ReduceOnly Order is rejected.")] * 99)
    books.on("cancel sl", *[LookupError("down")] * 99)
    _, closed = live(books, close, flatten_patience_sec=3.0)
    assert (closed.success, closed.error_code, books.resting()) == (False, -2022, ["i1-s"])


def test_an_exit_is_written_down_before_it_is_sent() -> None:
    """Whoever recovers the intent must not use the id again, and has to know that it was being closed."""
    books, journal, written = VenueFake(), dict[str, str](), list[str]()

    def note(venue: VenueFake, params: Any) -> Any:
        written.append(journal["intent:i1"])
        raise VenueError(-4140, "no")

    books.on("exit", note, note)
    live(books, close, journal=journal)
    entries = [json.loads(text) for text in written]
    assert [(entry["closing"], entry["numbers"]["exit"]) for entry in entries] == [(True, 1), (True, 2)]


def test_an_acknowledged_exit_that_ended_unfilled_is_known_at_the_first_look() -> None:
    """No patience for an order that is over: the position is read, and another exit goes out."""
    books = VenueFake()

    def ends(venue: VenueFake, params: Any) -> Any:
        order = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.5", "newClientOrderId": "i1-x"}
        venue.create(order, "reject", algo=False)
        return {"orderId": 4, "status": "NEW", "executedQty": "0", "avgPrice": "0"}

    async def close_later(executor: Any, result: Any) -> Any:
        await asyncio.sleep(30.0)
        return await close(executor, result)

    books.on("exit", ends)
    live(books, close_later)
    assert books.log[-6:] == ["exit", "look exit", "position", "exit", "cancel sl", "cancel tp"]


def test_what_the_entry_got_after_its_last_look_is_closed_too() -> None:
    """It is read on the endpoint of ordinary orders, wherever stops live."""
    books = VenueFake(algo=True)
    books.on("entry", "half")

    async def more_then_close(executor: Any, result: Any) -> Any:
        books.orders["i1-e"]["executedQty"] = "0.4"
        books.position = 0.4
        return await close(executor, result)

    live(books, more_then_close, conditional_endpoint="algo")
    assert books.orders["i1-x"]["params"]["quantity"] == "0.4"
