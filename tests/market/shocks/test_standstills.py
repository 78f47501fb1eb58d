"""Wick, basis, freeze and halt: what last does alone, what the mark does alone, and what stands still."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim.errors import InputError
from sim.market import Bars, Basis, Crash, Freeze, Halt, KlinePath, MarkSpec, Shock, TradePath, Trades, Wick

MakeBars = Callable[..., Bars]
MINUTE = 60_000_000
SECOND = 1_000_000
FLAT = [(100.0, 100.0, 100.0, 100.0)] * 10
STAIRS = [(100.0 + step, 100.0 + step, 100.0 + step, 100.0 + step) for step in range(10)]


def path_with(bars: Bars, *shocks: Shock, mark: MarkSpec | None = None) -> KlinePath:
    """Build a path on a tick of 0.01."""
    return KlinePath(bars, tick=0.01, seed=5, price_decimals=2, shocks=shocks, mark=mark or MarkSpec())


# -- wick ------------------------------------------------------------------------------------------------


def test_a_wick_is_seen_by_last_and_not_by_the_mark(make_bars: MakeBars) -> None:
    """Last reaches the depth at half the time and is back at its end; no mark of the tape moves."""
    path = path_with(make_bars(FLAT, counts=[0] * 10), Wick(at=100.0, pct=-3.0, depth=2.0, for_s=4.0))
    assert path.last(102 * SECOND) == 94.0
    assert path.last(101 * SECOND) == path.last(103 * SECOND) == 97.0
    assert path.last(104 * SECOND) == 100.0
    assert path.first_last_crossing(94.0, False, 0, path.end_us) == 102 * SECOND
    assert path.first_mark_crossing(99.99, False, 0, path.end_us) is None
    assert {path.mark(second * SECOND) for second in range(600)} == {100.0}
    assert path.bar_extremes(MINUTE) == (94.0, 100.0)


def test_a_wick_over_trades_leaves_their_marks_alone(make_trades: Callable[..., Trades]) -> None:
    """The mark follows the recorded trades inside the wick as if it were not there."""
    rows = [(0, 100.0), (SECOND * 3, 104.0), (SECOND * 200, 102.0)]
    plain = TradePath(make_trades(rows), tick=0.01, price_decimals=2)
    wicked = TradePath(
        make_trades(rows), tick=0.01, price_decimals=2, shocks=(Wick(at=1.0, pct=-50.0, for_s=120.0),)
    )
    assert wicked.last(61 * SECOND) == 52.0
    seconds = range(201)
    assert [wicked.mark(t * SECOND) for t in seconds] == [plain.mark(t * SECOND) for t in seconds]
    assert wicked.first_mark_crossing(101.0, False, 4 * SECOND, wicked.end_us) is None


def test_a_wick_and_a_crash_part_only_by_the_wick(make_bars: MakeBars) -> None:
    """A crash under the wick moves both prices."""
    path = path_with(make_bars(FLAT), Crash(at=90.0, pct=-10.0), Wick(at=100.0, pct=-10.0, for_s=2.0))
    assert path.last(101 * SECOND) == 81.0
    assert path.mark(101 * SECOND) == 90.0


# -- basis -----------------------------------------------------------------------------------------------


def test_a_burst_of_basis_parts_the_mark_for_a_time(make_bars: MakeBars) -> None:
    """The mark leaves along the ramp, rests at the depth and comes back; last never moves."""
    path = path_with(
        make_bars(FLAT),
        Basis(at=100.0, bps=-50.0, depth=2.0, for_s=10.0, ramp_s=4.0),
        mark=MarkSpec(basis_bps=10.0),
    )
    marks = {t: path.mark(t * SECOND) for t in (100, 102, 104, 114, 116, 118)}
    assert marks == {100: 100.1, 102: 99.6, 104: 99.1, 114: 99.1, 116: 99.6, 118: 100.1}
    assert path.bar_extremes(MINUTE) == (100.0, 100.0)
    assert path.first_mark_crossing(99.1, False, 0, path.end_us) == 104 * SECOND
    assert path.first_last_crossing(99.99, False, 0, path.end_us) is None


def test_without_a_ramp_the_mark_parts_and_joins_at_once(make_bars: MakeBars) -> None:
    """The first publication in the burst has all of it, the first one after it nothing."""
    path = path_with(make_bars(FLAT), Basis(at=100.0, bps=100.0, for_s=10.0))
    assert [path.mark(t * SECOND) for t in (99, 100, 109, 110)] == [100.0, 101.0, 101.0, 100.0]


def test_bursts_add_up_and_may_not_take_the_mark_to_zero(make_bars: MakeBars) -> None:
    """Two bursts at once are summed; a sum that leaves no price is refused."""
    bursts = [Basis(at=100.0 + late, bps=-5_000.0, for_s=10.0) for late in (0, 5)]
    with pytest.raises(
        InputError, match=r"shock: given 'bursts of basis down to -10000 bps', expected above"
    ):
        path_with(make_bars(FLAT), *bursts)
    path = path_with(make_bars(FLAT), bursts[0], Basis(at=105.0, bps=1_000.0, for_s=10.0))
    assert [path.mark(t * SECOND) for t in (104, 105, 110, 115)] == [50.0, 60.0, 110.0, 100.0]


# -- freeze ----------------------------------------------------------------------------------------------


def test_a_frozen_mark_repeats_the_one_of_before_while_last_goes_on(make_bars: MakeBars) -> None:
    """Publications go on each second with the old value; the first one after the freeze is fresh."""
    path = path_with(make_bars(STAIRS, counts=[0] * 10), Freeze(at=59.5, for_s=130.5))
    assert [path.mark(t * SECOND) for t in (59, 60, 120, 180, 189, 190)] == [100.0] * 5 + [103.0]
    assert path.last(180 * SECOND) == 103.0
    assert path.mark_time(120 * SECOND) == 120 * SECOND
    assert path.first_mark_crossing(101.0, True, 0, path.end_us) == 190 * SECOND
    assert path.first_last_crossing(101.0, True, 0, path.end_us) == MINUTE


def test_a_late_mark_freezes_at_its_publication(make_bars: MakeBars) -> None:
    """What readers see stands from the freeze's publications on, so the delay later."""
    path = path_with(make_bars(STAIRS), Freeze(at=59.5, for_s=60.0), mark=MarkSpec(delay_ms=2_500.0))
    assert path.mark(121 * SECOND) == 100.0
    assert path.mark(122 * SECOND) == 100.0
    assert path.mark(123 * SECOND) == 102.0


