"""Paired differences: same intents, b - a, discordant clusters, dates."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import InputError
from sim.metrics import concat_frames, paired, paired_by_date


def keyed(table: Any, key: Any = "metric") -> Any:
    return table.set_index(key)


DAY_US = 86_400_000_000


def runs(new_story: Any, exits: list[float], *, dates: int = 1) -> Any:
    """Return frames of one plain trade per exit price, an hour apart, on each date."""
    parts = []
    for date in range(dates):
        story = new_story()
        for intent, price in enumerate(exits):
            story.plain(intent, 3600.0 * intent, exit_price=price)
        parts.append(story.frames(epoch_us=date * DAY_US))
    return concat_frames(parts)


def test_difference_is_candidate_less_baseline(new_story: Any) -> None:
    """The candidate earned 1 more on one of two intents: mean 0.5, 500 per 1,000, one discordant cluster of two."""
    a, b = runs(new_story, [101.0, 101.0]), runs(new_story, [101.0, 102.0])
    table = keyed(paired(a, b), ["metric", "unit"])
    row = table.loc[("result", "quote")]
    assert (row.n, row.clusters, row.discordant_clusters, row.discordant) == (2, 2, 1, 1)
    assert (row.mean_difference, row.per_1000) == pytest.approx((0.5, 500.0))
    assert table.loc[("loss against I1", "quote"), "mean_difference"] == pytest.approx(-0.5)
    assert table.loc[("requests", "requests"), "mean_difference"] == 0.0
    run = table.loc[("result of a run", "quote per run")]
    assert (run.n, run.mean_difference, run.per_1000) == pytest.approx((1, 1.0, 500.0))


def test_few_dates_exclude_nothing(new_story: Any) -> None:
    """On one date even a difference that is the same everywhere is conditional on the tape."""
    a, b = runs(new_story, [101.0] * 12), runs(new_story, [101.5 + 0.1 * k for k in range(12)])
    row = keyed(paired(a, b), ["metric", "unit"]).loc[("result", "quote")]
    assert row.low > 0.0
    assert not row.excludes_zero
    assert row.note == "conditional on this tape"


def test_ten_dates_may_exclude_zero(new_story: Any) -> None:
    """Twelve dates with a clear difference on each: the interval excludes zero, and dates are the clusters."""
    a = runs(new_story, [101.0], dates=12)
    b = concat_frames([run_of_date(new_story, 102.0 + 0.01 * date, date) for date in range(12)])
    row = keyed(paired(a, b), ["metric", "unit"]).loc[("result", "quote")]
    assert (row.n, row.clusters, row.note) == (12, 12, "")
    assert row.excludes_zero
    signs = paired_by_date(a, b)
    result = signs[(signs["metric"] == "result") & (signs["unit"] == "quote")]
    assert result["sign"].tolist() == ["+"] * 12
    assert result["date"].tolist() == list(range(12))


def run_of_date(new_story: Any, exit_price: float, date: int) -> Any:
    story = new_story()
    story.plain(exit_price=exit_price)
    return story.frames(epoch_us=date * DAY_US)


def test_undefined_on_one_side_is_not_compared(new_story: Any) -> None:
    """A refused intent has no slippage to compare, and still a result."""
    a, refusing = runs(new_story, [101.0]), new_story()
    refusing.decide()
    refusing.verdict(0.1, 101.0, accepted=False, reason="Excessive slippage")
    refusing.finish(0.1, "refused")
    refusing.books(960.0)
    table = keyed(paired(a, refusing.frames()), ["metric", "unit"])
    assert table.loc[("adverse slippage at fill", "bps"), "n"] == 0
    assert table.loc[("result", "quote"), "mean_difference"] == pytest.approx(-1.0)


def test_runs_without_a_common_intent_are_refused(new_story: Any) -> None:
    """Another seed is another run: nothing to pair."""
    story = new_story()
    story.plain()
    with pytest.raises(InputError, match="same seeds"):
        paired(story.frames(seed=1), story.frames(seed=2))


def test_intents_that_differ_are_refused(new_story: Any) -> None:
    """Pairing a decision with another one's would compare nothing."""
    one, other = new_story(), new_story()
    one.plain(at=0.0)
    other.plain(at=5.0)
    with pytest.raises(InputError, match="the same intents"):
        paired(one.frames(), other.frames())
