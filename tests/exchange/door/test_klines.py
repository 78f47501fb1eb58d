"""Klines are made from the prints so far, and from nothing else (binance-facts 9, 10)."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.exchange.door.candles import candle, opens_at
from sim.exchange.door.klines import get_klines
from sim.exchange.filters import filters_of
from sim.market import Bars, KlinePath, TradePath, Trades
from sim.market.bars import FloatArray, IntArray

EPOCH_MS = 1_705_276_800_000
MINUTE_US = 60_000_000
BTC = filters_of("BTCUSDT", "2025-01")


def klines(path: Any, t_us: int, **params: Any) -> Any:
    """Ask for klines of a path at an instant, without an exchange around it."""
    venue = SimpleNamespace(paths={"BTCUSDT": path}, filters={"BTCUSDT": BTC})
    door: Any = SimpleNamespace(venue=venue, now_us=t_us, epoch_us=path.epoch_us)
    request: Any = SimpleNamespace(params={"symbol": "BTCUSDT", "interval": "1m", **params})
    return get_klines(door, request)[0]


def bars(count: int = 30, epoch_ms: int = EPOCH_MS) -> Bars:
    steps = np.arange(count, dtype=np.float64)
    opens = 50_000.0 + 10 * steps
    return Bars(
        symbol="BTCUSDT", interval_us=MINUTE_US, epoch_us=epoch_ms * 1000, open=opens, high=opens + 25.0,
        low=opens - 15.0, close=opens + 10.0, volume=steps + 1.0, count=np.full(count, 40, dtype=np.int64),
        source="made by a test", sha256="0" * 64,
    )  # fmt: skip


def tape(epoch_ms: int = EPOCH_MS) -> KlinePath:
    return KlinePath(bars(epoch_ms=epoch_ms), tick=0.1, seed=3, price_decimals=2)


class Present:
    """A path that fails whoever asks for what has not happened yet."""

    def __init__(self, path: KlinePath, now_us: int) -> None:
        self._path, self._now_us = path, now_us
        self.epoch_us, self.end_us, self.bar_us = path.epoch_us, path.end_us, path.bar_us

    def prints(self, from_us: int, to_us: int) -> tuple[IntArray, FloatArray]:
        assert to_us <= self._now_us + 1, "prints of the future"
        return self._path.prints(from_us, to_us)

    def last(self, t_us: int) -> float:
        assert t_us <= self._now_us, "a price of the future"
        return self._path.last(t_us)

    def bar_volume(self, t_us: int) -> float:
        assert (t_us // self.bar_us + 1) * self.bar_us <= self._now_us + 1, "the volume of a bar under way"
        return self._path.bar_volume(t_us)


@given(
    st.integers(0, 30 * MINUTE_US - 1),
    st.sampled_from(["1m", "3m", "5m", "15m", "1h", "1d", "1w"]),
    st.integers(0, 59_999),
)
@settings(max_examples=60, deadline=None)
def test_nothing_beyond_now_is_looked_at(t_us: int, interval: str, offset_ms: int) -> None:
    """Neither prints nor prices nor the volume of the bar under way."""
    path = tape(EPOCH_MS + offset_ms - offset_ms % 1000)
    present = Present(path, t_us)
    assert klines(present, t_us, interval=interval) == klines(path, t_us, interval=interval)


@given(
    st.lists(st.tuples(st.integers(0, 20_000_000), st.integers(499_000, 501_000)), min_size=1, max_size=40),
    st.floats(0, 1),
    st.sampled_from(["1m", "3m", "5m", "1h"]),
)
@settings(max_examples=100, deadline=None)
def test_the_answer_is_that_of_a_tape_cut_at_now(
    gaps: list[tuple[int, int]], share: float, interval: str
) -> None:
    """A tape that ends at t gives the same klines at t as one that goes on."""
    times = np.cumsum([0, *(gap for gap, _ in gaps[1:])]).astype(np.int64)
    prices = np.array([ticks / 10 for _, ticks in gaps])
    t_us = int(share * (times[-1] + 1))

    def path_of(count: int, end_us: int) -> TradePath:
        trades = Trades(
            symbol="BTCUSDT", epoch_us=EPOCH_MS * 1000, end_us=end_us, times_us=times[:count],
            price=prices[:count], quantity=np.full(count, 0.5), source="made by a test", sha256="0" * 64,
        )  # fmt: skip
        return TradePath(trades, tick=0.1, price_decimals=2)

    whole = path_of(times.size, int(times[-1]) + 1000)
    cut = path_of(int((times <= t_us).sum()), t_us + 1)
    assert klines(whole, t_us, interval=interval) == klines(cut, t_us, interval=interval)


def test_closed_candles_are_the_recorded_bars() -> None:
    """Open, high, low, close and volume of a minute that is over are those of the tape."""
    source = bars()
    rows = klines(tape(), 30 * MINUTE_US - 1)
    assert len(rows) == 30
    for index, row in enumerate(rows[:-1]):
        assert row[0] == EPOCH_MS + 60_000 * index
        assert row[6] == row[0] + 59_999
        recorded = (source.open, source.high, source.low, source.close)
        assert [float(text) for text in row[1:5]] == pytest.approx(
            [float(column[index]) for column in recorded]
        )
        assert float(row[5]) == source.volume[index]


def test_the_last_row_is_the_candle_still_open() -> None:
    """Half a minute into its minute it holds half a minute's prints; the minute's end is not in it."""
    path = tape()
    row = klines(path, 10 * MINUTE_US + MINUTE_US // 2)[-1]
    times, prices = path.prints(10 * MINUTE_US, 10 * MINUTE_US + MINUTE_US // 2 + 1)
    assert row[0] == EPOCH_MS + 600_000
    assert (float(row[2]), float(row[3]), float(row[4])) == (prices.max(), prices.min(), prices[-1])
    assert row[8] == times.size


def test_a_rows_kinds_are_the_venues() -> None:
    """Twelve values: numbers for times and count, texts for the rest, "0" to end with."""
    row = klines(tape(), 5 * MINUTE_US)[0]
    assert [type(value) for value in row] == [int, str, str, str, str, str, int, str, int, str, str, str]
    assert (row[1], row[5], row[11]) == ("50000.00", "1.000", "0")
    assert Decimal(row[9]) * 2 == Decimal(row[5])


def test_longer_candles_hold_shorter_ones() -> None:
    """Five minutes have the first open, the last close, the extremes and the sum of the volumes."""
    path = tape()
    ones, fives = klines(path, 20 * MINUTE_US - 1), klines(path, 20 * MINUTE_US - 1, interval="5m")
    assert len(fives) == 4
    for index, five in enumerate(fives):
        part = ones[5 * index : 5 * index + 5]
        assert (five[0], five[1], five[4]) == (part[0][0], part[0][1], part[-1][4])
        assert float(five[2]) == max(float(row[2]) for row in part)
        assert float(five[3]) == min(float(row[3]) for row in part)
        assert float(five[5]) == pytest.approx(sum(float(row[5]) for row in part), abs=0.01)


@pytest.mark.parametrize(
    ("params", "minutes"),
    [
        ({}, range(11)),
        ({"limit": 3}, range(8, 11)),
        ({"endTime": EPOCH_MS + 5 * 60_000}, range(6)),
        ({"endTime": EPOCH_MS + 5 * 60_000, "limit": 2}, range(4, 6)),
        ({"startTime": EPOCH_MS + 3 * 60_000, "limit": 2}, range(3, 5)),
        ({"startTime": EPOCH_MS + 3 * 60_000 + 1}, range(4, 11)),
        ({"startTime": EPOCH_MS - 1, "endTime": EPOCH_MS}, range(1)),
        ({"startTime": EPOCH_MS + 11 * 60_000}, range(0)),
        ({"endTime": EPOCH_MS - 1}, range(0)),
    ],
)
def test_windows_count_by_opening_times(params: dict[str, Any], minutes: range) -> None:
    """From a start the first ones, else the latest up to the end or now; never one that has not opened."""
    rows = klines(tape(), 10 * MINUTE_US, **params)
    assert [(row[0] - EPOCH_MS) // 60_000 for row in rows] == list(minutes)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"interval": "1s"}, -1120),
        ({"interval": "7m"}, -1120),
        ({"interval": None}, -1102),
        ({"interval": "1M"}, -1020),
        ({"interval": "1m", "limit": 1501}, -1130),
        ({"interval": "1m", "startTime": 2, "endTime": 1}, -1023),
        ({"interval": "1m", "symbol": "NOSUCH"}, -1121),
    ],
)
def test_klines_refuse_by_code(params: dict[str, Any], code: int, desk: Any) -> None:
    """An unknown interval, one left out, too many rows (binance-facts 1.2)."""
    assert desk.ask("GET", "/fapi/v1/klines", **params)[1]["code"] == code


def test_weeks_begin_on_mondays() -> None:
    """2024-01-15 was one."""
    week_us = 7 * 86_400_000_000
    monday_us = EPOCH_MS * 1000
    assert opens_at(monday_us, week_us) == monday_us
    assert opens_at(monday_us - 1, week_us) == monday_us - week_us
    assert opens_at(monday_us + 3 * 86_400_000_000, week_us) == monday_us


def test_a_candle_without_prints_stands_flat() -> None:
    """A halt shows as flat bars with no trades, not as missing ones (binance-facts 9)."""
    trades = Trades(
        symbol="BTCUSDT", epoch_us=EPOCH_MS * 1000, end_us=200_000_000,
        times_us=np.array([0, 190_000_000], dtype=np.int64), price=np.array([50_000.0, 50_100.0]),
        quantity=np.ones(2), source="made by a test", sha256="0" * 64,
    )  # fmt: skip
    path = TradePath(trades, tick=0.1, price_decimals=2)
    one = candle(path, (EPOCH_MS + 60_000) * 1000, MINUTE_US, 150_000_000)
    assert one[1:] == (50_000.0, 50_000.0, 50_000.0, 50_000.0, 0.0, 0.0, 0)
    assert [row[8] for row in klines(path, 150_000_000)] == [1, 0, 0]
