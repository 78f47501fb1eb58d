"""What an inspection finds, and that its verdict is the loader's own."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import InputError
from sim.market import Problems, load_market, load_path
from sim.market.inspect import Limits, SetReport, Ticks, inspect, sets_of

Write = Callable[..., str]
TENTH = Ticks(0.1, 1, "a test")


def _look(reference: str, ticks: Ticks | None = TENTH, limits: Limits | None = None) -> SetReport:
    (found,) = sets_of(reference)
    (report,) = inspect(found, lambda symbol: ticks, limits or Limits())
    return report


def _counts(report: SetReport) -> dict[str, int]:
    return {finding.name: finding.count for finding in report.findings}


def _changed(rows: list[str], row: int, column: int, value: str) -> list[str]:
    fields = rows[row].split(",")
    fields[column] = value
    return [*rows[:row], ",".join(fields), *rows[row + 1 :]]


def _agg(epoch_ms: int, prices: list[float], ids: list[int] | None = None) -> list[str]:
    numbers = ids or list(range(1, len(prices) + 1))
    return [
        f"{number},{price},1.5,{number},{number},{epoch_ms + index * 1_000},true"
        for index, (number, price) in enumerate(zip(numbers, prices, strict=True))
    ]


def test_sound_bars_load_as_they_are(write: Write, header: str, kline_rows: list[str]) -> None:
    """A sound file is named with its span and has no other line than what it holds."""
    report = _look(write("BTCUSDT-1m-2024-01-15.zip", [header, *kline_rows]))
    assert (report.loads, report.refusal, report.toml) == ("as it is", None, None)
    assert (report.symbol, report.kind, report.rows) == ("BTCUSDT", "1m klines", 5)
    assert (report.first_us, report.end_us) == (1_705_276_800_000_000, 1_705_277_100_000_000)
    assert not any(finding.policy for finding in report.findings)


def test_the_embedded_tapes_are_sound() -> None:
    """What the project ships loads on its own ticks, with nothing odd."""
    report = _look("embedded:BTCUSDT-1m-2024-01-15")
    assert (report.loads, report.rows, report.findings, report.notes) == ("as it is", 1_440, (), ())


Change = Callable[[list[str]], list[str]]


def _to_us(row: str) -> str:
    time, rest = row.split(",", 1)
    return f"{time}000,{rest}"


FAULTS: list[tuple[str, Change, str]] = [
    ("gaps", lambda rows: rows[:1] + rows[3:], 'gaps = "flat"'),
    ("out of order", lambda rows: [rows[1], rows[0], *rows[2:]], 'unsorted = "sort"'),
    ("duplicates", lambda rows: [*rows[:2], rows[1], *rows[2:]], 'duplicates = "keep_first"'),
    ("times in µs", lambda rows: [_to_us(row) for row in rows], 'times_us = "convert"'),
    ("broken range", lambda rows: _changed(rows, 1, 2, "100.9"), 'broken_ohlc = "widen"'),
    ("off tick", lambda rows: _changed(rows, 1, 4, "100.55"), 'off_tick = "snap"'),
]


SPOILS: dict[str, Callable[[list[str], int], list[str]]] = {
    "drop": lambda rows, place: rows[:place] + rows[place + 1 :],
    "repeat": lambda rows, place: [*rows[: place + 1], *rows[place:]],
    "move": lambda rows, place: [*rows[:place], *rows[place + 1 :], rows[place]],
    "break": lambda rows, place: _changed(rows, place, 2, "9.9"),
    "part": lambda rows, place: _changed(rows, place, 4, "10.05"),
    "stop": lambda rows, place: _changed(rows, place, 5, "0"),
    "unit": lambda rows, place: [*rows[:place], _to_us(rows[place]), *rows[place + 1 :]],
    "lose": lambda rows, place: _changed(rows, place, 3, "0"),
}


@pytest.mark.parametrize(("name", "change", "line"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_each_fault_names_its_policy(
    write: Write, kline_rows: list[str], name: str, change: Change, line: str
) -> None:
    """A fault is found, its policy is the only one asked for, and the loader agrees with both answers."""
    reference = write("BTCUSDT-1m-2024-01-15.csv", change(kline_rows))
    report = _look(reference)
    assert report.loads == "with a policy"
    assert _counts(report)[name] >= 1
    assert [finding.policy for finding in report.findings if finding.policy] == [line]
    assert report.toml is not None
    table = tomllib.loads(report.toml)["market"]
    assert "\n".join(report.toml.splitlines()[-1:]) == line
    with pytest.raises(InputError):
        load_path(reference, tick=0.1, seed=1, price_decimals=1, cache=False)
    load_path(
        table["klines"],
        tick=0.1,
        seed=1,
        price_decimals=1,
        problems=Problems(**table["problems"]),
        cache=False,
    )


def test_several_faults_need_several_lines(write: Write, kline_rows: list[str]) -> None:
    """Faults that hide each other from the loader are told at once."""
    rows = [kline_rows[4], kline_rows[0], kline_rows[0], kline_rows[1]]
    report = _look(write("BTCUSDT-1m-x.csv", rows))
    assert report.toml is not None
    assert set(tomllib.loads(report.toml)["market"]["problems"]) == {"unsorted", "duplicates", "gaps"}
    assert report.refusal is not None
    assert "before the row above" in report.refusal


def test_duplicates_that_differ_ask_for_a_choice(write: Write, kline_rows: list[str]) -> None:
    """Two different bars of one minute are told from a row written twice."""
    rows = _changed([kline_rows[0], *kline_rows], 1, 4, "100.5")
    report = _look(write("BTCUSDT-1m-x.csv", rows))
    finding = next(finding for finding in report.findings if finding.name == "duplicates")
    assert finding.text == "rows repeat an open time; 1 of them with other values"
    assert any("keep_last" in note for note in report.notes)


def test_a_unit_that_changes_midway_is_placed(write: Write, kline_rows: list[str]) -> None:
    """The row where milliseconds become microseconds is named."""
    report = _look(write("BTCUSDT-1m-x.csv", [*kline_rows[:2], *map(_to_us, kline_rows[2:])]))
    finding = next(finding for finding in report.findings if finding.name == "times in µs")
    assert "3 of 5 times" in finding.text
    assert "the unit changes at row 3" in finding.text


def test_halts_end_where_bars_are_missing(write: Write, epoch_ms: int) -> None:
    """Bars without volume are a halt, missing bars a gap, side by side as in a real outage."""
    volumes = [1, 0, 0, 0, 1]
    rows = [f"{epoch_ms + index * 60_000},10,10,10,10,{volume}" for index, volume in enumerate(volumes)]
    rows += [
        f"{epoch_ms + index * 60_000},10,10,10,10,{volume}" for index, volume in ((7, 0), (8, 0), (9, 2))
    ]
    report = _look(write("BTCUSDT-1m-x.csv", rows))
    halts = next(finding for finding in report.findings if finding.name == "halts")
    gaps = next(finding for finding in report.findings if finding.name == "gaps")
    minute = 60_000_000
    start = epoch_ms * 1_000
    assert [(place.at_us - start, place.length_us) for place in halts.places] == [
        (minute, 3 * minute),
        (7 * minute, 2 * minute),
    ]
    assert [(place.at_us - start, place.length_us) for place in gaps.places] == [(5 * minute, 2 * minute)]


def test_odd_columns_are_told_and_load(write: Write, header: str, epoch_ms: int) -> None:
    """A wrong close_time, a quote volume that does not fit and a bar that moves without volume load anyway."""
    rows = [
        f"{(start := epoch_ms + index * 60_000)},10,11,9,10,2,{start + 59_999},20,5,1,1,0"
        for index in range(6)
    ]
    rows = _changed(rows, 1, 6, str(epoch_ms))
    rows = _changed(rows, 2, 7, "90")
    rows = _changed(rows, 3, 5, "0")
    rows = _changed(rows, 4, 8, "0")
    report = _look(write("BTCUSDT-1m-2024-01-15.zip", [header, *rows]))
    assert report.loads == "as it is"
    assert _counts(report) == {
        "close time": 1,
        "quote volume": 1,
        "idle bars": 1,
        "moves without trades": 1,
        "volume without trades": 1,
    }


def test_columns_nobody_needs_may_be_unreadable(write: Write, kline_rows: list[str]) -> None:
    """Text in a column that no path reads is a note, as the loader does not mind it."""
    report = _look(write("BTCUSDT-1m-x.csv", _changed(kline_rows, 2, 7, "n/a")))
    assert report.loads == "as it is"
    assert any("no path needs them" in note for note in report.notes)


def test_jumps_and_wicks_are_told(write: Write, epoch_ms: int) -> None:
    """A close far from the last one, and a wick nobody else touched, are named with their size."""
    bars = [(10, 10, 10, 10)] * 5 + [(10, 13, 10, 10), (10, 10, 10, 10), (11, 11, 11, 11), (11, 11, 11, 11)]
    rows = [
        f"{epoch_ms + index * 60_000},{','.join(map(str, prices))},1" for index, prices in enumerate(bars)
    ]
    report = _look(write("BTCUSDT-1m-x.csv", rows))
    assert _counts(report) == {"jumps": 1, "far wicks": 1}
    jump, wick = report.findings
    assert (jump.places[0].row, jump.places[0].text[:7]) == (8, "+10.00%")
    assert (wick.places[0].row, wick.places[0].text) == (6, "30.00 % beyond body and neighbours")
    assert _counts(_look(write("BTCUSDT-1m-x.csv", rows), limits=Limits(50, 1e9, 50))) == {}


def test_mark_klines_have_no_volume_by_nature(write: Write, epoch_ms: int) -> None:
    """Volume 0 throughout is no halt, decimals beyond the tick no fault, and the table to name is the mark's."""
    rows = [f"{epoch_ms + index * 60_000},10.03,10.05,10.01,10.02,0" for index in range(5)]
    report = _look(write("BTCUSDT-1m-x.csv", rows))
    assert (report.loads, _counts(report)) == ("as it is", {})
    assert report.kind == "1m mark or index price klines"
    assert "[market.mark]" in report.notes[0]
    gap = _look(write("BTCUSDT-1m-x.csv", rows[:2] + rows[3:]))
    assert gap.toml is not None
    assert gap.toml.startswith("[market.mark]\nklines")


