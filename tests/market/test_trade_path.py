"""Recorded trades are replayed as they were."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sim.errors import InputError
from sim.market import KlinePath, PricePath, TradePath, Trades, load_path

MakeTrades = Callable[..., Trades]
ROWS = [(0, 100.0), (0, 100.4), (0, 100.1), (5_000, 100.2), (190_000_000, 99.0)]


def test_ties_keep_their_order_and_all_count(make_trades: MakeTrades) -> None:
    """Last is the latest trade of a millisecond; a crossing may be any of them but is after the asking time."""
    path = TradePath(make_trades(ROWS), tick=0.1, price_decimals=2)
    assert path.last(0) == 100.1
    assert path.last(-1) == 100.0
    assert path.first_last_crossing(100.3, True, -1, path.end_us) == 0
    assert path.first_last_crossing(100.3, True, 0, path.end_us) is None
    assert path.prints(0, path.end_us)[1].tolist() == [price for _, price in ROWS]


def test_a_silent_minute_holds_the_last_price(make_trades: MakeTrades) -> None:
    """Between trades last stands; extremes of a minute without a trade are that price, its volume 0."""
    path = TradePath(make_trades(ROWS), tick=0.1, price_decimals=2)
    assert path.last(120_000_000) == 100.2
    assert path.bar_extremes(120_000_000) == (100.2, 100.2)
    assert [path.bar_volume(minute * 60_000_000) for minute in range(4)] == [4.0, 0.0, 0.0, 1.0]
    assert path.end_us == 190_001_000


def test_the_last_trade_before_a_silent_end_still_triggers(make_trades: MakeTrades) -> None:
    """A tape cut long after its last trade: the stop that this trade crosses fires, on last and on mark."""
    rows = [(0, 100.0), (10_000_000, 102.0), (20_000_000, 101.0), (30_000_000, 90.0), (170_000_000, 90.0)]
    path = TradePath(make_trades(rows).slice(0, 150_000_000), tick=0.1, price_decimals=2)
    assert path.bar_extremes(0) == (90.0, 102.0)
    assert path.first_last_crossing(95.0, False, 0, path.end_us) == 30_000_000
    assert path.first_mark_crossing(95.0, False, 0, path.end_us) == 30_000_000


def test_a_slice_starts_and_ends_at_the_cut(make_trades: MakeTrades) -> None:
    """Two tapes cut at the same times cover the same stretch, whenever they traded."""
    trades = make_trades(ROWS).slice(1_000, 120_000_000)
    assert (trades.epoch_us - make_trades(ROWS).epoch_us, trades.end_us) == (1_000, 119_999_000)
    path = TradePath(trades, tick=0.1, price_decimals=2)
    assert path.prints(0, path.end_us)[0].tolist() == [4_000]
    assert path.last(0) == path.last(119_000_000) == path.mark(0) == 100.2
    with pytest.raises(InputError, match="a stretch with trades"):
        make_trades(ROWS).slice(10_000, 120_000_000)


def test_prices_between_ticks_are_refused(make_trades: MakeTrades) -> None:
    """The row of the first trade between ticks is named."""
    with pytest.raises(InputError, match=r"price: value 2: given 100\.45"):
        TradePath(make_trades([(0, 100.0), (1, 100.45)]), tick=0.1, price_decimals=2)


def test_load_path_decides_by_content(write: Callable[..., str], kline_rows: list[str]) -> None:
    """Trades become a trade path, bars of any length a kline path, whatever the file is called."""
    trades = write("BTCUSDT-1m-misnamed.csv", ["7,100.5,1.5,150.75,1705276800123,true"])
    path: PricePath = load_path(trades, tick=0.1, seed=1, price_decimals=2)
    assert isinstance(path, TradePath)
    assert path.source == f"recorded trades of BTCUSDT, {trades}"
    path = load_path(write("BTCUSDT-1m-a.csv", kline_rows), tick=0.1, seed=1, price_decimals=2)
    assert isinstance(path, KlinePath)
