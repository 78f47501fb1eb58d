"""A straight line meets the closed forms that a recorded market cannot."""

from __future__ import annotations

import math

import pytest

from sim.errors import InputError
from sim.market import LinePath, MarkSpec, PricePath


def line(pct_per_s: float, *, seconds: float = 600, step_us: int = 1_000) -> LinePath:
    """Build a line from 100 on a tick of 0.01."""
    return LinePath("BTCUSDT", 0, round(seconds * 1e6), 0.01, 2, 100.0, pct_per_s, step_us=step_us)


@pytest.mark.parametrize("pct_per_s", [-0.05, 0.133, 0.08])
@pytest.mark.parametrize("distance_pct", [0.1, 0.4, 3.0])
def test_a_level_is_reached_after_distance_over_rate(pct_per_s: float, distance_pct: float) -> None:
    """The crossing is at distance / rate, up to half a tick and one step."""
    level = 100 + math.copysign(distance_pct, pct_per_s)
    found = line(pct_per_s).first_last_crossing(level, pct_per_s > 0, 0, 600_000_000)
    assert found is not None
    slack_s = 0.005 / abs(pct_per_s) + 0.001
    assert found / 1e6 == pytest.approx(distance_pct / abs(pct_per_s), abs=slack_s)


def test_a_trailing_stop_fires_after_its_callback_over_the_rate() -> None:
    """A BUY follows the falling line and never fires; a SELL fires once the line has fallen by the callback."""
    falling = line(-0.1)
    trail = falling.first_trailing_trigger(None, 0.01, True, 0, falling.end_us, False)
    assert trail is not None
    assert (trail.activated_us, trail.extreme) == (0, 100.0)
    assert trail.trigger_us == pytest.approx(10e6, abs=0.06e6)
    assert falling.first_trailing_trigger(None, 0.01, False, 0, falling.end_us, False) is None


def test_a_vast_price_is_refused() -> None:
    """Beyond 2^53 units a price is no longer the price that was given."""
    with pytest.raises(InputError, match=r"expected a price of at most 9007\.2, with 12 decimals"):
        LinePath("XUSDT", 0, 60_000_000, 1e-12, 12, 40_000.0, 0.0)


def test_a_flat_line_never_moves() -> None:
    """Rate zero prints the start price throughout and crosses nothing."""
    flat = line(0.0)
    assert flat.last(flat.end_us) == flat.mark(flat.end_us) == 100.0
    assert flat.first_last_crossing(100.01, True, 0, flat.end_us) is None
    assert flat.bar_extremes(0) == (100.0, 100.0)
    assert flat.bar_volume(0) == math.inf


def test_a_line_through_zero_is_refused() -> None:
    """A price cannot be negative, so such a line is a mistake in the rate or the length."""
    with pytest.raises(InputError, match="a price above 0 to the end"):
        line(-0.2)


def test_a_line_is_a_path_and_says_that_it_is_no_market() -> None:
    """Reports must not take it for data."""
    path = LinePath("BTCUSDT", 0, 1_000_000, 0.1, 1, 50.0, 0.5, MarkSpec())
    assert isinstance(path, PricePath)
    assert path.source == "straight line of +0.5 % per second from 50 (no market)"
