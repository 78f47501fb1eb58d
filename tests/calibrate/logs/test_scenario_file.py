"""A scenario made of a log strikes what the log saw struck."""

from __future__ import annotations

import tomllib

from sim.calibrate.logs import Assumed, Calibration
from sim.calibrate.logs.outages import Outage
from sim.calibrate.logs.rates import FailureRate
from sim.calibrate.logs.scenario_file import scenario_text
from sim.calibrate.logs.workday import Workday

DAY = Workday(date="2024-01-15", klines="x", own=True, symbol="BTCUSDT", rows=[])


def _struck(failure: str, *roles: str) -> dict[str, str]:
    """Return what the outage of ``failure`` matches when attempts of ``roles`` met it."""
    rates = [FailureRate(failure, role, 100, 5, 20, 0.05, 0.01, 0.1, 0.01, 0.1) for role in roles]
    times = dict.fromkeys(
        ("length_s", "length_low_s", "length_high_s", "gap_s", "gap_low_s", "gap_high_s"), 60.0
    )
    outage = Outage(failure=failure, looks=100, failures=5, seen=5, rate=0.01, gain=20.0, fit_p=0.5, **times)
    found = Calibration(
        unit="hour", document=[], rates=rates, outages=[outage], trip=None, lag=None, unidentified=[]
    )
    faults = tomllib.loads(scenario_text(found, DAY, Assumed(), applied=0.0, command=""))["faults"]
    matches: dict[str, dict[str, str]] = {fault["name"]: fault["match"] for fault in faults}
    return matches[f"code{failure.replace('-', '_')}_outage"]


def test_a_throttle_that_let_exits_pass_strikes_entries_alone() -> None:
    """The venue exempts what closes a position, unless the log saw it do otherwise."""
    assert _struck("-1008", "entry") == {"role": "entry", "call": "order"}
    assert _struck("-1008", "entry", "exit") == {"call": "order"}


def test_any_other_outage_strikes_every_order() -> None:
    """That no stop met it may be because its entry already did."""
    assert _struck("-1001", "entry") == {"call": "order"}
