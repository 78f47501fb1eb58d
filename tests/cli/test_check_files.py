"""What ``sim check`` found is written for CI and for reviewers."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from sim.cli.check_files import junit, markdown, write_file
from sim.errors import InputError
from sim.experiment import GateReport
from sim.experiment.gate import Difference

COMMAND = "sim run mine.toml --policy d7 --seed 2"


@pytest.fixture
def failed() -> GateReport:
    """Give a report with one difference."""
    difference = Difference(
        scenario="mine",
        policy="d7",
        seed=2,
        metric="naked_mean_s",
        expected="0.5",
        got="0.9",
        tolerance="lower is better, by at most 0.01",
        command=COMMAND,
        reason="worse | not by chance",
    )
    return _report(differences=(difference,), changes=("mine, d7, seed 2: naked_mean_s 0.5 → 0.9",))


def _report(**named: Any) -> GateReport:
    common: dict[str, Any] = {"scenario": "mine", "runs": 2, "exact": 2, "updated": False, "differences": ()}
    return GateReport(**common | {"command": "sim check mine.toml"} | named)


def test_junit_has_a_case_for_each_scenario(failed: GateReport) -> None:
    """Passed, failed and skipped scenarios are cases of one suite, the failure with all one needs."""
    root = ElementTree.fromstring(junit([_report(scenario="fine\x00"), failed], [("far", "no recordings")]))
    suite = root.find("testsuite")
    assert suite is not None
    assert [suite.get(name) for name in ("tests", "failures", "skipped")] == ["3", "1", "1"]
    assert [case.get("name") for case in suite] == ["fine?", "mine", "far"]
    text = suite[1][0].text or ""
    for word in ("d7, seed 2", "naked_mean_s 0.5 -> 0.9", "not by chance", COMMAND):
        assert word in text


def test_markdown_begins_with_the_verdict(failed: GateReport) -> None:
    """A failed check is told in its first line, then as a table, then with the commands that show it again."""
    text = markdown([failed, _report()], [("far", "no recordings")])
    lines = text.splitlines()
    assert (
        lines[0] == "**Order execution got worse, or is not as expected**: 1 difference in 1 of 2 scenarios."
    )
    assert "| mine | d7 | 2 | naked_mean_s | 0.5 | 0.9 | worse \\| not by chance |" in lines
    assert lines.index("```sh") < lines.index("sim check mine.toml") < lines.index(COMMAND)
    assert "- mine, d7, seed 2: naked_mean_s 0.5 → 0.9" in lines
    assert lines[-1] == "Skipped: `far` (no recordings)"


def test_markdown_of_what_passed_is_short() -> None:
    """A check that passed is one line."""
    assert markdown([_report()], []) == (
        "**Order execution is as expected**: 2 runs of 1 scenario, 2 byte for byte.\n"
    )


def test_markdown_of_an_update_says_so() -> None:
    """Rewritten expectations are no verdict."""
    assert markdown([_report(updated=True)], []).startswith("**Expectations rewritten**: 2 runs")


def test_a_file_that_cannot_be_written_is_refused_by_its_option(tmp_path: Path) -> None:
    """A folder in the place of the file is named with the option."""
    with pytest.raises(InputError, match="--junit"):
        write_file("--junit", str(tmp_path), "text")
