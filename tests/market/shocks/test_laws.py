"""Whatever shocks meet, a path keeps its laws: any order, true bounds, prices on tick, silence in halts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.market import (
    Bars,
    Basis,
    Crash,
    Drift,
    Freeze,
    Gap,
    Halt,
    KlinePath,
    MarkSpec,
    Shock,
    TradePath,
    Trades,
    Whipsaw,
    Wick,
)

DrawShocks = Callable[[float], st.SearchStrategy[tuple[Shock, ...]]]
quick = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
ROWS = [
    (100.0, 101.2, 99.4, 100.5),
    (100.5, 100.5, 97.0, 97.1),
    (97.1, 97.1, 97.1, 97.1),
    (97.1, 99.0, 96.8, 98.0),
]
MARK = MarkSpec(basis_bps=-3.0, delay_ms=87.0)


def kline_path(make_bars: Callable[..., Bars], shocks: tuple[Shock, ...]) -> KlinePath:
    """Build a path over eight one-minute bars on a tick of 0.1."""
    return KlinePath(make_bars(ROWS * 2), tick=0.1, seed=3, price_decimals=2, mark=MARK, shocks=shocks)


def answers(path: KlinePath | TradePath, t_us: int) -> tuple[Any, ...]:
    """Ask everything there is to ask about one moment."""
    return (
        path.last(t_us),
        path.mark(t_us),
        path.bar_extremes(t_us),
        path.halt_end_us(t_us),
        path.first_last_crossing(99.0, False, t_us, path.end_us),
        path.first_mark_crossing(99.0, True, t_us, path.end_us),
    )


@quick
@given(data=st.data())
def test_answers_do_not_depend_on_the_order_of_questions(
    make_bars: Callable[..., Bars], draw_shocks: DrawShocks, data: st.DataObject
) -> None:
    """A path asked at random, and one of which everything was made first, answer alike."""
    shocks = data.draw(draw_shocks(480))
    eager, lazy = kline_path(make_bars, shocks), kline_path(make_bars, shocks)
    eager.prints(0, eager.end_us)
    [eager.mark(second * 1_000_000) for second in range(480)]
    moments = data.draw(st.lists(st.integers(0, eager.end_us + 2_000_000), min_size=1, max_size=12))
    expected = {moment: answers(eager, moment) for moment in sorted(moments)}
    assert {moment: answers(lazy, moment) for moment in moments} == expected


@quick
@given(data=st.data())
def test_bounds_hold_and_prices_stay_on_tick(
    make_bars: Callable[..., Bars], draw_shocks: DrawShocks, data: st.DataObject
) -> None:
    """No print, price in force, or mark lies beyond the bounds that searches rely on."""
    path = kline_path(make_bars, data.draw(draw_shocks(480)))
    _check_bounds(path)
    prices = path.prints(0, path.end_us)[1]
    assert prices.min() > 0
    assert np.abs(prices * 10 - np.rint(prices * 10)).max() < 1e-9


@quick
@given(data=st.data())
def test_bounds_hold_over_trades(
    make_trades: Callable[..., Trades], draw_shocks: DrawShocks, data: st.DataObject
) -> None:
    """The same over recorded trades with silent minutes."""
    rows = [(0, 100.0), (5_000_000, 101.0), (70_000_000, 97.0), (250_000_000, 99.0), (300_000_000, 98.0)]
    shocks = data.draw(draw_shocks(300))
    _check_bounds(TradePath(make_trades(rows), tick=0.1, price_decimals=2, mark=MARK, shocks=shocks))


def _check_bounds(path: KlinePath | TradePath) -> None:
    last, mark = path._extremes, path._mark_extremes()
    per_unit = path._mark_series.units_per_tick
    for index in range(last.count):
        bar = path._bar(index)
        ticks = np.append(bar.ticks, bar.before_ticks)
        assert last.low[index] <= ticks.min()
        assert ticks.max() <= last.high[index]
        units = path._mark_values(index)[1]
        # A mark is truncated to a unit, which searches allow for.
        assert mark.low[index] * per_unit - 1 <= units.min()
        assert units.max() <= mark.high[index] * per_unit + 1


@quick
@given(data=st.data())
def test_nothing_prints_in_a_halt_and_last_stands(
    make_bars: Callable[..., Bars], draw_shocks: DrawShocks, data: st.DataObject
) -> None:
    """Where the path says it is halted there is no print until the reopening, which is one."""
    path = kline_path(make_bars, data.draw(draw_shocks(480)))
    times, _ = path.prints(0, path.end_us)
    for t_us in range(0, path.end_us, 7_000_000):
        reopens_us = path.halt_end_us(t_us)
        if reopens_us is None:
            continue
        assert not ((times >= t_us) & (times < reopens_us)).any()
        assert (times == reopens_us).any()
        assert path.last(t_us) == path.last(reopens_us - 1)
        # A mark published in the halt repeats the one before, seen a delay later.
        assert path.mark(t_us) == path.mark(reopens_us - 1) or path.halt_end_us(t_us - 1_087_000) is None


def test_the_tape_of_every_kind_is_named(make_bars: Callable[..., Bars]) -> None:
    """Each kind of shock has a clause of its own in the source of the path."""
    shocks: tuple[Shock, ...] = (
        Crash(at=1.0, pct=-3.0, depth=2.0),
        Gap(at="00:00:05.5", pct=-3.0),
        Drift(at=1.0, pct_per_s=-0.1, for_s=5.0),
        Whipsaw(at=1.0, pct=-2.0),
        Wick(at=1.0, pct=-2.0),
        Basis(at=1.0, bps=-40.0, for_s=5.0, ramp_s=2.0),
        Freeze(at=1.0, for_s=5.0),
        Halt(at=1.0, for_s=5.0, reopen_pct=-3.0),
    )
    assert [shock.describe() for shock in shocks] == [
        "1 s after the start the price moves -6 % (-3 % times depth 2) within 1 s and stays there",
        "at 00:00:05.5 the price jumps -3 % between two prints and stays there",
        "1 s after the start the price drifts -0.1 % per second for 5 s and stays there",
        "1 s after the start the price whipsaws: 2 swings within 4 s, the first by -2 %, about the level of the tape "
        "and back to it",
        "1 s after the start last alone wicks -2 % and back within 2 s; the mark does not see it",
        "1 s after the start the mark parts from last by -40 bps for 5 s, with 2 s of ramp before and after",
        "1 s after the start the published mark freezes for 5 s while last goes on",
        "1 s after the start matching halts for 5 s (no prints, the mark stands) and reopens -3 % from the tape, and "
        "stays there",
    ]
    source = kline_path(make_bars, shocks).source
    assert all(f"; {shock.describe()}" in source for shock in shocks)
