"""Whole runs in which margin matters: entries that cannot be paid, stops that liquidation comes before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sim.checks import run_checks
from sim.metrics import build_frames, headline
from sim.world import RunRecord, World
from tests.policies import d7_policy

MakeLine = Callable[..., World]
MakePlan = Callable[..., Any]
RowsOf = Callable[..., list[dict[str, Any]]]


def judged(record: RunRecord, wallet: float, isolation: Any = "intent", **more: Any) -> Mapping[str, Any]:
    """Run all checks and build the frames; the simulator must not contradict itself."""
    run_checks(
        record.trace,
        settings=d7_policy().settings,
        steps={"BTCUSDT": 0.001},
        isolation=isolation,
        opening_wallet=wallet,
        errors=record.errors,
        **more,
    )
    frames = build_frames(record.trace, episode_us=3_600_000_000, seed=1, steps={"BTCUSDT": 0.001})
    assert not (frames["violations"]["kind"] == "simulator").any(), frames["violations"].truth.tolist()
    return frames


def test_an_entry_that_cannot_be_paid_is_not_filled(
    make_line: MakeLine, make_plan: MakePlan, rows_of: RowsOf
) -> None:
    """0.02 of 50 000 at 5 times needs 200: -2019 on the wire, no entry in truth, nothing owed."""
    world = make_line([make_plan(0, 1_000_000)], account={"wallet": 199.0})
    record = world.run()
    entry = rows_of(record.trace, "write", role="entry")
    assert {(row["truth"], row["code"]) for row in entry} == {("not_applied", -2019)}
    intent = judged(record, 199.0)["intents"].iloc[0]
    assert (intent.outcome, intent.result_quote, intent.ideal_result_quote) == ("not_filled", 0.0, 0.0)


def test_with_the_wallet_that_it_needs_it_is(make_line: MakeLine, make_plan: MakePlan) -> None:
    """One more unit of money, and the same intent trades."""
    record = make_line([make_plan(0, 1_000_000)], account={"wallet": 200.0}).run()
    assert judged(record, 200.0)["intents"].iloc[0].outcome == "timed_out"


@pytest.mark.parametrize("direction", [1, -1])
def test_a_stop_beyond_liquidation_ends_as_liquidated(
    direction: int, make_line: MakeLine, make_plan: MakePlan, rows_of: RowsOf
) -> None:
    """failures F26: a 9 % stop at 20 times is accepted, covers nothing, and the venue closes first."""
    plan = make_plan(
        0, 1_000_000, direction=direction, sl_pct=0.09, tp_pct=0.2, leverage=20, hold_us=120_000_000
    )
    record = make_line([plan], pct_per_s=-0.1 * direction, account={"wallet": 60.0}, for_s=400).run()
    frames = judged(record, 60.0)
    intent = frames["intents"].iloc[0]
    assert (intent.outcome, intent.exit_role, intent.state_at_deadline) == (
        "liquidated",
        "liquidation",
        "naked",
    )
    assert (intent.believed_outcome, intent.believed_position) == ("closed by the venue", 0.0)
    (row,) = rows_of(record.trace, "liquidation")
    assert row["side"] == direction
    assert row["insurance"] == 0.0
    assert intent.result_quote == pytest.approx(-row["isolated"])
    # Margin binds the ideal too: without faults it would have met the same end.
    assert intent.ideal_result_quote == pytest.approx(intent.result_quote, abs=0.01)
    assert set(frames["shadows"].exit_reason) == {"liquidated"}
    assert headline(frames)["liquidated_share"] == 1.0
    ended = {row["order"]: row["status"] for row in rows_of(record.trace, "order", role="sl")}
    assert set(ended.values()) == {"CANCELED"}


def test_fees_of_the_account_replace_those_of_the_fills(
    make_line: MakeLine, make_plan: MakePlan, rows_of: RowsOf
) -> None:
    """[account] taker_fee is what every fill pays, shadows included."""
    world = make_line([make_plan(0, 1_000_000)], fills={}, account={"taker_fee": 0.001})
    record = world.run()
    for fill in rows_of(record.trace, "fill"):
        assert fill["fee"] == pytest.approx(fill["quantity"] * fill["price"] * 0.001)
    assert world.venue.books["BTCUSDT"].spec.taker_fee == 0.001


def test_one_account_runs_out_of_money(make_line: MakeLine, make_plan: MakePlan, rows_of: RowsOf) -> None:
    """In one account of 450 two intents of 200 fit, the third is refused, and money adds up at the end."""
    plans = [make_plan(number, 1_000_000 + number * 100_000, hold_us=60_000_000) for number in range(3)]
    record = make_line(plans, isolation="account", account={"wallet": 450.0}).run()
    codes = [row["code"] for row in rows_of(record.trace, "write", role="entry", truth="not_applied")]
    assert set(codes) == {-2019}
    judged(record, 450.0, isolation="account")


@pytest.mark.parametrize(("second", "stands"), [(5, 10), (20, 20)])
def test_in_one_account_an_open_position_keeps_its_leverage(
    second: int, stands: int, make_line: MakeLine, make_plan: MakePlan
) -> None:
    """A later intent may raise it; lowering it would be -4161 (binance-facts 1.2c), and the old one stands."""
    plans = [
        make_plan(0, 1_000_000, leverage=10, hold_us=60_000_000),
        make_plan(1, 20_000_000, leverage=second, hold_us=5_000_000),
    ]
    world = make_line(plans, isolation="account")
    record = world.run()
    assert world.house.account.leverage["BTCUSDT"] == stands
    judged(record, 1e6, isolation="account")


def test_hedge_mode_refuses_code_that_does_not_name_its_side(
    make_line: MakeLine, make_plan: MakePlan, rows_of: RowsOf
) -> None:
    """[account] hedge_mode: an order without positionSide is -4061 (binance-facts 2.2), and the books stay clean."""
    record = make_line([make_plan(0, 1_000_000)], account={"hedge_mode": True}).run()
    codes = {row["code"] for row in rows_of(record.trace, "write", role="entry")}
    assert codes == {-4061}
    assert judged(record, 1e6)["intents"].iloc[0].outcome == "not_filled"
