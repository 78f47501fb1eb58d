"""Moving a stop without a gap."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.execution.venue_fake import VenueError, VenueFake, close, live


def test_a_moved_stop_rests_before_the_old_one_goes() -> None:
    """The new stop is reduce-only; at no moment is there none."""
    books = VenueFake()

    async def move(executor: Any, result: Any) -> Any:
        moved = await executor.move_stop("i1", 49_700.04)
        await asyncio.sleep(60.0)
        return moved

    _, moved = live(books, move)
    assert moved.success
    assert books.resting("sl") == ["i1-s1"]
    assert books.orders["i1-s1"]["params"]["stopPrice"] == "49700.0"
    log = books.log
    assert log.index("cancel sl") > len(log) - 1 - log[::-1].index("sl")
    assert books.position == 0.5


@pytest.mark.parametrize("price", [49_500.0, 49_000.0])
def test_a_stop_is_never_moved_to_a_worse_price(price: float) -> None:
    """No better trigger, no request."""
    books = VenueFake()

    async def move(executor: Any, result: Any) -> Any:
        return await executor.move_stop("i1", price)

    _, moved = live(books, move)
    assert (moved.success, moved.outcome, books.log.count("sl")) == (False, "withdrawn", 1)


def test_a_refused_move_leaves_the_old_stop() -> None:
    """-2021 for the new trigger: the old one stays, and is not moved by it."""
    books = VenueFake()

    async def move(executor: Any, result: Any) -> Any:
        books.on("sl", VenueError(-2021, "Order would immediately trigger."))
        return await executor.move_stop("i1", 49_990.0)

    _, moved = live(books, move)
    assert (moved.success, moved.error_code, books.resting("sl")) == (False, -2021, ["i1-s"])


@pytest.mark.parametrize(
    ("faults", "names", "success", "position"),
    [
        ([-4130], ["i1-s2"], True, 0.5),
        ([-4130, -2021], ["i1-s3"], False, 0.5),
        ([-4130, -2021, -2021], [], False, 0.0),
    ],
    ids=["replaced", "put back", "neither rests"],
)
def test_where_two_stops_may_not_rest_the_old_one_goes_first(
    faults: list[int], names: list[str], success: bool, position: float
) -> None:
    """The new one in its place, else the old one back, else out."""
    books = VenueFake()

    async def move(executor: Any, result: Any) -> Any:
        books.on("sl", *[VenueError(code, "no") for code in faults])
        if len(faults) == 3:
            books.on("mark", *[lambda v, p: {"markPrice": "49000"}])
        return await executor.move_stop("i1", 49_700.0)

    _, moved = live(books, move)
    assert (moved.success, books.resting("sl"), books.position) == (success, names, position)


def test_an_old_stop_that_cannot_be_cancelled_first_stays() -> None:
    """Two may not rest and the old one does not go: nothing is changed."""
    books = VenueFake()

    async def move(executor: Any, result: Any) -> Any:
        books.on("sl", VenueError(-4130, "no"))
        books.on("cancel sl", LookupError("down"))
        return await executor.move_stop("i1", 49_700.0)

    _, moved = live(books, move)
    assert (moved.success, books.resting("sl")) == (False, ["i1-s"])


def test_moving_a_stop_asks_for_an_open_position_and_a_price() -> None:
    """A wrong price or intent is the caller's error; a position being closed moves nothing."""
    books = VenueFake()

    async def move(executor: Any, result: Any) -> Any:
        with pytest.raises(ValueError, match="finite"):
            await executor.move_stop("i1", float("nan"))
        with pytest.raises(ValueError, match="no position"):
            await executor.move_stop("i2", 49_700.0)
        bracket = executor._brackets["i1"]
        await close(executor, result)
        return await bracket.move_stop(49_700.0)

    _, moved = live(books, move)
    assert (moved.success, moved.outcome) == (False, "withdrawn")


def test_a_moved_stop_is_in_the_journal_before_the_old_one_is_cancelled() -> None:
    """Whoever recovers the intent meanwhile looks after the new one, and knows of both."""
    books, journal, written = VenueFake(), dict[str, str](), list[str]()

    def note(venue: VenueFake, params: Any) -> Any:
        written.append(journal["intent:i1"])
        raise LookupError("down")

    async def move(executor: Any, result: Any) -> Any:
        books.on("cancel sl", note)
        return await executor.move_stop("i1", 49_700.0)

    live(books, move, journal=journal)
    for part in ('"stop_id":"i1-s1"', '"stopPrice":"49700.0"', '"conditional_ids":["i1-s","i1-t","i1-s1"]'):
        assert part in written[0]
    assert '"conditional_ids":["i1-t","i1-s1"]' in journal["intent:i1"]


def test_a_move_that_would_need_the_old_stop_gone_and_cannot_cancel_it_is_withdrawn() -> None:
    """The refusal of the cancel is what is told; nothing was moved."""
    books = VenueFake()

    async def move(executor: Any, result: Any) -> Any:
        books.on("sl", VenueError(-4130, "An open stop exists."))
        books.on("cancel sl", VenueError(-1003, "Too many requests."))
        return await executor.move_stop("i1", 49_700.0)

    _, moved = live(books, move)
    assert (moved.success, moved.error_code, moved.outcome) == (False, -1003, "withdrawn")
    assert books.resting("sl") == ["i1-s"]
