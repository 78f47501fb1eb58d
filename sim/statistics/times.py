"""Describe times to an event of which some never came while anybody looked (pure)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.statistics.interval import Array, t_quantile
from sim.statistics.proportions import zero_event_bound
from sim.statistics.resampling import codes_of


def kaplan_meier(times: Array, reached: Array) -> tuple[Array, Array]:
    """Return the moments of events and the share that has not reached the event just after each.

    ``times``: when the event came (``reached``) or until when it was seen not to have come (censored).  A value
    censored at the moment of an event was still at risk.
    """
    moments = np.asarray(times, dtype=float)
    flags = np.asarray(reached, dtype=bool)
    events, counts = np.unique(moments[flags], return_counts=True)
    at_risk = len(moments) - np.searchsorted(np.sort(moments), events, side="left")
    return events, np.cumprod(1.0 - counts / np.maximum(at_risk, 1))


def kaplan_meier_quantile(times: Array, reached: Array, share: float) -> float:
    """Return when ``share`` of all has reached the event; NaN when the curve never gets there."""
    found = _first_below(*kaplan_meier(times, reached), share)
    return found if math.isfinite(found) else math.nan


@dataclass(frozen=True, slots=True)
class Curve:
    """Hold a Kaplan-Meier curve with its pointwise band: after ``moments[i]`` a share ``waiting[i]`` still waits.

    ``low`` and ``high`` are NaN with fewer than two clusters.
    """

    moments: Array
    waiting: Array
    low: Array
    high: Array
    n: int
    clusters: int

    def quantile(self, share: float) -> tuple[float, float, float]:
        """Return when ``share`` of all has reached the event, and its interval; inf where the band never gets there.

        The value itself is NaN when the curve never gets there.  (Brookmeyer & Crowley 1982.)
        """
        value = _first_below(self.moments, self.waiting, share)
        if self.clusters < 2:
            return (value if math.isfinite(value) else math.nan), math.nan, math.nan
        low, high = (_first_below(self.moments, edge, share) for edge in (self.low, self.high))
        return (value if math.isfinite(value) else math.nan), low, high


def _first_below(moments: Array, waiting: Array, share: float) -> float:
    done = np.flatnonzero(1.0 - waiting >= share - 1e-12)
    return float(moments[done[0]]) if len(done) else math.inf


def waiting_curve(times: Array, reached: Array, clusters: Array, confidence: float = 0.95) -> Curve:
    """Return the Kaplan-Meier curve of ``times`` with a cluster-robust band.

    The variance is that of the sums over clusters of each value's influence on the log of the curve (Williams 1995,
    Greenwood's formula for correlated values); the band is symmetric in log(-log), with Student's quantile at as many
    degrees as there would be clusters of equal size, less one.  Where nothing was reached, 3 / clusters bounds it.
    """
    moments, flags = np.asarray(times, dtype=float), np.asarray(reached, dtype=bool)
    events, waiting = kaplan_meier(moments, flags)
    codes, groups = codes_of(clusters)
    if len(events) == 0 or groups < 2:
        unknown = np.full(len(events), math.nan)
        return Curve(events, waiting, unknown, unknown, len(moments), groups)
    pulls = _pulls(moments, flags, codes, groups, events)
    error = np.sqrt(groups / (groups - 1) * (pulls**2).sum(axis=0))
    sizes = np.bincount(codes, minlength=groups).astype(float)
    degrees = max(1.0, float(sizes.sum() ** 2 / (sizes**2).sum()) - 1.0)
    reach = t_quantile(0.5 + confidence / 2, degrees)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(waiting)
        stretch = np.exp(reach * error / np.abs(logs))
        low, high = waiting**stretch, waiting ** (1.0 / stretch)
    over = waiting <= 0.0
    low = np.where(over, 0.0, low)
    # All have reached it: as many as three of the clusters could yet have shown one that has not.
    high = np.where(over, np.minimum(high[~over].min(initial=1.0), zero_event_bound(groups)), high)
    return Curve(events, waiting, low, high, len(moments), groups)


def _pulls(moments: Array, flags: Array, codes: Array, groups: int, events: Array) -> Array:
    """Return how much each cluster pulls the log of the curve after each event (clusters × events)."""
    count = len(events)
    hit = np.searchsorted(events, moments[flags])
    here = np.bincount(codes[flags] * count + hit, minlength=groups * count).reshape(groups, count)
    last = np.searchsorted(events, moments, side="right")
    seen = np.bincount(codes * (count + 1) + last, minlength=groups * (count + 1))
    seen = seen.reshape(groups, count + 1)
    at_risk = seen.sum(axis=1, keepdims=True) - np.cumsum(seen, axis=1)[:, :count]
    everyone = at_risk.sum(axis=0)
    surplus = here - at_risk * (here.sum(axis=0) / everyone)
    # The last event of all leaves nobody; its log is not defined, and the band there is bounded otherwise.
    left = np.maximum(everyone - here.sum(axis=0), 1)
    result: Array = -np.cumsum(surplus / left, axis=1)
    return result
