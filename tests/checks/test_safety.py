"""Safety checks on changed records: each sees its planted breach, measures it, and leaves the rest alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.trace import Trace

Row = dict[str, Any]
Rows = dict[str, list[Row]]
Judge = Callable[..., list[Row]]


def only(found: list[Row], check: str) -> Row:
    """Return the one finding, which must be the named check's."""
    assert [row["check"] for row in found] == [check]
    assert found[0]["truth"]
    assert found[0]["belief"]
    return found[0]


def of(rows: Rows, table: str, **wanted: Any) -> list[Row]:
    return [row for row in rows[table] if all(row[name] == value for name, value in wanted.items())]


def test_the_clean_record_is_silent(rows: Rows, judge_rows: Judge) -> None:
    """Rebuilt unchanged it has no finding, so each finding below is the planted one."""
    assert judge_rows(rows) == []


def test_an_empty_record_is_silent(judge: Judge) -> None:
    """A run in which nothing happened breaks nothing."""
    assert judge(Trace()) == []
    assert judge(Trace(), isolation="account") == []


# -- I01 -------------------------------------------------------------------------------------------------


def second_entry(rows: Rows, quantity: float) -> None:
    """Add an accepted and filled entry to intent 0, paid for and closed again as if nothing had happened."""
    accepted, filled = of(rows, "order", intent=0, role="entry")
    fill = of(rows, "fill", intent=0, role="entry")[0]
    at = rows["order"].index(filled) + 1
    rows["order"][at:at] = [{**accepted, "order": 900}, {**filled, "order": 900}]
    rows["fill"].insert(1, {**fill, "order": 900, "quantity": quantity})


def i01(found: list[Row]) -> list[Row]:
    return [row for row in found if row["check"] == "I01"]


def test_i01_a_second_accepted_entry(rows: Rows, judge_rows: Judge) -> None:
    """Two accepted entries are a breach; the amount is what was bought too much."""
    second_entry(rows, 0.010)
    (found,) = i01(judge_rows(rows))
    assert (found["intent"], found["kind"], found["unit"]) == (0, "safety", "base")
    assert found["amount"] == pytest.approx(0.010)
    assert found["at_us"] == of(rows, "order", order=900)[0]["at_us"]


def test_i01_a_second_entry_that_is_not_filled(rows: Rows, judge_rows: Judge) -> None:
    """Accepted is enough, although nothing was bought."""
    second_entry(rows, 0.010)
    rows["order"] = [row for row in rows["order"] if (row["order"], row["status"]) != (900, "FILLED")]
    rows["fill"] = [row for row in rows["fill"] if row["order"] != 900]
    assert [row["amount"] for row in i01(judge_rows(rows))] == [0.0]


@pytest.mark.parametrize(
    ("filled", "breach"), [(0.010, False), (0.011, False), (0.0111, True), (0.020, True)]
)
def test_i01_an_over_fill_of_more_than_one_step(
    filled: float, breach: bool, rows: Rows, judge_rows: Judge
) -> None:
    """One order may fill up to one step more than was meant."""
    of(rows, "fill", intent=0, role="entry")[0]["quantity"] = filled
    found = i01(judge_rows(rows))
    assert bool(found) is breach
    if breach:
        assert found[0]["amount"] == pytest.approx(filled - 0.010)


# -- I02 -------------------------------------------------------------------------------------------------


def i02(found: list[Row]) -> list[Row]:
    return [row for row in found if row["check"] == "I02"]


def test_i02_belief_and_books_differ(rows: Rows, judge_rows: Judge) -> None:
    """An intent that believes in a position it does not hold; the amount is the difference."""
    end = of(rows, "intent_end", intent=3)[0]
    end["believed_position"] = 0.010
    row = only(judge_rows(rows), "I02")
    assert (row["intent"], row["amount"], row["at_us"]) == (3, 0.010, end["ended_us"] + 30_000_000)
    assert row["belief"].startswith("+0.01")


