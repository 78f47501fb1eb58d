"""Recovery states at the protection deadline, each by a story."""

from __future__ import annotations

from typing import Any

import pytest


def state(story: Any, **options: Any) -> str:
    return str(story.row(**options).state_at_deadline)


def entered(story: Any) -> None:
    story.decide()
    story.enter(0.0, 0.1)


def test_recovered_needs_the_stop_at_the_deadline(story: Any) -> None:
    """A stop that rests after the deadline is too late: naked then, whatever comes."""
    entered(story)
    story.protect(69.0, 70.0)
    story.finish(900.0)
    story.books(960.0, leave_price=100.0)
    assert state(story) == "naked"
    assert state(story, deadline_s=80.0) == "recovered"


def test_stop_beyond_the_budget_is_impaired(story: Any) -> None:
    """Loss at the stop of 2.5 R is not recovered on a budget of 2 R, and is on one of 3 R."""
    entered(story)
    story.protect(0.2, 0.3, 97.5)
    story.finish(900.0)
    story.books(960.0, leave_price=100.0)
    assert state(story) == "impaired"
    assert state(story, budget_r=3.0) == "recovered"


def test_own_stop_firing_before_the_deadline_is_recovered(story: Any) -> None:
    """Protection that did its work counts: the state is that just before the exit."""
    entered(story)
    stop = story.protect(0.2, 0.3)
    story.leave(stop, 3.0, 98.9)
    story.finish(3.0)
    story.books(960.0)
    assert state(story) == "recovered"


def test_flattened_safely(story: Any) -> None:
    """Closed because it could not be protected, truth flat and known to be: safe, and no success."""
    entered(story)
    story.flatten(8.0, 8.1, 99.5)
    story.finish(8.2, "flattened")
    story.books(960.0)
    assert state(story) == "flattened_safely"


def test_flattened_without_knowing_is_not_safe(story: Any) -> None:
    """The close was executed, but the executor still believes in its position."""
    entered(story)
    story.flatten(8.0, 8.1, 99.5)
    story.finish(900.0, "close failed", believed=1.0)
    story.books(960.0)
    assert state(story) == "impaired"


def test_entry_reported_as_failed_is_unknown(story: Any) -> None:
    """Even if a stop covers it: an executor that does not know of its position has not recovered it."""
    story.decide()
    story.enter(0.0, 0.1, success=False, status=0)
    story.protect(0.2, 0.3)
    story.finish(10.0, "failed")
    story.books(960.0, leave_price=100.0)
    assert state(story) == "unknown"


def test_exception_out_of_the_code_under_test_is_unknown(story: Any) -> None:
    """An executor that died holds no belief, unless truth already was as intended."""
    entered(story)
    story.finish(0.2, "escaped")
    story.books(960.0, leave_price=100.0)
    assert state(story) == "unknown"


def test_naked_orphan_is_unknown_and_naked(story: Any) -> None:
    """State unknown, and counted as naked beside it."""
    story.decide()
    story.enter(0.0, 0.1, success=False, status=0)
    story.finish(10.0, "failed")
    story.books(960.0, leave_price=100.0)
    row = story.row()
    assert row.state_at_deadline == "unknown"
    assert row.naked_at_deadline


def test_given_up_without_an_entry(story: Any) -> None:
    """Nothing at the venue, nothing believed: harmless, and no success either."""
    story.decide()
    placement = story.placement("entry", 0.0, 1.0, success=False, failures=((1.0, -1001),))
    story.request("entry", 0.0, 1.0, status=503, code=-1001, placement=placement)
    story.finish(1.0, "failed")
    story.books(960.0)
    assert state(story) == "not_entered"


@pytest.mark.parametrize("quantity", [0.5, 2.0])
def test_wrong_size_is_not_recovered(story: Any, quantity: float) -> None:
    """One entry must be within one step of the intended size."""
    story.decide()
    story.enter(0.0, 0.1, quantity=quantity)
    story.protect(0.2, 0.3)
    story.finish(900.0)
    story.books(960.0, leave_price=100.0)
    assert state(story) == "impaired"


def test_an_entry_filled_in_parts_is_one_entry(story: Any) -> None:
    """Three executions of one order are recovered as one is; a second order would double it."""
    story.decide()
    entry = story.order("entry", 0.0, 0.1)
    for at, part, held in ((0.1, 0.5, 0.5), (0.2, 0.25, 0.75), (0.3, 0.25, 1.0)):
        story.fill(entry, at, 100.0, quantity=part)
        story.exposure(at, held, 0.0, 100.0)
    story.protect(0.4, 0.5)
    story.finish(900.0)
    story.books(960.0, leave_price=100.0)
    assert state(story) == "recovered"
    row = story.row()
    assert (row.entry_fills, row.entry_quantity, row.over_fill, bool(row.entry_true)) == (3, 1.0, 0.0, True)
