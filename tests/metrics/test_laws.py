"""Laws that hold whatever happened: mirror, time shift, other intents."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.metrics import headline

# Relative to the planned stop, which is not mirrored at the same distance from zero.
_OF_THE_STOP = ("stop_slippage_bps", "stop_loosening_bps", "stop_execution_bps")
_PRICES = st.floats(96.0, 104.0).map(lambda value: round(value, 2))


def tell(story: Any, entry: float, stop: float, exit_price: float, late: float) -> Any:
    """Tell a trade with a late stop that fires."""
    story.decide()
    story.verdict(0.1, entry)
    story.enter(0.2, 0.3, entry, reference=entry - 0.01)
    order = story.protect(0.3 + late, 0.4 + late, stop, mark=exit_price)
    story.leave(order, 50.0 + late, exit_price)
    story.finish(50.0 + late, "closed by the venue")
    story.shadow("ideal", 0.5)
    story.shadow("floor", 0.75)
    story.books(960.0)
    return story


@settings(max_examples=15, deadline=None)
@given(_PRICES, _PRICES, _PRICES, st.floats(0.0, 80.0))
def test_mirror(new_story: Any, entry: float, stop: float, exit_price: float, late: float) -> None:
    """A short on the mirrored path has the numbers of the long: plan-relative, in quote, in seconds."""
    long, short = (tell(new_story(d), entry, stop, exit_price, late).row() for d in (1, -1))
    for name in (
        "outcome", "state_at_deadline", "result_quote", "loss_against_ideal_quote", "loss_against_ideal_bps",
        "loss_against_ideal_r", "slippage_check_bps", "slippage_arrival_bps", "slippage_fill_bps", "naked_s",
        "naked_excess_s", "naked_loss_quote", "protected_us", "over_fill", "planned_risk_quote",
    ):  # fmt: skip
        assert long[name] == (
            short[name] if isinstance(short[name], str) else pytest.approx(short[name], abs=1e-6)
        ), name
    for name in _OF_THE_STOP:
        assert long[name] * long.sl_price == pytest.approx(short[name] * short.sl_price, abs=1e-5), name


def test_time_shift(new_story: Any) -> None:
    """A day later on the same clock changes dates and clusters and no number."""
    story = new_story()
    story.plain()
    assert headline(story.frames()) == headline(story.frames(epoch_us=86_400_000_000))


def test_other_runs_do_not_change_a_row(new_story: Any) -> None:
    """An intent's row is the same alone and among others."""
    alone, among = new_story(), new_story()
    alone.plain(3, 100.0)
    among.plain(1, 0.0, exit_price=90.0)
    among.plain(3, 100.0)
    among.plain(2, 5000.0)
    rows = among.frames()["intents"]
    pd.testing.assert_frame_equal(
        rows[rows["intent"] == 3].reset_index(drop=True), alone.frames()["intents"],
        check_dtype=False, check_categorical=False,
    )  # fmt: skip