@pytest.mark.parametrize(("gap_s", "breach"), [(10.0, False), (29.9, False), (30.1, True)])
def test_i02_belief_may_lag_for_a_while(gap_s: float, breach: bool, rows: Rows, judge_rows: Judge) -> None:
    """What differs only within settle_belief_s of the flow's end is no breach; what lasts longer is."""
    end = of(rows, "intent_end", intent=0)[0]
    last = of(rows, "exposure", intent=0)[-1]
    assert last["position"] == 0.0
    # The position really closed gap_s after the flow had ended, believing itself flat.
    end["ended_us"] = last["at_us"] - round(gap_s * 1e6)
    assert bool(i02(judge_rows(rows))) is breach


def test_i02_settling_takes_as_long_as_it_is_told(rows: Rows, judge_rows: Judge) -> None:
    """settle_belief_s moves the moment at which belief must be right."""
    end = of(rows, "intent_end", intent=0)[0]
    end["ended_us"] = of(rows, "exposure", intent=0)[-1]["at_us"] - 20_000_000
    assert not i02(judge_rows(rows, settle_belief_s=25.0))
    assert i02(judge_rows(rows, settle_belief_s=15.0))


def test_i02_a_late_order_after_the_books(rows: Rows, judge_rows: Judge) -> None:
    """An order that acts when nobody looks any more still makes the belief wrong."""
    last = of(rows, "exposure", intent=0)[-1]
    late_us = of(rows, "account_end", intent=0)[0]["at_us"] + 5_000_000
    row = {**last, "at_us": late_us, "position": -0.010, "cover": 0.010}
    after = [r for r in rows["exposure"] if r["at_us"] <= late_us]
    rows["exposure"] = [*after, row, *rows["exposure"][len(after) :]]
    assert [found["intent"] for found in i02(judge_rows(rows))] == [0]


def test_i02_less_than_half_a_step_is_dust(rows: Rows, judge_rows: Judge) -> None:
    """Belief in floats is not held to the last bit."""
    of(rows, "intent_end", intent=3)[0]["believed_position"] = 0.0004
    assert judge_rows(rows) == []


def test_i02_one_account_is_judged_by_its_sum(judge_rows: Judge, rows: Rows) -> None:
    """In a shared account nobody's position is his own; the sums must agree at the end."""
    total = {"position": 0.0, "open_orders": 0, "leave_value": 0.0, "intent": -1, "account": 0}
    for table in ("fill", "exposure", "order"):
        for row in rows[table]:
            row["account"] = 0
    fills = rows["fill"]
    money = {
        name: sum(row[key] for row in fills) for name, key in (("realised", "realised"), ("fees", "fee"))
    }
    wallet = 1_000_000.0 + money["realised"] - money["fees"]
    rows["account_end"] = [{**rows["account_end"][-1], **total, **money, "wallet": wallet}]
    assert [row for row in judge_rows(rows, isolation="account") if row["check"] in ("I02", "S01")] == []
    of(rows, "intent_end", intent=0)[0]["believed_position"] = -0.010
    of(rows, "intent_end", intent=1)[0]["believed_position"] = 0.010
    assert not i02(judge_rows(rows, isolation="account"))
    of(rows, "intent_end", intent=2)[0]["believed_position"] = -0.010
    (found,) = i02(judge_rows(rows, isolation="account"))
    assert (found["intent"], found["amount"]) == (-1, pytest.approx(0.010))


# -- I03 -------------------------------------------------------------------------------------------------


def exposure(at_s: float, position: float, cover: float, intent: int = 0, account: int = 1) -> Row:
    return {
        "intent": intent, "account": account, "at_us": round(at_s * 1e6), "position": position, "cover": cover,
        "mark": 50_000.0, "stop_price": float("nan"),
    }  # fmt: skip


