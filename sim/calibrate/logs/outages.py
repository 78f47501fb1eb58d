"""Fit how long outages last and how far they lie apart, from the few moments at which a log looked.

A log sees an outage only at its own attempts.  The venue is taken to be up or down, each for an exponential time; down,
every attempt fails; up, one fails with a small probability of its own.  The likelihood of all looks is a product of
2 x 2 matrices over the gaps between them, so that lengths are censored exactly as the looks allow.  Attempts depend on
the past only through outcomes that were seen, so when they are made says nothing further.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.stats import chi2

from sim.calibrate.logs.series import Looks

Array = np.ndarray[Any, Any]

FEWEST_FAILURES: Final = 5
_SURELY: Final = float(chi2.ppf(0.999, 2))
"""Twice the gain in likelihood from which failures come in outages: one in a thousand by chance."""
_DROP: Final = float(chi2.ppf(0.95, 1)) / 2
_BOUNDS: Final = np.log([[0.01, 0.1, 1e-7], [1e7, 1e8, 0.95]])
"""Of the logs of length (s), gap (s) and the rate between outages."""
_BINS_S: Final = (0.0, 1.0, 3.0, 10.0, 30.0, 120.0, math.inf)


@dataclass(frozen=True, slots=True)
class Outage:
    """Hold one failure's outages: mean length and mean gap (s) with 95 % profile-likelihood intervals.

    ``rate``: failures between outages.  ``seen``: runs of failures.  ``gain``: twice the gain in log-likelihood over a
    plain rate.  ``fit_p``: how often a chi-square as bad as that of failing again, by the time since the last failure,
    would come by chance; NaN where there are too few failures to tell.
    """

    failure: str
    looks: int
    failures: int
    seen: int
    length_s: float
    length_low_s: float
    length_high_s: float
    gap_s: float
    gap_low_s: float
    gap_high_s: float
    rate: float
    gain: float
    fit_p: float


def outages(looks: Looks) -> list[Outage]:
    """Return what is known of each failure's outages; failures that a plain rate explains have none."""
    at_us, failure, role = looks.arrays()
    found = []
    for name, index in looks.names.items():
        if not name:
            continue
        # Roles that never met it may be out of its reach, and would pass for proofs that all is well.
        roles = np.unique(role[failure == index])
        mine = np.isin(role, roles)
        outage = fit_outage(name, at_us[mine] / 1e6, failure[mine] == index)
        if outage is not None:
            found.append(outage)
    return found


def fit_outage(name: str, at_s: Array, failed: Array) -> Outage | None:
    """Fit the two-state law to looks in order of time; None where a plain rate does as well."""
    failures = int(failed.sum())
    if failures < FEWEST_FAILURES or failures == len(failed):
        return None
    gaps_s = np.maximum(np.diff(at_s), 1e-4)
    share = failures / len(failed)
    pairs, expected = int((failed[1:] & failed[:-1]).sum()), share * failures
    if pairs <= expected + 2.0 * math.sqrt(expected):
        # No sign of failures that follow on failures: a plain rate says all, and the fit can be spared.
        return None
    plain = failures * math.log(share) + (len(failed) - failures) * math.log1p(-share)
    best: tuple[float, Array] | None = None
    for length_s in (3.0, 60.0):
        start = np.array([math.log(length_s), math.log(length_s / share), math.log(share / 3)])
        value, where = _fit(gaps_s, failed, start, (0, 1, 2))
        if best is None or value > best[0]:
            best = (value, where)
    assert best is not None
    top, theta = best
    gain = 2.0 * (top - plain)
    if gain < _SURELY:
        return None
    length = _profile(gaps_s, failed, theta, top, 0)
    gap = _profile(gaps_s, failed, theta, top, 1)
    runs = int((failed[1:] & ~failed[:-1]).sum() + failed[0])
    return Outage(
        name, len(failed), failures, runs, math.exp(theta[0]), *length, math.exp(theta[1]), *gap,
        math.exp(theta[2]), gain, _goodness(gaps_s, failed, theta),
    )  # fmt: skip


def _fit(gaps_s: Array, failed: Array, start: Array, free: Sequence[int]) -> tuple[float, Array]:
    places = list(free)

    def loss(values: Array) -> float:
        theta = start.copy()
        theta[places] = values
        theta = np.clip(theta, *_BOUNDS)
        return -log_likelihood(gaps_s, failed, theta)

    result = minimize(
        # A step of this one is a few small products; the bounded one's library starts threads for it.
        loss,
        start[places],
        method="BFGS",
        options={"gtol": 1e-3, "maxiter": 60},
    )
    theta = start.copy()
    theta[places] = result.x
    theta = np.clip(theta, *_BOUNDS)
    return -float(result.fun), theta


