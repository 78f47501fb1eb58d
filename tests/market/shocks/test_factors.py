"""Declared shocks move the recorded prints by a stated factor and leave the rest of the tape alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from sim.errors import InputError
from sim.market import Bars, Basis, Crash, Drift, Gap, KlinePath, Shock, TradePath, Trades, Whipsaw, Wick

MakeBars = Callable[..., Bars]
MINUTE = 60_000_000
FLAT = [(100.0, 100.0, 100.0, 100.0)] * 10


def path_with(bars: Bars, *shocks: Shock) -> KlinePath:
    """Build a path on a tick of 0.01."""
    return KlinePath(bars, tick=0.01, seed=5, price_decimals=2, shocks=shocks)


def test_a_drift_falls_at_its_rate_and_stays(make_bars: MakeBars) -> None:
    """On a flat tape without trades the price follows the straight line at every 250 ms, then rests there."""
    path = path_with(make_bars(FLAT, counts=[0] * 10), Drift(at=90.0, pct_per_s=-0.05, for_s=120.0))
    times, prices = path.prints(0, path.end_us)
    inside = (times >= 90_000_000) & (times <= 210_000_000)
    assert np.diff(times[inside]).max() <= 250_000
    expected = 100 * (1 - 0.0005 * np.clip((times - 90_000_000) / 1e6, 0, 120))
    assert np.abs(prices - expected).max() <= 0.005 + 1e-9
    assert path.last(89_999_999) == 100.0
    assert path.last(210_000_000) == path.last(path.end_us) == 94.0


def test_a_crash_reaches_its_depth_and_recovers(make_bars: MakeBars) -> None:
    """Onset, bottom and recovery are prints of their own, exactly where they were declared."""
    path = path_with(make_bars(FLAT, counts=[0] * 10), Crash(at=100.1, pct=-3.0, over_s=0.7, recover_s=30.0))
    assert path.last(100_100_000) == 100.0
    assert path.last(100_800_000) == 97.0
    assert path.last(115_800_000) == pytest.approx(98.5, abs=0.03)
    assert path.last(130_800_000) == path.last(path.end_us) == 100.0
    assert path.bar_extremes(100_000_000) == (97.0, 100.0)
    assert path.first_last_crossing(97.0, False, 0, path.end_us) == 100_800_000


def test_a_gap_jumps_between_two_prints(make_bars: MakeBars) -> None:
    """The microsecond before it has the old price, the gap itself prints the new one."""
    path = path_with(make_bars(FLAT, counts=[0] * 10), Gap(at=100.0, pct=-3.0))
    assert path.last(100_000_000 - 1) == 100.0
    assert path.last(100_000_000) == path.last(path.end_us) == 97.0
    times, _ = path.prints(60_000_001, 120_000_000)
    assert times.tolist() == [100_000_000]
    assert path.first_last_crossing(99.0, False, 0, path.end_us) == 100_000_000
    recovering = path_with(make_bars(FLAT, counts=[0] * 10), Gap(at=0.0, pct=-3.0, recover_s=30.0))
    assert recovering.last(0) == 97.0
    assert recovering.last(15_000_000) == 98.5
    assert recovering.last(30_000_000) == 100.0


def test_a_whipsaw_meets_both_sides_and_comes_back(make_bars: MakeBars) -> None:
    """Two swings take four ways of one speed: out, back through the middle to the other side, and home."""
    path = path_with(make_bars(FLAT, counts=[0] * 10), Whipsaw(at=100.0, pct=-2.0, over_s=8.0))
    assert [path.last(t * 1_000_000) for t in (100, 101, 102, 104, 106, 108)] == [
        100.0, 99.0, 98.0, 100.0, 102.0, 100.0,
    ]  # fmt: skip
    assert path.bar_extremes(100_000_000) == (98.0, 102.0)
    three = path_with(make_bars(FLAT, counts=[0] * 10), Whipsaw(at=100.0, pct=2.0, over_s=6.0, swings=3))
    assert [three.last(t * 1_000_000) for t in (101, 103, 105, 106)] == [102.0, 98.0, 102.0, 100.0]


@pytest.mark.parametrize("depth", [0.0, 0.5, 1.0, 2.0])
def test_depth_multiplies_every_size(make_bars: MakeBars, depth: float) -> None:
    """A sweep turns one number: depth d of p per cent is what d * p per cent are."""
    kinds: list[tuple[Shock, Shock]] = [
        (Crash(at=9.0, pct=-3.0, depth=depth), Crash(at=9.0, pct=-3.0 * depth)),
        (Gap(at=9.0, pct=-3.0, depth=depth), Gap(at=9.0, pct=-3.0 * depth)),
        (Whipsaw(at=9.0, pct=-3.0, depth=depth), Whipsaw(at=9.0, pct=-3.0 * depth)),
        (Wick(at=9.0, pct=-3.0, depth=depth), Wick(at=9.0, pct=-3.0 * depth)),
        (
            Drift(at=9.0, pct_per_s=-0.1, for_s=9.0, depth=depth),
            Drift(at=9.0, pct_per_s=-0.1 * depth, for_s=9.0),
        ),
        (Basis(at=9.0, bps=-30.0, for_s=9.0, depth=depth), Basis(at=9.0, bps=-30.0 * depth, for_s=9.0)),
    ]
    for deep, plain in kinds:
        left, right = path_with(make_bars(FLAT), deep), path_with(make_bars(FLAT), plain)
        for pair in zip(left.prints(0, left.end_us), right.prints(0, right.end_us), strict=True):
            assert np.array_equal(*pair)
        assert [left.mark(t * 10**6) for t in range(30)] == [right.mark(t * 10**6) for t in range(30)]


def test_prints_outside_the_shock_are_untouched(make_bars: MakeBars) -> None:
    """Before the onset the prints are those of the plain path; after it, the same times at the new level."""
    bars = make_bars([(100.0, 104.0, 99.0, 101.0)] * 6)
    plain, shocked = path_with(bars), path_with(bars, Crash(at=150.0, pct=-50.0, over_s=2.0))
    for left, right in zip(plain.prints(0, 150_000_000), shocked.prints(0, 150_000_000), strict=True):
        assert np.array_equal(left, right)
    times, prices = plain.prints(3 * MINUTE, 6 * MINUTE)
    shocked_times, shocked_prices = shocked.prints(3 * MINUTE, 6 * MINUTE)
    assert np.array_equal(times, shocked_times)
    assert np.abs(shocked_prices - prices * 0.5).max() <= 0.005 + 1e-9


def test_shocks_multiply(make_bars: MakeBars) -> None:
    """Two crashes of 10 % leave 81 %, on tick."""
    shocks = (Crash(at=10.0, pct=-10.0), Crash(at=200.0, pct=-10.0))
    path = path_with(make_bars(FLAT), *shocks)
    assert path.last(path.end_us) == 81.0


@pytest.mark.parametrize(
    ("epoch_s", "expected_s"), [(0, 51_600), (50_000, 1_600), (51_600, 0), (51_601, 86_399)]
)
def test_a_clock_time_means_its_first_occurrence(epoch_s: int, expected_s: int) -> None:
    """14:20:00 is the first one at or after the tape's start, on the replayed day or the next."""
    assert (
        Drift(at="14:20:00", pct_per_s=0.1, for_s=1).start_us(epoch_s * 1_000_000) == expected_s * 1_000_000
    )


