"""A bar's prints say exactly what the bar says, and depend on nothing but seed, symbol and open time."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import InputError
from sim.market import Bars, Crash, Drift, KlinePath, PricePath, load_bars

MakeBars = Callable[..., Bars]

ticks = st.integers(1, 3_000)
counts = st.one_of(st.integers(0, 9), st.sampled_from([-1, 239, 240, 50_000]))


@st.composite
def bar_rows(draw: st.DrawFn) -> tuple[float, float, float, float]:
    """Draw open, high, low and close on a tick of 0.1, flat bars and extremes at open or close included."""
    low = draw(ticks)
    high = low + draw(st.one_of(st.integers(0, 3), st.integers(0, 900)))
    open_, close = draw(st.integers(low, high)), draw(st.integers(low, high))
    return open_ / 10, high / 10, low / 10, close / 10


@settings(deadline=None, derandomize=True)
@given(
    row=bar_rows(),
    count=counts,
    seed=st.integers(-5, 2**64),
    interval_s=st.sampled_from([1, 60, 300, 86_400]),
)
def test_prints_of_a_bar_keep_its_laws(
    make_bars: MakeBars, row: tuple[float, float, float, float], count: int, seed: int, interval_s: int
) -> None:
    """Prints start at the open, end at the close, touch high and low, stay between them, and lie on tick."""
    bars = make_bars([row], counts=[count], interval_s=interval_s)
    path = KlinePath(bars, tick=0.1, seed=seed, price_decimals=2)
    times, prices = path.prints(0, path.end_us)
    open_, high, low, close = row
    assert (prices[0], prices.max(), prices.min(), prices[-1]) == (open_, high, low, close)
    assert all(Decimal(str(price)) % Decimal("0.1") == 0 for price in prices.tolist())
    assert times[0] == 0
    assert times[-1] < path.end_us
    assert (np.diff(times) > 0).all()
    most = 4 if interval_s == 1 else 240
    if count == 0 and high == low:
        assert times.size == 1
    else:
        expected = min(count, most) if count >= 0 else most
        assert times.size == max(expected, 4 if high > low else 1)


@pytest.fixture(scope="module")
def day() -> Bars:
    """Return the embedded day of BTCUSDT."""
    return load_bars("embedded:BTCUSDT-1m-2024-01-15")


def path_over(bars: Bars, seed: int = 7) -> KlinePath:
    """Build the usual path."""
    return KlinePath(bars, tick=0.1, seed=seed, price_decimals=2)


def test_the_low_comes_first_in_rising_bars(day: Bars) -> None:
    """Over one day about 93 % of rising bars print their low before their high; falling bars mirror that."""
    path = path_over(day)
    agreed = moved = 0
    for index in range(len(day)):
        if day.open[index] == day.close[index]:
            continue
        _, prices = path.prints(index * 60_000_000, (index + 1) * 60_000_000)
        low_first = prices.argmin() < prices.argmax()
        agreed += low_first == (day.close[index] > day.open[index])
        moved += 1
    # Bars that open or close at an extreme follow it whatever was drawn, so the share lies a little higher.
    assert 0.92 < agreed / moved < 0.97


def test_answers_do_not_depend_on_the_order_of_questions(day: Bars) -> None:
    """Asked forwards, backwards, or all at once, two paths of one seed give the same prices."""
    times = range(0, day.end_us, 977_000_111)
    eager = path_over(day)
    eager.prints(0, eager.end_us)
    forwards = [path_over(day).last(time) for time in times]
    lazy = path_over(day)
    backwards = [lazy.last(time) for time in reversed(times)]
    assert forwards == backwards[::-1] == [eager.last(time) for time in times]


def test_forgotten_bars_come_back_the_same(day: Bars, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many bars are kept; a dropped one is made again with the same prints."""
    starts = [index * 60_000_000 for index in (0, 5, 9, 100, 0, 5, 9, 1_439, 0)]
    roomy = [path_over(day).prints(start, start + 60_000_000) for start in starts]
    monkeypatch.setattr("sim.market.bar_path.BARS_KEPT", 2)
    tight = path_over(day)
    for start, (times, prices) in zip(starts, roomy, strict=True):
        again_times, again_prices = tight.prints(start, start + 60_000_000)
        assert np.array_equal(times, again_times)
        assert np.array_equal(prices, again_prices)


