"""Bands of times to an event, some of which never came."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.statistics import kaplan_meier_quantile, waiting_curve


def test_band_without_clusters_is_greenwoods() -> None:
    """With one value per cluster the error of the log is Greenwood's, up to G / (G - 1)."""
    random = np.random.default_rng(0)
    times, ends = random.exponential(size=400), random.exponential(2.0, 400)
    found = waiting_curve(np.minimum(times, ends), times <= ends, np.arange(400))
    at = int(np.searchsorted(found.moments, 0.7))
    seen = np.minimum(times, ends)
    risks = np.array([(seen >= moment).sum() for moment in found.moments[: at + 1]])
    greenwood = math.sqrt((1 / (risks * (risks - 1))).sum())
    waiting = found.waiting[at]
    half = math.exp(1.966 * greenwood / abs(math.log(waiting)))
    assert (found.low[at], found.high[at]) == pytest.approx((waiting**half, waiting ** (1 / half)), rel=0.01)


def test_copies_widen_the_band_like_one() -> None:
    """Ten copies in a cluster know no more than one of them."""
    random = np.random.default_rng(1)
    times, flags = random.exponential(size=40), random.random(40) < 0.8
    one = waiting_curve(times, flags, np.arange(40))
    ten = waiting_curve(np.repeat(times, 10), np.repeat(flags, 10), np.repeat(np.arange(40), 10))
    early = len(one.moments) // 2
    assert ten.low[:early] == pytest.approx(one.low[:early], abs=0.02)


def test_quantile_lies_in_its_interval_and_is_open_where_the_curve_ends() -> None:
    """The median has both ends; what the band never reaches is infinite, what the curve never reaches not defined."""
    random = np.random.default_rng(2)
    times = random.exponential(size=200)
    flags = times < 1.5
    found = waiting_curve(np.minimum(times, 1.5), flags, np.repeat(np.arange(20), 10))
    value, low, high = found.quantile(0.5)
    assert low < value < high
    assert value == kaplan_meier_quantile(np.minimum(times, 1.5), flags, 0.5)
    assert math.isnan(found.quantile(0.95)[0])
    assert found.quantile(0.95)[2] == math.inf


def test_one_cluster_has_no_band() -> None:
    """A single cluster says nothing about spread."""
    found = waiting_curve(np.array([1.0, 2.0]), np.array([True, True]), np.zeros(2))
    assert np.isnan(found.low).all()
    assert math.isnan(found.quantile(0.5)[1])
