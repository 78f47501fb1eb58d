"""How a placement ends: what its last event says, when its looks end, and what a result tells."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from sim.execution.events import AttemptFailed
from tests.execution.placing import ENTRY, STOP, place
from tests.execution.venue_fake import VenueError, VenueFake

THROTTLED = VenueError(-1008, "Request throttled by system-level protection.")
BUSY = VenueError(-1003, "Too many requests.")
DUPLICATE = VenueError(-4116, "ClientOrderId is duplicated.")


@pytest.mark.parametrize(
    ("faults", "changes", "outcome", "exhausted", "attempts"),
    [
        ([], {}, "applied", False, 1),
        ([VenueError(-2019, "Margin is insufficient.")], {}, "refused", False, 1),
        ([THROTTLED] * 9, {"max_order_retries": 2}, "unknown", True, 2),
        ([BUSY] * 9, {"max_order_retries": 2}, "refused", True, 2),
        (["lose request"], {}, "unknown", False, 1),
        ([DUPLICATE], {}, "unknown", False, 1),
        ([BUSY] * 9, {"max_total_time_sec": 0.0}, "refused", True, 1),
        (["reject"], {}, "ended", False, 1),
    ],
)
def test_the_last_event_says_how_it_ended_and_whether_attempts_ran_out(
    faults: Any, changes: Any, outcome: str, exhausted: bool, attempts: int
) -> None:
    """Exhausted is only what was worth resending and had no attempt or no time left."""
    books, events = VenueFake(), list[Any]()
    books.on("entry", *faults)
    place(books, ENTRY, "entry", events=events, **changes)
    end = events[-1]
    assert (end.result.outcome, end.exhausted, end.result.attempts) == (outcome, exhausted, attempts)
    assert (end.side, end.order_type, end.result.client_order_id) == ("buy", "entry", "a-e")
    failed = [event for event in events if isinstance(event, AttemptFailed)]
    assert [event.attempt for event in failed] == (
        [] if outcome == "applied" else list(range(1, attempts + 1))
    )


def test_an_entry_said_to_be_a_duplicate_and_not_found_is_not_resent() -> None:
    """-4116 says that the id is taken: whatever the look-ups miss, a second one may open twice."""
    books = VenueFake()
    books.on("entry", DUPLICATE)
    result = place(books, ENTRY, "entry")
    assert (result.outcome, books.log.count("entry"), result.error_code) == ("unknown", 1, -4116)


def test_looks_for_an_unreadable_order_end_when_their_time_is_over() -> None:
    """Each look and each wait counts; the first look past the limit is the last."""
    books = VenueFake()
    books.on("sl", "lose request")
    books.on("look sl", *[LookupError("down")] * 99)
    keys = {"unreadable_sec": 1.0, "look_up_base_sec": 0.24, "look_up_growth": 1.0}
    result = place(books, STOP, "sl", **keys)
    assert (books.log.count("look sl"), result.duration_sec) == (5, pytest.approx(1.02))


def test_looks_come_ever_slower_up_to_their_cap() -> None:
    """A base of 0.1 s doubled up to 0.4 s: 0.1, 0.2, 0.4, 0.4 between looks that take 0.01 s each."""
    books, looked_s = VenueFake(), list[float]()

    def down(venue: VenueFake, params: Any) -> Any:
        looked_s.append(asyncio.get_running_loop().time())
        raise LookupError("down")

    books.on("sl", "lose request")
    books.on("look sl", *[down] * 5)
    keys = {"look_up_base_sec": 0.1, "look_up_growth": 2.0, "look_up_cap_sec": 0.4}
    place(books, STOP, "sl", **keys)
    waits_s = [later - sooner - 0.01 for sooner, later in itertools.pairwise(looked_s)]
    assert waits_s == pytest.approx([0.1, 0.2, 0.4, 0.4])


def test_a_success_says_what_was_filled_at_what_price_and_how_long_it_took() -> None:
    """With read-back from the reply itself; without it only the number is believed."""
    result = place(VenueFake(), ENTRY, "entry")
    assert (result.executed_quantity, result.average_price, result.order_status) == (0.5, 50_000.0, "FILLED")
    assert (result.order_id, result.duration_sec) == ("1", pytest.approx(0.01))
    blind = place(VenueFake(), ENTRY, "entry", read_back=False)
    assert (blind.success, blind.executed_quantity, blind.average_price, blind.order_status) == (
        True,
        0.0,
        0.0,
        "",
    )


def test_a_withdrawn_or_held_back_order_counts_as_unknown_after_an_attempt_nobody_answered_for() -> None:
    """An order that was never sent is refused; one refused after a silent attempt may be there."""
    books = VenueFake()
    books.position = 0.5
    books.on("exit", "lose request", VenueError(-4140, "no"))
    result = place(books, {**ENTRY, "side": "SELL", "reduceOnly": "true", "newClientOrderId": "a-x"}, "exit")
    assert (result.outcome, result.error_code, result.attempts) == ("unknown", -4140, 2)
