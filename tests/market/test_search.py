"""Every search answers what a scan of all values in order would answer, however it is asked."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.market import Bars, KlinePath, LinePath, MarkSpec, PricePath, Shock, TradePath, Trades
from sim.market.pyramid import Pyramid

DrawShocks = Callable[[float], st.SearchStrategy[tuple[Shock, ...]]]
Value = tuple[int, Fraction]
Level = tuple[Fraction, bool]

# Examples are cheap but not free; a second in all is the budget of this file.
quick = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
marks = st.builds(
    MarkSpec,
    basis_bps=st.sampled_from([0.0, 1.5, -2.0, 30.0, -45.5]),
    delay_ms=st.sampled_from([0.0, 0.001, 87.0, 1_000.0, 2_500.5]),
)
epochs = st.sampled_from([1_705_276_800_000_000, 1_705_276_800_123_000, 1_705_276_800_999_999])


@st.composite
def bar_tables(draw: st.DrawFn) -> list[tuple[float, float, float, float]]:
    """Draw up to eight bars around 100 on a tick of 0.1, far or near to each other."""
    rows = []
    for _ in range(draw(st.integers(1, 8))):
        low = draw(st.integers(980, 1_020))
        high = low + draw(st.integers(0, 20))
        open_, close = draw(st.integers(low, high)), draw(st.integers(low, high))
        rows.append((open_ / 10, high / 10, low / 10, close / 10))
    return rows


@st.composite
def kline_paths(draw: st.DrawFn, make_bars: Callable[..., Bars], draw_shocks: DrawShocks) -> PricePath:
    """Draw a path over bars of a minute or a second, with or without shocks."""
    rows = draw(bar_tables())
    interval_s = draw(st.sampled_from([1, 60]))
    bars = make_bars(
        rows,
        counts=[draw(st.integers(0, 12)) for _ in rows],
        interval_s=interval_s,
        epoch_us=draw(epochs),
    )
    return KlinePath(
        bars,
        tick=0.1,
        seed=draw(st.integers(0, 99)),
        price_decimals=draw(st.sampled_from([1, 2])),
        mark=draw(marks),
        shocks=draw(draw_shocks(len(rows) * interval_s)),
    )


@st.composite
def trade_paths(draw: st.DrawFn, make_trades: Callable[..., Trades], draw_shocks: DrawShocks) -> PricePath:
    """Draw recorded trades with ties and with silences of minutes."""
    steps = draw(
        st.lists(st.sampled_from([0, 1_000, 40_000, 1_000_000, 150_000_000]), min_size=1, max_size=25)
    )
    times = np.cumsum([0, *steps]).tolist()
    rows = [(time, draw(st.integers(980, 1_040)) / 10) for time in times]
    trades = make_trades(rows, epoch_us=draw(epochs))
    laid = draw(draw_shocks(times[-1] / 1e6)) if times[-1] > 20_000 else ()
    return TradePath(trades, tick=0.1, price_decimals=2, mark=draw(marks), shocks=laid)


@st.composite
def line_paths(draw: st.DrawFn) -> PricePath:
    """Draw a straight line of up to a few bars."""
    return LinePath(
        "BTCUSDT",
        draw(epochs),
        draw(st.integers(1, 5_000_000)),
        0.1,
        2,
        100.0,
        draw(st.sampled_from([-0.9, -0.05, 0.0, 0.3])),
        draw(marks),
        step_us=draw(st.sampled_from([1_000, 7_001])),
    )


def exact(price: float) -> Fraction:
    """Read a price as the decimal it prints as."""
    return Fraction(str(price))


def last_values(path: PricePath) -> list[Value]:
    """List every print of the tape."""
    times, prices = path.prints(0, path.end_us)
    return [(time, exact(price)) for time, price in zip(times.tolist(), prices.tolist(), strict=True)]


def mark_values(path: PricePath, delay_us: int) -> list[Value]:
    """List every mark that becomes visible, by asking for the mark at each instant one can."""
    first = -delay_us + (-(path.epoch_us - delay_us) % 1_000_000)
    published = range(first, path.end_us, 1_000_000)
    return [(time + delay_us, exact(path.mark(time + delay_us))) for time in published]


def scan_crossing(values: list[Value], level: Fraction, rising: bool, after: int, until: int) -> int | None:
    """Find the first value at or beyond the level by looking at each."""
    for time, value in values:
        if after < time <= until and (value >= level if rising else value <= level):
            return time
    return None


def scan_trailing(
    values: list[Value],
    activation: Fraction | None,
    in_force: Fraction,
    rate: Fraction,
    rising: bool,
    after: int,
    until: int,
) -> tuple[int, int, float] | None:
    """Follow a trailing stop value by value, as binance-facts 2.1 words it."""
    activated, extreme = (after, in_force) if activation is None else (None, Fraction(0))
    for time, value in values:
        if not after < time <= until:
            continue
        if activated is None:
            assert activation is not None
            if value >= activation if rising else value <= activation:
                activated, extreme = time, value
            else:
                continue
        extreme = max(extreme, value) if rising else min(extreme, value)
        if value <= extreme * (1 - rate) if rising else value >= extreme * (1 + rate):
            return activated, time, float(extreme)
    return None


def check_against_scans(path: PricePath, data: st.DataObject) -> None:
    """Put random questions to the path and to the scans, interleaved so that caches are warm and cold."""
    delay_us = path._mark_series.shift_us  # type: ignore[attr-defined]
    prints, published = last_values(path), mark_values(path, delay_us)
    moments = st.one_of(
        st.integers(0, path.end_us + 3_000_000), st.sampled_from([time for time, _ in prints])
    )
    levels = st.one_of(
        st.sampled_from([value for _, value in prints + published]),
        st.integers(9_300, 10_700).map(lambda cents: Fraction(cents, 100)),
    )
    for _ in range(6):
        after, level, rising = data.draw(moments), data.draw(levels), data.draw(st.booleans())
        until = after + data.draw(st.sampled_from([0, 500_000, 61_000_000, 10**12]))
        found = path.first_last_crossing(float(level), rising, after, until)
        assert found == scan_crossing(prints, level, rising, after, until)
        found = path.first_mark_crossing(float(level), rising, after, until)
        assert found == scan_crossing(published, level, rising, after, until)
        if found is not None:
            assert exact(path.mark(found)) >= level if rising else exact(path.mark(found)) <= level
        rate = data.draw(st.sampled_from([Fraction(1, 1000), Fraction(3, 1000), Fraction(2, 100)]))
        activation = data.draw(st.one_of(st.none(), st.just(level)))
        for use_mark, values in ((False, prints), (True, published)):
            in_force = exact(path.mark(after) if use_mark else path.last(after))
            trail = path.first_trailing_trigger(
                None if activation is None else float(activation), float(rate), rising, after, until, use_mark
            )
            expected = scan_trailing(values, activation, in_force, rate, rising, after, until)
            assert trail == expected
        assert (
            exact(path.last(after))
            == max((pair for pair in enumerate(prints) if pair[1][0] <= after), default=(0, prints[0]))[1][1]
        )


@quick
@given(data=st.data())
def test_searches_over_bars_equal_scans(
    make_bars: Callable[..., Bars], draw_shocks: DrawShocks, data: st.DataObject
) -> None:
    """Last, mark and trailing searches over bars, shocked or not, equal brute force in any order."""
    check_against_scans(data.draw(kline_paths(make_bars, draw_shocks)), data)


@quick
@given(data=st.data())
def test_searches_over_trades_equal_scans(
    make_trades: Callable[..., Trades], draw_shocks: DrawShocks, data: st.DataObject
) -> None:
    """The same over recorded trades, where times tie and minutes pass in silence."""
    check_against_scans(data.draw(trade_paths(make_trades, draw_shocks)), data)


@quick
@given(data=st.data())
def test_searches_over_lines_equal_scans(data: st.DataObject) -> None:
    """The same over straight lines."""
    check_against_scans(data.draw(line_paths()), data)


@given(
    values=st.lists(st.integers(-50, 50), min_size=1, max_size=3_000),
    threshold=st.integers(-60, 60),
    data=st.data(),
)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_the_pyramid_equals_a_scan(values: list[int], threshold: int, data: st.DataObject) -> None:
    """The first value at or above a threshold is found from any start, or the size returned."""
    start = data.draw(st.integers(0, len(values)))
    found = Pyramid(np.array(values, dtype=np.int64)).first(threshold, start)
    expected = next((i for i in range(start, len(values)) if values[i] >= threshold), len(values))
    assert found == expected


def test_cost_follows_hits_and_not_bars(make_bars: Callable[..., Bars]) -> None:
    """A level touched in one of 50,000 bars is found by making the prints of that bar only."""
    rows: list[Any] = [(100.0, 100.5, 99.5, 100.0)] * 50_000
    rows[41_234] = (100.0, 107.0, 99.5, 100.0)
    path = KlinePath(make_bars(rows), tick=0.1, seed=1, price_decimals=1)
    made = []
    make, path._make_prints = path._make_prints, lambda index: made.append(index) or make(index)  # type: ignore
    hit = path.first_last_crossing(106.9, True, 0, path.end_us)
    assert hit is not None
    assert hit // 60_000_000 == 41_234
    assert path.first_trailing_trigger(None, 0.05, True, 0, path.end_us, False) is not None
    assert path.first_last_crossing(90.0, False, 0, path.end_us) is None
    assert made == [41_234, 0]
