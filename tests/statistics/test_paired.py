"""Paired differences, ratios and tails over dates × seeds, against closed forms and against each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.statistics import (
    CONDITIONAL,
    cvar,
    mean,
    p_value,
    paired_cvar,
    paired_mean,
    paired_ratio,
    quantile,
    ratio,
    sign_table,
)
from sim.statistics.robust import one_way
from sim.statistics.tails import FEW_FOR_TAIL


def sample(dates: int = 12, seeds: int = 4, each: int = 5) -> tuple[np.ndarray, ...]:
    """Return values of two policies and the labels of their dates and seeds."""
    random = np.random.default_rng(1)
    date = np.repeat(np.arange(dates), seeds * each)
    seed = np.tile(np.repeat(np.arange(seeds), each), dates)
    left = random.normal(size=dates)[date] + random.exponential(size=len(date))
    return left, left + random.normal(0.2, 0.3, len(date)), date, seed


def test_paired_mean_is_the_mean_of_the_differences() -> None:
    """b - a, counted in clusters of date and seed."""
    left, right, dates, seeds = sample()
    found = paired_mean(left, right, dates, seeds)
    assert found.value == pytest.approx((right - left).mean())
    assert found.low < found.value < found.high
    assert (found.n, found.clusters, found.discordant, found.dates, found.note) == (240, 48, 48, 12, "")


def test_order_of_rows_does_not_matter() -> None:
    """The same pairs in another order have the same interval, to rounding."""
    left, right, dates, seeds = sample()
    order = np.random.default_rng(2).permutation(len(left))
    first = paired_mean(left, right, dates, seeds)
    again = paired_mean(left[order], right[order], dates[order], seeds[order])
    assert (again.low, again.high) == pytest.approx((first.low, first.high), rel=1e-9)


def test_swapping_the_policies_mirrors_the_interval() -> None:
    """a - b is minus b - a, ends crossed."""
    left, right, dates, seeds = sample()
    there, back = paired_mean(left, right, dates, seeds), paired_mean(right, left, dates, seeds)
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))


def test_pair_with_a_side_unknown_is_left_out() -> None:
    """NaN on one side takes the pair out, not the cluster."""
    left, right, dates, seeds = sample()
    right[3] = np.nan
    assert paired_mean(left, right, dates, seeds).n == 239


def test_few_dates_are_held_and_seeds_repeat() -> None:
    """Nine dates are no sample of dates: the interval is that of the seeds, and says so."""
    left, right, dates, seeds = sample(dates=9, seeds=12)
    found = paired_mean(left, right, dates, seeds)
    alone = mean(right - left, np.zeros(len(left)), seeds, name="paired mean")
    assert found.note == CONDITIONAL
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high))
    assert not found.excludes_zero
    assert found.low > 0.0


def test_nothing_that_differs_has_no_width() -> None:
    """Equal policies differ by exactly nothing, and no cluster is discordant."""
    left, _, dates, seeds = sample()
    found = paired_mean(left, left, dates, seeds)
    assert (found.value, found.low, found.high, found.discordant) == (0.0, 0.0, 0.0, 0)
    assert p_value(left, left, dates, seeds) == 1.0


def test_ratio_of_sums_with_equal_denominators_is_the_mean() -> None:
    """Two everywhere in the denominator halves value and interval."""
    left, _, dates, seeds = sample()
    plain, half = (
        mean(left, dates, seeds, name="x"),
        ratio(left, np.full(len(left), 2.0), dates, seeds, name="x"),
    )
    assert (2 * half.value, 2 * half.low, 2 * half.high) == pytest.approx(
        (plain.value, plain.low, plain.high)
    )


def test_paired_ratio_with_one_denominator_is_the_paired_mean() -> None:
    """With ones in both denominators the difference of ratios is the mean difference."""
    left, right, dates, seeds = sample()
    ones = np.ones(len(left))
    found = paired_ratio(left, ones, right, ones, dates, seeds, name="x")
    plain = paired_mean(left, right, dates, seeds, name="x")
    assert (found.value, found.low, found.high) == pytest.approx((plain.value, plain.low, plain.high))


def test_arrays_of_two_lengths_are_refused() -> None:
    """Pairs need one length."""
    with pytest.raises(InputError, match="arrays of one length"):
        paired_mean(np.zeros(3), np.zeros(4), np.zeros(3), np.zeros(3))


def test_p_value_and_interval_say_the_same() -> None:
    """A margin inside the interval has a large p-value, one outside a small one, about 5 % at its end."""
    left, right, dates, seeds = sample()
    found = paired_mean(left, right, dates, seeds)
    at = [
        p_value(left, right, dates, seeds, margin=margin)
        for margin in (found.value, found.high, found.high * 2)
    ]
    assert at[0] > 0.9
    assert 0.03 < at[1] < 0.07
    assert at[2] < 0.01


def test_one_sided_p_values_look_one_way() -> None:
    """What is surely above zero is surely not below it."""
    left, right, dates, seeds = sample()
    assert p_value(left, right, dates, seeds, alternative="greater") < 0.01
    assert p_value(left, right, dates, seeds, alternative="less") > 0.9


def test_degrees_of_equal_clusters_are_one_less_than_clusters() -> None:
    """Satterthwaite's degrees are G - 1 for equal clusters whatever the correlation, fewer for unequal ones."""
    for rho in (0.0, 0.5, 1.0):
        assert one_way(np.zeros(10), np.full(10, 0.1), 200, rho)[1] == pytest.approx(9.0)
    shares = np.array([0.7] + [0.3 / 9] * 9)
    assert one_way(np.zeros(10), shares, 200, 1.0)[1] < 2.0


