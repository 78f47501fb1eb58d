"""`sim sweep` prints a table that fits, one JSON object, and what a stop leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sim.sweep

Cli = Callable[..., Any]
WORDS = ("sweep", "calm_baseline", "--policies", "d7,safe", "--seeds", "2", "--intents", "1", "--jobs", "1")


def test_the_summary_fits_and_says_what_it_means(cli: Cli, tmp_path: Path) -> None:
    """Each cell is a row; the baseline is named, few dates are said, the folder stands last; then nothing runs."""
    done = cli(*WORDS, "--grid", "execution.max_slippage_pct=0.002,0.01", "--out", str(tmp_path / "kept"))
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert all(len(line) <= 100 for line in lines)
    assert sum(line.startswith(("d7 max_slippage", "safe max_slippage")) for line in lines) == 4
    assert sum("baseline" in line for line in lines if line.startswith("d7")) == 1
    assert "conditional on this tape" in done.out
    assert lines[-2:] == [f"folder  {tmp_path / 'kept'}", f"page    {tmp_path / 'kept' / 'index.html'}"]


def test_json_goes_on_with_what_is_there(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command twice gives the same object, in the folder named after the question, and runs once."""
    first = cli(*WORDS, "--json")
    facts = json.loads(first.out)
    assert facts["folder"] == "reports/sweep-calm_baseline-d7-vs-safe"
    assert [cell["policy"] for cell in facts["cells"]] == ["d7", "safe"]
    assert facts["command"] == "sim sweep calm_baseline --policies d7,safe --seeds 2 --intents 1"
    monkeypatch.setattr("sim.sweep.batch.run_unjudged", None)
    assert cli(*WORDS, "--json").out == first.out


def test_an_interruption_says_what_is_kept(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted, the command names the folder and how to go on, and exits with 130."""

    def interrupt(*args: object, **words: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sim.sweep, "sweep", interrupt)
    done = cli(*WORDS, "--out", "kept")
    assert done.code == 130
    assert done.err == "interrupted; what has ended is kept in kept: the same command goes on there\n"


def test_a_misspelt_key_is_refused_before_anything_runs(cli: Cli, tmp_path: Path) -> None:
    """The message is one line that names the option and the nearest key; nothing is written."""
    done = cli(*WORDS, "--grid", "workload.evry_s=1,2")
    assert done.code == 2
    assert done.err.startswith("error: --grid workload.evry_s: given 'evry_s'")
    assert "(did you mean 'every_s'?)" in done.err
    assert list(tmp_path.iterdir()) == []


def test_rates_add_expected_losses(cli: Cli, tmp_path: Path) -> None:
    """With a rates file the summary ends with each policy's expected loss, and JSON holds the same numbers."""
    (tmp_path / "rates.toml").write_text(
        '[[rate]]\nname = "calm"\nscenario = "calm_baseline"\nper_intent = 0.5\nlow = 0.4\nhigh = 0.6\n',
        encoding="utf-8",
    )
    words = (*WORDS, "--rates", str(tmp_path / "rates.toml"), "--out", str(tmp_path / "kept"))
    done = cli(*words)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert all(len(line) <= 100 for line in lines)
    printed = lines[lines.index("expected loss at natural rates") :]
    first, second = json.loads(cli(*words, "--json").out)["expected_loss"]
    assert (first["policy"], first["difference"], second["policy"]) == ("d7", None, "safe")
    value = f"{round(second['value'], 2) + 0.0:,.2f}"
    assert any(line.startswith("safe") and value in line for line in printed)
