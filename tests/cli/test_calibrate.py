"""`sim calibrate`, `sim backcast` and `sim compare-logs` go from logs to scenarios, predictions and verdicts."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sim

Cli = Callable[..., Any]
DATA = Path(sim.__file__).parent / "market" / "data"
POLICIES = Path(sim.__file__).parent / "policies"


def log(file: Path, *, dates: tuple[str, ...] = ("2024-01-15",), saved: bool = True, hours: int = 12) -> Path:
    """Write a log in which every stop fails once; the second attempt saves it or not."""
    lines = []
    for date in dates:
        for hour in range(hours):
            for minute in range(0, 60, 15):
                time = f"{date} {hour:02d}:{minute:02d}:0"
                lines.append(f"{time}0,000 INFO bot: [SAFETY-GUARD] ✅ BTCUSDT: No adjustments needed")
                lines.append(
                    f"{time}1,000 WARNING bot: [SAFE-EXECUTOR] ❌ Attempt 1/5 failed for BTCUSDT sl order: "
                    "code=-1001, msg=Internal error"
                )
                if saved:
                    lines.append(f"{time}1,000 INFO bot: [SAFE-EXECUTOR] Waiting 0.50s before retry 2")
                    lines.append(
                        f"{time}1,550 INFO bot: [SAFE-EXECUTOR] ✅ BTCUSDT sl order placed: order_id=3, "
                        "attempts=2, duration=0.6s"
                    )
                else:
                    lines.append(
                        f"{time}1,000 ERROR bot: [SAFE-EXECUTOR] ❌ Non-retryable failure for BTCUSDT sl order: "
                        "code=-1001, msg=Internal error, duration=0.1s"
                    )
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_a_log_becomes_a_scenario_that_runs(cli: Cli, tmp_path: Path) -> None:
    """Rates, latency and decisions are written, both ends are run, and sim run accepts the file."""
    out = tmp_path / "night"
    done = cli("calibrate", str(log(tmp_path / "night.log")), "--out", str(out), "--intents", "2")
    assert (done.code, done.err) == (0, "")
    assert all(len(line) <= 100 for line in done.out.splitlines())
    assert "P(applied) behind -1001" in done.out
    assert "replayed: 2024-01-15, 48 of 48 decisions, on embedded:BTCUSDT-1m-2024-01-15" in done.out
    assert "192 times said no zone and were taken as UTC" in done.out
    facts = json.loads((out / "calibration.json").read_text())
    assert facts["lines"]["read"] == 192
    assert [run["applied"] for run in facts["runs"]] == [0.0, 1.0]
    assert {path.name for path in out.iterdir()} == {
        "scenario.toml", "scenario-applied-1.toml", "signals.csv", "calibration.json", "placements.parquet",
        "attempts.parquet", "intents.parquet", "manifest.json",
    }  # fmt: skip
    text = (out / "scenario.toml").read_text()
    assert 'klines = "embedded:BTCUSDT-1m-2024-01-15"' in text
    assert "how = { rate = 0.5 }" in text


def test_a_log_without_its_tape_is_put_on_a_stated_other(cli: Cli, tmp_path: Path) -> None:
    """The scenario says how to fetch the day's own."""
    file = log(tmp_path / "night.log", dates=("2025-03-04",))
    done = cli("calibrate", str(file), "--out", str(tmp_path / "night"), "--no-runs", "-q")
    assert (done.code, done.err) == (0, "")
    text = (tmp_path / "night" / "scenario.toml").read_text()
    assert "sim klines fetch BTCUSDT klines 1m 2025-03-04" in text
    assert (tmp_path / "night" / "signals.csv").read_text().splitlines()[1].startswith("2024-01-15T00:00:00")


def test_what_can_be_committed_names_what_lies_beside_it(cli: Cli, tmp_path: Path) -> None:
    """Tape and policy of the working directory are named from the scenario, and the first line tells the command."""
    (tmp_path / "klines").mkdir()
    for name in ("BTCUSDT-1m-2024-01-15.zip", "mine.toml"):
        source = DATA / name if name.endswith(".zip") else POLICIES / "d7.toml"
        shutil.copy(source, tmp_path / "klines" / name)
    given = ["--klines", "klines/BTCUSDT-1m-2024-01-15.zip", "--policy", "klines/mine.toml", "--hold-s", "60"]
    done = cli(
        "calibrate", str(log(tmp_path / "night.log")), "--out", "scenarios/night", "--no-runs", "-q", *given
    )
    assert (done.code, done.err) == (0, "")
    text = (tmp_path / "scenarios" / "night" / "scenario.toml").read_text()
    assert 'klines = "../../klines/BTCUSDT-1m-2024-01-15.zip"' in text
    assert 'policies = ["../../klines/mine.toml"]' in text
    assert " ".join(given) in text.splitlines()[0]


