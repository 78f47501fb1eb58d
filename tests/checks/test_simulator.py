"""The simulator's checks of itself: money, time, faults and order lives, on changed records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Row = dict[str, Any]
Rows = dict[str, list[Row]]
Judge = Callable[..., list[Row]]


def ids(found: list[Row]) -> set[str]:
    return {row["check"] for row in found}


# -- S01 -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("table", "column", "by"), [
    ("account_end", "wallet", 0.01), ("account_end", "realised", 0.01), ("account_end", "fees", -0.01),
    ("account_end", "position", 0.001), ("fill", "fee", 0.01), ("fill", "realised", -0.01), ("fill", "quantity", 0.001),
    ("fill", "price", 10.0),
])  # fmt: skip
def test_s01_money_from_nowhere(table: str, column: str, by: float, rows: Rows, judge_rows: Judge) -> None:
    """Whatever number is off, the books and the fills no longer agree, and the account is named."""
    rows[table][0][column] += by
    found = [row for row in judge_rows(rows) if row["check"] == "S01"]
    assert found
    assert {row["intent"] for row in found} == {rows[table][0]["intent"]}
    assert found[0]["kind"] == "simulator"
    if column in ("wallet", "position", "fee"):
        assert found[0]["amount"] == pytest.approx(abs(by))


def test_s01_a_fee_with_the_wrong_sign(rows: Rows, judge_rows: Judge) -> None:
    """Takers that are paid: consistent books do not hide it."""
    for row in rows["fill"]:
        row["fee"] = -row["fee"]
    for row in rows["account_end"]:
        row["wallet"] += 2 * row["fees"]
        row["fees"] = -row["fees"]
    found = judge_rows(rows)
    assert ids(found) == {"S01"}
    assert len(found) == len(rows["fill"])


def test_s01_profit_with_the_wrong_sign(rows: Rows, judge_rows: Judge) -> None:
    """Books that agree with themselves but not with the cash the fills moved."""
    for row in rows["fill"]:
        row["realised"] = -row["realised"]
    for row in rows["account_end"]:
        row["wallet"] -= 2 * row["realised"]
        row["realised"] = -row["realised"]
    assert ids(judge_rows(rows)) == {"S01"}


def test_s01_another_opening_wallet(rows: Rows, judge_rows: Judge) -> None:
    """The money an account began with is part of the sum."""
    assert len(judge_rows(rows, opening_wallet=999_999.0)) == len(rows["account_end"])


def test_s01_fills_after_the_close_are_not_in_the_books(rows: Rows, judge_rows: Judge) -> None:
    """A late order that acts on a closed account does not make its books wrong."""
    late = {**rows["fill"][0], "order": 901, "at_us": rows["account_end"][-1]["at_us"] + 1, "role": "entry"}
    rows["fill"].append(late)
    assert "S01" not in ids(judge_rows(rows))


def test_s01_an_open_position_is_not_held_to_its_cash(rows: Rows, judge_rows: Judge) -> None:
    """While a position is open its entry cash is out; only realised, fees and quantity must add up."""
    entry = rows["fill"][0]
    kept: Rows = {"intent": rows["intent"][:1], "fill": [entry], "intent_end": []}
    kept["account_end"] = [
        {"account": entry["account"], "intent": 0, "at_us": 10**12, "position": entry["side"] * entry["quantity"],
         "open_orders": 0, "wallet": 1e6 - entry["fee"], "fees": entry["fee"], "realised": 0.0, "leave_value": 0.0}
    ]  # fmt: skip
    assert "S01" not in ids(judge_rows(kept))


# -- S02 -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    [
        "intent",
        "intent_end",
        "verdict",
        "placement",
        "request",
        "write",
        "order",
        "fill",
        "exposure",
        "account_end",
    ],
)
def test_s02_a_row_out_of_order(table: str, rows: Rows, judge_rows: Judge) -> None:
    """Swap two rows and time goes back; the finding names table and row."""
    rows[table][0], rows[table][-1] = rows[table][-1], rows[table][0]
    found = [row for row in judge_rows(rows) if row["check"] == "S02"]
    assert found
    assert all(row["truth"].startswith(f"{table} row ") for row in found)
    assert min(row["amount"] for row in found) > 0


@pytest.mark.parametrize(("table", "first"), [("placement", "started_us"), ("request", "sent_us")])
def test_s02_something_that_ends_before_it_begins(
    table: str, first: str, rows: Rows, judge_rows: Judge
) -> None:
    """A length below nought is a step back too."""
    rows[table][3][first] += 10**12
    found = [row for row in judge_rows(rows) if row["check"] == "S02"]
    assert [row["truth"] for row in found] == [f"{table} row 3 ends before it begins"]


# -- S04 and S05 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["entry", "sl", "tp", "flatten"])
def test_s04_a_fill_better_than_last(role: str, rows: Rows, judge_rows: Judge) -> None:
    """A taker that gets a price for nothing; the amount is the gift."""
    fill = next(row for row in rows["fill"] if row["role"] == role)
    fill["price"] = fill["reference"] - fill["side"] * 0.5
    found = [row for row in judge_rows(rows) if row["check"] == "S04"]
    assert [row["amount"] for row in found] == [pytest.approx(0.5)]


def test_s04_a_fill_at_last_is_no_gift(rows: Rows, judge_rows: Judge) -> None:
    """Free trading is a legal setting."""
    for row in rows["fill"]:
        row["reference"] = row["price"]
    assert "S04" not in ids(judge_rows(rows))


@pytest.mark.parametrize("role", ["sl", "tp"])
def test_s05_a_trigger_on_the_wrong_side(role: str, rows: Rows, judge_rows: Judge) -> None:
    """An order that fired far from its trigger: neither last nor mark had come near."""
    fired = next(row for row in rows["order"] if row["role"] == role and row["status"] == "TRIGGERED")
    # A buy stop of a short fires rising, a sell target of a long too: move the level above the price.
    for row in rows["order"]:
        if row["order"] == fired["order"]:
            row["price"] *= 1.004
    (found,) = [row for row in judge_rows(rows) if row["check"] == "S05"]
    assert found["amount"] == pytest.approx(200.0, rel=0.1)


def test_s05_a_price_that_came_back_a_little_is_no_breach(rows: Rows, judge_rows: Judge) -> None:
    """Within the trigger delay the price may move; after a long delay nothing can be said."""
    fired = next(row for row in rows["order"] if row["status"] == "TRIGGERED")
    fill = next(row for row in rows["fill"] if row["order"] == fired["order"])
    for name in ("reference", "mark"):
        fill[name] = fired["price"] * 0.9995
    assert "S05" not in ids(judge_rows(rows))
    for name in ("reference", "mark"):
        fill[name] = fired["price"] * 0.99
    assert "S05" in ids(judge_rows(rows))
    fired["at_us"] -= 200_000
    assert "S05" not in ids(judge_rows(rows))


# -- S06 -------------------------------------------------------------------------------------------------


def fault(request: Row, /, **changes: Any) -> Row:
    return {
        "fault": "f", "kind": "test", "request": request["request"], "intent": request["intent"],
        "role": request["role"], "call": request["call"], "n": request["n"], "at_us": request["sent_us"],
        "stage": "core", "truth": "not_applied", **changes,
    }  # fmt: skip


def test_s06_a_fault_on_its_request(rows: Rows, judge_rows: Judge) -> None:
    """Several faults may fire on one request, each once."""
    request = rows["request"][2]
    rows["fault"] = [fault(request), fault(request, fault="g")]
    assert judge_rows(rows) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"request": 9999}, "was never made"),
        ({"intent": 77}, "is another one"),
        ({"role": "trailing"}, "is another one"),
        ({"call": "GET /fapi/v1/ping"}, "is another one"),
        ({"n": 5}, "is another one"),
    ],
)
def test_s06_a_stray_fault(changes: Row, says: str, rows: Rows, judge_rows: Judge) -> None:
    """On a request that does not exist, or that is somebody else's."""
    rows["fault"] = [fault(rows["request"][2], **changes)]
    (found,) = judge_rows(rows)
    assert found["check"] == "S06"
    assert says in found["truth"]


