"""Liveness checks, and the form of every finding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sim.checks import CHECKS
from sim.trace import Trace

Row = dict[str, Any]
Rows = dict[str, list[Row]]
Judge = Callable[..., list[Row]]


def test_l02_an_intent_that_never_ended(rows: Rows, judge_rows: Judge) -> None:
    """No end: the finding stands at its decision."""
    rows["intent_end"] = [row for row in rows["intent_end"] if row["intent"] != 5]
    (found,) = judge_rows(rows)
    assert (found["check"], found["kind"], found["intent"], found["amount"]) == ("L02", "liveness", 5, 0.0)
    assert found["at_us"] == rows["intent"][5]["decided_us"]
    assert found["truth"] == "its flow never ended"


def test_l02_an_intent_that_ended_twice(rows: Rows, judge_rows: Judge) -> None:
    """Two ends are as wrong as none."""
    rows["intent_end"].append({**rows["intent_end"][-1]})
    (found,) = judge_rows(rows)
    assert (found["check"], found["amount"]) == ("L02", 2.0)


def test_l02_an_exception_that_escaped(rows: Rows, judge_rows: Judge) -> None:
    """An end that nobody meant is told with its error."""
    rows["intent_end"][2].update(outcome="escaped", error="KeyError: 'orderId'")
    (found,) = judge_rows(rows)
    assert found["check"] == "L02"
    assert "KeyError: 'orderId'" in found["truth"]


def test_l03_every_error_of_the_run_is_a_finding(judge: Judge) -> None:
    """Errors passed in stand as they were reported, under nobody's name."""
    found = judge(Trace(), errors=["coroutine never awaited: X.close", "Task exception was never retrieved"])
    assert [(row["check"], row["kind"], row["intent"]) for row in found] == [("L03", "liveness", -1)] * 2
    assert found[0]["truth"] == "coroutine never awaited: X.close"


def test_the_table_of_checks_is_well_formed() -> None:
    """Different names in a fixed order, a kind that follows from the letter, a story of one sentence."""
    ids = [check.id for check in CHECKS]
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids, key=lambda name: ("ILS".index(name[0]), name))
    kinds = {"I": {"safety", "practice"}, "L": {"liveness"}, "S": {"simulator"}}
    for check in CHECKS:
        assert check.kind in kinds[check.id[0]]
        assert check.story.endswith(".")
        assert "\n" not in check.story


def test_findings_are_written_in_the_order_of_the_table(rows: Rows, judge_rows: Judge) -> None:
    """Two judgements of one record are equal, row for row, and the hash of the record is untouched."""
    rows["intent_end"] = rows["intent_end"][1:]
    rows["fill"][0]["fee"] = -1.0
    first, second = judge_rows(rows), judge_rows(rows)
    assert first == second
    order = [check.id for check in CHECKS]
    assert [row["check"] for row in first] == sorted((row["check"] for row in first), key=order.index)


def test_judging_does_not_change_what_happened(clean_trace: Trace, judge: Judge) -> None:
    """Checks observe and never act: the record's hash stays."""
    before = clean_trace.sha256()
    judge(clean_trace)
    assert clean_trace.sha256() == before
