"""Real files beside the project load as their own documentation says; absent files skip the test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.errors import InputError
from sim.market import KlinePath, Problems, TradePath, load_bars, load_path


@pytest.mark.parametrize(
    ("name", "rows", "interval_s"),
    [
        ("um-monthly/AVAXUSDT-1m-2025-02.zip", 40_320, 60),
        ("um-ohlcv/ETHUSDT-1m-20250127-20250226.csv.gz", 43_199, 60),
        ("format-samples/um/BTCUSDT-1m-2022-09-0*.zip", 2_880, 60),
        ("format-samples/spot/ETHUSDT-1m-2022-08-1*.zip", 2_880, 60),
        ("format-samples/cm/BTCUSD_PERP-1m-2022-10-2*.zip", 2_880, 60),
        ("event-2025-10-10/um-markPriceKlines-5m/BTCUSDT-5m-2025-10-*.zip", 1_152, 300),
        ("event-2025-10-10/um-ohlcv-5m/ETHUSDT-5m-20250927-20251027.csv.gz", None, 300),
    ],
)
def test_public_files_load_without_a_policy(
    shared_klines: Path, name: str, rows: int | None, interval_s: int
) -> None:
    """Files with and without header, of three markets, whole or reduced, need no repair."""
    bars = load_bars(str(shared_klines / name))
    assert rows is None or len(bars) == rows
    assert bars.interval_us == interval_s * 1_000_000
    assert bars.notes == ()


def test_the_real_outage_is_refused_and_can_be_carried(shared_klines: Path) -> None:
    """SOL spot lost 80 minutes on 2023-03-24; the message says after which row."""
    path = str(shared_klines / "embeddable" / "SOLUSDT-1m-20230320-20230328.csv.gz")
    with pytest.raises(InputError, match='gaps = "flat"'):
        load_bars(path)
    bars = load_bars(path, problems=Problems(gaps="flat"))
    assert bars.notes[0].startswith("1 gaps (80 bars) filled flat, first after row")


def test_seconds_of_a_real_day_are_carried(shared_klines: Path) -> None:
    """81,947 of 86,400 seconds had a trade; the others are carried, and the path prints at most four a second."""
    path = str(shared_klines / "embeddable" / "BTCUSDT-1s-2024-01-01-from-aggTrades.csv.gz")
    bars = load_bars(path)
    assert len(bars) == 86_400
    assert int((bars.count == 0).sum()) == 86_400 - 81_947
    market = load_path(path, tick=0.01, seed=1, price_decimals=2)
    assert isinstance(market, KlinePath)
    times, prices = market.prints(0, 600_000_000)
    assert 600 <= times.size <= 2_400
    assert prices.max() == bars.high[:600].max()
    assert prices.min() == bars.low[:600].min()


def test_recorded_trades_make_their_own_bars(shared_klines: Path) -> None:
    """A day of APE aggTrades replays; its minutes have the extremes of the bars built from the same trades."""
    folder = shared_klines / "ticks" / "um-20241018"
    path = load_path(str(folder / "APEUSDT-aggTrades-2024-10-18.zip"), tick=0.0001, seed=1, price_decimals=4)
    assert isinstance(path, TradePath)
    seconds = load_bars(str(folder / "APEUSDT-1s-2024-10-18-from-aggTrades.csv.gz"))
    _, prices = path.prints(0, path.end_us)
    assert prices.size == 45_342
    assert (prices.max(), prices.min()) == (seconds.high.max(), seconds.low.min())
    shift_us = path.epoch_us - seconds.epoch_us
    closes = [path.last((index + 1) * 1_000_000 - 1 - shift_us) for index in range(0, len(seconds), 997)]
    assert np.array_equal(closes, seconds.close[::997])
