"""Every public format of the same bars loads as the same bars."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from sim.errors import InputError
from sim.market import Bars, Problems, embedded_names, load_bars, load_trades

Write = Callable[..., str]


def same(left: Bars, right: Bars, *, with_count: bool = True) -> bool:
    """Compare what the bars say, not where they came from."""
    names = ["open", "high", "low", "close", "volume"] + ["count"] * with_count
    return (left.symbol, left.interval_us, left.epoch_us) == (
        right.symbol,
        right.interval_us,
        right.epoch_us,
    ) and all(np.array_equal(getattr(left, name), getattr(right, name)) for name in names)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".zip"])
@pytest.mark.parametrize("with_header", [True, False])
def test_text_formats_agree(
    write: Write, kline_rows: list[str], header: str, suffix: str, with_header: bool
) -> None:
    """Zip, gzip and plain text give the same bars, with a header line or without."""
    plain = load_bars(write("BTCUSDT-1m-a.csv", kline_rows))
    lines = [header] * with_header + kline_rows
    assert same(load_bars(write(f"BTCUSDT-1m-b{suffix}", lines)), plain)
    assert plain.close.tolist() == [101.0, 100.5, 99.9, 99.9, 102.7]
    assert plain.count.tolist() == [7, 8, 9, 10, 11]


def test_text_survives_other_editors(write: Write, kline_rows: list[str], header: str) -> None:
    """A byte order mark, Windows line ends and a blank last line change nothing."""
    plain = load_bars(write("BTCUSDT-1m-a.csv", kline_rows))
    odd = write("BTCUSDT-1m-b.csv", ["\ufeff" + header, *kline_rows, ""], end="\r\n")
    assert same(load_bars(odd), plain)


def test_six_columns_agree_except_for_the_count(write: Write, kline_rows: list[str]) -> None:
    """Reduced files give the same bars; the trade count they lack is -1, not made up."""
    plain = load_bars(write("BTCUSDT-1m-a.csv", kline_rows))
    short = [",".join(row.split(",")[:6]) for row in kline_rows]
    for lines in (short, ["open_time,open,high,low,close,volume", *short]):
        reduced = load_bars(write("BTCUSDT-1m-b.csv.gz", lines))
        assert same(reduced, plain, with_count=False)
        assert set(reduced.count.tolist()) == {-1}


@pytest.mark.parametrize("time_type", [pa.int64(), pa.timestamp("ms"), pa.timestamp("us")])
def test_parquet_agrees(tmp_path: Path, write: Write, kline_rows: list[str], time_type: pa.DataType) -> None:
    """Parquet with the public column names gives the same bars, times as numbers or as timestamps."""
    plain = load_bars(write("BTCUSDT-1m-a.csv", kline_rows))
    millis = pa.array(plain.epoch_us // 1000 + np.arange(5) * 60_000)
    times = millis if time_type == pa.int64() else millis.cast(pa.timestamp("ms")).cast(time_type)
    columns = {name: getattr(plain, name) for name in ("open", "high", "low", "close", "volume", "count")}
    path = tmp_path / "BTCUSDT-1m-b.parquet"
    pa.parquet.write_table(pa.table({"open_time": times, **columns}), path)
    assert same(load_bars(str(path)), plain)


def test_files_of_a_glob_are_joined_in_time_order(
    write: Write, kline_rows: list[str], tmp_path: Path
) -> None:
    """Names may sort against time; the bars are those of one file with all rows, and the hash is joint."""
    whole = load_bars(write("BTCUSDT-1m-whole.csv", kline_rows))
    digests = [
        hashlib.sha256(Path(write(name, rows)).read_bytes()).hexdigest()
        for name, rows in (("BTCUSDT-1m-p1.zip", kline_rows[3:]), ("BTCUSDT-1m-p2.zip", kline_rows[:3]))
    ]
    joined = load_bars(str(tmp_path / "BTCUSDT-1m-p*.zip"))
    assert same(joined, whole)
    assert joined.sha256 == hashlib.sha256("".join(digests).encode()).hexdigest()
    assert joined.source.endswith("BTCUSDT-1m-p*.zip (2 files)")


def test_embedded_day_loads_whole() -> None:
    """The embedded day is 1440 minutes from midnight, without notes, and its hash is the file's."""
    for name in embedded_names():
        bars = load_bars(f"embedded:{name}")
        assert (len(bars), bars.epoch_us, bars.notes) == (1_440, 1_705_276_800_000_000, ())
        assert bars.symbol == name.split("-")[0]
        assert bars.source == f"embedded:{name}"
    assert bars.sha256.startswith("6a2952a40fa58977")