def test_a_mark_frozen_during_a_burst_keeps_its_basis(make_bars: MakeBars) -> None:
    """What stands is the published value, basis and all, past the end of the burst."""
    path = path_with(make_bars(FLAT), Basis(at=50.0, bps=100.0, for_s=20.0), Freeze(at=60.0, for_s=100.0))
    assert [path.mark(t * SECOND) for t in (59, 75, 159, 160)] == [101.0, 101.0, 101.0, 100.0]
    assert path.first_mark_crossing(101.0, True, 130 * SECOND, path.end_us) == 131 * SECOND
    assert path.first_mark_crossing(100.0, False, 60 * SECOND, path.end_us) == 160 * SECOND


# -- halt ------------------------------------------------------------------------------------------------


def test_a_halt_has_no_prints_and_reopens_at_the_tapes_price(make_bars: MakeBars) -> None:
    """Last and mark stand through it, and the reopening prints what the tape says then."""
    path = path_with(make_bars(STAIRS), Halt(at=90.0, for_s=160.0))
    times, _ = path.prints(90 * SECOND, 250 * SECOND + 1)
    assert times.tolist() == [250 * SECOND]
    assert path.last(249 * SECOND) == path.mark(249 * SECOND) == 101.0
    assert path.last(250 * SECOND) == path.mark(250 * SECOND) == 104.0
    assert path.first_last_crossing(102.0, True, 0, path.end_us) == 250 * SECOND
    assert path.first_mark_crossing(102.0, True, 0, path.end_us) == 250 * SECOND


def test_a_path_tells_when_matching_reopens(make_bars: MakeBars) -> None:
    """From the first instant of a halt to its last one the reopening is known; outside there is none."""
    path = path_with(make_bars(FLAT), Halt(at=90.0, for_s=160.0), Halt(at=200.0, for_s=60.0))
    moments = [90 * SECOND - 1, 90 * SECOND, 230 * SECOND, 260 * SECOND - 1, 260 * SECOND]
    assert [path.halt_end_us(t) for t in moments] == [None, *[260 * SECOND] * 3, None]
    assert path_with(make_bars(FLAT)).halt_end_us(0) is None