def test_a_shock_after_the_tape_is_refused(make_bars: MakeBars) -> None:
    """A shock that never happens would silently test nothing."""
    with pytest.raises(
        InputError, match=r"market.shock\[1\].at: given '14:20:00', expected a time on the tape"
    ):
        path_with(make_bars(FLAT), Crash(at=1.0, pct=-1.0), Crash(at="14:20:00", pct=-1.0))


def test_shocks_move_recorded_trades_too(make_trades: Callable[..., Trades]) -> None:
    """In a silence of the recording the shock prints on its own from the price in force."""
    trades = make_trades([(0, 100.0), (500_000, 102.0), (9_000_000, 104.0)])
    path = TradePath(trades, tick=0.01, price_decimals=2, shocks=(Crash(at=1.0, pct=-50.0, over_s=2.0),))
    assert path.last(999_999) == 102.0
    assert path.last(2_000_000) == 76.5
    assert path.last(3_000_000) == 51.0
    assert path.last(9_000_000) == 52.0
    assert path.prints(0, path.end_us)[0].size == 3 + 9


def test_shocks_that_lift_the_price_beyond_exact_numbers_are_refused(make_bars: MakeBars) -> None:
    """Many rises that multiply end where floats no longer count ticks: refused, not wrapped around."""
    with pytest.raises(
        InputError, match=r"market.shock: given '104 lifted to .*', expected a price of at most"
    ):
        path_with(make_bars([(100.0, 104.0, 99.0, 101.0)] * 6), *[Crash(at=1.0, pct=10_000.0)] * 10)


