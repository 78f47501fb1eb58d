"""Predict a day from the days before it: simulate it with parameters drawn as uncertain as those days leave them.

Three doubts go into each draw: what the rates are on average (the earlier days are a sample), how the day differs from
the average (days differ among themselves by more than chance), and what happens on it (a seed of the simulator).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from sim.calibrate.logs.days import date_of, joined_days
from sim.calibrate.logs.fit import Calibration, calibrate
from sim.calibrate.logs.latency import RoundTrip
from sim.calibrate.logs.outages import Outage
from sim.calibrate.logs.rates import FailureRate
from sim.calibrate.logs.scenario_file import Assumed, scenario_text
from sim.calibrate.logs.simulated import simulated_log, tally_of_lines
from sim.calibrate.logs.tally import Tally
from sim.calibrate.logs.workday import signal_lines, workday
from sim.experiment.prepare import load_market_of
from sim.scenario import LoadedPolicy, load_scenario

Array = np.ndarray[Any, Any]

FAILED: Final = "refusals per attempt"
MET_2021: Final = "-2021 per stop attempt"
ATTEMPTS: Final = "attempts per placement"
LOOSENED: Final = "stop slippage"
REJECTED: Final = "slippage rejections"
UNITS: Final[dict[str, str]] = {
    FAILED: "share", MET_2021: "share", ATTEMPTS: "attempts", LOOSENED: "bps per stop", REJECTED: "share",
}  # fmt: skip
"""What is predicted.  Stop slippage is the part a log shows: how far stops were moved away from where they stood."""
_Z95: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Prediction:
    """Hold one number of a day: predicted with its 95 % interval, and as it came; NaN where nothing was counted.

    ``score``: the interval score (width, plus 40 times what it missed by); smaller is better.
    """

    date: str
    metric: str
    unit: str
    low: float
    median: float
    high: float
    actual: float
    covered: bool
    score: float


def day_numbers(tally: Tally) -> dict[str, float]:
    """Return what is predicted, as a tally has it."""
    attempts = sum(tally.total(*key) for key in tally.keys("attempts"))
    failed = sum(tally.total(*key) for key in tally.keys("failed"))
    stops, stop_attempts = tally.total("stops"), tally.total("attempts", "sl")
    return {
        FAILED: _ratio(failed, attempts),
        MET_2021: _ratio(tally.total("failed", "-2021", "sl"), stop_attempts),
        ATTEMPTS: _ratio(attempts, tally.total("placements")),
        LOOSENED: _ratio(sum(tally.loosening.values()), stops),
        REJECTED: _ratio(tally.total("refused"), tally.total("checked")),
    }


def predict_day(
    earlier: Sequence[Tally],
    actual: Tally,
    day: int,
    folder: Path,
    policy: LoadedPolicy,
    *,
    klines: str = "",
    assumed: Assumed | None = None,
    draws: int = 39,
    seed: int = 0,
    intents: int | None = None,
) -> list[Prediction]:
    """Predict the numbers of ``actual`` from the days in ``earlier``, given when it decided and on which tape.

    39 draws are the fewest whose extremes are a 95 % interval.  ``folder`` takes the scenarios of the draws.
    """
    assumed = Assumed() if assumed is None else assumed
    known = calibrate(joined_days(earlier))
    tape = workday(actual, klines, assumed.hold_s, 60.0)
    (folder / "signals.csv").write_text("\n".join(signal_lines(tape)) + "\n", encoding="utf-8")
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, day])))
    rejected = _rejections(earlier, actual, random, draws)
    market = None
    own = 1.0
    simulated: list[dict[str, float]] = []
    for draw in range(-1, draws):
        # The draw before the first adds no -2021: what is met then is the tape's own doing.
        drawn = known if draw < 0 else _drawn(known, earlier, random)
        text = scenario_text(drawn, tape, assumed, applied=0.0, command="sim backcast", own_2021=own)
        file = folder / "draw.toml"
        file.write_text(text, encoding="utf-8")
        loaded = load_scenario(str(file))
        market = load_market_of(loaded) if market is None else market
        lines = simulated_log(loaded, policy, market, seed=seed + 1 + max(0, draw), intents=intents)
        numbers = day_numbers(tally_of_lines(lines))
        if draw < 0:
            own = numbers[MET_2021] if math.isfinite(numbers[MET_2021]) else 0.0
        else:
            simulated.append(numbers)
    came = day_numbers(actual)
    found = []
    for metric, unit in UNITS.items():
        values = rejected if metric == REJECTED else np.array([numbers[metric] for numbers in simulated])
        found.append(_prediction(date_of(day), metric, unit, values, came[metric]))
    return found


def _prediction(date: str, metric: str, unit: str, values: Array, actual: float) -> Prediction:
    values = np.sort(values[np.isfinite(values)])
    if not len(values) or not math.isfinite(actual):
        return Prediction(date, metric, unit, math.nan, math.nan, math.nan, actual, False, math.nan)
    # The k-th smallest of n draws lies at k / (n + 1).
    out = max(1, math.floor(0.025 * (len(values) + 1)))
    low, high = float(values[out - 1]), float(values[-out])
    missed = max(low - actual, actual - high, 0.0)
    return Prediction(
        date,
        metric,
        unit,
        low,
        float(np.median(values)),
        high,
        actual,
        missed == 0.0,
        high - low + 40.0 * missed,
    )


def _rejections(earlier: Sequence[Tally], actual: Tally, random: np.random.Generator, draws: int) -> Array:
    """Return draws of the guard's rejections, from the earlier days alone: no line says what was planned."""
    counts = np.array([tally.total("refused") for tally in earlier], dtype=float)
    sizes = np.array([tally.total("checked") for tally in earlier], dtype=float)
    n = actual.total("checked")
    if not n or not sizes.sum():
        return np.zeros(0)
    shares = [day_share(counts, sizes, random) for _ in range(draws)]
    return np.array([random.binomial(n, share) / n for share in shares])