def test_s06_a_fault_told_twice(rows: Rows, judge_rows: Judge) -> None:
    """One fault fires once on one request."""
    rows["fault"] = [fault(rows["request"][2])] * 2
    (found,) = judge_rows(rows)
    assert (found["check"], found["truth"][-14:]) == ("S06", "had it already")


def test_s06_requests_under_way_at_the_end_are_not_missed(rows: Rows, judge_rows: Judge) -> None:
    """A run that is cut off leaves faults whose requests have no answer yet."""
    end_us = rows["account_end"][-1]["at_us"]
    rows["fault"] = [fault(rows["request"][2], request=9999, at_us=end_us - 1_000_000)]
    assert judge_rows(rows) == []


# -- S07 -------------------------------------------------------------------------------------------------


def life(rows: Rows, kind: str, states: list[str]) -> Rows:
    """Tell one order's life, with a fill when it is FILLED."""
    base = next(row for row in rows["order"] if row["type"] == kind)
    told: Rows = {"intent": rows["intent"]}
    told["order"] = [{**base, "order": 5, "status": state, "at_us": at} for at, state in enumerate(states)]
    told["fill"] = [{**rows["fill"][0], "order": 5, "at_us": 9}] if "FILLED" in states else []
    return told


@pytest.mark.parametrize(
    ("kind", "states", "legal"),
    [
        ("MARKET", ["NEW", "FILLED"], True),
        ("MARKET", ["NEW", "EXPIRED"], True),
        ("STOP_MARKET", ["NEW"], True),
        ("STOP_MARKET", ["NEW", "CANCELED"], True),
        ("STOP_MARKET", ["NEW", "EXPIRED"], True),
        ("STOP_MARKET", ["NEW", "TRIGGERED", "FILLED"], True),
        ("TAKE_PROFIT_MARKET", ["NEW", "TRIGGERED", "EXPIRED"], True),
        ("MARKET", ["FILLED"], False),
        ("MARKET", ["NEW", "TRIGGERED"], False),
        ("MARKET", ["NEW", "CANCELED"], False),
        ("STOP_MARKET", ["NEW", "FILLED"], False),
        ("STOP_MARKET", ["NEW", "NEW"], False),
        ("STOP_MARKET", ["NEW", "TRIGGERED", "CANCELED"], False),
        ("STOP_MARKET", ["NEW", "CANCELED", "TRIGGERED"], False),
        ("STOP_MARKET", ["NEW", "TRIGGERED", "FILLED", "EXPIRED"], False),
    ],
)
def test_s07_lives_of_orders(
    kind: str, states: list[str], legal: bool, rows: Rows, judge_rows: Judge
) -> None:
    """Market orders fill or expire at once; conditional ones rest, trigger, and end once."""
    found = [row for row in judge_rows(life(rows, kind, states)) if row["check"] == "S07"]
    assert len(found) == (0 if legal else 1)


