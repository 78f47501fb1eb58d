"""Test whether a day's venue is still that of the days before: its failure rates, unknown failures, its latency."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.stats import t

from sim.calibrate.logs.latency import round_trip
from sim.calibrate.logs.tally import Tally
from sim.statistics import holm

Array = np.ndarray[Any, Any]

LEVEL: Final = 0.01
"""How often an unchanged venue may be called changed, over all of a day's tests together (Holm)."""


@dataclass(frozen=True, slots=True)
class Change:
    """Hold one test: ``before`` and ``now`` are shares, or ms for latency; ``p`` is corrected for all tests."""

    what: str
    before: float
    now: float
    p: float

    def is_flagged(self, level: float = LEVEL) -> bool:
        """Tell whether the venue changed in this, at ``level``."""
        return self.p < level


def changes(earlier: Sequence[Tally], now: Tally) -> list[Change]:
    """Return all tests of a day against earlier days, most striking first: one per failure, one of latency."""
    names = sorted({key[1] for tally in (*earlier, now) for key in tally.keys("failed")})
    tests = [_failures(earlier, now, name) for name in names]
    latency = _latency(earlier, now)
    if latency is not None:
        tests.append(latency)
    if not tests:
        return []
    corrected = holm(np.array([test.p for test in tests]))
    found = [
        Change(test.what, test.before, test.now, float(p)) for test, p in zip(tests, corrected, strict=True)
    ]
    return sorted(found, key=lambda change: change.p)


def _failures(earlier: Sequence[Tally], now: Tally, failure: str) -> Change:
    """Test one failure's share of the attempts of all roles that ever met it, on Anscombe's scale of equal variance."""
    roles = {key[2] for tally in (*earlier, now) for key in tally.keys("failed", failure)}
    days = [_counted(tally, failure, roles) for tally in earlier]
    count, n = _counted(now, failure, roles)
    counts, sizes = (np.array(column, dtype=float) for column in zip(*days, strict=True))
    used = sizes > 0
    before = float(counts.sum() / sizes.sum()) if sizes.sum() else math.nan
    p = (
        _against(_scaled(counts, sizes)[used], 1.0 / sizes[used], float(_scaled(count, n)), 1.0 / n)
        if n
        else 1.0
    )
    return Change(failure, before, count / n if n else math.nan, p)


def _counted(tally: Tally, failure: str, roles: set[str]) -> tuple[int, int]:
    failed = sum(tally.total("failed", failure, role) for role in roles)
    return failed, sum(tally.total("attempts", role) for role in roles)


def _scaled(counts: Any, sizes: Any) -> Any:
    return 2.0 * np.arcsin(np.sqrt((counts + 0.375) / (sizes + 0.75)))


def _latency(earlier: Sequence[Tally], now: Tally) -> Change | None:
    """Test the median round trip, on the scale of logarithms."""
    days = [found for tally in earlier if (found := _median(tally)) is not None]
    today = _median(now)
    if len(days) < 2 or today is None:
        return None
    values, variances = (np.array(column) for column in zip(*days, strict=True))
    p = _against(values, variances, *today)
    return Change("round trip, ms", math.exp(float(values.mean())), math.exp(today[0]), p)


def _median(tally: Tally) -> tuple[float, float] | None:
    trip = round_trip(tally)
    if trip is None or not 0.0 < trip.p50_low_ms < trip.p50_high_ms < math.inf:
        return None
    half = (math.log(trip.p50_high_ms) - math.log(trip.p50_low_ms)) / 2
    return math.log(trip.p50_ms), (half / float(t.ppf(0.975, max(1, trip.minutes // 2)))) ** 2


def _against(values: Array, variances: Array, new: float, variance: float) -> float:
    """Return how probable so far a day is: days differ by what each one's own variance explains, and by what is left.

    What is left is learnt from few days, its own variance from many attempts: Satterthwaite's degrees weigh the two.
    """
    days = len(values)
    if days < 2:
        return 1.0
    between = max(0.0, float(values.var(ddof=1)) - float(variances.mean()))
    total = (between + float(variances.mean())) / days + between + variance
    part = between * (1.0 + 1.0 / days)
    degrees = total**2 * (days - 1) / part**2 if part > 0.0 else 1e6
    return min(1.0, 2.0 * float(t.sf(abs(new - float(values.mean())) / math.sqrt(total), min(degrees, 1e6))))
