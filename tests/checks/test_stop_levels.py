"""Checks of stops (I06, I07): side, distance, liquidation and the risk budget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.execution import SafeOrderExecutor
from sim.faults import CodedError, How, Match

Row = dict[str, Any]
Rows = dict[str, list[Row]]
Judge = Callable[..., list[Row]]
LONG, SHORT = 1, 0


def row_of(rows: Rows, table: str, intent: int, **wanted: Any) -> Row:
    """Return the intent's first row of a table, with these values."""
    return next(
        row for row in rows[table]
        if row["intent"] == intent and all(row[name] == value for name, value in wanted.items())
    )  # fmt: skip


def of(found: list[Row], check: str) -> list[Row]:
    return [row for row in found if row["check"] == check]


def moved(rows: Rows, intent: int, old: float, new: float, reference: float) -> Row:
    """Tell of a stop moved just before it left."""
    sent = row_of(rows, "sent", intent, role="sl")
    row = {
        "intent": intent, "placement": 1, "at_us": sent["at_us"], "old_price": old, "new_price": new,
        "reference_price": reference,
    }  # fmt: skip
    rows["stop_moved"].append(row)
    return row


def test_the_sound_record_is_silent(rows: Rows, judge_rows: Judge) -> None:
    """Stops of longs and shorts stand where they were planned."""
    assert {row["check"] for row in judge_rows(rows)}.isdisjoint({"I06", "I07"})


def test_i06_a_stop_that_opens(rows: Rows, judge_rows: Judge) -> None:
    """A stop of a long that buys protects nothing."""
    row_of(rows, "order", LONG, role="sl", status="NEW")["side"] = 1
    (found,) = of(judge_rows(rows), "I06")
    assert (found["intent"], found["kind"]) == (LONG, "safety")
    assert "opens in its own direction" in found["truth"]


@pytest.mark.parametrize(("intent", "sign"), [(LONG, 1), (SHORT, -1)])
def test_i06_a_stop_too_near(rows: Rows, judge_rows: Judge, intent: int, sign: int) -> None:
    """Two basis points from the entry is within the noise; both directions are judged alike."""
    plan = row_of(rows, "intent", intent)["plan_price"]
    order = row_of(rows, "order", intent, role="sl", status="NEW")
    order["price"] = plan * (1 - sign * 0.0002)
    (found,) = of(judge_rows(rows), "I06")
    assert found["intent"] == intent
    assert 2.0 < found["amount"] < 4.0
    assert found["unit"] == "bps"


@pytest.mark.parametrize(("intent", "sign"), [(LONG, 1), (SHORT, -1)])
def test_i06_a_stop_moved_to_the_winning_side(rows: Rows, judge_rows: Judge, intent: int, sign: int) -> None:
    """Swapped sides in the adjustment are seen although the venue refuses such a stop."""
    move = moved(rows, intent, 50_000.0, 50_000.0 * (1 + sign * 0.001), 50_000.0)
    (found,) = of(judge_rows(rows), "I06")
    assert "on its winning side" in found["truth"]
    move["new_price"] = 50_000.0 * (1 - sign * 0.001)
    assert of(judge_rows(rows), "I06") == []


def test_i06_swapped_sides_in_a_real_run(
    make_world: Any, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An executor that takes a long for a short when it moves a stop is named by the check."""
    refused = CodedError(name="refused", code=-2021, how=How(script=[1]), match=Match(role="sl"))
    assert of(judge(make_world([refused]).run().trace), "I06") == []
    right = SafeOrderExecutor._adjust_sl_for_2021

    async def swapped(self: Any, symbol: str, side: str, *args: Any, **keywords: Any) -> float:
        return await right(self, symbol, "sell" if side == "buy" else "buy", *args, **keywords)

    monkeypatch.setattr(SafeOrderExecutor, "_adjust_sl_for_2021", swapped)
    found = of(judge(make_world([refused]).run().trace), "I06")
    assert {row["intent"] for row in found} == set(range(12))


def test_i06_a_stop_beyond_liquidation(rows: Rows, judge_rows: Judge) -> None:
    """The record counts no cover from a stop that liquidation would overtake."""
    order = row_of(rows, "order", LONG, role="sl", status="NEW")
    state = row_of(rows, "exposure", LONG, at_us=order["at_us"])
    assert state["cover"] > 0
    state["cover"] = 0.0
    (found,) = of(judge_rows(rows), "I06")
    assert "beyond the liquidation price" in found["truth"]


def test_i07_a_stop_beyond_the_budget(rows: Rows, judge_rows: Judge) -> None:
    """0.4 % is planned, half as much again is allowed: 0.59 % passes, 0.61 % does not."""
    sent, plan = row_of(rows, "sent", LONG, role="sl"), row_of(rows, "verdict", LONG)["price"]
    sent["trigger_price"] = plan * (1 - 0.0059)
    assert of(judge_rows(rows), "I07") == []
    sent["trigger_price"] = plan * (1 - 0.0061)
    (found,) = of(judge_rows(rows), "I07")
    assert found["intent"] == LONG
    assert found["amount"] == pytest.approx(21.0, abs=0.5)


def test_i07_a_chase_in_a_rise(make_world: Any, judge: Judge) -> None:
    """In a rise of 0.2 % a second an executor that follows the price widens its shorts' stops beyond any budget."""
    late = CodedError(name="late", code=-1001, applied=0.0, how=How(script=[1, 2, 3]), match=Match(role="sl"))
    rising = make_world([late], pct_per_s=0.2, side=-1, intents=3)
    found = of(judge(rising.run().trace), "I07")
    assert found
    assert all(row["amount"] > 20.0 for row in found)
