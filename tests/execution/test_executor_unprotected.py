"""A position that can be neither protected nor closed stays the executor's own."""

from __future__ import annotations

from typing import Any

from tests.execution.venue_fake import VenueError, VenueFake, close, live

HALTED = VenueError(-4140, "Invalid symbol status for opening position.")


def test_what_could_not_be_closed_is_closed_later_under_the_name_of_its_intent() -> None:
    """The result says open and bare; once the venue takes orders again, the close is verified and swept."""
    books = VenueFake()
    books.on("sl", *[HALTED] * 50)
    books.on("exit", *[HALTED] * 50)

    async def later(executor: Any, result: Any) -> Any:
        books.faults.clear()
        return await close(executor, result)

    result, closed = live(books, later, flatten_patience_sec=1.0, protect_deadline_sec=2.0)
    assert (result.status, result.protected, result.error_message) == (
        "open",
        False,
        "the position could not be protected",
    )
    assert (closed.success, books.position, books.resting()) == (True, 0.0, [])
    assert closed.client_order_id.startswith("i1-x")
