"""The first screen: money against ideal and baseline, what was met, and one sentence of verdict."""

from __future__ import annotations

import pytest

from sim.experiment import Comparison, Result, set_against
from sim.metrics import cost_split
from sim.report import brief_text, summary_text
from sim.report.first_screen import first_facts, losses_by_what_was_met, money_table
from sim.report.verdict import verdict_line


@pytest.fixture(scope="module")
def against(comparison: Comparison) -> Result:
    """Set one policy's run beside another's."""
    return set_against(comparison.results["d7", 1], comparison.results["legacy-sltp", 1])


def test_verdict_is_one_sentence_with_the_intents_that_broke_a_rule(result: Result, empty: Result) -> None:
    """It counts intents, not violations, and ends once."""
    said = verdict_line(result)
    found = result.violations
    broken = found.loc[
        found["kind"].isin(["safety", "liveness"]) & (found["intent"] >= 0), "intent"
    ].nunique()
    assert said.startswith(f"{broken} of 40 intents ")
    assert said.count(". ") == 0
    assert said.endswith(".")
    assert verdict_line(empty) == "No intent was decided: there is nothing to judge."


def test_money_against_ideal_is_the_loss_with_its_sign_turned(result: Result) -> None:
    """Less was earned where the money table says that more was lost."""
    (row,) = money_table(result).rows
    loss = result.money.query("metric == 'loss against I1' and unit == 'quote'").iloc[0]
    assert float(row[1].replace(",", "")) == pytest.approx(-loss["per_1000"], abs=0.006)
    assert row[6] == str(loss["clusters"])


def test_baseline_stands_in_a_row_of_its_own(against: Result, comparison: Comparison) -> None:
    """With --against there is a second row; its money is the difference of both runs, and the command says so."""
    rows = money_table(against).rows
    assert [row[0] for row in rows] == ["d7 less ideal (I1)", "d7 less legacy-sltp"]
    paired = comparison.differences.query("metric == 'result' and unit == 'quote'").iloc[0]
    assert float(rows[1][1].replace(",", "")) == pytest.approx(-paired["per_1000"], abs=0.006)
    assert against.manifest["command"].endswith("--against legacy-sltp")


def test_page_says_how_to_get_the_baseline_until_it_is_there(result: Result, against: Result) -> None:
    """The command is on the page when the row is not."""
    assert any("--against never-resend" in fact for fact in first_facts(result))
    assert not any("--against never-resend" in fact for fact in first_facts(against))


def test_parts_of_the_loss_add_up(result: Result) -> None:
    """By what was met, and by where it arose, the parts are the whole."""
    whole = result.frames["intents"]["loss_against_ideal_quote"].sum()
    met, parts = losses_by_what_was_met(result), cost_split(result.frames)
    assert met["intents"].sum() == 40
    assert met["per_1000"].sum() == pytest.approx(whole / 40 * 1000)
    assert met["share"].sum() == pytest.approx(1.0)
    assert parts["loss_quote"].sum() == pytest.approx(whole)


def test_brief_text_fits_one_screen(result: Result, against: Result, empty: Result) -> None:
    """What a run prints is at most 60 lines of 100 columns and names the command; all tables are in the long one."""
    for one in (result, against, empty):
        lines = brief_text(one).splitlines()
        assert len(lines) <= 60
        assert max(map(len, lines)) <= 100
        assert any(line.startswith("again   ") for line in lines)
        assert len(summary_text(one).splitlines()) > len(lines)
