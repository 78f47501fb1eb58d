"""Each fault of a file is refused with file and row, or handled by its named policy and noted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from pydantic import ValidationError

from sim.errors import InputError
from sim.market import Problems, load_bars, load_path, load_trades

Write = Callable[..., str]
Change = Callable[[list[str]], list[str]]


def field(row: int, column: int, value: str) -> Change:
    """Replace one value; rows and columns count from 1."""

    def change(rows: list[str]) -> list[str]:
        fields = rows[row - 1].split(",")
        fields[column - 1] = value
        return [*rows[: row - 1], ",".join(fields), *rows[row:]]

    return change


def order(*places: int) -> Change:
    """Take rows by their place, counted from 1."""
    return lambda rows: [rows[place - 1] for place in places]


def in_us(rows: list[str]) -> list[str]:
    """Write the open times with sixteen digits."""
    return [f"{row.split(',')[0]}000,{row.split(',', 1)[1]}" for row in rows]


def on_five_minutes(rows: list[str]) -> list[str]:
    """Move the rows five minutes apart."""
    start = int(rows[0].split(",")[0])
    return [f"{start + index * 300_000},{row.split(',', 1)[1]}" for index, row in enumerate(rows)]


def then_five_minutes(rows: list[str]) -> list[str]:
    """Append four rows five minutes apart to the one-minute rows."""
    last = int(rows[-1].split(",")[0])
    tail = rows[-1].split(",", 1)[1]
    return rows + [f"{last + index * 300_000},{tail}" for index in (1, 2, 3, 4)]


MALFORMED: dict[str, tuple[Change, int, str]] = {
    "sixteen digits": (in_us, 1, r"time 17052768\d{8}.*13 digits.*times_us = \"convert\""),
    "seconds": (field(4, 1, "1705276980"), 4, "13 digits"),
    "unsorted": (order(1, 3, 2, 4, 5), 3, 'in time order, or the policy unsorted = "sort"'),
    "duplicate": (order(1, 2, 2, 3, 4), 3, 'each row once, or the policy duplicates = "keep_first"'),
    "gap": (order(1, 2, 5), 3, 'a gap before.*bars 1m apart, or the policy gaps = "flat"'),
    "high below close": (
        field(2, 3, "100.9"),
        2,
        'low <= open, close <= high, or the policy broken_ohlc = "widen"',
    ),
    "low above open": (field(5, 4, "100.0"), 5, "low <= open, close <= high"),
    "zero price": (field(3, 4, "0"), 3, "low 0.0.*a price above 0"),
    "negative price": (field(3, 2, "-5"), 3, "open -5.0.*a price above 0"),
    "nan price": (field(4, 5, "NaN"), 4, "close nan.*a price above 0"),
    "endless price": (field(4, 3, "inf"), 4, "high inf.*a price above 0"),
    "nan volume": (field(4, 6, "nan"), 4, "volume nan.*at least 0"),
    "negative volume": (field(4, 6, "-1"), 4, "volume -1.0.*at least 0"),
    "off grid": (field(3, 1, "1705276920500"), 3, "a whole multiple of 1m"),
    "missing column": (lambda rows: [*rows[:3], rows[3].rsplit(",", 1)[0]], 4, "11 columns.*12 columns"),
    "extra column": (lambda rows: [*rows[:2], rows[2] + ",0"], 3, "13 columns.*12 columns"),
    "half a line": (lambda rows: [*rows[:4], rows[4][:20]], 5, "3 columns.*12 columns"),
    "text price": (field(2, 5, "n/a"), 2, "close: given 'n/a', expected a number"),
    "empty price": (field(2, 3, ""), 2, "high: given '', expected a number"),
    "date as time": (field(2, 1, "2024-01-15 00:01"), 2, "open_time.*expected a whole number"),
    "fraction as time": (field(2, 1, "1705276860000.5"), 2, "open_time.*expected a whole number"),
    "text count": (field(5, 9, "many"), 5, "count: given 'many', expected a whole number"),
    "other interval than named": (
        on_five_minutes,
        2,
        "mixed intervals: rows 5m apart.*1m as the file's name",
    ),
    "intervals mixed": (then_five_minutes, 6, "mixed intervals"),
    "wrong number of columns throughout": (lambda rows: [row[:-2] for row in rows], 1, "11 columns"),
}


@pytest.mark.parametrize("with_header", [True, False])
@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_file_is_refused_with_file_and_row(
    write: Write, kline_rows: list[str], header: str, name: str, with_header: bool
) -> None:
    """The message names the file, the 1-based data line, the value, and the policy that would accept it."""
    change, row, message = MALFORMED[name]
    path = write("BTCUSDT-1m-bad.csv", [header] * with_header + change(kline_rows))
    with pytest.raises(InputError, match=message) as caught:
        load_bars(path)
    assert caught.value.where.startswith(f"{path}: row {row}"), str(caught.value)


@pytest.mark.parametrize("place", [1, 2])
def test_the_row_is_counted_in_its_own_file(
    write: Write, kline_rows: list[str], tmp_path: Path, place: int
) -> None:
    """In a glob, file and row are those a person would open, not places in the joined rows."""
    parts = [kline_rows[:2], kline_rows[2:]]
    parts[place - 1] = field(2, 2, "0")(parts[place - 1])
    paths = [write(f"BTCUSDT-1m-p{index}.zip", part) for index, part in enumerate(parts, start=1)]
    with pytest.raises(InputError) as caught:
        load_bars(str(tmp_path / "*.zip"))
    assert caught.value.where == f"{paths[place - 1]}: row 2"


def test_several_faulty_rows_are_counted(write: Write, kline_rows: list[str]) -> None:
    """The first faulty row is shown, and how many more there are."""
    bad = field(5, 2, "0")(field(2, 2, "0")(kline_rows))
    with pytest.raises(InputError, match=r"row 2: given 'open 0.0 \(and 1 more rows\)'"):
        load_bars(write("BTCUSDT-1m-bad.csv", bad))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("BTCUSDT-1m-a.csv", b"", "an empty file"),
        ("BTCUSDT-1m-a.csv", b"\n \n", "an empty file"),
        ("BTCUSDT-1m-a.csv", b"open_time,open,high,low,close,volume\n", "no rows"),
        ("BTCUSDT-1m-a.csv", b"time,o,h,l,c,v\n1,2,3,4,5,6\n", "header: given '6 columns: time,o,h,l,c,v'"),
        ("BTCUSDT-1m-a.zip", b"PK\x03\x04 and then the download broke off", "zip that cannot be unpacked"),
        ("BTCUSDT-1m-a.zip", b"<html>404</html>", "zip that cannot be unpacked"),
        ("BTCUSDT-1m-a.csv.gz", b"\x1f\x8b\x08 broken", "gzip that cannot be unpacked"),
        ("BTCUSDT-1m-a.parquet", b"PAR1 broken", "parquet that cannot be read"),
    ],
)
def test_a_file_that_holds_no_table_is_refused_by_name(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    """Empty, headless and broken files are refused; no row exists to be named."""
    path = tmp_path / name
    path.write_bytes(content)
    for load in (load_bars, lambda ref: load_path(ref, tick=0.1, seed=1, price_decimals=1)):
        with pytest.raises(InputError, match=message) as caught:
            load(str(path))
        assert caught.value.where.startswith(str(path))


def test_parquet_faults_name_column_and_row(tmp_path: Path) -> None:
    """Text and nothing in a parquet column are refused with their row."""
    for values, row in ((["1", "x"], 2), ([1.0, None], 2)):
        table: dict[str, object] = {"open_time": [1705276800000, 1705276860000], "open": values}
        table |= {name: [1.0, 1.0] for name in ("high", "low", "close", "volume")}
        path = tmp_path / "BTCUSDT-1m-a.parquet"
        pa.parquet.write_table(pa.table(table), path)
        with pytest.raises(InputError) as caught:
            load_bars(str(path))
        assert caught.value.where == f"{path}: row {row}: open"


def test_files_that_do_not_belong_together_are_refused(
    write: Write, kline_rows: list[str], tmp_path: Path
) -> None:
    """Two symbols, two intervals, or bars and trades in one glob are refused."""
    write("BTCUSDT-1m-a.csv", kline_rows)
    write("ETHUSDT-1m-a.csv", kline_rows)
    with pytest.raises(InputError, match="several symbols: ETHUSDT', expected one tape, of BTCUSDT as in"):
        load_bars(str(tmp_path / "*.csv"), symbol="BTCUSDT")
    other = write("BTCUSDT-5m-a.csv", on_five_minutes(kline_rows))
    with pytest.raises(InputError, match="mixed intervals: bars of 300 s") as caught:
        load_bars(str(tmp_path / "BTCUSDT*.csv"))
    assert caught.value.where == f"{other}: row 1"
    write("BTCUSDT-trades-a.csv", ["7,100.5,1.5,150.75,1705276800123,true"])
    with pytest.raises(InputError, match="expected bars as in"):
        load_path(str(tmp_path / "BTCUSDT*.csv"), tick=0.1, seed=1, price_decimals=1)


def test_a_path_that_leads_nowhere_suggests_its_neighbour(write: Write, kline_rows: list[str]) -> None:
    """A missing file is answered with what stands beside it, a folder with a glob."""
    path = write("BTCUSDT-1m-2024.csv", kline_rows)
    with pytest.raises(InputError, match=f"did you mean '{path}'"):
        load_bars(path.replace("2024", "2023"))
    with pytest.raises(InputError, match=r"a glob such as .*\*\.zip"):
        load_bars(str(Path(path).parent))


HANDLED: dict[str, tuple[Change, Problems, list[float], str]] = {
    "sixteen digits": (
        in_us,
        Problems(times_us="convert"),
        [101.0, 100.5, 99.9, 99.9, 102.7],
        "5 times of 16 digits read as µs, first at row 1",
    ),
    "unsorted": (
        order(1, 3, 2, 4, 5),
        Problems(unsorted="sort"),
        [101.0, 100.5, 99.9, 99.9, 102.7],
        "1 rows out of order sorted, first at row 3",
    ),
    "duplicate, first": (
        lambda rows: field(3, 5, "100.7")(order(1, 2, 2, 3)(rows)),
        Problems(duplicates="keep_first"),
        [101.0, 100.5, 99.9],
        "1 duplicate rows dropped, the first kept, first at row 3",
    ),
    "duplicate, last": (
        lambda rows: field(3, 5, "100.7")(order(1, 2, 2, 3)(rows)),
        Problems(duplicates="keep_last"),
        [101.0, 100.7, 99.9],
        "1 duplicate rows dropped, the last kept, first at row 3",
    ),
    "gap": (
        order(1, 2, 5),
        Problems(gaps="flat"),
        [101.0, 100.5, 100.5, 100.5, 102.7],
        "1 gaps (2 bars) filled flat, first after row 2",
    ),
    "broken": (
        field(1, 3, "100.2"),
        Problems(broken_ohlc="widen"),
        [101.0, 100.5, 99.9, 99.9, 102.7],
        "1 bars with a broken range widened, first at row 1",
    ),
}


@pytest.mark.parametrize("name", HANDLED)
def test_a_named_policy_handles_the_fault_and_notes_it(
    write: Write, kline_rows: list[str], name: str
) -> None:
    """What was repaired is repaired as the policy says, and stands in the notes with its first row."""
    change, problems, closes, note = HANDLED[name]
    bars = load_bars(write("BTCUSDT-1m-odd.csv", change(kline_rows)), problems=problems)
    assert bars.close.tolist() == closes
    assert bars.notes == (f"{note} of BTCUSDT-1m-odd.csv",)


def test_a_gap_of_years_is_a_mistyped_time(write: Write, kline_rows: list[str]) -> None:
    """Not even the policy that fills gaps fills one that no memory holds."""
    far = ["9999999960000", *kline_rows[4].split(",")[1:]]
    file = write("BTCUSDT-1m-odd.csv", [*kline_rows[:4], ",".join(far)])
    with pytest.raises(
        InputError, match=r"row 5: given 'a gap before .*expected a gap of at most 527,040 bars"
    ):
        load_bars(file, problems=Problems(gaps="flat"))


def test_filled_bars_carry_no_trade(write: Write, kline_rows: list[str]) -> None:
    """A filled bar is flat at the close before it, with volume 0 and count 0."""
    bars = load_bars(write("BTCUSDT-1m-odd.csv", order(1, 2, 5)(kline_rows)), problems=Problems(gaps="flat"))
    for values in (bars.open, bars.high, bars.low, bars.close):
        assert values[2:4].tolist() == [100.5, 100.5]
    assert bars.volume[2:4].tolist() == [0.0, 0.0]
    assert bars.count.tolist() == [7, 8, 0, 0, 11]


def test_a_widened_bar_holds_open_and_close(write: Write, kline_rows: list[str]) -> None:
    """Widening moves only the extreme that was passed."""
    bars = load_bars(
        write("BTCUSDT-1m-odd.csv", field(1, 3, "100.2")(kline_rows)), problems=Problems(broken_ohlc="widen")
    )
    assert (bars.open[0], bars.high[0], bars.low[0], bars.close[0]) == (100.0, 101.0, 99.0, 101.0)


def test_an_hour_of_silence_is_a_gap_even_at_one_second(write: Write, epoch_ms: int) -> None:
    """Quiet seconds are normal; more than an hour of them is missing data."""
    rows = [f"{epoch_ms + second * 1000},5,6,4,5,2" for second in (0, 1, 3_700)]
    with pytest.raises(InputError, match="a gap before"):
        load_bars(write("APEUSDT-1s-day.csv", rows))


@pytest.mark.parametrize(
    ("lines", "row", "message"),
    [
        (["1,5,1,5,1705276800123,true", "3,5,1,5,1705276800124,true"], 2, "ids that rise by 1"),
        (["1,5,1,5,1705276800123,true", "1,5,1,5,1705276800124,true"], 2, "trade id 1 again"),
        (["2,5,1,5,1705276800123,true", "1,5,1,5,1705276800124,true"], 2, "in time order"),
        (["1,5,1,5,1705276800123,true", "2,0,1,5,1705276800124,true"], 2, "price 0.0"),
        (["1,5,1,5,1705276800123,true", "2,5,1,5,1705276800124"], 2, "5 columns"),
        (["1,5,1,5,1705276800123,true", "2,5,x,5,1705276800124,true"], 2, "qty: given 'x'"),
    ],
)
def test_malformed_trades_are_refused_with_file_and_row(
    write: Write, lines: list[str], row: int, message: str
) -> None:
    """Trades follow the same rules, by their ids."""
    path = write("BTCUSDT-trades-a.csv", lines)
    with pytest.raises(InputError, match=message) as caught:
        load_trades(path)
    assert caught.value.where.startswith(f"{path}: row {row}")


def test_missing_trades_can_be_accepted(write: Write) -> None:
    """Under ``flat`` a hole in the ids is kept as the silence it left, and noted."""
    lines = ["1,5,1,5,1705276800123,true", "4,6,1,5,1705276800999,true"]
    trades = load_trades(write("BTCUSDT-trades-a.csv", lines), problems=Problems(gaps="flat"))
    assert trades.price.tolist() == [5.0, 6.0]
    assert trades.notes == (
        "1 gaps (2 trades) held at the last price, first at row 2 of BTCUSDT-trades-a.csv",
    )


def test_bars_and_trades_are_not_mistaken_for_each_other(write: Write, kline_rows: list[str]) -> None:
    """Asking for the wrong kind says what the file holds."""
    with pytest.raises(InputError, match="given 'klines"):
        load_trades(write("BTCUSDT-1m-a.csv", kline_rows))
    with pytest.raises(InputError, match="given 'trades"):
        load_bars(write("BTCUSDT-trades-a.csv", ["1,5,1,5,1705276800123,true"]))


def test_an_unknown_policy_is_refused() -> None:
    """A misspelt field or treatment never passes for the default."""
    with pytest.raises(ValidationError, match="gap"):
        Problems.model_validate({"gap": "flat"})
    with pytest.raises(ValidationError, match="gaps"):
        Problems.model_validate({"gaps": "split"})
