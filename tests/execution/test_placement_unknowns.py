"""What a placement does about an order of unknown fate: look first, on the right endpoint, with patience."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution import OrderResult, SafeOrderExecutor
from sim.execution.events import OrderLookedUp
from tests.execution.placing import ENTRY, NO_CLIENT, STOP, place
from tests.execution.venue_fake import VenueError, VenueFake, policy


@pytest.mark.parametrize("algo", [False, True], ids=["ordinary", "algo"])
def test_a_stop_whose_reply_was_lost_is_found_on_its_endpoint(algo: bool) -> None:
    """Auto finds it whether the venue keeps it as an order or as an algo order; it is sent once."""
    books = VenueFake(algo=algo)
    books.on("sl", *([None] if algo else []), "lose reply")
    result = place(books, STOP, "sl")
    assert (result.success, result.outcome, books.resting()) == (True, "applied", ["a-s"])


def test_a_stop_of_an_earlier_switch_is_found_behind_the_other_endpoint() -> None:
    """While it is not known where stops live, both endpoints are asked before anything is resent."""
    books = VenueFake(algo=True)

    def posted(venue: VenueFake, params: Any) -> Any:
        venue.create({**STOP, "clientAlgoId": "a-s", "newClientOrderId": None}, None, algo=True)
        raise TimeoutError

    books.on("sl", posted)
    result = place(books, STOP, "sl")
    assert (result.success, books.log.count("sl")) == (True, 1)


def test_a_duplicate_id_means_that_the_order_is_there() -> None:
    """-4116 is looked up and booked as applied."""
    books = VenueFake()

    def taken(venue: VenueFake, params: Any) -> Any:
        venue.create(STOP, None, algo=False)
        raise VenueError(-4116, "ClientOrderId is duplicated.")

    books.on("sl", taken)
    result = place(books, STOP, "sl")
    assert (result.success, result.client_order_id) == (True, "a-s")
    assert books.log == ["sl", "look sl"]


def test_a_documented_failure_is_looked_up_with_a_client_and_found() -> None:
    """-1001 has been seen on orders that live: with a client it is looked up, and the order is not doubled."""
    books = VenueFake()

    def lives(venue: VenueFake, params: Any) -> Any:
        venue.create(ENTRY, None, algo=False)
        raise VenueError(-1001, "Internal error; unable to process your request. Please try again.")

    books.on("entry", lives)
    result = place(books, ENTRY, "entry")
    assert (result.success, result.executed_quantity, books.opened) == (True, 0.5, 1)


def test_a_documented_failure_is_resent_after_the_look_ups_missed_it() -> None:
    """Absent several times over: the same id goes out again."""
    books = VenueFake()
    books.on("entry", VenueError(-1001, "Internal error; unable to process your request. Please try again."))
    result = place(books, ENTRY, "entry")
    assert (result.success, result.attempts, books.opened) == (True, 2, 1)
    assert books.log == ["entry", "look entry", "look entry", "look entry", "entry"]


@pytest.mark.parametrize(("order", "kind", "looks", "sent"), [(STOP, "sl", 1, 2), (ENTRY, "entry", 4, 2)])
def test_what_only_reduces_does_not_wait_to_be_read_where_nobody_is_served(
    order: dict[str, Any], kind: str, looks: int, sent: int
) -> None:
    """A documented failure that cannot be looked up: a stop goes out again, an entry only when it can be."""
    books = VenueFake()
    books.on(kind, VenueError(-1001, "Internal error; unable to process your request. Please try again."))
    books.on(f"look {kind}", LookupError("down"))
    result = place(books, order, kind)
    assert (result.success, books.log.count(f"look {kind}"), books.log.count(kind)) == (True, looks, sent)


def test_a_documented_failure_is_resent_at_once_without_a_client() -> None:
    """Nothing to look up with: the documents' word is taken."""
    books = VenueFake()
    books.on("entry", VenueError(-1001, "Internal error; unable to process your request. Please try again."))
    result = place(books, ENTRY, "entry", client=NO_CLIENT)
    assert (result.success, result.attempts) == (True, 2)
    assert books.log == ["entry", "entry"]


