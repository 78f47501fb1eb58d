"""Shapes laid over any bar keep the bar's laws, and the answers of a path do not depend on how it is asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.market import Bars, KlinePath, load_bars, shipped_inside, shipped_shapes
from sim.market.inside import BRIDGE, BarTicks, Inside

MINUTE_US = 60_000_000
MAKERS: dict[str, Inside] = {"shapes": shipped_shapes(), "nested shapes": shipped_inside(), "bridge": BRIDGE}


@st.composite
def bars(draw: st.DrawFn) -> BarTicks:
    """Draw a bar in ticks: flat ones, single ticks, extremes at open or close, unknown counts and volumes."""
    low = draw(st.integers(1, 1_000_000))
    height = draw(st.one_of(st.integers(0, 4), st.integers(0, 300), st.integers(0, low)))
    places = st.one_of(st.sampled_from([0, height]), st.integers(0, height))
    open_, close = draw(places), draw(places)
    trades = draw(st.one_of(st.integers(0, 9), st.sampled_from([-1, 300, 50_000])))
    value = draw(st.sampled_from([0.0, 3.5, 1e9]))
    return BarTicks(low + open_, low + height, low, low + close, trades, value)


keys = st.integers(0, 2**64 - 1)
intervals = st.sampled_from([MINUTE_US, 300_000_000, 86_400_000_000])
makers = st.sampled_from(sorted(MAKERS))


@settings(deadline=None, derandomize=True, max_examples=300)
@given(maker=makers, bar=bars(), key=keys, interval_us=intervals)
def test_prints_touch_the_four_prices_and_never_leave_the_range(
    maker: str, bar: BarTicks, key: int, interval_us: int
) -> None:
    """The first print is the open, the last the close, low and high are reached, nothing lies beyond."""
    times, ticks = MAKERS[maker].prints(key, bar, interval_us)
    assert (ticks[0], ticks.max(), ticks.min(), ticks[-1]) == (bar.open, bar.high, bar.low, bar.close)
    assert times[0] == 0
    assert times[-1] < interval_us
    assert (np.diff(times) >= 0).all()
    assert times.dtype == ticks.dtype == np.int64


@settings(deadline=None, derandomize=True, max_examples=200)
@given(bar=bars(), key=keys)
def test_the_mirror_image_of_a_bar_has_the_mirror_image_of_its_prints(bar: BarTicks, key: int) -> None:
    """Rise and fall are alike: turning a bar over about its middle turns its prints over."""
    both = bar.high + bar.low
    mirrored = bar._replace(open=both - bar.open, close=both - bar.close)
    times, ticks = MAKERS["shapes"].prints(key, bar, MINUTE_US)
    mirrored_times, mirrored_ticks = MAKERS["shapes"].prints(key, mirrored, MINUTE_US)
    if bar.open == bar.close and 2 * bar.open == both:
        return  # its own mirror image: the same draw stands for both
    assert np.array_equal(times, mirrored_times)
    assert np.array_equal(both - ticks, mirrored_ticks)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(bar=bars(), key=keys, longer=st.sampled_from([2, 5, 60]))
def test_a_longer_bar_has_the_same_shape_stretched(bar: BarTicks, key: int, longer: int) -> None:
    """Time plays no part in which prices come: times are shares of the bar."""
    times, ticks = MAKERS["shapes"].prints(key, bar, MINUTE_US)
    longer_times, longer_ticks = MAKERS["shapes"].prints(key, bar, longer * MINUTE_US)
    assert np.array_equal(ticks, longer_ticks)
    assert (np.abs(longer_times - longer * times) <= longer).all()


@settings(deadline=None, derandomize=True, max_examples=200)
@given(bar=bars(), key=keys)
def test_levels_that_differed_stay_a_tick_apart_where_there_is_room(bar: BarTicks, key: int) -> None:
    """A quote that bounced between two prices does not freeze in a bar of fewer ticks."""
    library = shipped_shapes()
    if bar.high == bar.low:
        return
    for number in library.nearest(bar).tolist():
        levels = library.levels[library.starts[number] : library.starts[number + 1]]
        distinct = np.unique(levels).size
        shape = library._shape(number)
        ticks = shape.ticks(*sorted((bar.open - bar.low, bar.close - bar.low)), bar.high - bar.low)
        if distinct <= bar.high - bar.low + 1:
            assert np.unique(ticks).size == distinct
        assert (np.diff(ticks[np.argsort(levels, kind="stable")]) >= 0).all()


@pytest.fixture(scope="module")
def day() -> Bars:
    """Return the embedded day of BTCUSDT."""
    return load_bars("embedded:BTCUSDT-1m-2024-01-15")


def path_over(bars: Bars, seed: int = 7, tick: float = 0.1) -> KlinePath:
    """Build a path of shapes."""
    return KlinePath(bars, tick=tick, seed=seed, price_decimals=3, inside=shipped_inside())


def test_lazily_eagerly_forwards_and_backwards_the_prints_are_the_same(day: Bars) -> None:
    """A path of shapes is a function of its inputs, however it is asked."""
    times = range(0, day.end_us, 977_000_111)
    eager = path_over(day)
    eager.prints(0, eager.end_us)
    forwards = [path_over(day).last(time) for time in times]
    lazy = path_over(day)
    backwards = [lazy.last(time) for time in reversed(times)]
    assert forwards == backwards[::-1] == [eager.last(time) for time in times]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    start_s=st.integers(0, 3_600),
    length_s=st.integers(1, 1_800),
    away_bps=st.floats(-40, 40, allow_nan=False),
    seed=st.integers(0, 3),
)
def test_a_crossing_is_the_first_print_at_or_beyond_the_level(
    day: Bars, start_s: int, length_s: int, away_bps: float, seed: int
) -> None:
    """The search over bar extremes finds what a scan of every print finds."""
    path = path_over(day, seed)
    after_us, until_us = start_s * 1_000_000, (start_s + length_s) * 1_000_000
    level, rising = path.last(after_us) * (1 + away_bps / 1e4), away_bps > 0
    times, prices = path.prints(after_us + 1, until_us + 1)
    beyond = np.flatnonzero(prices >= level if rising else prices <= level)
    expected = int(times[beyond[0]]) if beyond.size else None
    assert path.first_last_crossing(level, rising, after_us, until_us) == expected


def test_ten_times_the_price_on_ten_times_the_tick_is_the_same_walk(day: Bars) -> None:
    """Scale plays no part, as long as what was traded is worth the same."""
    hour = day.slice(0, 3_600_000_000)
    tenfold = replace(
        hour,
        open=np.rint(hour.open * 10),
        high=np.rint(hour.high * 10),
        low=np.rint(hour.low * 10),
        close=np.rint(hour.close * 10),
        volume=hour.volume / 10,
    )
    times, prices = path_over(hour).prints(0, hour.end_us)
    scaled_times, scaled = path_over(tenfold, tick=1.0).prints(0, hour.end_us)
    assert np.array_equal(times, scaled_times)
    assert np.array_equal(np.rint(prices * 10), scaled)


def test_a_slice_has_the_prints_of_the_whole_at_shifted_times(day: Bars) -> None:
    """A bar's prints hang on its Unix open time, not on where the tape begins."""
    whole, part = path_over(day), path_over(day.slice(3_600_000_000, 7_200_000_000))
    times, prices = whole.prints(3_600_000_000, 7_200_000_000)
    part_times, part_prices = part.prints(0, part.end_us)
    assert np.array_equal(times - 3_600_000_000, part_times)
    assert np.array_equal(prices, part_prices)


def test_bars_nobody_asks_about_are_not_made(day: Bars) -> None:
    """A crossing far away is found through bar extremes: only the bar that holds it is filled."""
    path = path_over(day)
    level = float(day.high.max())
    assert path.first_last_crossing(level, True, 0, day.end_us) is not None
    assert len(path._bars) == 1


def test_what_is_laid_over_a_bar_is_shared_and_nobody_may_change_it() -> None:
    """Asked twice, the library answers with the same arrays, and they are read-only."""
    bar = BarTicks(1_010, 1_040, 1_000, 1_030, 20, 5e6)
    times, ticks = shipped_shapes().prints(7, bar, MINUTE_US)
    again = shipped_shapes().prints(7, bar, MINUTE_US)
    assert again[0] is times
    assert again[1] is ticks
    with pytest.raises(ValueError, match="read-only"):
        ticks += 1
