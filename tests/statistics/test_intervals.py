"""Statistics against closed forms and hand-made examples."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from sim.statistics import (
    CONDITIONAL,
    cvar,
    kaplan_meier,
    kaplan_meier_quantile,
    mean,
    note_of,
    proportion,
    quantile,
    zero_event_bound,
)
from sim.statistics.interval import t_quantile
from sim.statistics.proportions import wilson


def test_wilson_matches_scipy() -> None:
    """Wilson's interval with the normal quantile is the textbook one."""
    expected = stats.binomtest(7, 20).proportion_ci(method="wilson")
    assert wilson(7 / 20, 20, stats.norm.ppf(0.975)) == pytest.approx((expected.low, expected.high))


def test_single_trials_give_plain_wilson() -> None:
    """With one trial per cluster the robust interval is plain Wilson with t."""
    hits = np.arange(40) < 13
    found = proportion(hits, np.arange(40))
    assert (found.n, found.clusters, found.count) == (40, 40, 13)
    assert (found.low, found.high) == pytest.approx(wilson(13 / 40, 40, t_quantile(0.975, 39)))


def test_equal_trials_in_a_cluster_count_once() -> None:
    """Ten copies of one trial are one trial: the effective n is the number of clusters."""
    hits = np.repeat(np.arange(40) < 13, 10)
    found = proportion(hits, np.repeat(np.arange(40), 10))
    ratio = (40 / 39) * (13 / 40 * 27 / 40 / 40) / (13 / 40 * 27 / 40 / 399)
    low, high = wilson(13 / 40, 400 / ratio, t_quantile(0.975, 39))
    assert low - 0.03 < found.low <= low
    assert high <= found.high < high + 0.03
    plain = proportion(hits, np.arange(400))
    assert found.high - found.low > 2.5 * (plain.high - plain.low)


def test_effective_n_is_never_above_n() -> None:
    """Clusters that happen to agree better than chance do not narrow the interval."""
    hits = np.tile([True, False], 20)
    found = proportion(hits, np.repeat(np.arange(20), 2))
    assert (found.low, found.high) == pytest.approx(wilson(0.5, 40, t_quantile(0.975, 39)))


@pytest.mark.parametrize(("hit", "low", "high"), [(False, 0.0, 0.15), (True, 0.85, 1.0)])
def test_no_event_bounds_the_rate_by_three_over_clusters(hit: bool, low: float, high: float) -> None:
    """Nothing but misses, or nothing but hits, in 20 clusters leaves 3/20 open."""
    found = proportion(np.full(200, hit), np.repeat(np.arange(20), 10))
    assert (found.low, found.high) == pytest.approx((low, high))


def test_bound_of_two_clusters_is_no_bound() -> None:
    """Three over clusters is never more than one."""
    assert zero_event_bound(2) == 1.0


def test_empty_and_single_cluster_have_no_interval() -> None:
    """Without a denominator the rate is undefined; one cluster says nothing about spread."""
    empty = proportion(np.array([], dtype=bool), np.array([]))
    assert empty.n == 0
    assert math.isnan(empty.rate)
    single = proportion(np.array([True, False]), np.array([1, 1]))
    assert single.rate == 0.5
    assert math.isnan(single.low)


def test_robust_wilson_covers_correlated_intents() -> None:
    """With intra-class correlation 0.3 in 200 windows of 20 intents, 95 % intervals cover about 95 %."""
    random = np.random.default_rng(5)
    windows = np.repeat(np.arange(200), 20)
    covered = plain = 0
    for _ in range(200):
        rates = random.beta(0.2 * 7 / 3, 0.8 * 7 / 3, 200)
        hits = random.random(4000) < rates[windows]
        found = proportion(hits, windows)
        covered += found.low <= 0.2 <= found.high
        low, high = wilson(hits.mean(), 4000, 1.96)
        plain += low <= 0.2 <= high
    assert covered >= 180
    assert plain <= 140


@pytest.mark.parametrize(("markets", "seeds"), [(20, 1), (1, 20), (12, 12)])
def test_bootstrap_covers_the_mean(markets: int, seeds: int) -> None:
    """Studentised intervals cover a mean whose errors are shared by market, by seed, or by both."""
    random = np.random.default_rng(9)
    market = np.repeat(np.arange(markets), seeds * 5)
    seed = np.tile(np.repeat(np.arange(seeds), 5), markets)
    covered = 0
    for _ in range(80):
        values = random.normal(size=len(market))
        values += random.normal(size=markets)[market] * (markets > 1)
        values += random.normal(size=seeds)[seed] * (seeds > 1)
        found = mean(values, market, seed, draws=199)
        covered += found.low <= 0.0 <= found.high
    assert 70 <= covered <= 80


