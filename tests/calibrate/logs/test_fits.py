"""Fits recover what made the data, and say when there is nothing to recover."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.calibrate.logs.flows import Attempt, LookUp
from sim.calibrate.logs.latency import round_trip
from sim.calibrate.logs.lookups import look_up_lag
from sim.calibrate.logs.outages import fit_outage, log_likelihood
from sim.calibrate.logs.rates import exact, failure_rates
from sim.calibrate.logs.series import Looks, Thinned
from sim.calibrate.logs.tally import Tally

HOUR_US = 3_600_000_000


def _attempt(at_us: int, lasted_us: int = 50_000, failure: str = "", role: str = "sl") -> Attempt:
    return Attempt(1, 1, "", "", "BTCUSDT", role, at_us, 6_000, at_us + lasted_us, failure)


def test_a_later_stage_is_counted_on_what_the_earlier_left() -> None:
    """Of ten attempts two were lost on the way: four refusals are four of eight."""
    tally = Tally()
    for number, failure in enumerate(["time-out"] * 2 + ["-2021"] * 4 + [""] * 4):
        tally.add(_attempt(HOUR_US + 1_000_000 * number, failure=failure))
    rates = {rate.failure: (rate.count, rate.n) for rate in failure_rates(tally)}
    assert rates == {"-2021": (4, 8), "time-out": (2, 10)}


def test_exact_intervals_are_those_of_clopper_and_pearson() -> None:
    """No event in ten leaves up to 30.8 %."""
    low, high = exact(0, 10)
    assert low == 0.0
    assert math.isclose(high, 0.3085, abs_tol=1e-4)


def test_the_likelihood_of_two_looks_is_that_of_a_two_state_chain() -> None:
    """Failed, then failed again after a second: probability of being down, times that of still being so."""
    theta = np.log([10.0, 90.0, 1e-7])
    down, decay = 0.1, math.exp(-(1 / 10 + 1 / 90))
    wished = math.log(down * (down + (1 - down) * decay))
    assert math.isclose(log_likelihood(np.array([1.0]), np.array([True, True]), theta), wished, abs_tol=1e-5)


def test_outages_are_recovered_from_a_few_looks() -> None:
    """Looks every four seconds at outages of 20 s, 200 s apart: both lie in their intervals, and the fit is good."""
    random = np.random.default_rng(5)
    edges, t_s = [], 0.0
    while t_s < 4_000:
        t_s += random.exponential(200.0)
        edges.append((t_s, t_s := t_s + random.exponential(20.0)))
    at_s = np.arange(0.0, 4_000.0, 4.0)
    failed = np.array([any(start <= t < end for start, end in edges) for t in at_s])
    found = fit_outage("time-out", at_s, failed)
    assert found is not None
    assert found.length_low_s < 20.0 < found.length_high_s
    assert found.gap_low_s < 200.0 < found.gap_high_s
    assert found.fit_p > 0.01


def test_failures_without_memory_are_no_outages() -> None:
    """Where a plain rate says as much, no outage is claimed."""
    failed = np.random.default_rng(1).random(2000) < 0.1
    assert fit_outage("-1001", np.arange(2000.0), failed) is None


def test_the_round_trip_is_recovered_through_rounding() -> None:
    """Times known to 6 ms give back the median and the tail of the law they came from."""
    random, tally = np.random.default_rng(3), Tally()
    for number, lasted_us in enumerate(np.exp(random.normal(math.log(40_000), 0.6, 1200)).astype(int)):
        tally.add(_attempt(HOUR_US + 10_000_000 * number, int(lasted_us) // 1000 * 1000))
    trip = round_trip(tally)
    assert trip is not None
    assert trip.p50_low_ms < 40.0 < trip.p50_high_ms
    assert trip.p99_low_ms < 40.0 * math.exp(0.6 * 2.326) < trip.p99_high_ms
    assert trip.fit_p > 0.01


def test_few_round_trips_have_no_law() -> None:
    """Nothing is fitted to a handful."""
    assert round_trip(Tally()) is None


def test_look_ups_give_lag_and_share() -> None:
    """Orders absent for another second and there a second later lag between; two of four were never found."""
    tally = Tally()
    for number in range(4):
        intent, at_us = str(number), HOUR_US + 60_000_000 * number
        tally.add(_attempt(at_us, 10_000_000, "time-out")._replace(intent=intent))
        tally.add(LookUp(at_us + 1_000_000, "", intent, "BTCUSDT", "sl", "absent"))
        if number % 2:
            tally.add(LookUp(at_us + 2_000_000, "", intent, "BTCUSDT", "sl", "absent"))
            tally.add(LookUp(at_us + 3_000_000, "", intent, "BTCUSDT", "sl", "there"))
    lag = look_up_lag(tally)
    assert lag is not None
    assert (lag.n, lag.late, lag.applied) == (2, 2, 0.5)
    assert 1.0 < lag.mean_s < 2.0
    assert lag.low_s < lag.mean_s < lag.high_s


@pytest.mark.parametrize("spacing_us", [1_000, 3_000_000])
def test_series_stay_small(monkeypatch: pytest.MonkeyPatch, spacing_us: int) -> None:
    """Whatever comes, no series outgrows its cap, and what is kept lies evenly over all of it."""
    monkeypatch.setattr("sim.calibrate.logs.series.MOST_KEPT", 2000)
    monkeypatch.setattr("sim.calibrate.logs.series.BLOCK_US", 30_000_000)
    trips, looks = Thinned(), Looks()
    for number in range(8_000):
        trips.add(number * spacing_us, 1, 2)
        # Roles take turns and every other look fails: no look is like the one before it.
        looks.take(number * spacing_us, ("", "-1001")[number % 2], ("entry", "sl", "tp")[number % 3])
    for series in (trips, looks):
        at_us, *_ = series.arrays()
        assert 500 < len(at_us) < 2000
        assert series.seen == 8_000
        assert abs(float(np.median(at_us)) / (4_000 * spacing_us) - 1.0) < 0.1
    failed = looks.arrays()[1] > 0
    assert abs(float(failed.mean()) - 0.5) < 0.05


def test_a_sample_does_not_depend_on_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backwards, or as two halves that are joined: the same looks are kept."""
    monkeypatch.setattr("sim.calibrate.logs.series.MOST_KEPT", 500)
    rows = [(HOUR_US + number * 4_000_000, ("", "-1001")[number % 7 == 0], "sl") for number in range(3_000)]

    def kept(*parts: list[tuple[int, str, str]]) -> list[int]:
        whole = Looks()
        for part in parts:
            some = Looks()
            for row in part:
                some.take(*row)
            whole.extend(some)
        return whole.arrays()[0].tolist()  # type: ignore[no-any-return]

    assert kept(rows) == kept(rows[::-1]) == kept(rows[:1000], rows[1000:])


def test_sums_of_a_long_log_are_joined_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """More stretches than there is room for become longer ones; totals stay, and the log says so."""
    monkeypatch.setattr("sim.calibrate.logs.tally.MOST_CELLS", 10)
    tally = Tally()
    for number in range(200):
        tally.add(_attempt(HOUR_US * number, failure="-1001" if number % 4 == 0 else ""))
    assert len(tally.cells) <= 10
    assert (tally.total("attempts", "sl"), tally.total("failed", "-1001", "sl")) == (200, 50)
    assert tally.width == 144
    assert tally.left_out() == ["stretches of time: shorter ones than 24 h were joined"]


def test_names_beyond_the_cap_are_counted_together() -> None:
    """A hundred roles made up by damage leave sixteen and the others, counted and said."""
    tally = Tally()
    for number in range(100):
        tally.add(_attempt(HOUR_US + number, role=f"role{number}"))
    assert len(tally.keys("attempts")) == 17
    assert tally.total("attempts", "others") == 84
    assert tally.left_out() == [
        'names of roles: 84 times one beyond the first 16, counted as "others"',
    ]
