"""Marks with a basis that moves: searches equal scans, recorded bars are met, laws of time and scale hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.errors import InputError
from sim.market import Bars, KlinePath, LinePath, MarkSource, MarkSpec, PricePath, TradePath, Trades
from sim.market.shocks import Basis, Crash, Freeze, Gap, Halt, Wick

MakeBars = Callable[..., Bars]
quick = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
EPOCHS = st.sampled_from([1_705_276_800_000_000, 1_705_276_800_123_000, 1_705_276_800_999_999])
SPECS = st.builds(
    MarkSpec,
    basis_bps=st.sampled_from([0.0, 12.0, -30.5]),
    delay_ms=st.sampled_from([0.0, 0.001, 87.0, 2_500.5]),
    index_gap_bps=st.sampled_from([0.0, 4.6, -8.0]),
    follow_share=st.sampled_from([0.0, 0.66, 1.0]),
    follow_s=st.sampled_from([1.0, 7.0, 20.0, 95.0]),
    sd_bps=st.sampled_from([0.0, 0.44, 25.0]),
    burst_bps=st.sampled_from([0.0, 60.0]),
    burst_gap_s=st.just(20.0),
    burst_length_s=st.just(10.0),
)
MOVING = MarkSpec(follow_share=0.66, sd_bps=5.0, index_gap_bps=4.6, delay_ms=87.0)


@st.composite
def rows(draw: st.DrawFn, most: int = 6) -> list[tuple[float, float, float, float]]:
    """Draw up to ``most`` bars around 100 on a tick of 0.1, all wide or all narrow, so that basis can leave them."""
    found = []
    widest = draw(st.sampled_from([0, 2, 20]))
    for _ in range(draw(st.integers(1, most))):
        low = draw(st.integers(980, 1_020))
        high = low + draw(st.integers(0, widest))
        open_, close = draw(st.integers(low, high)), draw(st.integers(low, high))
        found.append((open_ / 10, high / 10, low / 10, close / 10))
    return found


@st.composite
def recorded(draw: st.DrawFn, make_bars: MakeBars, bars: Bars) -> Bars:
    """Draw mark klines of 5 s or a minute that cover ``bars``, about 100 with eight decimals."""
    interval_s = draw(st.sampled_from([1, 5, 60]))
    first_us = bars.epoch_us // 60_000_000 * 60_000_000
    count = -(-(bars.epoch_us + bars.end_us - first_us) // (interval_s * 1_000_000))
    noise = np.random.default_rng(draw(st.integers(0, 99))).uniform(98.0, 103.0, (count, 4)).round(8)
    table = np.stack([noise[:, 0], noise.max(1), noise.min(1), noise[:, 3]], axis=1)
    return make_bars([tuple(row) for row in table.tolist()], interval_s=interval_s, epoch_us=first_us)


@st.composite
def paths(draw: st.DrawFn, make_bars: MakeBars, make_trades: Callable[..., Trades]) -> PricePath:
    """Draw a path over klines, trades or a line, with a process or recorded marks, and shocks that touch them."""
    spec, seed, kind = (
        draw(SPECS),
        draw(st.integers(0, 99)),
        draw(st.sampled_from(["bars", "trades", "line"])),
    )
    if kind == "line":
        return LinePath(
            "BTCUSDT",
            draw(EPOCHS),
            draw(st.integers(1, 40_000_000)),
            0.1,
            2,
            100.0,
            -0.2,
            MarkSource(spec, seed),
        )
    if kind == "trades":
        steps = draw(st.lists(st.sampled_from([0, 40_000, 1_000_000, 70_000_000]), min_size=1, max_size=12))
        times = np.cumsum([0, *steps]).tolist()
        trades = make_trades(
            [(time, draw(st.integers(980, 1_040)) / 10) for time in times], epoch_us=draw(EPOCHS)
        )
        shocks: tuple[Any, ...] = (Wick(at=0.0, pct=-3.0),) if draw(st.booleans()) else ()
        return TradePath(trades, tick=0.1, price_decimals=2, mark=MarkSource(spec, seed), shocks=shocks)
    interval_s = draw(st.sampled_from([1, 60]))
    bars = make_bars(draw(rows()), interval_s=interval_s, epoch_us=draw(EPOCHS))
    source = MarkSource(spec, seed)
    if draw(st.booleans()):
        source = MarkSource(spec.model_copy(update={"basis_bps": 0.0}), seed, draw(recorded(make_bars, bars)))
    length_s = bars.end_us / 1e6
    chosen = [
        Basis(at=length_s * 0.2, bps=-80.0, for_s=length_s * 0.3, ramp_s=1.0),
        Crash(at=length_s * 0.3, pct=-4.0, over_s=0.7),
        Freeze(at=length_s * 0.5, for_s=length_s * 0.3),
        Halt(at=length_s * 0.6, for_s=length_s * 0.2, reopen_pct=2.0),
    ]
    # From the very start on, where no mark was published before.
    chosen += [
        Halt(at=0.0, for_s=length_s * 0.15),
        Freeze(at=0.0, for_s=length_s * 0.1),
        Gap(at=0.0, pct=2.0),
    ]
    shocks = tuple(shock for shock in chosen if draw(st.integers(0, 2)) == 0)
    return KlinePath(bars, tick=0.1, seed=seed, price_decimals=2, mark=source, shocks=shocks)


def exact(price: float) -> Fraction:
    """Read a price as the decimal it prints as."""
    return Fraction(str(price))


def visible(path: PricePath, delay_us: int) -> list[tuple[int, Fraction]]:
    """List every mark that becomes visible, by asking for the mark at each instant one can."""
    first = -delay_us + (-(path.epoch_us - delay_us) % 1_000_000)
    return [
        (time + delay_us, exact(path.mark(time + delay_us))) for time in range(first, path.end_us, 1_000_000)
    ]


@quick
@given(data=st.data())
def test_a_crossing_on_mark_equals_a_scan_of_publications(
    make_bars: MakeBars, make_trades: Callable[..., Trades], data: st.DataObject
) -> None:
    """Whatever moves the basis, the search finds the first published mark at or beyond a level, on the grid."""
    path = data.draw(paths(make_bars, make_trades))
    delay_us = path._mark_delay_us  # type: ignore[attr-defined]
    values = visible(path, delay_us)
    known = [float(value) for _, value in values] or [100.0]
    # Every value that is higher (lower) than all before it is one that only a sound bound finds.
    levels = [(level, True) for level in sorted(set(np.maximum.accumulate(known).tolist()))]
    levels += [(level, False) for level in sorted(set(np.minimum.accumulate(known).tolist()))]
    questions = [(level, rising, -1, path.end_us + delay_us) for level, rising in levels]
    for _ in range(4):
        level = data.draw(st.sampled_from(known)) + data.draw(st.sampled_from([0.0, 0.01, -0.01, 3.0]))
        after = data.draw(st.integers(-1, path.end_us))
        questions.append((level, data.draw(st.booleans()), after, data.draw(st.integers(after, path.end_us))))
    for level, rising, after, until in questions:
        wanted = [
            time
            for time, value in values
            if after < time <= until and (value >= exact(level) if rising else value <= exact(level))
        ]
        found = path.first_mark_crossing(level, rising, after, until)
        assert found == (wanted[0] if wanted else None)


@quick
@given(data=st.data())
def test_marks_do_not_depend_on_what_was_asked_before(
    make_bars: MakeBars, make_trades: Callable[..., Trades], data: st.DataObject
) -> None:
    """The same instants asked of one path in two orders, crossings in between, give the same marks."""
    path = data.draw(paths(make_bars, make_trades))
    times = data.draw(st.lists(st.integers(0, path.end_us + 5_000_000), min_size=1, max_size=12))
    forward = [path.mark(time) for time in times]
    path._bars.clear()  # type: ignore[attr-defined]
    path.first_mark_crossing(101.0, True, 0, path.end_us)
    assert [path.mark(time) for time in reversed(times)] == forward[::-1]


@quick
@given(data=st.data())
def test_recorded_bars_open_and_close_on_the_recorded_mark(make_bars: MakeBars, data: st.DataObject) -> None:
    """At a bar's first and last publication the mark is the recorded one, truncated; it never leaves the range."""
    bars = make_bars(data.draw(rows()), epoch_us=data.draw(EPOCHS))
    marks = data.draw(recorded(make_bars, bars))
    spec = data.draw(SPECS).model_copy(update={"basis_bps": 0.0, "delay_ms": 0.0})
    path = KlinePath(bars, tick=0.1, seed=1, price_decimals=2, mark=MarkSource(spec, 4, marks))
    for bar in range(len(marks)):
        opens_us = marks.epoch_us + bar * marks.interval_us - path.epoch_us
        closes_us = opens_us + marks.interval_us - 1_000_000
        for at_us, price in ((closes_us, marks.close[bar]), (opens_us, marks.open[bar])):
            if 0 <= at_us < path.end_us and (opens_us < closes_us or at_us == closes_us):
                if opens_us == closes_us:
                    price = marks.close[bar]
                assert exact(path.mark(at_us)) == Fraction(int(exact(price) * 100), 100)
        for at_us in range(
            max(opens_us, -path.epoch_us % 1_000_000), min(closes_us + 1, path.end_us), 1_000_000
        ):
            assert marks.low[bar] - 0.01 < path.mark(at_us) <= marks.high[bar]


