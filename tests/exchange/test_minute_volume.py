"""How much a symbol trades in a typical minute of a day."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.exchange.minute_volume import MinuteVolume
from sim.market import Bars, LinePath, Trades

DAY_US = 86_400_000_000
MIDNIGHT_US = 1_705_276_800_000_000


def bars(volumes: list[float], bar_us: int = 60_000_000, epoch_us: int = MIDNIGHT_US) -> Bars:
    flat, count = np.full(len(volumes), 100.0), np.ones(len(volumes), dtype=np.int64)
    return Bars(
        "BTCUSDT", bar_us, epoch_us, flat, flat, flat, flat, np.array(volumes), count, source="a test", sha256="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("volumes", "bar_us", "typical"),
    [
        ([5.0, 1.0, 9.0], 60_000_000, 5.0),
        ([5.0, 0.0, 0.0, 0.0, 9.0], 60_000_000, 7.0),
        ([50.0, 10.0, 90.0], 300_000_000, 10.0),
        ([1.0] * 60 + [3.0] * 60 + [2.0] * 60, 1_000_000, 120.0),
        ([0.0, 0.0], 60_000_000, 0.0),
    ],
    ids=["minutes", "halted bars do not count", "five-minute bars", "seconds", "mark tape"],
)
def test_it_is_the_median_of_the_minutes_that_traded(
    volumes: list[float], bar_us: int, typical: float
) -> None:
    """Whatever the bars' length it is a volume per minute; 0 means that nobody knows."""
    assert MinuteVolume.of_tape(bars(volumes, bar_us)).at(MIDNIGHT_US) == pytest.approx(typical)


def test_each_utc_day_has_its_own() -> None:
    """A quiet minute of a lively day is judged by the day; a day of silence by the day before it."""
    noon_us = MIDNIGHT_US + DAY_US // 2
    lively = [10.0] * 719 + [0.01]
    volume = MinuteVolume.of_tape(
        bars([*lively, *[2.0] * 1440, *[0.0] * 1440, *[7.0] * 10], epoch_us=noon_us)
    )
    days = [
        noon_us - DAY_US,
        noon_us,
        noon_us + DAY_US,
        noon_us + 2 * DAY_US,
        noon_us + 3 * DAY_US,
        noon_us + 9 * DAY_US,
    ]
    assert [volume.at(day) for day in days] == [10.0, 10.0, 2.0, 2.0, 7.0, 7.0]


def test_trades_are_summed_by_the_minute() -> None:
    """Three minutes with 3, 5 and 1 traded; silent minutes between them do not count."""
    times = np.array([0, 59_999_999, 60_000_000, 600_000_000], dtype=np.int64)
    tape = Trades(
        "BTCUSDT",
        MIDNIGHT_US,
        600_001_000,
        times,
        np.full(4, 100.0),
        np.array([1.0, 2.0, 5.0, 1.0]),
        source="a test",
        sha256="",
    )
    assert MinuteVolume.of_tape(tape).at(MIDNIGHT_US) == 3.0


def test_a_line_is_endless() -> None:
    """A straight line has no volume to measure and none to exhaust."""
    line = LinePath("BTCUSDT", MIDNIGHT_US, 1_000_000, 0.1, 2, 100.0, 0.0)
    assert MinuteVolume.of_path(line).at(MIDNIGHT_US) == math.inf


def test_a_day_without_a_trade_is_as_deep_as_the_day_before() -> None:
    """Recorded trades of the first and the third day: the second takes the first one's."""
    trades = Trades(
        symbol="BTCUSDT", epoch_us=MIDNIGHT_US, end_us=2 * DAY_US + 1_000,
        times_us=np.array([0, 2 * DAY_US]), price=np.full(2, 100.0), quantity=np.array([4.0, 9.0]),
        source="a test", sha256="",
    )  # fmt: skip
    volume = MinuteVolume.of_tape(trades)
    assert [volume.at(MIDNIGHT_US + day * DAY_US) for day in range(4)] == [4.0, 4.0, 9.0, 9.0]
