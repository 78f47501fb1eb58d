"""Fit everything a log can tell of its venue, and say what it cannot."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from sim.calibrate.logs.document import Measured, document_numbers
from sim.calibrate.logs.failures import OTHER, UNKNOWN, fault_of
from sim.calibrate.logs.latency import RoundTrip, round_trip
from sim.calibrate.logs.lookups import LookUpLag, look_up_lag
from sim.calibrate.logs.outages import Outage, outages
from sim.calibrate.logs.rates import FailureRate, failure_rates
from sim.calibrate.logs.tally import Tally


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Hold what a log says: ``unit`` names the stretches of time that its intervals count as clusters."""

    unit: str
    document: list[Measured]
    rates: list[FailureRate]
    outages: list[Outage]
    trip: RoundTrip | None
    lag: LookUpLag | None
    unidentified: list[str]


def calibrate(tally: Tally) -> Calibration:
    """Return the fits of a tally."""
    rates, trip, lag = failure_rates(tally), round_trip(tally), look_up_lag(tally)
    return Calibration(
        unit=tally.unit(),
        document=document_numbers(tally),
        rates=rates,
        outages=outages(tally.looks),
        trip=trip,
        lag=lag,
        unidentified=list(_unidentified(tally, rates, trip, lag)),
    )


def _unidentified(
    tally: Tally, rates: list[FailureRate], trip: RoundTrip | None, lag: LookUpLag | None
) -> Iterator[str]:
    unknown = sorted({rate.failure for rate in rates if rate.failure in UNKNOWN})
    if unknown and lag is None:
        yield (
            f"P(applied) behind {', '.join(unknown)}: no look-up afterwards is in the log, so anything from 0 to 1 is "
            "possible; results are shown at both ends"
        )
    if lag is None:
        yield "how far reads lag behind the books: no line tells of a look-up that found an order later"
    if trip is None:
        yield "latency: too few attempts whose start is known were answered"
    else:
        yield (
            "how a round trip divides into its two legs: the scenario puts all of it on the way there, which no "
            "division makes worse for an order"
        )
    if any(rate.failure == "-2021" for rate in rates):
        yield "which -2021 the price itself made: they arise from the tape, and the scenario adds what is left over"
    strange = sorted({rate.failure for rate in rates if fault_of(rate.failure, 0.0) is None})
    if strange:
        names = ", ".join("texts that name no known cause" if name == OTHER else name for name in strange)
        yield f"what brings about {names}: counted, and not in the scenario"
    if tally.total("checked"):
        yield "side, size, stop and target of an intent: no line says them, and the scenario assumes them"
    if trip is not None and math.isfinite(trip.timeout_s) and not trip.timeout_s:
        yield "the client's patience: no attempt was silent"
    for left_out in tally.left_out():
        yield f"all of it at once, as memory is kept level; {left_out}"
