"""Frames: their columns, their keys, and every per-intent number of hand-written traces."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from sim.errors import InputError
from sim.metrics import COLUMNS, build_frames, concat_frames
from sim.trace import Trace


def missing(value: Any) -> bool:
    return bool(pd.isna(value))


def test_columns_are_as_documented(story: Any) -> None:
    """Every frame has exactly the documented columns, in order, with the documented dtypes."""
    story.plain()
    for frames in (story.frames(), build_frames(Trace(), episode_us=1, seed=1)):
        assert list(frames) == list(COLUMNS)
        for name, frame in frames.items():
            documented = {column: text.split(",")[0] for column, text in COLUMNS[name].items()}
            assert {column: str(dtype) for column, dtype in frame.dtypes.items()} == documented, name


def test_documentation_says_type_unit_and_meaning() -> None:
    """Each entry has three parts, and a time column's unit is µs."""
    for columns in COLUMNS.values():
        for column, text in columns.items():
            assert len(text.split(", ", 2)) == 3, column
            assert not column.endswith("_us") or text.split(", ")[1] == "us", column


@pytest.mark.parametrize("name", ["episode_us", "deadline_s", "budget_r"])
def test_lengths_and_limits_must_be_positive(name: str) -> None:
    """Zero is refused with the name of the value."""
    options: dict[str, Any] = {"episode_us": 1, "seed": 1, name: 0}
    with pytest.raises(InputError, match=name):
        build_frames(Trace(), **options)


def test_cluster_is_seed_and_episode(new_story: Any) -> None:
    """Intents of one hour share a cluster; the epoch moves episodes and dates, another seed another cluster."""
    story = new_story()
    for number, at in enumerate((0.0, 3599.0, 3600.0)):
        story.decide(number, at)
    intents = story.frames()["intents"]
    assert intents["cluster"].tolist() == ["7/0", "7/0", "7/1"]
    later = story.frames(epoch_us=86_400_000_000, seed=8)["intents"]
    assert later["cluster"].tolist() == ["8/24", "8/24", "8/25"]
    assert later["date"].tolist() == [1, 1, 1]
    both = concat_frames([story.frames(), story.frames(epoch_us=86_400_000_000, seed=8)])["intents"]
    assert both["run"].unique().tolist() == ["7/0", "8/86400000000"]
    assert not both.duplicated(["run", "intent"]).any()


def test_stacking_nothing_is_refused() -> None:
    """There is no such thing as the frames of no run."""
    with pytest.raises(InputError):
        concat_frames([])


def test_plain_trade(story: Any) -> None:
    """A trade without faults: entered once, protected, timed out, with its times from the trace."""
    story.plain()
    row = story.row()
    assert (row.outcome, row.believed_outcome, row.state_at_deadline) == ("timed_out", "closed", "recovered")
    assert (row.verdict_us, row.filled_us, row.acknowledged_us) == (50_000, 100_000, 110_000)
    assert (row.protected_us, row.exit_us, row.books_us) == (200_000, 900_100_000, 960_000_000)
    assert row.entry_claimed
    assert row.entry_true
    assert row.result_quote == pytest.approx(1.0)
    assert (row.requests, row.orders_sent, row.weight) == (3, 3, 0)
    assert not row.orphaned


@pytest.mark.parametrize(
    ("reference", "fill", "arrival_bps", "fill_bps"),
    [(100.2, 100.5, 20.0, 50.0), (99.9, 99.95, -10.0, -5.0)],
)
def test_adverse_slippage_is_positive_when_it_costs(
    story: Any, reference: float, fill: float, arrival_bps: float, fill_bps: float
) -> None:
    """A long that pays more, or a short that gets less, has positive slippage; the guard's own number has no sign."""
    story.decide()
    story.verdict(0.01, 100.1)
    story.enter(0.02, 0.05, fill, reference=reference)
    row = story.row()
    assert row.slippage_check_bps == pytest.approx(10.0)
    assert row.slippage_arrival_bps == pytest.approx(arrival_bps)
    assert row.slippage_fill_bps == pytest.approx(fill_bps)
    assert row.guard_deviation == pytest.approx(0.1 / story.price(100.1))
    assert math.isnan(row.slippage_send_bps)