def test_trades_far_from_their_neighbours_are_told(write: Write, epoch_ms: int) -> None:
    """A print 2 % off for one moment, as the insurance fund's was, is found; a lasting move is not one."""
    prices = [100.0, 100.1, 102.1, 102.1, 100.1, 100.0, 104.0, 104.0, 104.1]
    report = _look(write("BTCUSDT-aggTrades-x.csv", _agg(epoch_ms, prices)))
    assert (report.loads, report.kind) == ("as it is", "aggTrades")
    far = next(finding for finding in report.findings if finding.name == "far prints")
    assert [(place.row, place.text) for place in far.places] == [(3, "102.1, +2.00%")]


def test_missing_trades_need_a_policy(write: Write, epoch_ms: int) -> None:
    """Holes in the ids are named with their length and time; the loader takes them as flat."""
    reference = write("BTCUSDT-aggTrades-x.csv", _agg(epoch_ms, [100.0, 100.1, 100.2], [1, 2, 12]))
    report = _look(reference)
    gap = next(finding for finding in report.findings if finding.name == "gaps")
    assert (gap.count, gap.places[0].text, report.loads) == (1, "9 ids", "with a policy")
    load_market(reference, problems=Problems(gaps="flat"), cache=False)


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        ("BTCUSDT-1m-x.csv", ["trade_id,exchange_ms,price"], "3 columns"),
        ("BTCUSDT-1m-x.csv", [], "an empty file"),
        ("BTCUSDT-1m-x.csv", ["1705276800000,10,10,10,0,1"], "close 0"),
        ("BTCUSDT-1m-x.csv", ["1705276800007,10,10,10,10,1"], "a whole multiple of 1m"),
    ],
)
def test_what_no_policy_mends_is_not_usable(write: Write, name: str, lines: list[str], message: str) -> None:
    """The loader's own words say why."""
    report = _look(write(name, lines))
    assert (report.loads, report.toml) == ("not at all", None)
    assert report.refusal is not None
    assert message in report.refusal


