"""`sim calibrate`, `sim backcast` and `sim compare-logs` go from logs to scenarios, predictions and verdicts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Cli = Callable[..., Any]


def log(file: Path, *, dates: tuple[str, ...] = ("2024-01-15",), saved: bool = True) -> Path:
    """Write a log in which every stop fails once; the second attempt saves it or not."""
    lines = []
    for date in dates:
        for hour in range(12):
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
    facts = json.loads((out / "calibration.json").read_text())
    assert facts["lines"]["read"] == 192
    assert [run["applied"] for run in facts["runs"]] == [0.0, 1.0]
    assert {path.name for path in out.iterdir()} == {
        "scenario.toml", "scenario-applied-1.toml", "signals.csv", "calibration.json", "placements.parquet",
        "attempts.parquet", "intents.parquet",
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