def test_fill_price_is_weighted_by_volume(story: Any) -> None:
    """Two entries of 1 at 100 and 3 at 101 fill at 100.75."""
    story.decide(quantity=4.0)
    story.enter(0.0, 0.1, 100.0)
    story.enter(0.2, 0.3, 101.0, quantity=3.0)
    assert story.row().slippage_fill_bps == pytest.approx(75.0)


def test_doubled_entry_is_an_over_fill(story: Any) -> None:
    """Two MARKET entries of the intended size: twice the position, over-filled by one size, not one true entry."""
    story.decide()
    story.enter(0.0, 0.1, success=False, status=0)
    story.enter(10.0, 10.1)
    story.protect(10.2, 10.3)
    story.finish(900.0)
    row = story.row()
    assert (row.entries_accepted, row.entry_fills, row.over_fill) == (2, 2, 1.0)
    assert not row.entry_true
    assert row.state_at_deadline == "impaired"


def test_over_fill_within_one_step_is_none(story: Any) -> None:
    """A quantity one step above the plan is not an over-fill when the step is known."""
    story.decide()
    story.enter(0.0, 0.1, quantity=1.001)
    assert story.row(steps={"BTCUSDT": 0.001}).over_fill == 0.0
    assert story.row().over_fill == pytest.approx(0.001)


def test_stop_slippage_splits_into_loosening_and_execution(story: Any) -> None:
    """Planned 99, chased to 98, filled at 97.5: measured from the moved stop alone it would look like 0.5."""
    story.decide()
    story.enter(0.0, 0.1)
    stop = story.protect(0.2, 0.3, 98.0)
    story.leave(stop, 5.0, 97.5)
    story.finish(5.0, "closed by the venue")
    story.books(960.0)
    row = story.row()
    planned = story.price(99.0)
    assert row.outcome == "stopped"
    assert row.stop_slippage_bps == pytest.approx(1.5 / planned * 1e4)
    assert row.stop_loosening_bps == pytest.approx(1.0 / planned * 1e4)
    assert row.stop_execution_bps == pytest.approx(0.5 / planned * 1e4)
    assert row.result_quote == pytest.approx(-2.5)


def test_trade_closed_otherwise_has_no_stop_slippage(story: Any) -> None:
    """Only a stop that closed the position has a stop slippage."""
    story.plain()
    assert math.isnan(story.row().stop_slippage_bps)


@pytest.mark.parametrize(("role", "outcome"), [("sl", "stopped"), ("tp", "target"), ("trailing", "stopped")])
def test_outcome_follows_the_order_that_closed(story: Any, role: str, outcome: str) -> None:
    """The role of the closing fill names the outcome."""
    story.decide()
    story.enter(0.0, 0.1)
    order = story.order(role, 0.2, 0.3, price=99.0, close=True)
    story.leave(order, 5.0, 99.0)
    story.finish(5.0)
    story.books(960.0)
    assert story.row().outcome == outcome


@pytest.mark.parametrize(("covered", "state"), [(True, "impaired"), (False, "naked")])
def test_liquidated_is_an_outcome_of_its_own(story: Any, covered: bool, state: str) -> None:
    """The venue closed it: never recovered, wherever a stop stood; naked where none did."""
    story.decide()
    story.enter(0.0, 0.1)
    if covered:
        story.protect(0.11, 0.2)
    order = story.order("liquidation", 5.0, 5.0)
    story.leave(order, 5.0, 95.0)
    story.finish(5.0, "closed by the venue")
    story.books(960.0)
    assert (story.row().outcome, story.row().state_at_deadline) == ("liquidated", state)


@pytest.mark.parametrize(("at", "outcome"), [(12.0, "flattened"), (900.0, "timed_out")])
def test_close_at_market_is_flattened_before_the_end_of_holding(story: Any, at: float, outcome: str) -> None:
    """The same order is a flatten before the deadline and the planned close from it on."""
    story.decide()
    story.enter(0.0, 0.1)
    story.flatten(at - 0.1, at, 100.0)
    story.finish(at)
    story.books(960.0)
    assert story.row().outcome == outcome