@quick
@given(spec=SPECS, seed=st.integers(0, 50), shift=st.integers(1, 3))
def test_a_later_start_leaves_the_marks_of_the_day(
    make_bars: MakeBars, spec: MarkSpec, seed: int, shift: int
) -> None:
    """A path over the later part of a tape has the whole one's marks, once the window lies in that part."""
    table = [(100.0, 101.0, 99.0, 100.5), (100.5, 102.0, 100.5, 101.0)] * 4
    bars = make_bars(table)
    whole, part = (
        KlinePath(tape, tick=0.1, seed=seed, price_decimals=2, mark=MarkSource(spec, seed))
        for tape in (bars, bars.slice(shift * 60_000_000, bars.end_us))
    )
    shift_us = shift * 60_000_000
    for at_us in range(100_000_000, part.end_us, 7_000_000):
        assert part.mark(at_us) == whole.mark(at_us + shift_us)


@quick
@given(spec=SPECS, seed=st.integers(0, 50))
def test_twice_the_price_is_twice_the_mark(make_bars: MakeBars, spec: MarkSpec, seed: int) -> None:
    """The basis is a share of the price: doubled prices on a doubled tick double the mark, to the truncation."""
    bars = make_bars([(100.0, 101.0, 99.0, 100.5), (100.5, 102.0, 100.5, 101.0)])
    doubled = replace(bars, open=bars.open * 2, high=bars.high * 2, low=bars.low * 2, close=bars.close * 2)
    one, two = (
        KlinePath(tape, tick=tick, seed=seed, price_decimals=2, mark=MarkSource(spec, seed))
        for tape, tick in ((bars, 0.1), (doubled, 0.2))
    )
    for at_us in range(0, bars.end_us, 1_000_000):
        assert -1e-9 <= two.mark(at_us) - 2 * one.mark(at_us) <= 0.01 + 1e-9


