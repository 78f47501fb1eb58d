"""Recovery per fault and role: the denominator, the states, the effort, and recovery when needed."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sim.metrics import recovery
from sim.metrics.states import STATES


def stop_met(
    story: Any,
    intent: int,
    code: int,
    *,
    protected_at: float | None,
    crossed: float = -1.0,
    first: bool = True,
) -> None:
    """Enter, have the first (or the second) stop request meet a fault, and protect or not."""
    at = 4000.0 * intent
    story.decide(intent, at)
    story.enter(at, at + 0.1, intent=intent)
    if not first:
        story.request("sl", at + 0.2, at + 0.3, intent)
    failures = ((at + 0.5, code),)
    success = protected_at is not None
    placement = story.placement(
        "sl", at + 0.2, at + (protected_at or 0.5), intent, success=success, attempts=2, failures=failures
    )
    request = story.request("sl", at + 0.4, at + 0.5, intent, status=400, code=code, placement=placement)
    story.fault(request, intent, name="met", kind=str(code), role="sl", n=0 if first else 1)
    if protected_at is not None:
        rests = at + protected_at
        story.order("sl", rests - 0.1, rests, intent, price=99.0, close=True, placement=placement)
        story.exposure(rests, 1.0, 1.0, 100.0, intent, stop=99.0)
    story.finish(at + 900.0, intent=intent)
    story.shadow("ideal", 0.0, intent, crossed=at + crossed if crossed >= 0 else -1.0)
    story.books(at + 960.0, intent, leave_price=100.0)


def rows(story: Any) -> Any:
    return recovery(story.frames()).set_index("fault")


def test_states_add_up_to_the_denominator(story: Any) -> None:
    """Two protected, one left bare: two recovered, one naked, of three."""
    stop_met(story, 0, -2021, protected_at=2.2)
    stop_met(story, 1, -2021, protected_at=4.2)
    stop_met(story, 2, -2021, protected_at=None)
    row = rows(story).loc["met"]
    assert (row.kind, row.role, row.n, row.clusters, row.fired_intents) == ("-2021", "sl", 3, 3, 3)
    assert (row.recovered, row.naked, row.naked_at_deadline) == (2, 1, 1)
    assert sum(row[name] for name in STATES) == 3
    assert row.rate == pytest.approx(2 / 3)
    assert row.low < 2 / 3 < row.high
    assert row.note == "conditional on this tape"


def test_effort_is_that_of_recovered_intents(story: Any) -> None:
    """Placements of 2 s and 4 s: median 3, maximum 4; the one that failed does not count."""
    stop_met(story, 0, -2021, protected_at=2.2)
    stop_met(story, 1, -2021, protected_at=4.2)
    stop_met(story, 2, -2021, protected_at=None)
    row = rows(story).loc["met"]
    assert (row.seconds_p50_s, row.seconds_max_s) == pytest.approx((3.0, 4.0))
    assert (row.attempts_p50, row.attempts_max) == (2.0, 2.0)


def test_only_the_first_draw_counts(story: Any) -> None:
    """A fault on the second request met an intent that the policy's own retry brought there: not in n."""
    stop_met(story, 0, -2021, protected_at=2.2, first=False)
    row = rows(story).loc["met"]
    assert (row.n, row.fired_intents) == (0, 1)
    assert math.isnan(row.rate)
    assert math.isnan(row.seconds_p50_s)


def test_recovery_when_needed_asks_for_protection_in_time(story: Any) -> None:
    """Crossed at 3 s: the stop at 2.2 s came in time, the one at 4.2 s did not, though both are recovered."""
    stop_met(story, 0, -2021, protected_at=2.2, crossed=3.0)
    stop_met(story, 1, -2021, protected_at=4.2, crossed=3.0)
    stop_met(story, 2, -2021, protected_at=4.2)
    row = rows(story).loc["met"]
    assert (row.recovered, row.rate) == (3, 1.0)
    assert (row.needed, row.protected_in_time, row.needed_rate) == (2, 1, 0.5)


def test_arising_2021_counts_all_whose_stop_is_crossed(story: Any) -> None:
    """The denominator is the path's: also the intent that never entered is in it."""
    stop_met(story, 0, -2021, protected_at=2.2, crossed=3.0)
    story.decide(1, 4000.0)
    story.finish(4001.0, "failed", 1)
    story.shadow("ideal", 0.0, 1, crossed=4100.0)
    row = rows(story).loc["arising -2021"]
    assert (row.n, row.recovered, row.not_entered, row.fired_intents) == (2, 1, 1, 1)
    assert (row.needed, row.protected_in_time) == (2, 1)


def test_faults_on_nobodys_requests_are_left_out(story: Any) -> None:
    """A fault without an intent belongs to no denominator."""
    story.decide()
    story.fault(1, -1, name="house", role="none")
    assert "house" not in rows(story).index