def test_quantile_without_clusters_is_near_that_of_order_statistics() -> None:
    """With one value per cluster the interval of the median is close to the exact binomial one."""
    values = np.random.default_rng(3).normal(size=101)
    found = quantile(values, np.arange(101), np.zeros(101), 0.5)
    exact = stats.quantile_test(values, q=0.0, p=0.5).confidence_interval(0.95)
    ordered = np.sort(values)
    assert found.value == ordered[50]
    for mine, theirs in ((found.low, exact.low), (found.high, exact.high)):
        assert abs(np.searchsorted(ordered, mine) - np.searchsorted(ordered, theirs)) <= 2


def test_tail_of_few_clusters_says_so() -> None:
    """The 90 % quantile of twelve clusters carries a note, their median none."""
    values, labels = np.arange(120.0), (np.repeat(np.arange(12), 10), np.zeros(120))
    assert quantile(values, *labels, 0.9).note == FEW_FOR_TAIL
    assert quantile(values, *labels, 0.5).note == ""


def test_paired_cvar_is_the_difference_of_the_tails() -> None:
    """The value is that of the two tails taken alone, on either side."""
    left, right, dates, seeds = sample()
    for worst in ("high", "low"):
        found = paired_cvar(left, right, dates, seeds, worst=worst)
        assert found.value == pytest.approx(cvar(right, worst=worst) - cvar(left, worst=worst))
        assert found.low < found.value < found.high


def test_sign_table_says_which_way_each_date_points() -> None:
    """Plus, minus, nothing, and not known."""
    dates = np.array([3, 3, 1, 2, 4])
    left = np.array([0.0, 0.0, 1.0, 1.0, math.nan])
    rows = sign_table(left, np.array([1.0, 1.0, 0.0, 1.0, 0.0]), dates)
    assert [(row.date, row.n, row.sign) for row in rows] == [
        (1, 1, "-"),
        (2, 1, "0"),
        (3, 2, "+"),
        (4, 0, ""),
    ]


@pytest.mark.parametrize(
    ("count", "step", "width"), [(2, 1.0, None), (4, 1.0, None), (5, 1.0, 0.0), (2, 0.0, 0.0)]
)
def test_a_tie_of_a_few_clusters_is_no_certainty(count: int, step: float, width: float | None) -> None:
    """Fewer than five that differ by the same have no interval; where no pair differs there is nothing to doubt."""
    values, dates, seeds = np.zeros(count), np.zeros(count, dtype=int), np.arange(count)
    found = paired_mean(values, values + step, dates, seeds)
    assert found.value == step
    assert math.isnan(found.low) if width is None else found.width == width
