"""What arithmetic says of the document's claims, at the rates the document needed."""

from __future__ import annotations

import pytest

from sim.claims import closed_forms


def test_the_claims_need_these_rates() -> None:
    """95 % needs p = 0.549, 90 % needs 0.631 and 80 % fewer failures 0.585, when every request stands alone."""
    assert closed_forms.success_in_bursts(0.549, 0.0) == pytest.approx(0.95, abs=5e-4)
    assert closed_forms.success_in_bursts(0.631, 0.0) == pytest.approx(0.90, abs=5e-4)
    assert closed_forms.reduction_in_bursts(0.585, 0.0) == pytest.approx(0.80, abs=5e-4)
    assert closed_forms.claimed_after_silence(0.631) == pytest.approx(0.90, abs=5e-4)


def test_long_bursts_take_all_attempts_with_them() -> None:
    """Failures that outlast the attempts leave a success of 1 - p, and nothing reduced; short ones are forgotten."""
    assert closed_forms.success_in_bursts(0.3, 1e6) == pytest.approx(0.7, abs=1e-4)
    assert closed_forms.reduction_in_bursts(0.3, 1e6) == pytest.approx(0.0, abs=1e-4)
    assert closed_forms.success_in_bursts(0.3, 1e-3) == pytest.approx(1 - 0.3**5)
    lengths = [closed_forms.success_in_bursts(0.3, length_s) for length_s in (0.5, 2.0, 8.0, 30.0)]
    assert lengths == sorted(lengths, reverse=True)


def test_the_chase_breaks_even_at_one_publication() -> None:
    """Judged by the mark, a stop moved by b rests surely iff drift · 1 s < b; by last at the median age, 0.080 %/s."""
    assert closed_forms.chase_success(0.099, 0.1) == 1.0
    assert closed_forms.chase_success(0.101, 0.1) == pytest.approx(0.25, abs=0.01)
    assert closed_forms.chase_break_even_pct(0.08) == pytest.approx(0.1)
    assert closed_forms.chase_break_even_pct(0.1333, mark_age_s=0.0) == pytest.approx(0.1, abs=1e-4)


def test_blind_resending_leaves_one_order_less_often_than_it_says() -> None:
    """When nothing of the silence lives, one order is what was said; when all of it does, only the first answer."""
    assert closed_forms.exactly_one_after_silence(0.631, 0.0) == pytest.approx(
        closed_forms.claimed_after_silence(0.631)
    )
    assert closed_forms.exactly_one_after_silence(0.631, 1.0) == pytest.approx(1 - 0.631)


def test_five_failures_take_seven_and_a_half_seconds_and_the_wire() -> None:
    """15.5 s need round trips of 1.6 s."""
    assert closed_forms.exhausted_s(0.0) == 7.5
    assert closed_forms.exhausted_s(1.6) == 15.5


def test_a_guard_that_looks_once_stops_what_it_sees_only() -> None:
    """A price that is beyond the limit at the look is refused; one that gets there before the fill is not."""
    assert closed_forms.within_limit(0.3, 0.06) == 1.0
    assert closed_forms.within_limit(0.02, 0.06) == 1.0
    assert closed_forms.within_limit(0.18, 0.9) == pytest.approx(1 - 31 / 32)
    assert closed_forms.within_limit(0.18, 0.06) == pytest.approx(1 - 0.25 + 1 / 32)