def log_likelihood(gaps_s: Array, failed: Array, theta: Array) -> float:
    """Return the log-likelihood of looks; ``theta``: logs of length (s), gap (s) and rate between outages."""
    length_s, gap_s, rate = np.exp(theta)
    down = length_s / (length_s + gap_s)
    decay = np.exp(-(1.0 / length_s + 1.0 / gap_s) * gaps_s)
    # An attempt that succeeds proves that all was up, so a step between two of them is a number and no matrix.
    calm = ~(failed[1:] | failed[:-1])
    fine = np.log1p(-down * (1.0 - decay[calm])).sum() + calm.sum() * math.log1p(-rate)
    seen = np.where(failed[:, None], np.array([[rate, 1.0]]), np.array([[1.0 - rate, 0.0]]))
    decay = decay[~calm]
    steps = np.empty((len(decay), 2, 2))
    steps[:, 0, 1] = down * (1.0 - decay)
    steps[:, 0, 0] = 1.0 - steps[:, 0, 1]
    steps[:, 1, 0] = (1.0 - down) * (1.0 - decay)
    steps[:, 1, 1] = 1.0 - steps[:, 1, 0]
    steps *= seen[1:][~calm][:, None, :]
    first = np.array([1.0 - down, down]) * seen[0]
    product, scale = _product(steps)
    total = float((first @ product).sum())
    return math.log(total) + scale + float(fine) if total > 0.0 else -1e12


def _product(steps: Array) -> tuple[Array, float]:
    """Return the product of 2 x 2 matrices, and the logarithm of what was taken out of it; pairwise, not in a loop."""
    scale = 0.0
    while len(steps) > 1:
        odd = steps[-1:] if len(steps) % 2 else steps[:0]
        steps = np.concatenate([steps[0 : len(steps) - len(odd) : 2] @ steps[1::2], odd])
        largest = np.maximum(steps.max(axis=(1, 2)), 1e-300)
        steps = steps / largest[:, None, None]
        scale += float(np.log(largest).sum())
    return (steps[0] if len(steps) else np.eye(2)), scale


def _profile(gaps_s: Array, failed: Array, theta: Array, top: float, index: int) -> tuple[float, float]:
    """Return where the profile likelihood of one parameter has dropped by half the 95 % quantile of chi-square."""
    others = [place for place in range(3) if place != index]
    latest = {"theta": theta}

    def above(value: float) -> float:
        start = latest["theta"].copy()
        start[index] = value
        found, where = _fit(gaps_s, failed, start, others)
        latest["theta"] = where
        return found - top + _DROP

    ends = []
    for sign in (-1.0, 1.0):
        latest["theta"] = theta
        near, far = theta[index], theta[index] + sign * 0.3
        while above(far) > 0.0 and _BOUNDS[0, index] < far < _BOUNDS[1, index]:
            near, far = far, far + sign * 0.6
        if not _BOUNDS[0, index] < far < _BOUNDS[1, index]:
            ends.append(0.0 if sign < 0 else math.inf)
        else:
            ends.append(math.exp(float(brentq(above, near, far, xtol=1e-2))))
    return ends[0], ends[1]


def _goodness(gaps_s: Array, failed: Array, theta: Array) -> float:
    """Return the p-value of a chi-square over gaps after a failure: does the next look fail as often as it should?"""
    length_s, gap_s, rate = np.exp(theta)
    down = length_s / (length_s + gap_s)
    # How probably it was down at a failure, from the shares of all failures.
    was_down = down / (down + (1.0 - down) * rate)
    after = failed[:-1]
    gaps, again = gaps_s[after], failed[1:][after]
    decay = np.exp(-(1.0 / length_s + 1.0 / gap_s) * gaps)
    still = was_down * (down + (1.0 - down) * decay) + (1.0 - was_down) * down * (1.0 - decay)
    expected = still + (1.0 - still) * rate
    total, cells = 0.0, 0
    for place in np.unique(bins := np.digitize(gaps, _BINS_S)):
        inside = bins == place
        wished, variance = expected[inside].sum(), (expected[inside] * (1.0 - expected[inside])).sum()
        if inside.sum() >= 5 and variance > 0.5:
            total += float((again[inside].sum() - wished) ** 2 / variance)
            cells += 1
    return float(chi2.sf(total, cells)) if cells else math.nan
