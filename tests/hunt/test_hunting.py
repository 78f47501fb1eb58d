"""A hunt finds the shortest script for each defect, the same every time, and writes each as a scenario that fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.errors import InputError
from sim.experiment import run_scenario
from sim.experiment.gate import check_scenario
from sim.hunt import Bracket, Budget, Hunt, hunt
from sim.hunt.cause import cause_of, words_of
from sim.hunt.ledger import Ledger
from sim.hunt.publish import keep
from sim.hunt.quarry import Quarry
from sim.hunt.script import Kill, Strike
from sim.scenario import load_policy_named, load_scenario
from sim.world.code_under_test import event_driven

UNSAFE = {"safety", "liveness"}


class Forgetful:
    """Be the shipped executor with a defect: the look of a reply decides which line of it fails."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        if name == "recover":
            raise AttributeError(name)
        return getattr(self._inner, name)

    async def submit_order(self, **order: Any) -> Any:
        result = await self._inner.submit_order(**order)
        return self.noted(result)

    def noted(self, result: Any) -> Any:
        if result.status != "open":
            raise KeyError("orderId")
        return result


def forgetful(*given: Any) -> Any:
    """Make the defective executor."""
    return Forgetful(event_driven(*given))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder in which the hunt below wrote down what it did."""
    return tmp_path_factory.mktemp("hunt")


@pytest.fixture(scope="module")
def found(bracket: Bracket, ledger: Path) -> Hunt:
    """Give what a hunt of d7 finds among all scripts of one outcome."""
    return hunt(bracket, depth=1, crashes=False, out=ledger)


def told(one: Hunt) -> list[Any]:
    """Return what must not change from one hunt to the next."""
    return [
        (finding.cause, finding.script, finding.words, finding.runs, finding.alike)
        for finding in one.findings
    ]


def test_every_outcome_of_every_call_is_a_script(found: Hunt) -> None:
    """The level is whole, no script strikes nothing, and defects come by money at stake."""
    (level,) = found.levels
    assert level.is_whole
    assert level.idle == 0
    assert level.run == sum(found.coverage.met.values()) == 44
    stakes = [finding.stake for finding in found.findings]
    assert stakes == sorted(stakes, reverse=True)


def test_the_double_entry_is_found_and_named(found: Hunt) -> None:
    """The words say what happened to which call, what was believed, and what was true."""
    (double,) = [one for one in found.findings if one.cause.check == "I01"]
    assert double.script == (Strike("POST /fapi/v1/order", "entry", 0, "reply lost"),)
    assert double.words == (
        "The first entry order was carried out, and no answer came. The code believed: one entry of 0.023. "
        "In truth: 2 entries accepted, 0.046 filled."
    )


def test_a_finding_has_few_events_and_cost_few_runs(found: Hunt) -> None:
    """At most six events each, and a median of at most 200 runs to shrink them."""
    assert all(1 <= len(finding.script) <= 6 for finding in found.findings)
    assert found.median_runs <= 200


def test_the_same_hunt_in_two_processes_finds_the_same(bracket: Bracket, found: Hunt) -> None:
    """Neither another hunt nor other workers change a finding, or the order of findings."""
    assert told(hunt(bracket, depth=1, crashes=False, jobs=2)) == told(found)


def test_crashes_are_struck_at_every_wait(bracket: Bracket) -> None:
    """Where the code can come back, each wait is a place to die; they end where there is no further wait."""
    one = hunt(bracket, depth=1, budget=Budget(scripts=80), crashes=True)
    crashes = one.levels[0]
    assert (crashes.what, crashes.is_whole, crashes.idle) == ("crash", True, 0)
    assert isinstance(one.findings[-1].script[0] if one.findings else Kill(1, 1.0), Kill | Strike)


def test_a_budget_of_scripts_cuts_off_whole_rounds(bracket: Bracket) -> None:
    """What was not run is counted; the same budget cuts off at the same script."""
    one = hunt(bracket, depth=2, budget=Budget(scripts=20), crashes=False)
    assert [(level.events, level.there, level.run) for level in one.levels] == [(1, 44, 0)]
    assert one.scripts == 1


def test_a_stopped_hunt_goes_on_where_it_was(bracket: Bracket, found: Hunt, ledger: Path) -> None:
    """The ledger knows the rounds of the last level; only what broke a rule is run again."""
    again = hunt(bracket, depth=1, crashes=False, out=ledger)
    assert told(again) == told(found)
    assert again.coverage.met == found.coverage.met
    assert (found.scripts, again.scripts) == (45, 1)


def test_other_code_has_another_ledger(ledger: Path, found: Hunt) -> None:
    """What one code did says nothing about another; the scripts that failed are tried on both."""
    (rounds,) = ledger.glob("rounds-*.jsonl")
    _, question, code = rounds.stem.split("-")
    script = found.findings[0].script
    assert Ledger(ledger, question, code).rounds == 1
    other = Ledger(ledger, question, "other")
    assert other.rounds == 0
    other.keep("", script)
    other.keep("", script)
    assert Ledger(ledger, question, code).failing() == [("", script)]


def test_a_saved_finding_fails_until_its_defect_is_mended(
    bracket: Bracket, found: Hunt, tmp_path: Path
) -> None:
    """`sim check` fails on the code that was hunted; with the defect mended the same scenario breaks nothing."""
    record = keep(found, bracket, tmp_path)
    safe = load_policy_named("safe").store
    for row in record["findings"][:2]:
        report = check_scenario(row["scenario"])
        assert row["check"] in {item.metric.removeprefix("violations ") for item in report.differences}
        assert not report.passed

        def mended(client: Any, _: Any, hooks: Any, store: Any) -> Any:
            return event_driven(client, safe, hooks, store)

        result = run_scenario(row["scenario"], executor_factory=mended)
        assert not UNSAFE & set(result.violations["kind"])
    assert json.loads((tmp_path / "hunt.json").read_text(encoding="utf-8")) == record
    # Outcome by call and position, and in sentences what was not reached.
    (cell,) = [one for one in record["covered"] if (one["call"], one["outcome"]) == ("sl", "reply lost")]
    assert (cell["no position"], cell["naked"], cell["covered"]) == (0, 1, 0)
    assert record["not_reached"] == []


def test_an_escaped_exception_is_named_by_the_line_of_its_author(
    make_bracket: Callable[..., Bracket],
) -> None:
    """The cause is the exception and the innermost line that is neither ours nor a library's."""
    lost = (Strike("POST /fapi/v1/order", "entry", 0, "unknown 503"),)
    seen = Quarry(make_bracket("d7", forgetful)).run(lost)
    cause, words = cause_of(lost, seen), words_of(lost, seen)
    assert cause.check == "L02"
    assert "test_hunting.py:" in cause.frame
    assert cause.frame.endswith("in noted")
    assert f"KeyError left the code under test at {cause.frame}: 'orderId'." in words