def test_the_mark_lags_a_fall_and_then_catches_up() -> None:
    """On a line falling 0.1 % a second the mean of 20 s lies 9.5 s back: two thirds of that is the basis."""
    spec = MarkSpec(follow_share=0.66, follow_s=20.0)
    line = LinePath("BTCUSDT", 0, 100_000_000, 0.01, 2, 10_000.0, -0.1, spec)
    at_us = 60_000_000
    assert line.last(at_us) == 9_400.0
    assert line.mark(at_us) == pytest.approx(9_400.0 + 0.66 * 95.0, abs=0.011)


def test_a_third_price_far_above_keeps_the_mark_from_falling_below_last() -> None:
    """With the index far above last, a mark that would lag a rise is last itself, as the median says."""
    rising, falling = (
        LinePath(
            "BTCUSDT", 0, 100_000_000, 0.01, 2, 10_000.0, pct,
            MarkSpec(follow_share=0.66, index_gap_bps=1_000.0),
        )
        for pct in (0.01, -0.01)
    )  # fmt: skip
    assert rising.mark(60_000_000) == rising.last(60_000_000)
    assert falling.mark(60_000_000) > falling.last(60_000_000)


def test_a_shock_moves_recorded_marks_with_last(make_bars: MakeBars) -> None:
    """A declared crash takes the recorded mark along, so that it makes no basis of its own."""
    bars = make_bars([(100.0, 100.0, 100.0, 100.0)] * 3)
    marks = make_bars([(100.5, 100.5, 100.5, 100.5)] * 3)
    path = KlinePath(
        bars, tick=0.1, seed=1, price_decimals=2, mark=MarkSource(MarkSpec(), 1, marks),
        shocks=(Crash(at=60.0, pct=-10.0, over_s=1.0),),
    )  # fmt: skip
    assert (path.mark(30_000_000), path.mark(90_000_000)) == (100.5, 90.45)