def test_bootstrap_quantile_covers_the_median() -> None:
    """The interval of a median covers it when values are shared by market."""
    random = np.random.default_rng(4)
    market = np.repeat(np.arange(30), 8)
    covered = 0
    for _ in range(30):
        values = random.normal(size=30)[market] + random.normal(size=240)
        found = quantile(values, market, np.zeros(240), 0.5)
        covered += found.low <= 0.0 <= found.high
    assert covered >= 25


def test_bootstrap_is_a_function_of_data_and_name() -> None:
    """The same numbers under the same name have the same interval, under another name another draw."""
    values, market = np.arange(60.0) ** 2, np.repeat(np.arange(12), 5)
    first = mean(values, market, np.zeros(60), name="a")
    assert first == mean(values, market, np.zeros(60), name="a")
    assert first.high != mean(values, market, np.zeros(60), name="b").high


def test_few_clusters_use_student() -> None:
    """Three clusters of equal size: mean ± t(2) · standard error of the three means."""
    means = np.array([1.0, 2.0, 6.0])
    found = mean(np.repeat(means, 4), np.repeat(np.arange(3), 4), np.zeros(12))
    half = stats.t.ppf(0.975, 2) * means.std(ddof=1) / math.sqrt(3)
    assert (found.value, found.low, found.high) == pytest.approx((3.0, 3.0 - half, 3.0 + half))


def test_equal_values_have_an_interval_of_no_width() -> None:
    """No spread at all is no uncertainty that a bootstrap could see."""
    found = mean(np.full(30, 2.5), np.repeat(np.arange(10), 3), np.zeros(30))
    assert (found.low, found.value, found.high) == (2.5, 2.5, 2.5)


def test_kaplan_meier_by_hand() -> None:
    """Events at 1, 2 (twice) and 4, censored at 2 and 3: 5/6, 3/6, 0."""
    times = np.array([1, 2, 2, 2, 3, 4])
    reached = np.array([True, True, True, False, False, True])
    moments, waiting = kaplan_meier(times, reached)
    assert moments.tolist() == [1, 2, 4]
    assert waiting == pytest.approx([5 / 6, 5 / 6 * 3 / 5, 0.0])


def test_kaplan_meier_without_censoring_is_the_sample_quantile() -> None:
    """With everything seen, the median of 1..5 is 3 and the 99th percentile 5."""
    times, reached = np.arange(1, 6), np.ones(5, dtype=bool)
    assert kaplan_meier_quantile(times, reached, 0.5) == 3
    assert kaplan_meier_quantile(times, reached, 0.99) == 5


def test_kaplan_meier_quantile_beyond_the_curve_is_undefined() -> None:
    """When half never came, there is no 90th percentile; the mean over survivors would have had one."""
    times, reached = np.array([1.0, 2.0, 9.0, 9.0]), np.array([True, True, False, False])
    assert kaplan_meier_quantile(times, reached, 0.5) == 2.0
    assert math.isnan(kaplan_meier_quantile(times, reached, 0.9))


def test_cvar_takes_the_boundary_in_part() -> None:
    """The worst 5 % of 30 values is one and a half: (29 + 28 / 2) / 1.5."""
    values = np.arange(30.0)
    assert cvar(values) == pytest.approx((29 + 14) / 1.5)
    assert cvar(values, worst="low") == pytest.approx((0 + 0.5) / 1.5)
    assert cvar(np.array([7.0])) == 7.0
    assert math.isnan(cvar(np.array([])))


def test_note_until_there_are_ten_dates() -> None:
    """Nine dates are conditional on the tape, ten are not."""
    assert note_of(9) == CONDITIONAL == "conditional on this tape"
    assert note_of(10) == ""


def test_importing_metrics_stays_light() -> None:
    """Importing the package loads neither scipy nor matplotlib nor the simulated world."""
    code = (
        "import sys, sim.metrics\n"
        "print(sorted({'scipy', 'matplotlib', 'simpy', 'sim.world', 'sim.execution'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
