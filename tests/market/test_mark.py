"""The mark follows last by a stated basis, once a second, truncated, and late by a stated delay."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.market import Bars, KlinePath, LinePath, MarkSpec

MakeBars = Callable[..., Bars]
ROWS = [(100.0, 101.3, 98.9, 100.7), (100.7, 100.7, 97.1, 97.2)]
EPOCH_US = 1_705_276_800_400_000


def path_with(make_bars: MakeBars, mark: MarkSpec, price_decimals: int = 2) -> KlinePath:
    """Build a path whose start is 0.4 s after a whole second."""
    return KlinePath(
        make_bars(ROWS, epoch_us=EPOCH_US), tick=0.1, seed=3, price_decimals=price_decimals, mark=mark
    )


@settings(deadline=None, derandomize=True)
@given(
    basis_bps=st.integers(-200, 200).map(lambda half: half / 2),
    delay_us=st.sampled_from([0, 1, 87_000, 600_000, 3_000_000]),
    t_us=st.integers(0, 130_000_000),
    price_decimals=st.integers(1, 4),
)
def test_mark_is_last_at_the_latest_publication_seen(
    make_bars: MakeBars, basis_bps: float, delay_us: int, t_us: int, price_decimals: int
) -> None:
    """Mark equals last at the latest whole Unix second at least the delay ago, with basis, truncated."""
    path = path_with(make_bars, MarkSpec(basis_bps=basis_bps, delay_ms=delay_us / 1000), price_decimals)
    published = (
        min((EPOCH_US + t_us - delay_us) // 10**6, (EPOCH_US + path.end_us - 1) // 10**6) * 10**6 - EPOCH_US
    )
    assert path.mark_time(t_us) == published
    exact = Fraction(str(path.last(published))) * (1 + Fraction(str(basis_bps)) / 10_000)
    truncated = Fraction(math.floor(exact * 10**price_decimals), 10**price_decimals)
    assert Fraction(str(path.mark(t_us))) == truncated


def test_without_basis_the_mark_is_the_last_price_itself(make_bars: MakeBars) -> None:
    """Truncation must not push a price that is already on the precision down by one."""
    path = path_with(make_bars, MarkSpec())
    for t_us in range(600_000, path.end_us, 1_000_000):
        assert path.mark_time(t_us) == t_us
        assert path.mark(t_us) == path.last(t_us)


def test_mark_stands_still_between_publications(make_bars: MakeBars) -> None:
    """Only at publication plus delay does a reader see another value."""
    path = path_with(make_bars, MarkSpec(delay_ms=87))
    assert path.mark_time(1_600_000 + 86_999) == 600_000
    assert path.mark_time(1_600_000 + 87_000) == 1_600_000
    assert path.mark(1_600_000 + 86_999) == path.last(600_000)


def test_a_crossing_is_when_the_mark_can_be_seen() -> None:
    """On a falling line the trigger sees the publication that crosses, a delay after it was made."""
    line = LinePath("BTCUSDT", 0, 60_000_000, 0.01, 2, 100.0, -0.1, MarkSpec(delay_ms=250))
    # The line is at 99.454 after 5.46 s, which is 99.45 on tick; the next publication is at 6 s.
    assert line.first_last_crossing(99.45, False, 0, line.end_us) == 5_460_000
    assert line.first_mark_crossing(99.45, False, 0, line.end_us) == 6_250_000
    assert line.first_mark_crossing(99.45, False, 0, 6_249_999) is None
    assert line.mark(6_249_999) == 99.5
    assert line.mark(6_250_000) == 99.4


def test_basis_alone_can_cross(make_bars: MakeBars) -> None:
    """A level beyond every print is crossed by a mark with enough basis."""
    path = path_with(make_bars, MarkSpec(basis_bps=50))
    assert path.first_last_crossing(101.5, True, 0, path.end_us) is None
    found = path.first_mark_crossing(101.2, True, 0, path.end_us)
    assert found is not None
    assert path.last(found) < 101.2 <= path.mark(found)


@pytest.mark.parametrize(
    "values",
    [
        {"delay_ms": -1.0},
        {"basis_bps": "3"},
        {"basis_bps": math.nan},
        {"basis": 3.0},
        {"basis_bps": -10_000.0},
    ],
)
def test_impossible_specs_are_refused(values: dict[str, object]) -> None:
    """Negative delay, text, not a number, an unknown name, and a basis that leaves no price are refused."""
    with pytest.raises(ValidationError):
        MarkSpec.model_validate(values)