def test_refused_intent(story: Any) -> None:
    """The guard said no and nothing was sent: refused for deviation, with no entry, at no cost."""
    story.decide()
    story.verdict(0.1, 101.0, accepted=False, reason="Excessive slippage for BTCUSDT: 0.990% > 0.500%")
    story.finish(0.1, "refused")
    story.books(960.0)
    row = story.row()
    assert (row.outcome, row.state_at_deadline) == ("refused", "not_entered")
    assert row.refused_for_deviation
    assert missing(row.entry_claimed)
    assert missing(row.filled_us)
    assert row.result_quote == 0.0


def test_refusal_for_another_reason_is_not_one_for_deviation(story: Any) -> None:
    """A stop too far away is a refusal of its own kind."""
    story.decide()
    story.verdict(0.1, 100.0, accepted=False, reason="SL too far for BTCUSDT")
    story.finish(0.1, "refused")
    assert story.row().refused
    assert not story.row().refused_for_deviation


def test_check_after_the_trade_refuses_nothing(story: Any) -> None:
    """A verdict that comes after the fill is a report, even when it says no."""
    story.decide()
    story.enter(0.0, 0.1)
    story.verdict(0.2, 102.0, accepted=False, reason="Excessive slippage")
    row = story.row()
    assert row.checked
    assert not row.refused
    assert row.verdict_us == 200_000


def test_deciding_verdict_is_the_last_before_the_fill(story: Any) -> None:
    """When every attempt is checked anew, the price that counts is the last one seen before entering."""
    story.decide()
    story.verdict(0.1, 100.1)
    story.verdict(0.5, 100.3)
    story.enter(0.6, 0.7)
    story.verdict(0.9, 101.0)
    row = story.row()
    assert row.slippage_check_bps == pytest.approx(30.0)
    assert row.verdict_us == 100_000


def test_orphan_position(story: Any) -> None:
    """The reply was lost, the executor gave up, the order lives: orphaned, unresolved, unknown, naked to the end."""
    story.decide()
    story.enter(0.0, 0.1, success=False, status=0)
    story.finish(10.0, "failed")
    story.books(60.1, leave_price=98.0)
    row = story.row()
    assert (row.outcome, row.state_at_deadline) == ("unresolved", "unknown")
    assert row.orphaned
    assert row.naked_at_deadline
    assert row.naked_at_end
    assert not row.entry_claimed
    assert row.naked_s == pytest.approx(60.0)
    assert row.true_position == story.direction
    # Marked at the price of leaving, which also ends the naked stretch.
    assert row.result_quote == pytest.approx(-2.0)
    assert row.naked_loss_quote == pytest.approx(2.0)


def test_flow_without_an_end_is_unresolved(story: Any) -> None:
    """A run that was cut off leaves no belief to compare with."""
    story.decide()
    row = story.row()
    assert (row.outcome, row.state_at_deadline) == ("unresolved", "unknown")
    assert missing(row.orphaned)
    assert missing(row.ended_us)


def test_result_is_after_fees_and_against_ideal(story: Any) -> None:
    """Result counts fees; loss against ideal is in quote, in bps of planned notional and in R."""
    story.fee_rate = 0.001
    story.decide(quantity=2.0, sl=98.0)
    story.enter(0.0, 0.1, quantity=2.0)
    story.flatten(900.0, 900.1, 101.0)
    story.finish(900.1)
    story.books(960.0)
    story.shadow("ideal", 3.0)
    story.shadow("floor", 3.5)
    row = story.row()
    result = 2.0 - 0.001 * 2 * (100.0 + story.price(101.0))
    assert row.result_quote == pytest.approx(result)
    assert row.loss_against_ideal_quote == pytest.approx(3.0 - result)
    assert row.loss_against_ideal_bps == pytest.approx((3.0 - result) / 200.0 * 1e4)
    assert row.loss_against_ideal_r == pytest.approx((3.0 - result) / 4.0)
    assert row.floor_result_quote == 3.5


def test_loss_against_ideal_is_never_clipped(story: Any) -> None:
    """Faults can make money; the number says so."""
    story.plain(exit_price=103.0)
    assert story.row().loss_against_ideal_quote == pytest.approx(-2.0)


