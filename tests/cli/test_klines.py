"""``sim klines``: what it prints, writes and returns, against a small archive on the loopback."""

from __future__ import annotations

import hashlib
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import sim.api.klines
import sim.market.archive
from sim.cli.output import WIDTH

Cli = Callable[..., Any]
EPOCH_MS = 1_705_276_800_000
MINUTES = 1_440
FOLDER = "data/futures/um"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def _publish(root: Path, path: str, rows: list[str]) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(file.with_suffix(".csv").name, "\n".join(rows) + "\n")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    file.with_name(f"{file.name}.CHECKSUM").write_text(f"{digest}  {file.name}\n")


def _bars(day: int) -> list[str]:
    starts = (EPOCH_MS + (day - 15) * 86_400_000 + minute * 60_000 for minute in range(MINUTES))
    return [f"{start},100,100.1,99.9,100,1,{start + 59_999},100,5,1,1,0" for start in starts]


@pytest.fixture
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve 15 to 17 January 2024 without the 16th, mark klines of the 15th, and a day of trades."""
    root = tmp_path_factory.mktemp("archive")
    for day in (15, 17):
        name = f"BTCUSDT/1m/BTCUSDT-1m-2024-01-{day}.zip"
        _publish(root, f"{FOLDER}/daily/klines/{name}", _bars(day))
    _publish(root, f"{FOLDER}/daily/markPriceKlines/BTCUSDT/1m/BTCUSDT-1m-2024-01-15.zip", _bars(15))
    trades = [f"{number},100.0,1,1,1,{EPOCH_MS + number},true" for number in range(1, 4)]
    _publish(root, f"{FOLDER}/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2024-01-15.zip", trades)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(root))) as server:
        threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_fetched_files_are_told_with_the_line_to_use(cli: Cli, mirror: str, tmp_path: Path) -> None:
    """What came, where it is and how a scenario names it; the same again costs nothing."""
    words = ("klines", "fetch", "BTCUSDT", "klines", "1m", "2024-01-15", "--base-url", mirror)
    first, again = cli(*words), cli(*words)
    assert (first.code, first.err) == (0, "")
    lines = first.out.splitlines()
    head = "um klines BTCUSDT 1m, 2024-01-15 to 2024-01-15: 1 daily file; 1 fetched ("
    assert lines[0].startswith(head)
    assert lines[1] == "  in klines/um/klines"
    assert '    klines = "klines/um/klines/BTCUSDT-1m-2024-01-15.zip"' in lines
    assert "1 already there, verified" in again.out
    assert (tmp_path / "klines/um/klines/BTCUSDT-1m-2024-01-15.zip").is_file()


def test_what_is_missing_is_an_exit_code_of_one(
    cli: Cli, mirror: str, written: Callable[[], list[str]]
) -> None:
    """A day that is not published is named on standard error, and the others are kept."""
    done = cli(
        "klines", "fetch", "BTCUSDT", "klines", "1m", "2024-01-15", "2024-01-17", "--base-url", mirror, "-q"
    )
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == ["not published: BTCUSDT klines 2024-01-16"]
    assert [path for path in written() if path.endswith(".zip")] == [
        "klines/um/klines/BTCUSDT-1m-2024-01-15.zip",
        "klines/um/klines/BTCUSDT-1m-2024-01-17.zip",
    ]


def test_mark_klines_have_a_folder_and_a_table_of_their_own(cli: Cli, mirror: str) -> None:
    """Their files bear the names of the klines, so they must not meet."""
    cli("klines", "fetch", "BTCUSDT", "klines", "1m", "2024-01-15", "--base-url", mirror)
    done = cli("klines", "fetch", "BTCUSDT", "markPriceKlines", "1m", "2024-01-15", "--base-url", mirror)
    assert "under [market.mark]:" in done.out
    assert "1 fetched" in done.out


@pytest.mark.parametrize("words", [["2024-01-15"], ["-", "2024-01-15"], ["2024-01-15", "2024-01-15"]])
def test_trades_need_no_interval(cli: Cli, mirror: str, words: list[str]) -> None:
    """The interval of trades may be a dash or left out."""
    done = cli("klines", "fetch", "BTCUSDT", "aggTrades", *words, "--base-url", mirror, "--json")
    found = json.loads(done.out)
    assert (done.code, found["interval"], found["fetched"]) == (
        0,
        None,
        ["BTCUSDT-aggTrades-2024-01-15.zip"],
    )
    assert found["reference"] == "klines/um/aggTrades/BTCUSDT-aggTrades-2024-01-15.zip"


def test_an_unknown_symbol_leaves_no_folder(cli: Cli, mirror: str, written: Callable[[], list[str]]) -> None:
    """Where nothing is published, the advice is to look at the name, and nothing is left behind."""
    done = cli("klines", "fetch", "BTCUSD", "klines", "1m", "2024-01", "--base-url", mirror)
    assert done.code == 1
    assert done.err.splitlines()[0] == "not published: BTCUSD klines 2024-01"
    assert "is the symbol spelled as Binance does" in done.err
    assert written() == []


def test_an_unreachable_server_is_one_line(cli: Cli, written: Callable[[], list[str]]) -> None:
    """A server nobody answers for is reported once, with how much is not here."""
    done = cli(
        *("klines", "fetch", "BTCUSDT", "klines", "1m", "2024-01", "2024-03"),
        *("--base-url", "http://127.0.0.1:9", "--retries", "0", "--jobs", "1"),
    )
    assert done.code == 1
    assert done.err.splitlines() == [
        "error: the server cannot be reached: Connection refused (1 try); 3 files not fetched"
    ]
    assert written() == []


def test_an_interruption_says_what_stays(cli: Cli, mirror: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends with 130 and the news that whole files stay."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sim.market.archive, "fetch", interrupted)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    done = cli("klines", "fetch", "BTCUSDT", "klines", "1m", "2024-01-15", "--base-url", mirror)
    assert done.code == 130
    assert done.err.startswith("interrupted; whole files stay in klines/um/klines")


BAD = [
    (["klines", "fetsh"], "no such command 'fetsh'"),
    (["klines", "fetch", "BTCUSDT", "klines", "1m"], "FROM: given 'nothing', expected a date"),
    (["klines", "fetch", "BTCUSDT", "klines", "1m", "2024-13"], "FROM: given '2024-13', expected a date"),
    (
        ["klines", "fetch", "BTCUSDT", "klines", "1m", "2024-03", "2024-01"],
        "TO: given '2024-01', expected a day",
    ),
    (["klines", "fetch", "BTCUSDT", "klines", "1x", "2024-03"], "INTERVAL: given '1x', expected one of 1m"),
    (["klines", "fetch", "BTCUSDT", "candles", "1m", "2024-03"], "KIND: given 'candles', expected a kind"),
    (["klines", "fetch", "btcusdt", "klines", "1m", "2024-03"], "SYMBOL: given 'btcusdt'"),
    (["klines", "fetch", "BTCUSDT", "klines", "1m", "2024-03", "--market", "cm"], "--market: given 'cm'"),
    (["klines", "fetch", "BTCUSDT", "klines", "1m", "2024-03", "--jobs", "99"], "--jobs: given 99"),
    (["klines", "fetch", "BTCUSDT", "klines", "1m", "2024-03", "--retries", "x"], "--retries: given 'x'"),
    (["klines", "fetch", "BTCUSDT", "klines", "1m", "2024-03", "--base-url", "ftp://x"], "--base-url: given"),
    (
        ["klines", "fetch", "BTCUSDT", "klines", "1m", "2024-03", "--out", "file"],
        "--out: given 'file/um/klines'",
    ),
    (["klines", "check", "empty"], "PATH: given 'empty', expected a folder with market files in it"),
    (["klines", "check", "nowhere"], "klines: given 'nowhere', expected an existing file"),
    (["klines", "check", "l" * 300], "PATH: given 'lll"),
    (["klines", "check", "empty", "--tick", "abc"], "--tick: given 'abc', expected a price step"),
    (["klines", "check", "empty", "--tick", "0"], "--tick: given '0', expected a price step"),
    (["klines", "check", "empty", "--jump-pct", "nan"], "--jump-pct: given nan, expected a number above 0"),
]


@pytest.mark.parametrize(("words", "line"), BAD, ids=[" ".join(words)[7:60] for words, _ in BAD])
def test_wrong_words_are_one_line(
    cli: Cli, tmp_path: Path, written: Callable[[], list[str]], words: list[str], line: str
) -> None:
    """Each mistake is named where it stands, with exit code 2, before anything is asked or written."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    done = cli(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {line}")
    assert len(done.err.splitlines()) == 1
    assert written() == ["empty", "file"]