def test_unknown_embedded_name_suggests_the_nearest() -> None:
    """A misspelt name is answered with the list and the one that was probably meant."""
    with pytest.raises(InputError, match=r"ETHUSDT-1m-2024-01-15.*did you mean 'BTCUSDT-1m-2024-01-15'"):
        load_bars("embedded:BTCUSD-1m-2024-01-15")


def test_symbol_may_be_given(write: Write, kline_rows: list[str]) -> None:
    """A name without a symbol is refused unless the caller states it."""
    path = write("day.csv", kline_rows)
    with pytest.raises(InputError, match="or symbol = "):
        load_bars(path)
    assert load_bars(path, symbol="XRPUSDT").symbol == "XRPUSDT"


def test_quiet_seconds_are_carried(write: Write, epoch_ms: int) -> None:
    """Seconds without a trade are absent from one-second files; they become flat bars with count 0."""
    rows = [f"{epoch_ms + second * 1000},5,6,4,{5 + second / 10},2,0,0,3,0,0,0" for second in (0, 1, 4)]
    bars = load_bars(write("APEUSDT-1s-day.csv", rows))
    assert bars.close.tolist() == [5.0, 5.1, 5.1, 5.1, 5.4]
    assert bars.high.tolist() == [6.0, 6.0, 5.1, 5.1, 6.0]
    assert bars.count.tolist() == [3, 3, 0, 0, 3]
    assert bars.volume.tolist() == [2.0, 2.0, 0.0, 0.0, 2.0]
    assert bars.notes == ("2 seconds without a trade carried flat, at most 2 together",)


def test_a_slice_keeps_overlapping_bars_and_moves_the_epoch(write: Write, kline_rows: list[str]) -> None:
    """Cut times count from the first open; a bar that is touched is kept whole."""
    bars = load_bars(write("BTCUSDT-1m-a.csv", kline_rows))
    part = bars.slice(61_000_000, 120_000_001)
    assert part.close.tolist() == [100.5, 99.9]
    assert part.epoch_us == bars.epoch_us + 60_000_000
    with pytest.raises(InputError, match="overlaps 0 to 300000000"):
        bars.slice(300_000_000, 400_000_000)


AGGREGATES = ["agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"]
AGGREGATES += ["7,100.5,1.5,10,12,1705276800123,true", "8,100.6,2.0,13,13,1705276800123,false"]
PLAIN = ["id,price,qty,quote_qty,time,is_buyer_maker"]
PLAIN += ["7,100.5,1.5,150.75,1705276800123,true", "8,100.6,2.0,201.2,1705276800123,false"]


@pytest.mark.parametrize("lines", [AGGREGATES, PLAIN], ids=["aggTrades", "trades"])
@pytest.mark.parametrize("first", [0, 1], ids=["header", "bare"])
def test_trades_load_from_both_archives(write: Write, lines: list[str], first: int) -> None:
    """aggTrades and trades give the same prints, in microseconds from the first one."""
    trades = load_trades(write("BTCUSDT-trades-2024-01-15.zip", lines[first:]))
    assert (trades.symbol, trades.epoch_us) == ("BTCUSDT", 1_705_276_800_123_000)
    assert trades.times_us.tolist() == [0, 0]
    assert trades.price.tolist() == [100.5, 100.6]
    assert trades.quantity.tolist() == [1.5, 2.0]


def test_microsecond_trades_keep_their_microseconds(write: Write) -> None:
    """Converting 16-digit times loses nothing."""
    lines = ["1,5,1,5,1735689600000001,true", "2,6,1,6,1735689600000007,true"]
    trades = load_trades(write("BTCUSDT-trades-a.csv", lines), problems=Problems(times_us="convert"))
    assert trades.times_us.tolist() == [0, 6]
    assert trades.notes == ("2 times of 16 digits read as µs, first at row 1 of BTCUSDT-trades-a.csv",)
