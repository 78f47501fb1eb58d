"""Texts: the verdict first, at most 100 columns, no control codes."""

from __future__ import annotations

import re

import pytest

from sim.experiment import Comparison, Result
from sim.report import comparison_text, summary_md, summary_text
from sim.report.verdict import doubts, verdict

TITLES = (
    "RECOVERY",
    "SLIPPAGE REJECTION",
    "LATENCY FROM THE DECISION",
    "PROTECTION",
    "MONEY",
    "LOAD",
    "THE DOCUMENT'S FOUR METRICS, CLAIMED AND TRUE",
    "VIOLATIONS BY CHECK",
    "NOTES",
)


@pytest.fixture(scope="module", params=["result", "empty", "comparison"])
def text(request: pytest.FixtureRequest) -> str:
    """Print a run, an empty run and a comparison."""
    shown = request.getfixturevalue(request.param)
    return comparison_text(shown) if isinstance(shown, Comparison) else summary_text(shown)


def test_text_fits_a_terminal(text: str) -> None:
    """No line is longer than 100 columns, none ends in blanks, and no control code is in it."""
    assert max(map(len, text.splitlines())) <= 100
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
    assert all(line == line.rstrip() for line in text.splitlines())


def test_summary_says_the_verdict_first_then_the_three_reports(result: Result) -> None:
    """After the title comes the verdict, then recovery, slippage rejection, latency, and the rest."""
    text = summary_text(result)
    blocks = text.split("\n\n")
    assert " ".join(blocks[1].split()) == verdict(result)
    places = [text.index(f"\n{title}\n") for title in TITLES]
    assert places == sorted(places)
    assert result.manifest["command"] in " ".join(text.split())


def test_verdict_counts_intents_not_violations(result: Result) -> None:
    """The sentence names for each broken rule how many intents broke it."""
    said = verdict(result)
    found = result.violations
    assert len(found) > 0
    for check in found.loc[found["kind"].isin(["safety", "liveness"]), "check"].unique():
        intents = found.loc[found["check"] == check, "intent"].nunique()
        assert re.search(rf"\b{intents} [^,;]*\({check}\)", said)


def test_empty_run_says_that_there_is_nothing_to_judge(empty: Result) -> None:
    """A run without intents gives a sentence and tables without rows, not an error."""
    assert verdict(empty).startswith("No intent was decided")
    assert "nothing to show" in summary_text(empty)


def test_simulators_own_slips_are_doubts(result: Result) -> None:
    """A cut-off run, a broken rule of the simulator and lost attribution are said before any number."""
    slip = result.violations.iloc[:1].assign(check="S01", kind="simulator")
    manifest = {**result.manifest, "ended": "time limit", "unattributed": result.manifest["requests"]}
    doubtful = Result(frames={**result.frames, "violations": slip}, manifest=manifest)
    said = doubts(doubtful)
    assert [words in text for words, text in zip(("cut off", "S01", "degraded"), said, strict=True)] == [
        True
    ] * 3
    assert verdict(doubtful).startswith("None of 40 intents broke a rule")
    assert summary_text(doubtful).count("Doubt:") == 3


def test_markdown_has_a_table_for_each_report(result: Result) -> None:
    """Every report is a table that GitHub shows, with as many cells in each row as in its head."""
    text = summary_md(result)
    for title in TITLES[:8]:
        assert f"## {title}".lower() in text.lower()
    for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        assert len({line.count("|") for line in block.splitlines()}) == 1


def test_comparison_never_sells_noise_as_a_difference(comparison: Comparison) -> None:
    """When the interval holds zero the text says that no difference is shown."""
    text = " ".join(comparison_text(comparison).split())
    row = comparison.differences.query("metric == 'loss against I1' and unit == 'quote'").iloc[0]
    assert ("no difference is shown" in text) == bool(row["low"] <= 0 <= row["high"])
    assert "* marks the best value of a row, which is no proof" in text