def test_an_unknown_entry_is_never_resent_without_a_client() -> None:
    """Nobody can say what became of it: it stays unknown."""
    books = VenueFake()
    books.on("entry", "lose reply")
    result = place(books, ENTRY, "entry", client=NO_CLIENT)
    assert (result.success, result.outcome, books.log) == (False, "unknown", ["entry"])


def test_an_unknown_exit_may_be_resent_without_a_client() -> None:
    """A second reduce-only exit finds nothing to reduce; the refusal then proves nothing either."""
    books = VenueFake()
    books.position = 0.5
    exit_order = {**ENTRY, "side": "SELL", "reduceOnly": "true", "newClientOrderId": "a-x"}
    books.on("exit", "lose reply")
    result = place(books, exit_order, "exit", client=NO_CLIENT)
    assert (result.error_code, result.outcome, books.position) == (-2022, "unknown", 0.0)


def test_an_exit_is_looked_up_only_once_before_it_is_resent() -> None:
    """A position is bare meanwhile, and the venue refuses the second one."""
    books = VenueFake()
    books.position = 0.5
    books.on("exit", "lose request")
    result = place(books, {**ENTRY, "side": "SELL", "reduceOnly": "true", "newClientOrderId": "a-x"}, "exit")
    assert (result.success, books.log) == (True, ["exit", "look exit", "exit"])


def test_an_unknown_entry_is_called_absent_only_after_the_venues_deadline() -> None:
    """Looks go on until recvWindow and a margin for lag have passed; the entry is not resent."""
    books = VenueFake()
    books.on("entry", "lose request")
    result = place(books, ENTRY, "entry")
    assert (result.outcome, books.log.count("entry")) == ("unknown", 1)
    assert result.duration_sec >= 7.0


def test_an_absent_entry_is_resent_where_the_policy_says_so() -> None:
    """``resend_unknown_entry``: once the deadline has passed, with the same id."""
    books = VenueFake()
    books.on("entry", "lose request")
    result = place(books, ENTRY, "entry", resend_unknown_entry=True)
    assert (result.success, result.attempts, books.opened) == (True, 2, 1)


def test_an_entry_that_can_be_read_only_late_is_found() -> None:
    """Lag of ten seconds and a reply lost: it appears to the look-ups of a longer deadline."""
    books = VenueFake()

    def lost(venue: VenueFake, params: Any) -> Any:
        venue.create(ENTRY, "lag", algo=False)
        raise TimeoutError

    books.on("entry", lost)
    result = place(books, ENTRY, "entry", unknown_deadline_sec=12.0)
    assert (result.success, books.opened) == (True, 1)


def test_look_ups_that_fail_leave_the_order_unknown_and_unsent() -> None:
    """Unreadable is not absent, for exits neither: nothing is resent."""
    books = VenueFake()
    books.on("sl", "lose request")
    books.on("look sl", *[LookupError("down")] * 60)
    result = place(books, STOP, "sl", unreadable_sec=5.0)
    assert (result.outcome, books.log.count("sl")) == ("unknown", 1)
    assert result.duration_sec >= 5.0


def test_an_order_found_ended_without_a_fill_is_a_failure() -> None:
    """It was there and ended: no success, and no resend."""
    books = VenueFake()

    def ended(venue: VenueFake, params: Any) -> Any:
        venue.create(ENTRY, "reject", algo=False)
        raise TimeoutError

    books.on("entry", ended)
    result = place(books, ENTRY, "entry")
    assert (result.outcome, books.log.count("entry")) == ("ended", 1)


def test_a_stop_found_ended_is_sent_again() -> None:
    """A stop that ended protects nothing, so another attempt is made."""
    books = VenueFake()

    def ended(venue: VenueFake, params: Any) -> Any:
        venue.create(STOP, "reject", algo=False)
        raise TimeoutError

    books.on("sl", ended)
    result = place(books, STOP, "sl")
    assert (result.success, books.resting()) == (True, ["a-s"])