def test_prices_stay_positive(make_bars: MakeBars) -> None:
    """A crash to nearly nothing leaves one tick."""
    path = path_with(make_bars([(0.02, 0.03, 0.01, 0.02)] * 2), Crash(at=1.0, pct=-99.9))
    assert path.prints(0, path.end_us)[1].min() == 0.01


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "drift", "at": "14:20", "pct_per_s": 1.0, "for_s": 1.0}, "HH:MM:SS"),
        ({"kind": "drift", "at": "24:00:00", "pct_per_s": 1.0, "for_s": 1.0}, "HH:MM:SS"),
        ({"kind": "drift", "at": -1.0, "pct_per_s": 1.0, "for_s": 1.0}, ">= 0"),
        ({"kind": "drift", "at": 1.0, "pct_per_s": -1.0, "for_s": 100.0}, "above -100"),
        ({"kind": "drift", "at": 1.0, "pct_per_s": -1.0, "for_s": 0.0}, "greater than 0"),
        ({"kind": "crash", "at": 1.0, "pct": -100.0}, "greater than -100"),
        ({"kind": "crash", "at": 1.0, "pct": -1.0, "over_s": 0.0}, "greater than 0"),
        ({"kind": "crash", "at": 1.0, "pct": 1e300}, "less than or equal to 10000"),
        ({"kind": "crash", "at": 1.0, "pct": -1.0, "over_s": 1e300}, "less than or equal to 31622400"),
        ({"kind": "drift", "at": 1.0, "pct_per_s": 1e300, "for_s": 1.0}, "at or below 10000"),
        ({"kind": "drift", "at": 1.0, "pct_per_s": 1e-9, "for_s": 1e300}, "less than or equal to 31622400"),
        ({"kind": "crash", "at": 1.0, "pct": -1.0, "deep": 3}, "deep"),
        ({"kind": "crash", "at": 1.0, "pct": -50.0, "depth": 2}, r"pct \* depth = -\d+ must stay above -100"),
        ({"kind": "crash", "at": 1.0, "pct": -1.0, "depth": -1}, "greater than or equal to 0"),
        (
            {"kind": "drift", "at": 1.0, "pct_per_s": -1.0, "for_s": 60.0, "depth": 2},
            r"depth = -\d+ must stay above -100",
        ),
        ({"kind": "gap", "at": 1.0, "pct": -100.0}, "greater than -100"),
        ({"kind": "gap", "at": 1.0, "pct": -1.0, "over_s": 1.0}, "over_s"),
        (
            {"kind": "whipsaw", "at": 1.0, "pct": 100.0},
            r"the swing to the other side\) = -\d+ must stay above -100",
        ),
        ({"kind": "whipsaw", "at": 1.0, "pct": 1.0, "swings": 0}, "greater than or equal to 1"),
        ({"kind": "whipsaw", "at": 1.0, "pct": 1.0, "over_s": 1e-6}, "greater than or equal to 0.001"),
        ({"kind": "wick", "at": 1.0, "pct": -1.0, "for_s": 0.0}, "greater than 0"),
        ({"kind": "basis", "at": 1.0, "bps": -1e4, "for_s": 1.0}, "greater than or equal to -9000"),
        ({"kind": "basis", "at": 1.0, "bps": 60.0, "depth": -1, "for_s": 1.0}, "greater than or equal to 0"),
        (
            {"kind": "basis", "at": 1.0, "bps": -6e3, "depth": 2, "for_s": 1.0},
            r"bps \* depth must stay from -9000",
        ),
        ({"kind": "freeze", "at": 1.0}, "Field required"),
        ({"kind": "freeze", "at": 1.0, "for_s": 1.0, "depth": 1.0}, "depth"),
        ({"kind": "halt", "at": 1.0, "for_s": 1.0, "reopen_pct": -100.0}, "greater than -100"),
        ({"kind": "crahs", "at": 1.0, "pct": -1.0}, "'drift', 'crash'"),
    ],
)
def test_impossible_shocks_are_refused(values: dict[str, object], message: str) -> None:
    """Each wrong value is named; unknown kinds and keys are not passed over."""
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(Shock).validate_python(values)


def test_files_may_write_whole_numbers() -> None:
    """``for_s = 120`` in a file is as good as 120.0."""
    values = {"kind": "drift", "at": "14:20:00", "pct_per_s": -0.05, "for_s": 120}
    shock: Shock = TypeAdapter(Shock).validate_python(values)
    assert shock == Drift(at="14:20:00", pct_per_s=-0.05, for_s=120.0)
    assert TypeAdapter(Shock).validate_python({"kind": "crash", "at": 60, "pct": -3}) == Crash(
        at=60.0, pct=-3.0
    )
