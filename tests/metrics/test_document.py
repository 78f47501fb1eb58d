"""The seed document's four metrics and its impact table, claimed beside true."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sim.errors import InputError
from sim.metrics import claims, headline, seed_metrics
from sim.metrics.document_tables import SEED_METRICS


def keyed(table: Any, key: Any = "metric") -> Any:
    return table.set_index(key)


def doubled(story: Any, intent: int, at: float) -> None:
    """Time out on an entry that was applied, resend, succeed: claimed success, two orders in truth."""
    story.decide(intent, at)
    placement = story.placement(
        "entry", at, at + 10.6, intent, success=True, attempts=2, failures=((at + 10.0, 0),)
    )
    first = story.order("entry", at, at + 0.1, intent, answered=at + 10.0, status=0, placement=placement)
    story.fill(first, at + 0.1, 100.0)
    second = story.order("entry", at + 10.5, at + 10.55, intent, placement=placement)
    story.fill(second, at + 10.55, 100.0)


def refused_stop(story: Any, intent: int, at: float, *, success: bool) -> None:
    """Meet -2021 on a stop; succeed with the second attempt or give up after five in 7.5 s."""
    story.decide(intent, at)
    story.enter(at, at + 0.1, intent=intent)
    if success:
        placement = story.placement("sl", at + 1, at + 2, intent, attempts=2, failures=((at + 1.1, -2021),))
        story.request("sl", at + 1, at + 1.1, intent, status=400, code=-2021, placement=placement)
        story.order("sl", at + 1.9, at + 1.95, intent, price=99.0, close=True, placement=placement)
        return
    failures = tuple((at + 1 + 1.875 * k, -2021) for k in range(5))
    story.placement("sl", at + 1, at + 8.5, intent, success=False, attempts=5, failures=failures)


def test_four_metrics_claimed_and_true(story: Any) -> None:
    """Claimed and true differ where a time-out was resent blindly."""
    doubled(story, 0, 0.0)
    refused_stop(story, 1, 4000.0, success=True)
    refused_stop(story, 2, 8000.0, success=False)
    table = keyed(seed_metrics(story.frames()), "metric")
    assert tuple(table.index) == SEED_METRICS
    retry = table.loc["Retry Success Rate"]
    assert retry.n == 3
    assert (retry.claimed, retry.true) == pytest.approx((2 / 3, 1 / 3))
    moved = table.loc["-2021 Error Recovery Rate"]
    assert (moved.n, moved.claimed, moved.true) == (2, 0.5, 0.5)
    attempts = table.loc["Average Retry Count"]
    # Claimed: the doubled entry (2), the moved stop (2), two plain entries (1 each); true without the doubled one.
    assert (attempts.n, attempts.claimed) == (4, 1.5)
    assert (attempts.n_true, attempts.true) == (3, pytest.approx(4 / 3))
    assert table.loc["Slippage Rejection Rate", "n"] == 0


def test_stop_that_lives_after_a_claimed_failure_is_true_success(story: Any) -> None:
    """A false failure counts against the claim and for the truth."""
    story.decide()
    story.enter(0.0, 0.1)
    placement = story.placement(
        "sl", 1.0, 12.0, success=False, attempts=2, failures=((11.0, 0), (12.0, -4130))
    )
    story.order("sl", 1.0, 1.1, price=99.0, close=True, answered=11.0, status=0, placement=placement)
    story.request("sl", 11.9, 12.0, status=400, code=-4130, placement=placement)
    retry = keyed(seed_metrics(story.frames()), "metric").loc["Retry Success Rate"]
    assert (retry.claimed, retry.true) == (0.0, 1.0)


def test_rejection_rate(story: Any) -> None:
    """One of two checked intents was refused for deviation, and nothing of it is at the venue."""
    story.plain(0)
    story.decide(1, 4000.0)
    story.verdict(4000.1, 101.0, 1, accepted=False, reason="Excessive slippage")
    row = keyed(seed_metrics(story.frames()), "metric").loc["Slippage Rejection Rate"]
    assert (row.n, row.claimed, row.true) == (2, 0.5, 0.5)


def test_claims_stand_beside_their_baseline(new_story: Any) -> None:
    """Failure rate 1/4 against 3/4 is a reduction of two thirds; -2021 recovered 3 of 4 against 1 of 4."""
    ours, theirs = new_story(), new_story()
    for intent in range(4):
        refused_stop(ours, intent, 4000.0 * intent, success=intent != 0)
        refused_stop(theirs, intent, 4000.0 * intent, success=intent == 0)
    table: Any = claims({"d7": ours.frames(), "legacy-sltp": theirs.frames()})
    reduction = table[table["claim"].str.startswith("failure rate")].iloc[0]
    assert (reduction.claimed, reduction.baseline, reduction.role) == (0.8, "legacy-sltp", "sl")
    assert reduction.figure == pytest.approx(2 / 3)
    moved = table[table["claim"].str.startswith("-2021")].iloc[0]
    assert (moved.n, moved.figure, moved.baseline_figure) == (4, 0.75, 0.25)
    assert moved.low < 0.75 < moved.high
    exhausted = table[table["unit"] == "s"].iloc[0]
    assert (exhausted.claimed, exhausted.n, exhausted.figure) == (15.5, 1, pytest.approx(7.5))


def test_claim_without_its_baseline_still_has_a_row(story: Any) -> None:
    """A baseline that was not run leaves its columns empty."""
    doubled(story, 0, 0.0)
    row = keyed(claims({"d7": story.frames()}), "claim").loc["network time-out recovered, about 90 %"]
    assert row.baseline == ""
    assert (row.n, row.figure, row.true_figure) == (1, 1.0, 0.0)
    assert math.isnan(row.reduction)


def test_excessive_slippage_prevented(story: Any) -> None:
    """Refused for deviation: prevented.  Filled 60 bps away: not.  Filled 40 bps away: no case."""
    story.decide(0)
    story.verdict(0.1, 101.0, accepted=False, reason="Excessive slippage")
    for intent, price in ((1, 100.6), (2, 100.4)):
        story.decide(intent, 4000.0 * intent)
        story.enter(4000.0 * intent, 4000.0 * intent + 0.1, price, intent)
    row = keyed(claims({"d7": story.frames()}), "claim").loc["excessive slippage blocked, 100 %"]
    assert (row.n, row.figure) == (2, 0.5)


def test_unknown_policy_is_named(story: Any) -> None:
    """Claims need the policy they are about, and say the nearest one."""
    with pytest.raises(InputError, match="did you mean 'd7'"):
        claims({"d7": story.frames()}, policy="d8")


def test_headline_is_flat_and_finite(story: Any) -> None:
    """Numbers without a denominator are left out; the rest is finite and documented."""
    from sim.metrics import HEADLINES

    story.plain()
    numbers = headline(story.frames())
    assert set(numbers) <= set(HEADLINES)
    assert all(math.isfinite(value) for value in numbers.values())
    assert numbers["recovered_share"] == 1.0
    assert numbers["result_per_1000_quote"] == pytest.approx(1000.0)
    assert numbers["time_to_protected_p50_s"] == pytest.approx(0.2)
    assert "recovery_2021_share_claimed" not in numbers


def test_headline_counts_false_beliefs(story: Any) -> None:
    """A denied entry that lives: denied, orphaned, unresolved, naked beyond the limit."""
    story.decide()
    story.enter(0.0, 0.1, success=False, status=0)
    story.finish(10.0, "failed")
    story.books(960.0, leave_price=99.0)
    numbers = headline(story.frames())
    for name in ("entry_denied_share", "orphaned_share", "unresolved_share", "naked_beyond_limit_share"):
        assert numbers[name] == 1.0, name
    assert numbers["entry_absent_share"] == 0.0


def test_every_headline_number_can_occur(new_story: Any) -> None:
    """The table of headline numbers holds nothing that no run can fill, and nothing is missing from it."""
    from sim.metrics import HEADLINES

    story = new_story()
    story.plain(0)
    refused_stop(story, 1, 4000.0, success=True)
    story.decide(2, 8000.0)
    story.enter(8000.0, 8000.1, intent=2)
    stop = story.protect(8000.2, 8000.3, intent=2)
    story.leave(stop, 8005.0, 98.9, 2)
    story.protect(4002.0, 4002.1, intent=1)
    assert set(headline(story.frames())) == set(HEADLINES)


def test_headline_of_no_intents(new_story: Any) -> None:
    """A run without intents has counts and no rates."""
    numbers = headline(new_story().frames())
    assert numbers == {
        "intents": 0.0,
        **{f"violations_{k}": 0.0 for k in ("safety", "liveness", "practice", "simulator")},
    }
