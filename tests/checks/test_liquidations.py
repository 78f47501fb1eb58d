"""S11 on a run that is liquidated: silent as it is, and each planted bug is named."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

Row = dict[str, Any]
Rows = dict[str, list[Row]]
Judge = Callable[..., list[Row]]


def story() -> Rows:
    """Tell of a long of 0.02 from 50 000 at 20 times that dies at 47 690, sold at 47 680; wallet and all add up."""
    size, entry, price, isolated = 0.02, 50_000.0, 47_680.0, 50.0
    realised = size * (price - entry)
    left = isolated + realised
    commission = size * price * 0.0005
    fee = left - commission
    order = {"order": 1, "intent": 0, "account": 1, "quantity": size, "reduce_only": True, "request": -1}
    entering = {"order": 1, "reduce_only": False, "at_us": 2, "role": "entry", "type": "MARKET", "side": 1}
    dying = {"order": 2, "at_us": 5, "role": "liquidation", "type": "LIMIT", "side": -1}
    fill = {"intent": 0, "account": 1, "quantity": size, "mark": price, "trigger_price": 0.0}
    return {
        "intent": [{"intent": 0, "decided_us": 1, "symbol": "BTCUSDT", "direction": 1, "quantity": size}],
        "intent_end": [{"intent": 0, "ended_us": 9, "outcome": "closed by the venue", "believed_position": 0.0}],
        "order": [
            {**order, **entering, "status": "NEW"},
            {**order, **entering, "status": "FILLED"},
            {**order, **dying, "status": "NEW"},
            {**order, **dying, "status": "FILLED"},
        ],
        "fill": [
            {**fill, "order": 1, "at_us": 2, "role": "entry", "side": 1, "price": entry, "fee": 0.0, "reference": entry,
             "realised": 0.0},
            {**fill, "order": 2, "at_us": 5, "role": "liquidation", "side": -1, "price": price, "fee": commission + fee,
             "reference": price, "realised": realised},
        ],
        "account_end": [
            {"account": 1, "intent": 0, "at_us": 9, "position": 0.0, "open_orders": 0, "fees": commission + fee,
             "realised": realised, "wallet": 1e6 + realised - commission - fee, "leave_value": 0.0},
        ],
        "liquidation": [
            {"intent": 0, "account": 1, "at_us": 5, "order": 2, "side": 1, "quantity": size, "level": 47_690.0,
             "mark": 47_690.0, "isolated": isolated, "bankruptcy_price": 47_500.0, "book_price": price,
             "commission": commission, "fee": fee, "insurance": 0.0},
        ],
    }  # fmt: skip


def found(rows: Rows, judge_rows: Judge, check: str = "S11") -> list[Row]:
    return [row for row in judge_rows(rows) if row["check"] == check]


def test_a_sound_liquidation_is_silent(judge_rows: Judge) -> None:
    """No check of the simulator complains: money, fills, order life and margin agree."""
    assert [row for row in judge_rows(story()) if row["kind"] == "simulator"] == []


@pytest.mark.parametrize(
    ("table", "column", "by", "expected"),
    [
        ("liquidation", "mark", 1.0, "mark at or beyond the liquidation price"),
        ("liquidation", "level", -100.0, "mark at or beyond the liquidation price"),
        ("liquidation", "quantity", 0.01, "a fill of the whole position"),
        ("liquidation", "book_price", 10.0, "the better of book and bankruptcy price"),
        ("liquidation", "bankruptcy_price", 500.0, "the better of book and bankruptcy price"),
        ("liquidation", "isolated", -1.0, "a loss within the isolated wallet"),
        ("liquidation", "fee", 1.0, "a fee of commission and liquidation fee"),
        ("liquidation", "insurance", 1.0, "insurance beyond bankruptcy only"),
        ("fill", "quantity", -0.01, "nothing left"),
        ("fill", "fee", 1.0, "a loss within the isolated wallet"),
    ],
)
def test_each_wrong_number_is_named(
    table: str, column: str, by: float, expected: str, judge_rows: Judge
) -> None:
    """A planted error in the record shows under the rule that it breaks."""
    rows = story()
    rows[table][-1][column] += by
    breaches = found(rows, judge_rows)
    assert expected in {row["belief"] for row in breaches}
    assert {row["intent"] for row in breaches} == {0}


def test_a_liquidation_without_its_fill(judge_rows: Judge) -> None:
    """A row that nothing executed, and an execution that no row explains."""
    rows = story()
    del rows["fill"][-1]
    assert [row["belief"] for row in found(rows, judge_rows)] == ["one fill"]
    rows = story()
    del rows["liquidation"][0]
    assert [row["belief"] for row in found(rows, judge_rows)] == ["no liquidation is on record"]


def test_a_fee_that_the_wallet_did_not_pay(judge_rows: Judge) -> None:
    """Planted in the account's books: a liquidation fee that is on record but never left the wallet is S01's."""
    rows = deepcopy(story())
    fee = rows["liquidation"][0]["fee"]
    rows["account_end"][0]["wallet"] += fee
    assert found(rows, judge_rows, "S01")


def test_a_loss_beyond_the_isolated_wallet_is_seen(judge_rows: Judge) -> None:
    """Sold at 47 000 where bankruptcy is 47 500: settled at the book's price it breaks the law of isolated margin."""
    rows = story()
    price, size = 47_000.0, 0.02
    rows["liquidation"][0] |= {"book_price": price, "commission": 0.0, "fee": 0.0, "insurance": size * 500.0}
    rows["fill"][-1] |= {
        "price": price,
        "reference": price,
        "fee": 0.0,
        "realised": size * (price - 50_000.0),
    }
    assert {row["belief"] for row in found(rows, judge_rows)} == {
        "the better of book and bankruptcy price", "a loss within the isolated wallet",
    }  # fmt: skip