def test_a_calibration_is_replaced_until_something_is_written_beside_it(cli: Cli, tmp_path: Path) -> None:
    """Expectations and edits of a scenario are nobody's to take away."""
    words = ["calibrate", str(log(tmp_path / "night.log", hours=1)), "--out", "night", "--no-runs", "-q"]
    assert [cli(*words).code for _ in range(2)] == [0, 0]
    (tmp_path / "night" / "scenario.expected.json").write_text("{}")
    done = cli(*words)
    assert done.code == 2
    assert "scenario.expected.json in this one was written or changed since" in done.err
    assert (tmp_path / "night" / "scenario.expected.json").exists()


def test_another_days_tape_is_refused_in_one_line(cli: Cli, tmp_path: Path) -> None:
    """It says which is wanted, and what this one holds."""
    file = log(tmp_path / "night.log", dates=("2025-03-04",))
    done = cli("calibrate", str(file), "--out", "x", "--klines", "embedded:BTCUSDT-1m-2024-01-15")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "a tape of BTCUSDT on 2025-03-04" in done.err
    assert "2024-01-15 00:00 to 2024-01-16 00:00" in done.err


def test_a_log_in_other_words_is_shown_one_of_its_lines(cli: Cli, tmp_path: Path) -> None:
    """And an empty one is called so."""
    (tmp_path / "other.log").write_text("2025-10-10 18:00:01 order rejected -1001\n")
    (tmp_path / "empty.log").write_text("")
    assert "as in '2025-10-10 18:00:01 order rejected -1001'" in cli("calibrate", "other.log").err
    assert "'empty.log', expected a log that is not empty" in cli("calibrate", "empty.log").err


def test_a_packed_log_that_is_cut_off_is_read_until_there(cli: Cli, tmp_path: Path) -> None:
    """As one is that is still being packed; the count of lines says so."""
    packed = gzip.compress(log(tmp_path / "night.log").read_bytes())
    (tmp_path / "night.log.gz").write_bytes(packed[: len(packed) // 2])
    done = cli("calibrate", "night.log.gz", "--out", "x", "--no-runs")
    assert done.code == 0
    assert "1 refused (a .gz file that is cut off" in done.out


def test_a_backcast_scores_the_last_day(cli: Cli, tmp_path: Path) -> None:
    """From three days' log to intervals, and to whether the venue changed."""
    file = log(tmp_path / "days.log", dates=("2024-01-13", "2024-01-14", "2024-01-15"), hours=3)
    done = cli("backcast", str(file), "--intents", "1")
    assert (done.code, done.err) == (0, "")
    assert all(len(line) <= 100 for line in done.out.splitlines())
    assert "numbers lie in their intervals" in done.out
    assert done.out.count("2024-01-15") >= 5
    assert "no change of the venue at level 0.01" in done.out


def test_a_worse_deployment_is_rolled_back(cli: Cli, tmp_path: Path) -> None:
    """The exit code says so too."""
    before, after = log(tmp_path / "a.log"), log(tmp_path / "b.log", saved=False)
    done = cli("compare-logs", str(before), str(after))
    assert done.code == 1
    assert "Roll back: Retry Success Rate fell from 100.0% to 0.0%." in " ".join(done.out.split())
    assert cli("compare-logs", str(before), str(before), "-q").code == 0


def test_a_backcast_needs_three_days(cli: Cli, tmp_path: Path) -> None:
    """Two to learn from and one to predict."""
    done = cli("backcast", str(log(tmp_path / "two.log", dates=("2024-01-14", "2024-01-15"))))
    assert done.code == 2
    assert "at least 3" in done.err


def test_a_log_that_is_not_there_is_wrong_input(cli: Cli) -> None:
    """One line, naming it."""
    done = cli("calibrate", "none.log", "--out", "x")
    assert (done.code, done.out) == (2, "")
    assert "none.log" in done.err
