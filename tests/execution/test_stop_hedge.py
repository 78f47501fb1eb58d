"""Further stops beside the first: only while stops are throttled, one of them left, none after the position."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.execution.venue_fake import VenueError, VenueFake, close, enter, live, wait


def _throttled(venue: Any = None, params: Any = None) -> Any:
    raise VenueError(-1008, "Request throttled by system-level protection.")


def test_a_throttled_stop_is_not_waited_for_by_the_next() -> None:
    """Refused, then silence: a further stop rests long before the silent one is given up."""
    books = VenueFake()
    books.on("sl", _throttled, "hang")
    result, _ = live(books)
    assert (result.status, result.protected, len(books.resting("sl"))) == ("open", True, 1)
    stop = books.orders[books.resting("sl")[0]]["params"]
    assert (stop["reduceOnly"], stop["quantity"], "closePosition" in stop) == ("true", "0.5", False)


def test_a_silent_stop_at_a_quick_venue_is_left_to_its_own_placement() -> None:
    """Nothing was throttled: one more order would only be one more to settle."""
    books = VenueFake()
    books.on("sl", "hang")
    live(books)
    assert books.resting("sl") == ["i1-s"]
    assert "i1-s1" not in books.orders


def test_without_the_key_no_further_stop_is_sent() -> None:
    """``hedge_stop_sec = 0``: one placement, and the deadline."""
    books = VenueFake()
    books.on("sl", _throttled, *["hang"] * 4)
    books.on("look sl", *["hang"] * 9)
    result, _ = live(books, hedge_stop_sec=0.0)
    assert (result.status, "i1-s1" in books.orders) == ("failed", False)


def test_a_further_stop_is_swept_with_its_position() -> None:
    """Whatever was sent beside the first, nothing rests once the position is closed."""
    books = VenueFake()
    books.on("sl", _throttled, "hang", _throttled, _throttled)
    _, closed = live(books, close)
    assert (closed.success, books.position, books.resting()) == (True, 0.0, [])


def test_where_no_stop_is_taken_the_position_is_closed() -> None:
    """Every stop is throttled until the deadline: the close goes out, and no stop outlives it."""
    books = VenueFake()
    books.on("sl", *[_throttled] * 200)
    result, _ = live(books, wait)
    assert (result.status, books.position, books.resting()) == ("failed", 0.0, [])


@pytest.mark.parametrize(
    ("aside_s", "later_s", "status"),
    [(300.0, 60.0, "refused"), (300.0, 400.0, "open"), (0.0, 60.0, "open")],
    ids=["lately", "long ago", "off"],
)
def test_nothing_is_entered_while_stops_are_throttled(aside_s: float, later_s: float, status: str) -> None:
    """A stop was throttled, which the documents rule out: whoever saw it waits outside."""
    books = VenueFake()
    books.on("sl", _throttled)

    async def again(executor: Any, result: Any) -> Any:
        await close(executor, result)
        await asyncio.sleep(later_s)
        return await enter(executor, intent_id="i2")

    _, second = live(books, again, stand_aside_sec=aside_s)
    assert second.status == status
    assert (second.status == "refused") is ("i2-e" not in books.orders)


def test_a_throttled_entry_says_nothing_of_stops() -> None:
    """Entries may be throttled, as documented; stops and closes are exempt."""
    books = VenueFake()
    books.on("entry", _throttled)
    result, _ = live(books)
    assert (result.status, result.protected, books.log.count("entry")) == ("open", True, 2)
