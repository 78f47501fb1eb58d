"""Checks of the price an entry rests on and fills at (I04, I05): the sound record is silent, each bug is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.faults import CodedError, How, Match

Row = dict[str, Any]
Rows = dict[str, list[Row]]
Judge = Callable[..., list[Row]]
LONG = 1
SECOND = 1_000_000


def row_of(rows: Rows, table: str, intent: int = LONG, **wanted: Any) -> Row:
    """Return the intent's first row of a table, with these values."""
    return next(
        row for row in rows[table]
        if row["intent"] == intent and all(row[name] == value for name, value in wanted.items())
    )  # fmt: skip


def of(found: list[Row], check: str) -> list[Row]:
    return [row for row in found if row["check"] == check]


def later(rows: Rows, by_us: int) -> None:
    """Let the entry leave later than it did, with all that followed from it: only the check's view of it."""
    row_of(rows, "sent", role="entry")["at_us"] += by_us


def test_i04_the_sound_record_is_silent(rows: Rows, judge_rows: Judge) -> None:
    """Every entry left within milliseconds of the price it rests on."""
    assert of(judge_rows(rows), "I04") == []


def test_i04_an_old_price(rows: Rows, judge_rows: Judge) -> None:
    """An entry that leaves three seconds after the verdict is told with the age of its price."""
    later(rows, 3 * SECOND)
    (found,) = of(judge_rows(rows), "I04")
    assert (found["intent"], found["unit"], found["kind"]) == (LONG, "s", "safety")
    assert found["amount"] == pytest.approx(3.0, abs=0.5)
    assert "3." in found["truth"]
    assert "the guard saw" in found["belief"]


def test_i04_the_age_counts_from_when_the_price_was_the_venues(rows: Rows, judge_rows: Judge) -> None:
    """A reply that travelled three seconds brought an old price, however fresh the verdict is."""
    read = row_of(rows, "request", role="none", call="GET /fapi/v2/ticker/price")
    read["sent_us"] -= 3 * SECOND
    read["reply_leg_us"] += 3 * SECOND
    assert [row["intent"] for row in of(judge_rows(rows), "I04")] == [LONG]


def test_i04_a_price_that_a_fault_kept_back(rows: Rows, judge_rows: Judge) -> None:
    """A frozen price is as old as the fault made it, and the true one must lie within the limit too."""
    read = row_of(rows, "request", role="none", call="GET /fapi/v2/ticker/price")
    lie = {
        "intent": LONG, "at_us": read["answered_us"], "call": read["call"], "value": 50_000.0,
        "age_us": 10 * SECOND, "true_value": 50_000.0,
    }  # fmt: skip
    rows["price"].append(lie)
    assert of(judge_rows(rows), "I04")[0]["unit"] == "s"
    lie.update(age_us=-1, true_value=51_000.0)
    (found,) = of(judge_rows(rows), "I04")
    assert found["unit"] == "bps"
    assert "true price then was 51000" in found["truth"]


def test_i04_a_verdict_beyond_the_limit(rows: Rows, judge_rows: Judge) -> None:
    """A guard that accepts a price 1 % from the plan is found out by the judge's own arithmetic."""
    row_of(rows, "verdict")["price"] *= 1.01
    (found,) = of(judge_rows(rows), "I04")
    assert found["amount"] == pytest.approx(100.0, abs=2.0)
    assert found["unit"] == "bps"


def test_i04_no_verdict_or_a_refusal(rows: Rows, judge_rows: Judge) -> None:
    """An entry must not leave against the guard's word, nor without it; policies without a guard are not asked."""
    row_of(rows, "verdict")["accepted"] = False
    assert "refused it" in of(judge_rows(rows), "I04")[0]["truth"]
    rows["verdict"] = [row for row in rows["verdict"] if row["intent"] != LONG]
    assert "not been asked" in of(judge_rows(rows), "I04")[0]["truth"]
    assert of(judge_rows(rows, policy={"execution.guard_entry": False}), "I04") == []


def test_i04_a_price_bound_makes_age_harmless(rows: Rows, judge_rows: Judge) -> None:
    """A LIMIT order within the slippage limit cannot fill beyond it; one that is wider can."""
    later(rows, 60 * SECOND)
    plan = row_of(rows, "intent")["plan_price"]
    entry = row_of(rows, "sent", role="entry")
    entry["price"] = plan * 1.004
    assert of(judge_rows(rows), "I04") == []
    entry["price"] = plan * 1.006
    assert len(of(judge_rows(rows), "I04")) == 1


def test_i04_the_first_verdict_reused_on_retries(make_world: Any, judge: Judge) -> None:
    """The shipped executor judges once: three documented failures later its price is 3.5 s old."""
    fails = CodedError(
        name="fails", code=-1001, applied=0.0, how=How(script=[1, 2, 3]), match=Match(role="entry")
    )
    found = of(judge(make_world([fails]).run().trace), "I04")
    assert len(found) == 12
    assert all(3.5 < row["amount"] < 5.0 for row in found)


def test_i05_a_fill_far_from_the_plan(rows: Rows, judge_rows: Judge) -> None:
    """A book that takes a per cent is no bounded cause; a market that moved while the order flew is one."""
    fill = row_of(rows, "fill", role="entry")
    fill["price"] *= 1.01
    (found,) = of(judge_rows(rows, practice=True), "I05")
    assert found["kind"] == "safety"
    assert found["amount"] == pytest.approx(100.0, abs=2.0)
    fill["reference"] *= 1.01
    (found,) = of(judge_rows(rows, practice=True), "I05")
    assert (found["kind"], "explained" in found["truth"]) == ("practice", True)
    assert of(judge_rows(rows), "I05") == []


def test_i05_a_long_flight_explains_nothing(rows: Rows, judge_rows: Judge) -> None:
    """What filled five seconds after the price it rests on was sent too late, or travelled too long."""
    fill = row_of(rows, "fill", role="entry")
    fill["price"] *= 1.01
    fill["reference"] *= 1.01
    fill["at_us"] += 5 * SECOND
    rows["fill"].sort(key=lambda row: row["at_us"])
    assert [row["kind"] for row in of(judge_rows(rows), "I05")] == ["safety"]


def test_i05_better_than_planned_breaks_nothing(rows: Rows, judge_rows: Judge) -> None:
    """A fill a per cent below a long's plan is luck."""
    row_of(rows, "fill", role="entry")["price"] *= 0.99
    assert of(judge_rows(rows, practice=True), "I05") == []
