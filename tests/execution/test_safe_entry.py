"""The entry of the careful way: filled, in part, not at all, or unknown and watched until it is certain."""

from __future__ import annotations

import asyncio
from typing import Any

from sim.execution import EventDrivenExecutor, SideCallFailed
from sim.execution.events import PlacementEnded
from tests.execution.venue_fake import VenueFake, close, live, policy


def test_a_filled_entry_gets_its_stop_and_target_and_is_read_back() -> None:
    """Nothing goes wrong: one entry, one stop, one target, one look at the stop."""
    books = VenueFake()
    result, _ = live(books)
    assert (result.status, result.protected, books.position, books.opened) == ("open", True, 0.5, 1)
    assert books.resting() == ["i1-s", "i1-t"]
    assert books.log == ["ticker", "entry", "sl", "tp", "look sl"]


def test_protection_is_computed_from_the_fill() -> None:
    """The stop stands 1 % below the average price of the fill and not below the plan."""
    books = VenueFake(price=50_100.0)
    result, _ = live(books)
    assert result.entry_price == 50_100.0
    assert books.orders["i1-s"]["params"]["stopPrice"] == "49599.0"


def test_an_entry_whose_reply_is_lost_is_found_and_protected() -> None:
    """A lost reply costs a look-up, and no second entry."""
    books = VenueFake()
    books.on("entry", "lose reply")
    result, _ = live(books)
    assert (result.status, result.protected, books.opened, books.position) == ("open", True, 1, 0.5)


def test_an_entry_whose_request_is_lost_is_given_up_and_nothing_is_resent() -> None:
    """An unknown entry that no look-up finds stays unknown, is watched, and is written down until it is certain."""
    books, journal = VenueFake(), dict[str, str]()
    books.on("entry", "lose request")
    result, _ = live(books, journal=journal)
    assert (result.status, result.entry.outcome, books.opened) == ("failed", "unknown", 0)
    assert books.log.count("entry") == 1
    assert list(journal) == ["intent:i1"]


def test_an_unknown_entry_that_appears_late_is_closed_again() -> None:
    """An order that becomes readable only while it is watched is flattened."""
    books, journal = VenueFake(), dict[str, str]()
    books.on("entry", "lose reply")

    def late(venue: Any, params: Any) -> Any:
        raise LookupError("the order index is down")

    books.on("look entry", *[late] * 35)
    result, _ = live(books, journal=journal, unreadable_sec=20.0)
    assert (result.status, books.position, books.opened) == ("failed", 0.0, 1)
    assert result.exit is not None
    assert result.exit.success
    assert journal == {}


def test_an_entry_that_rests_unfilled_after_an_unknown_answer_is_cancelled() -> None:
    """What is found while it is watched, and has no fill, is cancelled; then it has ended for certain."""
    books, journal = VenueFake(), dict[str, str]()
    books.on("entry", "lose request")

    def rests(venue: Any, params: Any) -> Any:
        venue.orders["i1-e"] = {
            "orderId": 9, "status": "NEW", "executedQty": "0", "avgPrice": "0", "params": {}, "conditional": False,
            "seen_at": 0.0, "gone_at": float("inf"),
        }  # fmt: skip
        raise LookupError

    books.on("look entry", *[LookupError()] * 40, rests)
    result, _ = live(books, journal=journal, unreadable_sec=20.0)
    assert (result.status, books.orders["i1-e"]["status"]) == ("failed", "CANCELED")
    assert journal == {}


def test_an_accepted_entry_whose_fill_is_never_seen_is_unknown() -> None:
    """An acknowledgement without a readable fill is watched and closed, and never taken for "not filled"."""
    books = VenueFake()
    books.on("entry", "ack")
    books.on("look entry", *[LookupError()] * 12)
    result, _ = live(books, unreadable_sec=5.0)
    assert (result.status, books.position) == ("failed", 0.0)
    assert result.entry.outcome == "unknown"


def test_an_acknowledged_entry_is_protected_once_its_fill_is_read() -> None:
    """Status NEW is no fill: the entry is looked at until it has one."""
    books = VenueFake()
    books.on("entry", "ack")
    result, _ = live(books)
    assert (result.status, result.protected, result.entry_price) == ("open", True, 50_000.0)


def test_an_entry_that_ends_without_a_fill_is_no_position() -> None:
    """A LIMIT IOC that found nobody is a failure named "ended", and leaves no entry in the journal."""
    books, journal = VenueFake(), dict[str, str]()
    books.on("entry", "reject")
    result, _ = live(books, journal=journal)
    assert (result.status, result.entry.outcome, journal) == ("failed", "ended", {})
    assert books.log == ["ticker", "entry"]