def day_share(counts: Array, sizes: Array, random: np.random.Generator) -> float:
    """Draw a new day's share from those of earlier days: of its mean, and of how days differ around it."""
    excess = overdispersion(counts, sizes)
    total, n = counts.sum() / excess, sizes.sum() / excess
    mean = random.beta(total + 0.5, n - total + 0.5)
    typical = sizes.sum() / max(1, len(sizes))
    if excess <= 1.0 or not typical:
        return float(mean)
    # A beta law whose variance is what days differ by beyond the luck of a day's own attempts.
    strength = max(1e-3, (typical - 1.0) / (excess - 1.0) - 1.0)
    return float(random.beta(max(1e-6, mean * strength), max(1e-6, (1.0 - mean) * strength)))


def overdispersion(counts: Array, sizes: Array) -> float:
    """Return Pearson's chi-square of days against one common share, by degree of freedom; at least 1."""
    used = sizes > 0
    counts, sizes = counts[used], sizes[used]
    share = counts.sum() / max(1.0, sizes.sum())
    if len(sizes) < 2 or not 0.0 < share < 1.0:
        return 1.0
    squares = (counts - share * sizes) ** 2 / (sizes * share * (1.0 - share))
    return max(1.0, float(squares.sum() / (len(sizes) - 1)))


def _drawn(known: Calibration, earlier: Sequence[Tally], random: np.random.Generator) -> Calibration:
    return replace(
        known,
        rates=[_drawn_rate(rate, earlier, random) for rate in known.rates],
        outages=[_drawn_outage(outage, random) for outage in known.outages],
        trip=None if known.trip is None else _drawn_trip(known.trip, earlier, random),
    )


def _drawn_rate(rate: FailureRate, earlier: Sequence[Tally], random: np.random.Generator) -> FailureRate:
    counts = np.array([tally.total("failed", rate.failure, rate.role) for tally in earlier], dtype=float)
    sizes = np.array([tally.total("attempts", rate.role) for tally in earlier], dtype=float)
    # Those an earlier stage had failed are not at risk; the day's sizes are scaled as the whole log's were.
    sizes *= rate.n / max(1.0, sizes.sum())
    share = day_share(np.minimum(counts, sizes), sizes, random)
    return replace(rate, rate=share, low=min(rate.low, share))


def _drawn_outage(outage: Outage, random: np.random.Generator) -> Outage:
    length_s = _log_normal(outage.length_s, outage.length_low_s, outage.length_high_s, random)
    gap_s = _log_normal(outage.gap_s, outage.gap_low_s, outage.gap_high_s, random)
    return replace(outage, length_s=length_s, gap_s=gap_s)


def _drawn_trip(trip: RoundTrip, earlier: Sequence[Tally], random: np.random.Generator) -> RoundTrip:
    p50_ms = _log_normal(trip.p50_ms, trip.p50_low_ms, trip.p50_high_ms, random)
    p50_ms *= math.exp(random.normal() * _spread_of_days(earlier))
    p99_ms = p50_ms * _log_normal(trip.p99_ms, trip.p99_low_ms, trip.p99_high_ms, random) / trip.p50_ms
    return replace(trip, p50_ms=p50_ms, p99_ms=max(p99_ms, p50_ms))


def _spread_of_days(earlier: Sequence[Tally]) -> float:
    means = [mean_log_trip(tally) for tally in earlier]
    known = [mean for mean, _, _ in means if math.isfinite(mean)]
    own = [error for mean, error, _ in means if math.isfinite(mean)]
    if len(known) < 2:
        return 0.0
    return math.sqrt(max(0.0, float(np.var(known, ddof=1)) - float(np.mean(np.square(own)))))


def mean_log_trip(tally: Tally) -> tuple[float, float, int]:
    """Return a day's mean logarithm of round trips known to 20 ms, its error over minutes, and the minutes."""
    at_us, low_us, high_us = tally.trips.arrays()
    fine = high_us - low_us < 20_000
    minutes, codes = np.unique(at_us[fine] // 60_000_000, return_inverse=True)
    if len(minutes) < 5:
        return math.nan, math.nan, len(minutes)
    middle = np.log(np.maximum(1.0, (low_us[fine] + high_us[fine]) / 2))
    sums, sizes = np.bincount(codes, middle), np.bincount(codes)
    mean = float(middle.mean())
    error = math.sqrt(float(((sums - mean * sizes) ** 2).sum())) / len(middle)
    return mean, error * math.sqrt(len(minutes) / (len(minutes) - 1)), len(minutes)


def _log_normal(value: float, low: float, high: float, random: np.random.Generator) -> float:
    if not (value > 0.0 and low > 0.0 and math.isfinite(high)):
        return value
    return value * math.exp(random.normal() * (math.log(high) - math.log(low)) / (2.0 * _Z95))


def _ratio(above: float, below: float) -> float:
    return above / below if below else math.nan