def test_a_sound_tape_exits_with_zero(cli: Cli) -> None:
    """An embedded tape has nothing odd."""
    done = cli("klines", "check", "embedded:ETHUSDT-1m-2024-01-15")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-1] == "  loads as it is"


def test_a_tape_with_a_hole_exits_with_one(cli: Cli, tmp_path: Path) -> None:
    """The gap is named with its time and length, and the lines to write are printed as they are."""
    rows = _bars(15)
    (tmp_path / "BTCUSDT-1m-x.csv").write_text("\n".join(rows[:100] + rows[130:]))
    done = cli("klines", "check", "BTCUSDT-1m-x.csv")
    assert done.code == 1
    assert "2024-01-15 01:40 to 2024-01-15 02:10, 0:30:00: 30 bars (row 101)" in done.out
    assert '    [market.problems]\n    gaps = "flat"\n' in done.out
    assert max(map(len, done.out.splitlines())) <= WIDTH


def test_the_worst_of_a_folder_is_the_exit_code(cli: Cli, tmp_path: Path) -> None:
    """One file that cannot be used makes it 2; JSON holds all sets and every place."""
    (tmp_path / "BTCUSDT-1m-x.csv").write_text("\n".join(_bars(15)[::2]))
    (tmp_path / "ETHUSDT-1m-x.csv").write_text("a,b,c\n")
    (tmp_path / "SOLUSDT-1m-x.csv").write_text("\n".join(_bars(15)))
    done = cli("klines", "check", ".", "--json")
    found = json.loads(done.out)["sets"]
    assert done.code == 2
    assert [entry["loads"] for entry in found] == ["with a policy", "not at all", "as it is"]
    assert len(found[0]["findings"][0]["places"]) == MINUTES // 2 - 1