def test_what_breaks_without_any_event_is_found_as_that(make_bracket: Callable[..., Bracket]) -> None:
    """A bot that is broken by itself is one finding with an empty script; the hunt goes on with the other rules."""

    class Stubborn(Forgetful):
        def noted(self, result: Any) -> Any:
            raise RuntimeError("no such account")

    one = hunt(make_bracket("d7", lambda *given: Stubborn(event_driven(*given))), depth=0)
    first = next(finding for finding in one.findings if finding.cause.check == "L02")
    assert first.script == ()
    assert first.words.startswith("Nothing failed. RuntimeError left the code under test at ")
    assert "L02" in one.known


def test_random_scripts_need_a_budget(bracket: Bracket) -> None:
    """They have no end of their own."""
    with pytest.raises(InputError, match="random scripts have no end"):
        hunt(bracket, random=True)


@pytest.mark.parametrize("text", ["", "0", "60", "1.5", "60 x", "-3s"])
def test_a_budget_is_a_time_or_a_number(text: str) -> None:
    """What is neither is refused in one line."""
    if text == "60":
        assert Budget.read(text) == Budget(scripts=60)
        assert Budget.read("1.5m") == Budget(seconds=90.0)
        return
    with pytest.raises(InputError, match="--budget"):
        Budget.read(text)


def test_the_scenario_hunted_stands_alone(bracket: Bracket, found: Hunt) -> None:
    """One intent, decided when and as it was in the scenario it is taken from, under none of its faults."""
    spec = found.quarries[""].loaded.scenario
    assert (spec.workload.intents, spec.faults, spec.workload.side) == (1, [], "long")
    assert found.quarries[""].plan.decided_us == bracket.plan.decided_us
    assert load_scenario("quickstart").scenario.faults
