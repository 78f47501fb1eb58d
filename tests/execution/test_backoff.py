"""The law of the waits between attempts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.execution.backoff import backoff_s, backoff_schedule_s

LAWS = {
    "base_s": st.floats(0.0, 3600.0),
    "growth": st.floats(1.0, 10.0),
    "cap_s": st.floats(0.0, 3600.0),
}


def test_the_documents_schedule() -> None:
    """Five attempts of d7 wait 0.5, 1, 2 and 4 seconds: 7.5 in all, not the 15.5 of the document's log."""
    assert backoff_schedule_s(5, base_s=0.5, growth=2.0, cap_s=10.0) == (0.5, 1.0, 2.0, 4.0)
    assert backoff_schedule_s(7, base_s=0.5, growth=2.0, cap_s=10.0)[-1] == 10.0
    assert backoff_schedule_s(1, base_s=0.5, growth=2.0, cap_s=10.0) == ()


@given(failed=st.integers(1, 10_000), **LAWS)
def test_the_wait_is_the_smaller_of_growth_and_cap(
    failed: int, base_s: float, growth: float, cap_s: float
) -> None:
    """A wait is base times growth to the failures before, never above the cap, also where floats overflow."""
    delay_s = backoff_s(failed, base_s=base_s, growth=growth, cap_s=cap_s)
    assert 0.0 <= delay_s <= cap_s
    if failed <= 50:
        assert delay_s == min(base_s * growth ** (failed - 1), cap_s)


@given(attempts=st.integers(1, 30), **LAWS)
def test_waits_never_shrink_and_none_follows_the_last_attempt(
    attempts: int, base_s: float, growth: float, cap_s: float
) -> None:
    """There is one wait fewer than attempts, and each is at least as long as the one before."""
    schedule = backoff_schedule_s(attempts, base_s=base_s, growth=growth, cap_s=cap_s)
    assert len(schedule) == attempts - 1
    assert list(schedule) == sorted(schedule)


def test_attempts_count_from_one() -> None:
    """Nothing is waited for before the first failure."""
    with pytest.raises(ValueError, match="failed_attempts=0"):
        backoff_s(0, base_s=0.5, growth=2.0, cap_s=10.0)