def test_the_source_says_what_the_mark_is_made_from(make_bars: MakeBars) -> None:
    """A path names the basis of its mark, and says nothing where mark is last."""
    bars = make_bars([(100.0, 101.0, 99.0, 100.0)])
    sources = [
        KlinePath(bars, tick=0.1, seed=1, price_decimals=2, mark=mark).source
        for mark in (
            MarkSpec(),
            MarkSpec(basis_bps=3.0),
            MarkSpec.model_validate({"preset": "calm-2023"}),
            MarkSource(MarkSpec(), 0, bars),
        )
    ]
    assert "mark" not in sources[0]
    assert sources[1].endswith("; mark = last and +3 bps")
    assert sources[2].endswith("noise of 0.44 bps (preset calm-2023)")
    assert "recorded mark klines made by a test" in sources[3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epoch_us": 1_705_276_860_000_000}, "mark klines that cover the tape of BTCUSDT"),
        ({"interval_us": 500_000}, "bars of whole seconds"),
    ],
)
def test_mark_klines_that_do_not_fit_are_refused(
    make_bars: MakeBars, change: dict[str, int], message: str
) -> None:
    """Marks of another stretch, or on a grid finer than the publications, are told apart in one line."""
    table: Sequence[tuple[float, float, float, float]] = [(100.0, 101.0, 99.0, 100.0)]
    marks = replace(make_bars(table), **change)
    with pytest.raises(InputError, match=message):
        KlinePath(make_bars(table), tick=0.1, seed=1, price_decimals=2, mark=MarkSource(MarkSpec(), 0, marks))


def test_a_spec_that_names_klines_needs_their_bars(make_bars: MakeBars) -> None:
    """A path reads no files: a spec with klines and no loaded bars is refused rather than passed over."""
    with pytest.raises(InputError, match=r"mark\.klines"):
        KlinePath(
            make_bars([(1.0, 1.0, 1.0, 1.0)]),
            tick=0.1,
            seed=1,
            price_decimals=2,
            mark=MarkSpec(klines="m.zip"),
        )


@pytest.mark.parametrize(
    ("spec", "shocks", "level", "rising", "after_s", "found_s"),
    [
        # The mean of 95 s still lies near 100 in a bar that never saw it.
        (
            MarkSpec(follow_share=1.0, follow_s=95.0),
            (Crash(at=59.5, pct=-4.0, over_s=0.1),),
            99.0,
            True,
            62.0,
            63,
        ),
        # Bps of a shock leave the range of a bar that did not move.
        (MarkSpec(), (Basis(at=30.0, bps=-80.0, for_s=20.0),), 99.5, False, 0.0, 30),
        (MarkSpec(), (Basis(at=30.0, bps=80.0, for_s=20.0),), 100.5, True, 0.0, 30),
        # A mark that stands keeps bps which ended long ago.
        (
            MarkSpec(),
            (Basis(at=30.0, bps=80.0, for_s=20.0), Freeze(at=40.0, for_s=90.0)),
            100.5,
            True,
            125.0,
            126,
        ),
    ],
)
def test_marks_outside_the_range_of_their_bar_are_found(
    make_bars: MakeBars,
    spec: MarkSpec,
    shocks: tuple[Any, ...],
    level: float,
    rising: bool,
    after_s: float,
    found_s: int,
) -> None:
    """What only the mean, a shock or a standstill puts beyond a bar's prints is a crossing all the same."""
    bars = make_bars([(100.0, 100.0, 100.0, 100.0)] * 3)
    path = KlinePath(bars, tick=0.1, seed=1, price_decimals=2, mark=spec, shocks=shocks)
    assert path.first_mark_crossing(level, rising, round(after_s * 1e6), path.end_us) == found_s * 1_000_000