def test_a_bar_inside_a_halt_has_the_price_of_before(make_bars: MakeBars) -> None:
    """A bar without prints answers with the price in force; one partly covered keeps its later prints."""
    path = path_with(make_bars(STAIRS), Halt(at=90.0, for_s=160.0))
    assert path.bar_extremes(2 * MINUTE) == path.bar_extremes(3 * MINUTE) == (101.0, 101.0)
    assert path.bar_extremes(4 * MINUTE) == (104.0, 104.0)
    assert path.prints(2 * MINUTE, 4 * MINUTE)[0].size == 0


def test_a_reopening_may_gap_and_the_level_stays(make_bars: MakeBars) -> None:
    """The declared per cent are laid on all prints from the reopening on, and on the mark."""
    path = path_with(make_bars(FLAT), Halt(at=90.0, for_s=160.0, reopen_pct=-5.0))
    assert path.last(250 * SECOND - 1) == 100.0
    assert path.last(250 * SECOND) == path.mark(250 * SECOND) == path.last(path.end_us) == 95.0


def test_a_crash_during_a_halt_is_seen_at_the_reopening(make_bars: MakeBars) -> None:
    """Nothing prints on the way down."""
    path = path_with(make_bars(FLAT), Halt(at=90.0, for_s=160.0), Crash(at=100.0, pct=-20.0))
    assert path.last(249 * SECOND) == 100.0
    assert path.last(250 * SECOND) == 80.0
    assert path.first_last_crossing(90.0, False, 0, path.end_us) == 250 * SECOND


def test_a_halt_from_the_start_stands_at_its_reopening(make_bars: MakeBars) -> None:
    """Before the first print its price is in force, whatever bar that print is in."""
    path = path_with(make_bars(STAIRS), Halt(at=0.0, for_s=130.0, reopen_pct=10.0))
    assert path.last(0) == path.mark(60 * SECOND) == path.last(130 * SECOND) == 112.2
    assert path.prints(0, path.end_us)[0][0] == 130 * SECOND


def test_a_halt_empties_recorded_trades(make_trades: Callable[..., Trades]) -> None:
    """Trades inside vanish, and the reopening prints the price the tape had come to."""
    rows = [(0, 100.0), (20 * SECOND, 101.0), (70 * SECOND, 103.0), (200 * SECOND, 105.0)]
    path = TradePath(make_trades(rows), tick=0.01, price_decimals=2, shocks=(Halt(at=10.0, for_s=120.0),))
    times, prices = path.prints(0, path.end_us)
    assert times.tolist() == [0, 130 * SECOND, 200 * SECOND]
    assert prices.tolist() == [100.0, 103.0, 105.0]
    assert path.mark(129 * SECOND) == 100.0
    assert path.bar_extremes(MINUTE) == (100.0, 100.0)


def test_a_halt_that_never_reopens_is_refused(make_bars: MakeBars) -> None:
    """Its reopening would silently never come."""
    with pytest.raises(
        InputError, match=r"market.shock\[0\].for_s: given 600.0, expected a halt that reopens on"
    ):
        path_with(make_bars(FLAT), Halt(at=0.0, for_s=600.0))


def test_what_the_tape_cuts_off_is_said(make_bars: MakeBars) -> None:
    """A shock that outlasts the tape is cut by it, and the source says so."""
    path = path_with(make_bars(FLAT), Freeze(at=1.0, for_s=5.0), Wick(at=599.0, pct=-1.0, for_s=5.0))
    assert path.source.endswith("; the tape ends before market.shock[1] does")
    assert "shock[0]" not in path.source


def test_undisturbed_stretches_print_as_ever(make_bars: MakeBars) -> None:
    """Outside wick, burst, freeze and halt both prices are those of the plain path."""
    bars = make_bars([(100.0, 104.0, 99.0, 101.0)] * 10)
    shocks = (
        Wick(at=70.0, pct=-5.0), Basis(at=130.0, bps=90.0, for_s=9.0), Freeze(at=190.0, for_s=9.0),
        Halt(at=250.0, for_s=9.0),
    )  # fmt: skip
    plain, shocked = path_with(bars), path_with(bars, *shocks)
    for start_us in (0, 72 * SECOND + 1, 139 * SECOND, 199 * SECOND, 260 * SECOND):
        left, right = (path.prints(start_us, start_us + 45 * SECOND) for path in (plain, shocked))
        assert all(np.array_equal(*pair) for pair in zip(left, right, strict=True))
        seconds = range(start_us, start_us + 45 * SECOND, SECOND)
        assert [plain.mark(t) for t in seconds] == [shocked.mark(t) for t in seconds]
