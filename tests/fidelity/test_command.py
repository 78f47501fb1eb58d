"""The command writes a whole folder from seconds of one's own, and says what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.cli import main
from sim.errors import InputError
from sim.fidelity.catalogue import ENTRIES, entries_in
from sim.fidelity.measure import Question, measure
from sim.fidelity.tapes import load_tape

EPOCH_US = 1_705_276_800_000_000
Walk = Callable[[int, int], np.ndarray]


def _written(folder: Path, closes: np.ndarray, name: str = "BTCUSDT-1s-2024-01-15.csv") -> Path:
    open_ = np.concatenate([closes[:1], closes[:-1]])
    high, low = np.maximum(open_, closes), np.minimum(open_, closes)
    rows = zip(open_, high, low, closes, np.ones(closes.size), strict=True)
    lines = [
        f"{EPOCH_US // 1000 + 1000 * number},{','.join(map(str, row))}" for number, row in enumerate(rows)
    ]
    path = folder / name
    path.write_text("open_time,open,high,low,close,volume\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_seconds_of_ones_own_make_a_whole_folder(
    tmp_path: Path, walk: Walk, capsys: pytest.CaptureFixture[str]
) -> None:
    """Page, text, tables and manifest; the page refers to nothing outside itself; the summary is JSON."""
    path = _written(tmp_path, walk(90, 4))
    out = tmp_path / "out"
    words = ["fidelity", str(path), "--seeds", "1", "--quick", "--jobs", "1", "--json", "--out", str(out)]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["folder"] == str(out)
    assert {row["source"] for row in told["rows"]} == {"bridge", "shapes"}
    page = (out / "fidelity.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    table = pd.read_parquet(out / "fidelity.parquet")
    assert len(table) == len(pd.read_csv(out / "fidelity.csv"))
    assert (table["status"] == "not measured").all()
    assert "conditional on this tape" in (out / "fidelity.md").read_text(encoding="utf-8").lower()
    assert json.loads((out / "manifest.json").read_text(encoding="utf-8"))["quick"] is True


@pytest.mark.campaign
def test_the_same_question_has_the_same_answer_for_any_number_of_processes(
    tmp_path: Path, walk: Walk
) -> None:
    """Two processes and one give equal tables."""
    paths = tuple(
        str(_written(tmp_path, walk(40, seed), f"{name}USDT-1s-x.csv")) for seed, name in ((1, "A"), (2, "B"))
    )
    question = Question(data=None, paths=paths, seeds=(1,), sources=("bridge",), quick=True)
    alone, together = measure(question, jobs=1), measure(question, jobs=2)
    pd.testing.assert_frame_equal(alone.table, together.table)
    pd.testing.assert_frame_equal(alone.profiles, together.profiles)


@pytest.mark.campaign
def test_minutes_of_ones_own_are_held_against_five(tmp_path: Path) -> None:
    """The embedded day needs no recordings: five-minute bars against their minutes, on all its dates."""
    out = tmp_path / "out"
    words = [
        "fidelity",
        "embedded:BTCUSDT-1m-2024-01-15",
        "--seeds",
        "1",
        "--sources",
        "bridge",
        "--jobs",
        "1",
    ]
    assert main([*words, "--quiet", "--out", str(out)]) == 0
    table = pd.read_parquet(out / "fidelity.parquet")
    assert set(table["level"]) == {"1 m in 5 m"}
    assert set(table["group"]) == {"all", "2024-01-15"}
    assert "Minutes inside five minutes, all dates" in (out / "fidelity.md").read_text(encoding="utf-8")


def test_a_folder_without_recordings_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line that names a file that is missing and the way without the folder; nothing is written."""
    assert main(["fidelity", "--data", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: --data: given ")
    assert ENTRIES[0].file in error
    assert not (tmp_path / "out").exists()


def test_bars_of_another_length_are_refused(tmp_path: Path) -> None:
    """There is a truth for seconds in minutes and for minutes in five, and for nothing else."""
    bars = _written(tmp_path, np.full(60, 10.0), "BTCUSDT-1s-x.csv").read_text(encoding="utf-8").splitlines()
    hourly = [bars[0], *(f"{EPOCH_US // 1000 + 3_600_000 * n},1,2,1,2,5" for n in range(3))]
    path = tmp_path / "BTCUSDT-1h-x.csv"
    path.write_text("\n".join(hourly) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="bars of 1h"):
        load_tape(str(path), "hours")


def test_an_unknown_source_is_refused() -> None:
    """The nearest name is offered."""
    with pytest.raises(InputError, match="did you mean 'bridge'"):
        measure(Question(data=None, paths=("embedded:BTCUSDT-1m-2024-01-15",), sources=("bridges",)))


def test_recordings_load_as_whole_bars(recordings: Path) -> None:
    """Every recording that is there loads, on whole bars of its level, its dates as the catalogue says."""
    found, missing = entries_in(recordings, quick=False)
    assert missing == []
    tapes = {entry.name: entry.load(recordings, quick=False) for entry in found if "ticks" in entry.file}
    assert len(tapes["BTCUSDT 2023-04-04"].bars) == 7
    assert len(tapes["BTCUSDT spot 2021-05-19"].bars) == 1
    for tape in tapes.values():
        assert tape.bars.epoch_us % tape.level.bar_us == 0
        assert len(tape.steps) == len(tape.bars) * tape.level.steps