def test_a_name_without_symbol_asks_for_one(write: Write, kline_rows: list[str]) -> None:
    """Where the name does not say whose bars these are, the scenario has to."""
    report = _look(write("mine.csv", kline_rows))
    assert report.loads == "with a policy"
    assert report.toml is not None
    assert "symbol" in tomllib.loads(report.toml)["market"]
    assert report.refusal is not None
    assert "symbol" in report.refusal


def test_a_vast_gap_is_not_recommended_flat(write: Write, kline_rows: list[str]) -> None:
    """Two recordings that a folder brings together are told from one with a hole."""
    later = [row.replace("1705", "1715", 1) for row in kline_rows]
    report = _look(write("BTCUSDT-1m-x.csv", [*kline_rows, *[_minute(row) for row in later]]))
    assert any("116 days" in note for note in report.notes)


def _minute(row: str) -> str:
    # Ten million seconds are no whole number of minutes.
    time, rest = row.split(",", 1)
    return f"{int(time) // 60_000 * 60_000},{rest}"


def test_a_folder_is_sorted_into_tapes(write: Write, kline_rows: list[str], tmp_path: Path) -> None:
    """Symbol, interval and folder tell tapes apart; files of other kinds are not looked at."""
    days = [
        [str(int(row.split(",", 1)[0]) + day * 300_000) + "," + row.split(",", 1)[1] for row in kline_rows]
        for day in range(2)
    ]
    for day, rows in enumerate(days):
        write(f"BTCUSDT-1m-2024-01-0{day + 1}.csv", rows)
    write("ETHUSDT-1m-2024-01-01.csv", kline_rows)
    write("notes.txt", ["mine"])
    write("BTCUSDT-1m-2024-01-03.zip.part", ["half"])
    found = sets_of(str(tmp_path))
    assert [files.reference for files in found] == [
        str(tmp_path / "BTCUSDT-1m-*.csv"),
        str(tmp_path / "ETHUSDT-1m-2024-01-01.csv"),
    ]
    reports = [report for files in found for report in inspect(files, lambda symbol: None, Limits())]
    assert [report.rows for report in reports] == [10, 5]


