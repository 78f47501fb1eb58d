"""`sim hunt` prints what it found in lines that fit, writes it to a folder, and exits with 1 for a finding."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Cli = Callable[..., Any]


def test_findings_are_printed_and_written(cli: Cli, tmp_path: Path) -> None:
    """Each finding has its money, its words and its command; page, record and scenarios stand in the folder."""
    done = cli("hunt", "quickstart", "--depth", "1", "--budget", "125", "--jobs", "1", "--out", str(tmp_path))
    assert (done.code, done.err) == (1, "")
    assert all(len(line) <= 100 for line in done.out.splitlines() if str(tmp_path) not in line)
    assert any(line.split()[:5] == ["1", "crash", "14", "of", "14"] for line in done.out.splitlines())
    record = json.loads((tmp_path / "hunt.json").read_text(encoding="utf-8"))
    assert "no end" not in done.out
    for one in record["findings"]:
        assert Path(one["scenario"]).is_file()
        assert Path(one["scenario"]).with_suffix(".expected.json").is_file()
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "What was not reached" in page
    assert page.count("<svg") >= len(record["findings"])


def test_a_budget_that_is_none_is_refused(cli: Cli) -> None:
    """One line names the option, what was given and what is expected."""
    done = cli("hunt", "quickstart", "--budget", "soon")
    assert done.code == 2
    assert done.err.startswith("error: --budget: given 'soon', expected a time like")


def test_json_is_one_object(cli: Cli, tmp_path: Path) -> None:
    """With --json the record alone is printed, and nothing was found without any script."""
    done = cli(
        "hunt", "quickstart", "--depth", "0", "--budget", "1", "--jobs", "1", "--json", "--out", str(tmp_path)
    )
    record = json.loads(done.out)
    assert (done.code, record["policy"], record["findings"]) == (0, "d7", [])
    assert [one["stands_for"] for one in record["alphabet"]].count("unknown") == 4
