"""Deployments and days are judged as their stated rules say."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sim.calibrate.logs.change import changes
from sim.calibrate.logs.days import joined_days
from sim.calibrate.logs.deployment import judge_deployment
from sim.calibrate.logs.document import document_numbers
from sim.calibrate.logs.predict import day_share, overdispersion, predict_day
from sim.calibrate.logs.scenario_file import Assumed
from sim.calibrate.logs.simulated import tally_of_lines
from sim.calibrate.logs.tally import CELL_US, Tally
from sim.scenario import load_policy_named


def _tally(share_won: float, *, hours: int = 24, errors: int = 40, trip_us: int = 50_000) -> Tally:
    """Return a log of ``hours`` with 50 stops an hour, ``errors`` of 200 attempts failed and so many of them saved."""
    random, tally = np.random.default_rng(hours), Tally()
    for cell in range(6 * hours):
        counts = tally.cells[cell]
        n = 10
        won = int(random.binomial(n, share_won))
        counts["placements",] += n
        counts["won",] += won
        counts["won attempts",] += 2 * won
        counts["retried",] += n
        counts["retried won",] += won
        counts["attempts", "sl"] += 2 * n
        counts["failed", "-1001", "sl"] += int(random.binomial(2 * n, errors / 200))
        for number in range(5):
            at_us = cell * CELL_US + number * 120_000_000
            lasted_us = int(trip_us * np.exp(0.5 * random.normal()))
            tally.trips.add(at_us, lasted_us, lasted_us + 1000)
    return tally


def test_a_deployment_that_loses_orders_is_rolled_back() -> None:
    """Retries that saved nine of ten and now save half: the verdict names the number, before and after."""
    found = judge_deployment(_tally(0.9), _tally(0.5))
    assert found.decision == "roll back"
    assert found.verdict.startswith("Roll back: Retry Success Rate fell from 89.7% to ")
    assert "whole 98.3% interval" in found.rule
    assert found.unit == "hour"


def test_a_better_deployment_is_kept_and_a_short_log_waits() -> None:
    """Better is shown, and what cannot be shown says how long it will take."""
    assert judge_deployment(_tally(0.5), _tally(0.9)).decision == "keep"
    short = judge_deployment(_tally(0.9, hours=2), _tally(0.9, hours=2))
    assert short.decision == "wait"
    assert "hours after the deployment will tell" in short.verdict


def test_numbers_without_anything_to_count_are_not_numbers() -> None:
    """A log without -2021 has no recovery rate."""
    table = {number.metric: number for number in document_numbers(_tally(0.9))}
    assert table["-2021 Error Recovery Rate"].n == 0
    assert np.isnan(table["-2021 Error Recovery Rate"].value)
    assert table["Average Retry Count"].value == 2.0


def test_a_changed_venue_is_flagged_and_the_same_one_is_not() -> None:
    """Four times the errors, twice the latency and a code never seen before each stand out at 1 %."""
    week = [_tally(0.9, hours=hours) for hours in range(20, 26)]
    assert not any(change.is_flagged() for change in changes(week, _tally(0.9, hours=19)))
    errors = changes(week, _tally(0.9, hours=19, errors=160))
    assert (errors[0].what, errors[0].is_flagged()) == ("-1001", True)
    slow = changes(week, _tally(0.9, hours=19, trip_us=100_000))
    assert (slow[0].what, slow[0].is_flagged()) == ("round trip, ms", True)
    moved = _tally(0.9, hours=19)
    moved.cells[0]["failed", "-4120", "sl"] += 20
    assert changes(week, moved)[0].what == "-4120"


def test_days_that_differ_widen_what_is_drawn() -> None:
    """Days of 0 and 20 of 100 leave a new day far less certain than days of 10 and 10."""
    even, odd = np.array([10.0, 10, 10, 10]), np.array([0.0, 20, 0, 20])
    sizes = np.full(4, 100.0)
    assert overdispersion(even, sizes) == 1.0
    random = np.random.default_rng(0)
    spread = [np.std([day_share(counts, sizes, random) for _ in range(400)]) for counts in (even, odd)]
    assert spread[1] > 3 * spread[0]


def test_joined_days_hold_what_the_days_do() -> None:
    """Sums and series of both."""
    one, two = _tally(0.9, hours=1), _tally(0.9, hours=2)
    both = joined_days([one, two])
    assert both.total("placements") == one.total("placements") + two.total("placements")
    assert len(both.trips.at_us) == len(one.trips.at_us) + len(two.trips.at_us)


def test_a_day_is_predicted_from_its_predecessors(tmp_path: Path) -> None:
    """Every number comes with an interval that holds its median, and is scored against what came."""
    lines = [
        f"2024-01-15 10:{minute:02d}:00,000 [SAFE-EXECUTOR] ✅ BTCUSDT sl order placed: order_id=1, attempts=1, "
        "duration=0.1s"
        for minute in range(0, 60, 10)
    ] + ["2024-01-15 11:00:00,000 [SAFETY-GUARD] ✅ BTCUSDT: No adjustments needed"] * 2
    day = tally_of_lines(lines)
    found = predict_day(
        [day, day], day, 19_737, tmp_path, load_policy_named("d7", ()), draws=3, assumed=Assumed(hold_s=30.0)
    )
    table = {one.metric: one for one in found}
    assert table["attempts per placement"].covered
    assert table["attempts per placement"].low <= table["attempts per placement"].median
    assert table["refusals per attempt"].score == 0.0