def story(rows: Rows, *told: tuple[float, float, float], end_s: float = 100.0) -> Rows:
    """Keep one intent and tell its exposure anew: (s, position, cover)."""
    kept: Rows = {"intent": rows["intent"][:1], "intent_end": of(rows, "intent_end", intent=0)}
    kept["intent_end"][0]["believed_position"] = told[-1][1]
    kept["exposure"] = [exposure(*row) for row in told]
    end = {**of(rows, "account_end", intent=0)[0], "at_us": round(end_s * 1e6), "position": told[-1][1]}
    kept["account_end"] = [end]
    return kept


def naked(found: list[Row]) -> list[tuple[float, float]]:
    return [(row["at_us"] / 1e6, round(row["amount"], 6)) for row in found if row["check"] == "I03"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([(0, 0.01, 0.0), (5, 0.01, 0.01), (9, 0.0, 0.0)], []),
        ([(0, 0.01, 0.0), (5.000001, 0.01, 0.01), (9, 0.0, 0.0)], [(0.0, 5.000001)]),
        ([(0, -0.01, 0.0), (8, -0.01, 0.01), (9, 0.0, 0.0)], [(0.0, 8.0)]),
        ([(0, 0.01, 0.0), (8, 0.0, 0.0)], [(0.0, 8.0)]),
        ([(0, 0.01, 0.005), (8, 0.01, 0.01)], [(0.0, 8.0)]),
        ([(0, 0.01, 0.0096), (8, 0.01, 0.01)], []),
        ([(0, 0.01, 0.0)], [(0.0, 100.0)]),
        ([(0, 0.01, 0.0), (4, 0.01, 0.01), (5, 0.01, 0.0), (9, 0.0, 0.0)], []),
        ([(0, 0.01, 0.0), (4, 0.02, 0.0), (7, 0.02, 0.01), (9, 0.0, 0.0)], [(0.0, 9.0)]),
        (
            [(0, 0.01, 0.01), (10, 0.01, 0.0), (16, 0.01, 0.01), (20, 0.01, 0.0), (29, 0.0, 0.0)],
            [(20.0, 9.0)],
        ),
        ([(0, 0.01, 0.0), (3, 0.0, 0.0), (3, 0.01, 0.0), (9, 0.0, 0.0)], [(0.0, 9.0)]),
        ([(0, 0.01, 0.0), (3, 0.01, 0.01), (3, 0.01, 0.0), (9, 0.0, 0.0)], [(0.0, 9.0)]),
    ],
    ids=[
        "protected at the bound",
        "one microsecond late",
        "a short",
        "closed late",
        "half covered",
        "within half a step",
        "never protected, until the books close",
        "two short stretches do not add up",
        "changes within a stretch do not break it",
        "only the longest counts",
        "flat for no time at all",
        "covered for no time at all",
    ],
)
def test_i03_naked_time_is_piecewise(
    told: list[tuple[float, float, float]], expected: list[tuple[float, float]], rows: Rows, judge_rows: Judge
) -> None:
    """|position| above cover, from change to change, each instant's last word counting."""
    assert naked(judge_rows(story(rows, *told))) == expected


def test_i03_the_bound_is_the_callers(rows: Rows, judge_rows: Judge) -> None:
    """protect_s decides what is too long."""
    told = story(rows, (0, 0.01, 0.0), (8, 0.01, 0.01))
    assert naked(judge_rows(told, protect_s=8.0)) == []
    assert naked(judge_rows(told, protect_s=7.9)) == [(0.0, 8.0)]


def test_i03_accounts_do_not_continue_each_other(rows: Rows, judge_rows: Judge) -> None:
    """A stretch ends with its account's books; the next account's begins anew."""
    told = story(rows, (0, 0.01, 0.0), end_s=4.0)
    told["intent"] = rows["intent"][:2]
    told["intent_end"] += of(rows, "intent_end", intent=1)
    told["exposure"].append(exposure(2.0, 0.01, 0.0, intent=1, account=2))
    told["account_end"].append({**told["account_end"][0], "account": 2, "intent": 1, "at_us": 9_000_000})
    found = [row for row in judge_rows(told) if row["check"] == "I03"]
    assert [(row["intent"], row["amount"]) for row in found] == [(1, 7.0)]