def test_the_stream_settles_an_unknown_order_without_a_look_up() -> None:
    """News that came before the time-out is the answer."""
    books, events = VenueFake(), list[Any]()
    books.on("entry", "hang")

    async def tell(executor: SafeOrderExecutor) -> None:
        await asyncio.sleep(0.5)
        executor.news.handle(
            {"e": "ORDER_TRADE_UPDATE", "o": {"c": "a-e", "X": "FILLED", "i": 7, "z": "0.5", "ap": "50000"}}
        )

    result = place(books, ENTRY, "entry", during=tell, events=events)
    assert (result.success, result.order_id, result.average_price) == (True, "7", 50_000.0)
    assert "look entry" not in books.log
    assert [event.state for event in events if isinstance(event, OrderLookedUp)] == ["there"]


@pytest.mark.parametrize(
    ("status", "executed", "success", "outcome"),
    [("NEW", "0", True, "applied"), ("EXPIRED", "0", False, "ended")],
)
def test_the_stream_cancels_a_pending_retry(status: str, executed: str, success: bool, outcome: str) -> None:
    """An order throttled by -1008 that lives all the same is not sent a second time."""
    books = VenueFake()
    books.on("entry", VenueError(-1008, "Request throttled by system-level protection."))

    async def tell(executor: SafeOrderExecutor) -> None:
        await asyncio.sleep(1.0)
        executor.news.handle({"e": "ACCOUNT_UPDATE"})
        await asyncio.sleep(1.0)
        executor.news.handle(
            {"e": "ORDER_TRADE_UPDATE", "o": {"c": "a-e", "X": status, "i": 7, "z": executed, "ap": "0"}}
        )

    result = place(books, ENTRY, "entry", during=tell, retry_backoff_base_sec=8.0, jitter="none")
    assert (result.success, result.outcome, books.log.count("entry")) == (success, outcome, 1)


def test_a_retry_goes_out_when_the_stream_stays_silent() -> None:
    """Silence proves nothing: after its wait the order is sent again."""
    books = VenueFake()
    books.on("entry", VenueError(-1008, "Request throttled by system-level protection."))
    result = place(books, ENTRY, "entry")
    assert (result.success, result.attempts) == (True, 2)


def test_what_the_venue_asks_to_wait_is_waited() -> None:
    """Retry-After is a floor under the wait."""
    books = VenueFake()
    error = VenueError(-1003, "Too many requests.")
    error.headers = {"Retry-After": "9"}  # type: ignore[attr-defined]
    books.on("entry", error)
    result = place(books, ENTRY, "entry")
    assert result.success
    assert result.duration_sec >= 9.0


def test_a_wait_beyond_the_total_time_is_not_begun() -> None:
    """``max_total_time_sec`` ends the placement before a wait that would exceed it."""
    books = VenueFake()
    error = VenueError(-1003, "Too many requests.")
    error.headers = {"Retry-After": "9"}  # type: ignore[attr-defined]
    books.on("entry", error)
    result = place(books, ENTRY, "entry", max_total_time_sec=5.0)
    assert (result.success, result.outcome, result.duration_sec < 1.0) == (False, "refused", True)


def test_a_caller_may_withdraw_an_order_before_it_is_resent() -> None:
    """The check before a resend says why, and nothing more is sent."""
    books = VenueFake()
    books.on("entry", VenueError(-1008, "Request throttled by system-level protection."))

    async def no(number: int, params: dict[str, Any]) -> str:
        return f"attempt {number}: the market has moved"

    result = place(books, ENTRY, "entry", before_attempt=no)
    assert (result.outcome, result.error_message) == ("withdrawn", "attempt 2: the market has moved")


def test_a_target_the_price_has_passed_is_not_sent_again() -> None:
    """-2021 for a target: it cannot be moved."""
    books = VenueFake()
    target = {**STOP, "type": "TAKE_PROFIT_MARKET", "newClientOrderId": "a-t"}
    books.on("tp", VenueError(-2021, "Order would immediately trigger."))
    result = place(books, target, "tp")
    assert (result.error_code, result.attempts) == (-2021, 1)


