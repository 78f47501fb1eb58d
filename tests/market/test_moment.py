"""Moments are written as clock times of the replayed day or as seconds since the start."""

from __future__ import annotations

from typing import Any

import pytest

from sim.market import at_us

EPOCH_US = 1_705_276_800_000_000  # midnight UTC


@pytest.mark.parametrize(
    ("at", "expected_us"),
    [(0.0, 0), (1.5, 1_500_000), ("00:00:00", 0), ("14:20:00", 51_600_000_000), ("00:00:00.25", 250_000)],
)
def test_moments_are_clock_times_or_seconds(at: Any, expected_us: int) -> None:
    """A clock time is of the replayed day in UTC, a number counts from the start."""
    assert at_us(at, EPOCH_US) == expected_us


def test_a_clock_time_already_past_is_the_next_days() -> None:
    """A tape that starts at 20:00 meets 14:20 on the following day."""
    assert at_us("14:20:00", EPOCH_US + 72_000_000_000) == 66_000_000_000
