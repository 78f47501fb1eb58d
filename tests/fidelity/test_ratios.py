"""Ratios, their intervals, and what is not said."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from sim.fidelity.ratios import (
    LEAST_EPISODES,
    MEASURED,
    NOT_MEASURED,
    ratio_interval,
    ratio_table,
    sign_table,
)
from sim.metrics import CONDITIONAL


def _frame(episodes: int, *, model: float = 2.0, dates: int = 1, events: int = 1) -> pd.DataFrame:
    rows = []
    for source, factor in (("real", 1.0), ("bridge", model)):
        for number in range(episodes):
            rows.append(
                {
                    "level": "1 s in 1 m", "tape": "made", "date": f"2024-01-{1 + number % dates:02d}", "kind": "calm",
                    "episode": number, "source": source, "section": "moves", "measure": "moves beyond x in t",
                    "x": 5.0, "x_unit": "bps", "t_s": 8.0, "num": factor * (1 + number % 3), "den": 100.0,
                    "events": events,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def test_a_constant_ratio_has_no_spread() -> None:
    """The model shows twice the real count in every block: the ratio is two, whatever is drawn."""
    real = np.arange(1.0, 41.0)
    value, low, high = ratio_interval(np.stack([2 * real, real, real, real], axis=1), "twice")
    assert value == pytest.approx(2.0)
    assert (math.isnan(low) and math.isnan(high)) or (low, high) == pytest.approx((2.0, 2.0))


def test_an_interval_covers_its_ratio_and_repeats() -> None:
    """The same sums have the same interval; it lies around the ratio of all."""
    draws = np.random.default_rng(7)
    sums = np.stack(
        [draws.poisson(20, 60), np.full(60, 100), draws.poisson(10, 60), np.full(60, 100)], axis=1
    ).astype(float)
    value, low, high = ratio_interval(sums, "noise")
    assert low < value < high
    assert low < 2.0 < high
    assert (value, low, high) == ratio_interval(sums, "noise")


def test_a_model_that_never_shows_it_has_ratio_zero() -> None:
    """Nothing against something is zero without an interval; nothing against nothing is unknown."""
    assert ratio_interval(np.array([[0.0, 9.0, 3.0, 9.0]] * 40), "none")[0] == 0.0
    assert math.isnan(ratio_interval(np.array([[1.0, 9.0, 0.0, 9.0]] * 40), "all")[0])


@pytest.mark.parametrize(
    ("episodes", "status"), [(LEAST_EPISODES - 1, NOT_MEASURED), (LEAST_EPISODES, MEASURED)]
)
def test_too_few_episodes_are_not_measured(episodes: int, status: str) -> None:
    """Below thirty blocks with events there is no ratio, but counts and both values stay to be read."""
    row = ratio_table(_frame(episodes)).iloc[0]
    assert row["status"] == status
    assert math.isnan(row["ratio"]) == (status == NOT_MEASURED)
    assert row["episodes_with_events"] == episodes
    assert row["model"] == pytest.approx(2 * row["real"])


def test_few_dates_are_conditional_and_exclude_nothing() -> None:
    """Fewer than ten dates: the note says so; ten: the date is the unit and an interval may exclude 1."""
    few = ratio_table(_frame(90, dates=9)).iloc[0]
    assert (few["note"], few["excludes_one"], few["clusters"]) == (CONDITIONAL, False, 90)
    many = ratio_table(_frame(90, dates=10)).iloc[0]
    assert (many["note"], many["clusters"]) == ("", 10)


def test_signs_are_told_by_date() -> None:
    """Each date has its own ratio and sign."""
    frame = _frame(40, dates=2)
    less = (frame["source"] == "bridge") & (frame["date"] == "2024-01-02")
    frame.loc[less, "num"] /= 8
    signs = sign_table(frame)
    assert signs["date"].tolist() == ["2024-01-01", "2024-01-02"]
    assert signs["sign"].tolist() == ["+", "-"]
    assert signs["ratio"].tolist() == pytest.approx([2.0, 0.25])


def test_a_tape_that_a_source_could_not_fill_says_nothing_of_it() -> None:
    """On the tape that both have the model is the truth; what it never saw does not halve its ratio."""
    both, real_only = _frame(60, model=1.0), _frame(60, model=1.0)
    real_only = real_only[real_only["source"] == "real"].assign(
        tape="other", episode=lambda rows: rows["episode"] + 60
    )
    row = ratio_table(pd.concat([both, real_only])).iloc[0]
    assert row["ratio"] == pytest.approx(1.0)
    assert row["episodes"] == 60


def test_an_interval_is_not_made_from_the_draws_that_show_something() -> None:
    """A model that shows the event in two blocks of sixty has a ratio and no interval."""
    sums = np.array([[1.0 if block < 2 else 0.0, 100.0, 3.0, 100.0] for block in range(60)])
    value, low, high = ratio_interval(sums, "rare")
    assert value == pytest.approx(2 / 180)
    assert math.isnan(low)
    assert math.isnan(high)
