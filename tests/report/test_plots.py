"""Plots: they draw hand-made frames, say so when there is nothing to show, and agree with the tables."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sim.experiment import Result
from sim.report import curves, pictures
from sim.report.plots.differences import forest
from sim.report.plots.money import calls_per_intent, loss_distribution, loss_sums, refusals_by_code
from sim.report.plots.recovery import (
    attempts_to_recover,
    claimed_beside_true,
    recovery_rates,
    seconds_to_recover,
    states_at_deadline,
)
from sim.report.plots.slippage import check_against_fill, refusal_value, slippage_distribution
from sim.report.plots.style import BELIEF, TRUTH, picture
from sim.report.plots.time import naked_time, time_parts, waiting
from sim.report.plots.timeline import faults_in_time, price_with_intents

NONE = pd.DataFrame()
BARS = pd.DataFrame(
    {
        "label": ["a, entry", "b, stop"],
        "n": [4, 2],
        "recovered": [3, 0],
        "flattened_safely": [0, 1],
        "unknown": [1, 0],
        "naked": [0, 1],
        "not_entered": [0, 0],
        "impaired": [0, 0],
        "rate": [0.75, 0.0],
        "low": [0.3, 0.0],
        "high": [0.95, 0.8],
        "attempts_p50": [2.0, np.nan],
        "attempts_p95": [3.0, np.nan],
        "attempts_max": [3.0, np.nan],
        "seconds_p50_s": [0.5, np.nan],
        "seconds_p95_s": [1.5, np.nan],
        "seconds_max_s": [12.0, np.nan],
    }
)
EDGES = pd.DataFrame({"fault": ["outage"], "opened_us": [0], "closed_us": [60_000_000]})
STRUCK = pd.DataFrame({"fault": ["late"], "at_us": [30_000_000]})
UNKNOWN = BARS.assign(**{name: np.nan for name in BARS.columns if name.startswith(("attempts", "seconds"))})


@pytest.fixture
def axes() -> Axes:
    """Make axes on a figure of their own."""
    return Figure(layout="constrained").subplots()


def _texts(axes: Axes) -> str:
    return " ".join(text.get_text() for text in axes.texts)


def _bars(axes: Axes) -> list[Rectangle]:
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


@pytest.mark.parametrize(
    "draw",
    [
        lambda axes: recovery_rates(BARS.iloc[:0], axes),
        lambda axes: states_at_deadline(BARS.iloc[:0], axes),
        lambda axes: attempts_to_recover(UNKNOWN, axes),
        lambda axes: seconds_to_recover(UNKNOWN, axes),
        lambda axes: claimed_beside_true(pd.DataFrame({"n": [0]}), axes),
        lambda axes: slippage_distribution(NONE, [50.0], axes),
        lambda axes: check_against_fill(NONE, [], axes),
        lambda axes: refusal_value(NONE, axes),
        lambda axes: waiting(NONE, axes),
        lambda axes: time_parts(NONE, axes),
        lambda axes: naked_time(NONE, 5.0, axes),
        lambda axes: loss_distribution(NONE, float("nan"), axes),
        lambda axes: loss_sums(NONE, axes),
        lambda axes: calls_per_intent(NONE, axes),
        lambda axes: refusals_by_code(NONE, axes),
        lambda axes: price_with_intents(NONE, NONE, 0, axes),
        lambda axes: faults_in_time(STRUCK.iloc[:0], EDGES.iloc[:0], 0, axes),
        lambda axes: forest(NONE, "lower", axes),
    ],
)
def test_nothing_to_show_is_said(draw: Callable[[Axes], Axes], axes: Axes) -> None:
    """Without faults, intents or refusals a plot says so and draws nothing."""
    assert draw(axes) is axes
    assert "nothing to show" in _texts(axes)
    assert not axes.lines


@pytest.mark.parametrize(
    "name", ["recovery", "slippage", "latency", "protection", "money", "load", "document", "timeline"]
)
def test_result_without_intents_is_drawn(empty: Result, name: str) -> None:
    """Every picture of an empty run can be made."""
    for drawn in getattr(pictures, f"{name}_pictures")(empty):
        assert "nothing to show" in drawn.svg


def test_bars_are_the_rates_of_the_table(axes: Axes) -> None:
    """Bar lengths are rates in per cent, and counts stand beside them."""
    recovery_rates(BARS, axes)
    assert [bar.get_width() for bar in _bars(axes)] == [75.0, 0.0]
    assert "3 of 4" in _texts(axes)


def test_states_add_up_to_all_intents(axes: Axes) -> None:
    """Failures are drawn too: each row of states fills the axis."""
    states_at_deadline(BARS, axes)
    ends: dict[float, float] = {}
    for bar in _bars(axes):
        ends[bar.get_y()] = max(ends.get(bar.get_y(), 0.0), bar.get_x() + bar.get_width())
    assert list(ends.values()) == pytest.approx([100.0, 100.0])


def test_truth_and_belief_have_the_same_colours_everywhere(axes: Axes) -> None:
    """What the guard saw is drawn in belief's colour, what was paid in truth's."""
    curve = pd.DataFrame({"curve": ["check", "fill"], "value": [0.1, 0.2], "share": [1.0, 1.0], "n": [1, 1]})
    slippage_distribution(curve, [50.0], axes)
    assert [line.get_color() for line in axes.lines][:2] == [BELIEF, TRUTH]


def test_active_stretches_and_strikes_are_drawn(axes: Axes) -> None:
    """A fault with a window and one that strikes singly each have a row."""
    faults_in_time(STRUCK, EDGES, 0, axes)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["late", "outage"]


def test_waiting_curves_agree_with_the_latency_table(result: Result) -> None:
    """The curve of each milestone passes through the quantiles the table prints, over the same intents."""
    drawn = curves.waiting_curves(result.frames["intents"])
    table = result.latency.set_index("metric")
    for name in curves.MILESTONES:
        curve = drawn[drawn["curve"] == name]
        assert curve["n"].iloc[0] == table.loc[name, "n"]
        assert curve["reached"].iloc[0] == table.loc[name, "reached"]
        for key, share in (("p50", 0.5), ("p90", 0.9)):
            reached = curve[1 - curve["share"] >= share - 1e-12]
            expected = table.loc[name, key]
            assert (reached["value"].iloc[0] if len(reached) else np.nan) == pytest.approx(
                expected, nan_ok=True
            )


def test_sums_by_outcome_add_up_to_the_loss(result: Result) -> None:
    """The bars of the loss are the table's mean times its intents."""
    row = result.money.query("metric == 'loss against I1' and unit == 'quote'").iloc[0]
    sums = curves.loss_by_outcome(result.frames["intents"])
    assert sums["loss_quote"].sum() == pytest.approx(row["mean"] * row["n"])
    assert sums["n"].sum() == row["n"]


def test_limits_are_those_of_the_guard() -> None:
    """Above the leverage threshold the limit is the narrower one; without a guarded entry there is none."""
    intents = pd.DataFrame({"leverage": [5.0, 20.0]})
    values = {
        "execution.guard_entry": True,
        "execution.max_slippage_pct": 0.005,
        "execution.high_leverage_threshold": 10.0,
        "execution.high_leverage_factor": 0.5,
    }
    assert curves.limits_bps(intents, values) == [25.0, 50.0]
    assert curves.limits_bps(intents, {**values, "execution.guard_entry": False}) == []


def test_picture_is_the_same_each_time() -> None:
    """Rendered twice, a plot has the same bytes, and its ids carry its own name."""
    first, second = (
        picture("it", "A <caption>.", (3.0, 2.0), lambda figure: recovery_rates(BARS, figure.subplots()))
        for _ in range(2)
    )
    assert first == second
    assert 'aria-label="A &lt;caption>."' in first.svg
    assert 'id="it-' in first.svg