def test_an_acknowledged_entry_that_ends_without_a_fill_is_no_position() -> None:
    """The end comes by a look-up instead of the reply."""
    books, journal = VenueFake(), dict[str, str]()
    books.on("entry", lambda venue, params: {"orderId": 1, "status": "NEW"})
    books.on("look entry", lambda venue, params: {"orderId": 1, "status": "EXPIRED", "executedQty": "0"})
    result, _ = live(books, journal=journal)
    assert (result.status, result.entry.outcome, journal) == ("failed", "ended", {})


def test_a_partial_fill_is_protected_and_all_of_it_is_closed() -> None:
    """The rest of an entry that fills after its protection was placed is read before the position is closed."""
    books = VenueFake()
    books.on("entry", "half")

    async def fill_and_close(executor: Any, result: Any) -> Any:
        assert books.position == 0.25
        books.position = 0.5
        books.orders["i1-e"].update(status="FILLED", executedQty="0.5")
        return await close(executor, result)

    result, closed = live(books, fill_and_close)
    assert (result.protected, closed.success, books.position) == (True, True, 0.0)
    assert books.log.count("exit") == 1


def test_without_read_back_the_wished_quantity_is_taken_for_filled() -> None:
    """Replies are trusted: no look at entry or stop."""
    books = VenueFake()
    result, _ = live(books, read_back=False)
    assert result.protected
    assert books.log == ["ticker", "entry", "sl", "tp"]


def test_a_partial_fill_that_reads_as_less_keeps_what_the_reply_said() -> None:
    """A lagging look-up does not take away what the venue has confirmed."""
    books = VenueFake()
    books.on("entry", "half")
    stale = {"orderId": 1, "status": "NEW", "executedQty": "0"}
    books.on("look entry", *[lambda v, p: stale] * 9)
    live(books, stop_sizing="reduce_only")
    assert books.orders["i1-s"]["params"]["quantity"] == "0.25"


def test_the_policy_says_whether_the_stream_is_wanted() -> None:
    """``use_user_stream``."""
    assert EventDrivenExecutor(None, policy()).listens
    assert not EventDrivenExecutor(None, policy(use_user_stream=False)).listens


def test_an_entry_asks_for_the_full_answer_under_its_own_id() -> None:
    """A LIMIT IOC at the guard's bound, answered with its result, named before it is sent."""
    books = VenueFake()
    live(books)
    assert books.orders["i1-e"]["params"] == {
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.500", "timeInForce": "IOC",
        "price": "50250.0", "newClientOrderId": "i1-e", "newOrderRespType": "RESULT",
    }  # fmt: skip


def test_a_short_entry_is_bounded_from_below_and_a_market_one_not_at_all() -> None:
    """The bound lies on the side that would cost."""
    books = VenueFake()
    live(books, wishes={"side": "sell"})
    entry = books.orders["i1-e"]["params"]
    assert (entry["side"], entry["price"]) == ("SELL", "49750.0")
    books = VenueFake()
    live(books, entry_style="market")
    entry = books.orders["i1-e"]["params"]
    assert (entry["type"], "price" in entry, "timeInForce" in entry) == ("MARKET", False, False)


def test_a_partial_fill_is_waited_for_a_quarter_of_the_time_to_protection() -> None:
    """Then the stop goes up for what is there, and the report names the fill."""
    books, sent_s = VenueFake(), list[float]()

    def stop(venue: Any, params: Any) -> Any:
        sent_s.append(asyncio.get_running_loop().time())
        raise LookupError

    books.on("entry", "half")
    books.on("sl", stop)
    result, _ = live(books, protect_deadline_sec=4.0, look_up_base_sec=0.2, look_up_growth=1.0)
    assert (result.entry.executed_quantity, result.entry.average_price) == (0.25, 50_000.0)
    assert 0.8 <= sent_s[0] <= 1.1


def test_a_price_that_took_too_long_is_no_price() -> None:
    """It would be older than ``max_price_age_sec``: nothing is sent, and the reason names the limit."""
    books = VenueFake()
    result, _ = live(books, max_price_age_sec=0.009)
    assert (result.status, books.opened) == ("failed", 0)
    assert "0.009 s" in result.error_message


def test_each_order_is_told_and_counted_under_its_own_kind() -> None:
    """Events and the journal speak of an entry, a stop and a target."""
    books, journal, events = VenueFake(), dict[str, str](), list[Any]()
    live(books, journal=journal, events=events)
    ended = [event.order_type for event in events if isinstance(event, PlacementEnded)]
    assert ended == ["entry", "sl", "tp"]
    assert '"numbers":{"entry":1,"sl":1,"tp":1}' in journal["intent:i1"]


def test_a_stop_that_comes_too_late_is_told_as_a_stop() -> None:
    """The report names what is missing, and since when."""
    books, events = VenueFake(), list[Any]()
    books.on("sl", "hang")
    live(books, events=events, protect_deadline_sec=3.0, attempt_timeout_sec=0.0)
    said = [(event.call, event.message) for event in events if isinstance(event, SideCallFailed)]
    assert said == [("stop", "not there 3 s after the fill")]
