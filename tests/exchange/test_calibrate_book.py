"""The defaults of the fill rules are the figures of the recordings beside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.exchange.calibrate_book import RECORDINGS, impact_law, minutes_within, spread_law
from sim.exchange.matching import FillSpec

KLINES = Path(__file__).parents[3] / "shared" / "klines"
EVENT = KLINES / "event-2025-10-10"


@pytest.fixture(scope="module", autouse=True)
def _recordings() -> None:
    if not KLINES.is_dir():
        pytest.skip(f"no shared klines at {KLINES}")


def recording(place: int, kind: str) -> Path:
    folder, start, symbol, _ = RECORDINGS[place]
    return KLINES / "ticks" / folder / f"{symbol}-{kind}-{start}.csv.gz"


def test_the_spread_is_one_tick_and_widens_by_less_than_the_default() -> None:
    """99 % of the time one tick; the liveliest recording widens by 0.87 % of the last second's range."""
    laws = [spread_law(recording(place, "book"), row[3]) for place, row in enumerate(RECORDINGS)]
    assert [round(law.one_tick_share, 4) for law in laws] == [0.9989, 1.0, 1.0, 0.9913, 0.9911]
    assert [round(law.range_share, 4) for law in laws] == [0.0008, 0.0, 0.0, 0.0087, 0.0035]
    assert max(law.range_share for law in laws) <= FillSpec().spread_range_share


def test_the_default_impact_is_that_of_the_lively_recordings() -> None:
    """BTC and ETH of 2024-08-08 agree on it to a few per cent; the calm one pays a fifth."""
    laws = [impact_law(recording(place, "trades")) for place in (0, 3, 4)]
    assert [(round(law.impact_bps, 2), round(law.exponent, 2)) for law in laws] == [
        (1.91, 0.86), (8.62, 0.85), (8.75, 0.92),
    ]  # fmt: skip
    spec = FillSpec()
    assert spec.impact_bps == pytest.approx((8.62 + 8.75) / 2, abs=0.05)
    assert spec.impact_exponent == pytest.approx((0.85 + 0.92) / 2, abs=0.01)


def test_far_from_the_touch_the_default_stays_on_the_hurting_side() -> None:
    """Within 1 to 5 % the recorded book held several times what the law gives up."""
    held = minutes_within(
        EVENT / "um-bookDepth" / "BTCUSDT-bookDepth-2025-10-10-until1530.csv.gz",
        EVENT / "um-ohlcv-5m" / "BTCUSDT-5m-20250919-20251027.csv.gz",
    )
    assert {percent: round(minutes) for percent, minutes in held.items()} == {
        -5: 211, -4: 196, -3: 175, -2: 122, -1: 53, 1: 41, 2: 67, 3: 82, 4: 104, 5: 122,
    }  # fmt: skip
    spec = FillSpec()
    for percent, minutes in held.items():
        reached_bps = abs(percent) * 100
        given_up = (reached_bps / spec.impact_bps / (1 + spec.impact_exponent)) ** (1 / spec.impact_exponent)
        assert 2 * given_up < minutes