def test_s07_filled_without_a_fill_and_the_reverse(rows: Rows, judge_rows: Judge) -> None:
    """FILLED and fills go together, one to one."""
    without = life(rows, "MARKET", ["NEW", "FILLED"])
    without["fill"] = []
    unfilled = life(rows, "STOP_MARKET", ["NEW"])
    unfilled["fill"] = [{**rows["fill"][0], "order": 5, "at_us": 9}]
    twice = life(rows, "MARKET", ["NEW", "FILLED"])
    twice["fill"] *= 2
    texts = [
        [row["truth"] for row in judge_rows(told) if row["check"] == "S07"]
        for told in (without, unfilled, twice)
    ]
    assert texts == [
        ["order 5: FILLED with 0 fills"], ["order 5 has a fill and was never FILLED"], ["order 5: FILLED with 2 fills"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("share", "fills", "truth"),
    [
        (0.5, 1, None),
        (1.0, 1, "order 5 is EXPIRED and filled whole"),
        (0.5, 2, "order 5 is EXPIRED and has two fills"),
    ],
)
def test_s07_an_order_cut_short_has_one_fill_of_a_part(
    share: float, fills: int, truth: str | None, rows: Rows, judge_rows: Judge
) -> None:
    """What the market take bound let through is one fill of less than the order's quantity."""
    told = life(rows, "MARKET", ["NEW", "EXPIRED"])
    quantity = told["order"][0]["quantity"] * share
    told["fill"] = [{**rows["fill"][0], "order": 5, "at_us": 9, "quantity": quantity}] * fills
    assert [row["truth"] for row in judge_rows(told) if row["check"] == "S07"] == ([truth] if truth else [])