def test_places_are_cut_to_the_number_asked_for(cli: Cli, tmp_path: Path) -> None:
    """A long list ends with how many more there are."""
    rows = [row for number, row in enumerate(_bars(15)) if number % 100 or not number]
    (tmp_path / "BTCUSDT-1m-x.csv").write_text("\n".join(rows))
    done = cli("klines", "check", "BTCUSDT-1m-x.csv", "--most", "3")
    assert "… and 11 more (--most, --json)" in done.out
    assert done.out.count(": 1 bar (row") == 3


def test_a_tick_of_ones_own_is_held_against_the_prices(cli: Cli, tmp_path: Path) -> None:
    """Ticks come from the built-in filters, or from --tick."""
    (tmp_path / "XYZUSDT-1m-x.csv").write_text("\n".join(_bars(15)))
    unknown = cli("klines", "check", "XYZUSDT-1m-x.csv")
    coarse = cli("klines", "check", "XYZUSDT-1m-x.csv", "--tick", "0.5")
    assert (unknown.code, coarse.code) == (0, 1)
    assert "none are built in for XYZUSDT" in unknown.out
    assert 'off_tick = "snap"' in coarse.out


def test_groups_show_their_help(cli: Cli) -> None:
    """``sim klines`` alone says what there is, as ``sim`` alone does."""
    done = cli("klines")
    assert done.code == 0
    assert "fetch" in done.out
    assert "check" in done.out


def _seconds(minutes: int) -> list[str]:
    """Return minutes of one-second bars that move."""
    rows = []
    for second in range(minutes * 60):
        at, price = EPOCH_MS + second * 1_000, 100 + second % 7
        rows.append(f"{at},{price},{price + 1},{price - 1},{price},5,{at + 999},500,3,1,1,0")
    return rows


def test_shapes_are_learnt_from_seconds_and_fill_a_scenario_s_bars(cli: Cli, tmp_path: Path) -> None:
    """The command ends with the line to write, and a run with that line says what fills its bars."""
    (tmp_path / "XYZUSDT-1s-x.csv").write_text("\n".join(_seconds(3)))
    done = cli("klines", "shapes", "XYZUSDT-1s-x.csv", "--out", "own.npz")
    assert done.code == 0
    assert done.out.splitlines()[-1] == 'in a scenario, under [market]: shapes = "own.npz"'
    own = tmp_path / "own.npz"
    run = cli("run", "quickstart", "--intents", "3", "--set", f"market.shapes={own}", "--out", "own-run")
    assert run.code == 0, run.err
    manifest = json.loads((tmp_path / "own-run" / "manifest.json").read_text())
    assert manifest["path_source"]["BTCUSDT"].startswith("3 resampled real shapes of 1m bars inside 1m bars")


def test_shapes_need_something_finer_than_their_bars(cli: Cli) -> None:
    """One-minute bars teach nothing about seconds."""
    done = cli("klines", "shapes", "embedded:BTCUSDT-1m-2024-01-15", "--out", "own.npz")
    assert (done.code, done.out) == (2, "")
    assert "expected bars of a whole part of 1m" in done.err


def test_shapes_replace_nothing_but_a_library(cli: Cli, tmp_path: Path) -> None:
    """A scenario named by mistake stays a scenario."""
    (tmp_path / "XYZUSDT-1s-x.csv").write_text("\n".join(_seconds(3)))
    (tmp_path / "mine.toml").write_text("title")
    done = cli("klines", "shapes", "XYZUSDT-1s-x.csv", "--out", "mine.toml")
    assert (done.code, done.err) == (
        2,
        "error: --out: given 'mine.toml', expected a name that ends in .npz\n",
    )
    assert (tmp_path / "mine.toml").read_text() == "title"