def test_a_stop_clear_of_the_price_goes_out_unchanged() -> None:
    """-2021 and a price that came back: the same trigger again."""
    books = VenueFake()
    books.on("sl", VenueError(-2021, "Order would immediately trigger."))
    result = place(books, STOP, "sl")
    assert result.success
    assert books.orders["a-s"]["params"]["stopPrice"] == "49500"


def test_a_stop_nearly_touched_is_moved_by_the_buffer_and_measured_from_the_plan() -> None:
    """A second refusal judges by the planned stop, so that the budget of widening is spent once and not per try."""
    books = VenueFake()
    prices = iter([49_530.0, 49_501.0])

    def near(venue: VenueFake, params: Any) -> Any:
        venue.price = next(prices)
        raise VenueError(-2021, "Order would immediately trigger.")

    books.on("sl", near, near)
    result = place(books, STOP, "sl", widen_budget_pct=0.01)
    assert result.success
    assert books.orders["a-s"]["params"]["stopPrice"] == "49451.499"

    books = VenueFake()
    prices = iter([49_530.0, 49_501.0])
    books.on("sl", near, near)
    result = place(books, STOP, "sl", widen_budget_pct=0.0008)
    assert (result.outcome, books.resting()) == ("stop_passed", [])


def test_the_price_at_the_planned_stop_ends_the_placement() -> None:
    """Moved once, then the price reaches the planned stop although not the moved one: passed."""
    books = VenueFake()
    prices = iter([49_530.0, 49_500.0])

    def near(venue: VenueFake, params: Any) -> Any:
        venue.price = next(prices)
        raise VenueError(-2021, "Order would immediately trigger.")

    books.on("sl", near, near)
    assert place(books, STOP, "sl").outcome == "stop_passed"


def test_the_breaker_holds_an_order_back_before_it_is_sent() -> None:
    """Too many failed calls: refused without a request."""
    books = VenueFake()
    books.on("entry", *[VenueError(-4140, "no")] * 2)

    async def main() -> list[OrderResult]:
        executor = SafeOrderExecutor(policy(breaker_window_calls=2))
        client = books.client()
        return [
            await executor.place_order_with_safety(
                client.futures_create_order, {**ENTRY, "newClientOrderId": f"{number}-e"}, "BTCUSDT", "buy",
                client=client,
            )
            for number in range(3)
        ]  # fmt: skip

    results = run_virtual(main())
    assert (results[2].outcome, results[2].attempts, len(books.log)) == ("refused", 0, 2)


def test_an_order_without_an_id_gets_one_that_is_looked_up_by() -> None:
    """``client_ids``: the id is made here, sent along, and in the result."""
    books = VenueFake()
    params = {name: value for name, value in ENTRY.items() if name != "newClientOrderId"}
    books.on("entry", "lose reply")
    result = place(books, params, "entry")
    assert result.success
    assert result.client_order_id in books.orders
    assert "newClientOrderId" not in params


def test_a_placement_that_is_cut_off_ends_as_cut_off_and_stops_listening() -> None:
    """A deadline around a placement: the last event says so, and no id is remembered."""
    books, events = VenueFake(), list[Any]()
    books.on("entry", "hang")

    async def main() -> SafeOrderExecutor:
        executor = SafeOrderExecutor(policy(attempt_timeout_sec=0.0), hooks=[events.append])
        client = books.client()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await executor.place_order_with_safety(
                    client.futures_create_order, ENTRY, "BTCUSDT", "buy", client=client
                )
        return executor

    executor = run_virtual(main())
    assert (events[-1].result.outcome, events[-1].exhausted) == ("cut_off", False)
    assert (events[-1].result.error_message, events[-1].result.duration_sec) == (
        "cut off",
        pytest.approx(1.0),
    )
    assert executor.news.latest("a-e") is None
    assert executor.news.expect("a-e")