def test_a_slice_has_the_prints_of_the_whole(day: Bars) -> None:
    """Chance hangs on a bar's Unix open time, so cutting a day does not redraw it."""
    whole, part = path_over(day), path_over(day.slice(3_600_000_000, 7_200_000_000))
    times, prices = whole.prints(3_600_000_000, 7_200_000_000)
    part_times, part_prices = part.prints(0, part.end_us)
    assert np.array_equal(times - 3_600_000_000, part_times)
    assert np.array_equal(prices, part_prices)


def test_seed_and_symbol_change_the_prints_but_not_the_bars(day: Bars, make_bars: MakeBars) -> None:
    """Another seed, or another symbol with the same bars, walks differently between the same extremes."""
    one, two = path_over(day, 1), path_over(day, 2)
    assert not np.array_equal(one.prints(0, 60_000_000)[1], two.prints(0, 60_000_000)[1])
    assert one.bar_extremes(90_000_000) == two.bar_extremes(90_000_000) == (day.low[1], day.high[1])
    rows = [(1.0, 1.5, 0.5, 1.1)]
    left = path_over(make_bars(rows, symbol="AUSDT"))
    right = path_over(make_bars(rows, symbol="BUSDT"))
    assert not np.array_equal(left.prints(0, left.end_us)[0], right.prints(0, right.end_us)[0])


def test_last_is_held_to_the_tape(day: Bars) -> None:
    """Before the tape last is the first open, after it the last close, between prints the print before."""
    path = path_over(day)
    assert path.last(-1) == path.last(0) == day.open[0]
    assert path.last(path.end_us) == path.last(path.end_us + 10**12) == day.close[-1]
    times, prices = path.prints(600_000_000, 660_000_000)
    assert path.last(int(times[5]) - 1) == prices[4]
    assert path.last(int(times[5])) == prices[5]


def test_prints_are_half_open(day: Bars) -> None:
    """A print at the first time is in, one at the second is out; pieces join to the whole."""
    path = path_over(day)
    times, prices = path.prints(0, 300_000_000)
    cut = int(times[400])
    left, right = path.prints(0, cut), path.prints(cut, 300_000_000)
    assert right[0][0] == cut
    assert np.array_equal(np.concatenate([left[0], right[0]]), times)
    assert np.array_equal(np.concatenate([left[1], right[1]]), prices)
    assert path.prints(cut, cut)[0].size == path.prints(path.end_us, path.end_us + 5)[0].size == 0


def test_bar_volume_is_the_bar_s(day: Bars) -> None:
    """Volume is read from the bar that holds the time."""
    path = path_over(day)
    assert path.bar_volume(60_000_000) == day.volume[1]
    assert path.bar_volume(path.end_us + 5) == day.volume[-1]


def test_prices_between_ticks_are_refused_or_snapped(make_bars: MakeBars) -> None:
    """A spot price on a futures tick is named with its place; snapping moves it to the nearest tick."""
    bars = make_bars([(1.0, 1.2, 0.9, 1.0), (1.0, 1.26, 0.9, 1.14)])
    with pytest.raises(InputError, match=r"high: value 2: given 1\.26, expected a multiple of the tick 0\.1"):
        path_over(bars)
    path = KlinePath(bars, tick=0.1, seed=1, price_decimals=2, snap_to_tick=True)
    assert path.bar_extremes(60_000_000) == (0.9, 1.3)
    assert path.last(path.end_us) == 1.1


def test_a_tick_finer_than_the_precision_is_refused(day: Bars) -> None:
    """Prices must be printable, so the tick is a whole number of the last decimal."""
    with pytest.raises(InputError, match=r"tick: given 0.001, expected a multiple of 10\^-2"):
        KlinePath(day, tick=0.001, seed=1, price_decimals=2)


def test_the_source_names_what_the_path_is_made_of(day: Bars) -> None:
    """Reports print the source: the model inside bars, the data, and every shock."""
    shocks = (Drift(at="14:20:00", pct_per_s=-0.05, for_s=120), Crash(at=60.0, pct=-3))
    path = KlinePath(day, tick=0.1, seed=7, price_decimals=2, shocks=shocks)
    assert path.source == (
        "bridge inside 1m bars of BTCUSDT, embedded:BTCUSDT-1m-2024-01-15; "
        "at 14:20:00 the price drifts -0.05 % per second for 120 s and stays there; "
        "60 s after the start the price moves -3 % within 1 s and stays there"
    )
    assert isinstance(path, PricePath)