def test_shared_account_leaves_exposure_undefined(new_story: Any) -> None:
    """In one account results come from an intent's own fills; exposure and position belong to nobody."""
    story = new_story(shared=True)
    story.decide(0)
    story.decide(1)
    for intent in (0, 1):
        story.enter(0.0, 0.1 + intent, intent=intent)
    story.protect(1.2, 1.3, intent=0)
    story.flatten(20.0, 20.1, 101.0, 0)
    for intent in (0, 1):
        story.finish(20.1, intent=intent)
    story.shared_books(960.0, position=1.0)
    frames = story.frames()
    done, left = (row for _, row in frames["intents"].iterrows())
    assert done.shared_account
    assert done.result_quote == pytest.approx(1.0)
    assert (done.outcome, left.outcome) == ("flattened", "unresolved")
    assert left.state_at_deadline == "naked"
    assert math.isnan(left.result_quote)
    for name in ("naked_s", "naked_excess_s", "naked_loss_quote", "true_position"):
        assert math.isnan(done[name]), name
    assert missing(done.protected)
    assert missing(done.orphaned)
    assert frames["protection"]["to_us"].max() == 960_000_000


def test_cut_off_run_falls_back_on_own_fills(story: Any) -> None:
    """Books never closed: a flat intent's result is that of its fills, an open one's is unknown."""
    story.decide(0)
    story.enter(0.0, 0.1)
    assert math.isnan(story.row().result_quote)
    story.flatten(5.0, 5.1, 101.5)
    assert story.row().result_quote == pytest.approx(1.5)


def test_orders_have_one_row_each(story: Any) -> None:
    """The life of an order is one row: accepted, triggered, ended, filled at."""
    story.decide()
    story.enter(0.0, 0.1)
    stop = story.protect(0.2, 0.3)
    story.state(stop, 4.9, "TRIGGERED")
    story.leave(stop, 5.0, 98.9)
    resting = story.order("tp", 0.3, 0.4, price=102.0, close=True)
    orders = story.frames()["orders"].set_index("order")
    row = orders.loc[stop]
    assert (row.accepted_us, row.triggered_us, row.ended_us) == (300_000, 4_900_000, 5_000_000)
    assert (row.status, row.filled_quantity) == ("FILLED", 1.0)
    assert row.average_price == pytest.approx(story.price(98.9))
    assert missing(orders.loc[resting].ended_us)
    assert math.isnan(orders.loc[resting].average_price)


def test_requests_carry_the_truth_of_their_write(story: Any) -> None:
    """A write shows what became of it, a read shows nothing."""
    story.decide()
    order = story.enter(0.0, 0.1, status=0)
    story.request("none", 0.2, 0.3, call="GET /fapi/v1/ticker/price")
    requests = story.frames()["requests"]
    assert requests["truth"].tolist() == ["applied", ""]
    assert requests["order"].tolist() == [order, pd.NA]
    assert requests["truth_us"].iloc[0] == 100_000
    assert requests["weight"].tolist() == [0, 1]


def test_failed_attempts_are_named(story: Any) -> None:
    """A code names itself; without one, silence, how the connection broke, an HTTP status, or a 200 in vain."""
    story.decide()
    placement = story.placement(
        "entry",
        0.0,
        18.0,
        success=False,
        attempts=5,
        failures=((1.0, -1001), (11.0, 0), (15.0, 0), (16.0, 0), (17.0, 0)),
    )
    story.request("entry", 0.9, 1.0, status=503, code=-1001, placement=placement)
    story.request("entry", 1.0, 11.0, status=0, placement=placement)
    story.request("entry", 14.0, 15.0, status=503, placement=placement)
    story.request("entry", 15.5, 16.0, status=-1, message="reset", placement=placement)
    story.request("entry", 16.5, 17.0, status=200, placement=placement)
    frames = story.frames()
    names = ["-1001", "time-out", "http 503", "connection: reset", "no order id"]
    assert frames["attempts"]["failure"].tolist() == names
    assert frames["placements"]["first_failure"].tolist() == ["-1001"]
    assert frames["placements"]["timeout_us"].tolist() == [10_000_000]


def test_violations_pass_through(story: Any) -> None:
    """What the checks found is a frame like any other."""
    story.decide()
    story.write("violation", "I01", "safety", 0, -1, 2.0, "orders", "two", "one")
    row = story.frames()["violations"].iloc[0]
    assert (row.check, row.kind, row.amount) == ("I01", "safety", 2.0)
    assert missing(row.at_us)