def test_recordings_far_apart_are_tapes_of_their_own(
    write: Write, kline_rows: list[str], tmp_path: Path
) -> None:
    """Files of one symbol that a folder holds from two years are not recommended as one tape."""
    write("BTCUSDT-1m-2024-01-15.csv", kline_rows)
    write("BTCUSDT-1m-2025-02.csv", [_minute(row.replace("1705", "1738", 1)) for row in kline_rows])
    (found,) = sets_of(str(tmp_path))
    reports = inspect(found, lambda symbol: None, Limits())
    assert [Path(report.reference).name for report in reports] == [
        "BTCUSDT-1m-2024-01-15.csv",
        "BTCUSDT-1m-2025-02.csv",
    ]
    assert {report.loads for report in reports} == {"as it is"}


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A folder without market files is a mistake, not a clean bill."""
    with pytest.raises(InputError, match="expected a folder with market files in it"):
        sets_of(str(tmp_path))


def test_the_outage_of_march_2023_is_seen(shared_klines: Path) -> None:
    """72 bars without a trade, then 80 missing ones, each at its time."""
    report = _look(str(shared_klines / "embeddable" / "SOLUSDT-1m-20230320-20230328.csv.gz"), None)
    gaps = next(finding for finding in report.findings if finding.name == "gaps")
    halts = next(finding for finding in report.findings if finding.name == "halts")
    assert (gaps.places[0].text, halts.places[0].text) == ("80 bars", "72 bars of volume 0")
    assert halts.places[0].at_us + halts.places[0].length_us == gaps.places[0].at_us
    assert report.loads == "with a policy"


@pytest.mark.parametrize(
    ("name", "loads", "kind"),
    [
        ("um-ohlcv/BTCUSDT-1m-20250504-20250603.csv.gz", "as it is", "1m klines"),
        ("spot-ohlcv/ETHUSDT-1m-20210424-20210520.csv.gz", "with a policy", "1m klines"),
        (
            "event-2025-10-10/um-markPriceKlines-5m/BTCUSDT-5m-*.zip",
            "as it is",
            "5m mark or index price klines",
        ),
        ("ticks/um-20230404/BTCUSDT-trades-20230404T2358.csv.gz", "not at all", "unreadable"),
        ("ticks/um-20241018/APEUSDT-aggTrades-2024-10-18.zip", "as it is", "aggTrades"),
        ("um-ohlcv/*.csv.gz", "not at all", "unreadable"),
    ],
)
def test_real_files(shared_klines: Path, name: str, loads: str, kind: str) -> None:
    """Real recordings of every kind get the verdict their own documentation suggests."""
    report = _look(str(shared_klines / name), None)
    assert (report.loads, report.kind) == (loads, kind)


@given(st.lists(st.tuples(st.sampled_from(sorted(SPOILS)), st.integers(0, 11)), max_size=4))
def test_verdict_and_loader_never_part(spoils: list[tuple[str, int]]) -> None:
    """Whatever is done to a file: "as it is" loads under no policy, and what is printed is enough, and needed."""
    rows = [f"{1_705_276_800_000 + index * 60_000},10,10.2,9.8,10,1" for index in range(12)]
    for name, place in spoils:
        if len(rows) > 3:
            rows = SPOILS[name](rows, place % len(rows))
    with TemporaryDirectory() as folder:
        reference = str(Path(folder) / "BTCUSDT-1m-x.csv")
        Path(reference).write_text("\n".join(rows))
        report = _look(reference)

        def loads(problems: Problems) -> bool:
            try:
                load_path(reference, tick=0.1, seed=1, price_decimals=1, problems=problems, cache=False)
            except InputError:
                return False
            return True

        needed = tomllib.loads(report.toml)["market"]["problems"] if report.toml else {}
        assert loads(Problems()) == (report.loads == "as it is")
        assert loads(Problems(**needed)) == (report.loads != "not at all")
        if report.loads == "with a policy":
            named = {finding.policy.split(" ")[0] for finding in report.findings if finding.policy}
            assert set(needed) == named
            assert not any(loads(Problems(**{**needed, name: "refuse"})) for name in needed)
