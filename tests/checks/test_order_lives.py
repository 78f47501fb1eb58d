"""S07 and S05 on orders that rest, fill in parts, or become a LIMIT order at their trigger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Rows = dict[str, list[dict[str, Any]]]
Judge = Callable[..., list[dict[str, Any]]]


def life(rows: Rows, kind: str, states: list[str], parts: list[float]) -> Rows:
    """Tell one order's life, and fills of these shares of its quantity."""
    base = {**rows["order"][0], "type": kind, "order": 5}
    told: Rows = {"intent": rows["intent"]}
    told["order"] = [{**base, "status": state, "at_us": at} for at, state in enumerate(states)]
    told["fill"] = [
        {**rows["fill"][0], "order": 5, "at_us": 9, "quantity": base["quantity"] * part} for part in parts
    ]
    return told


def found(rows: Rows, judge_rows: Judge) -> list[str]:
    return [row["truth"] for row in judge_rows(rows) if row["check"] == "S07"]


@pytest.mark.parametrize(
    ("kind", "states", "parts"),
    [
        ("LIMIT", ["NEW", "FILLED"], [1.0]),
        ("LIMIT", ["NEW", "PARTIALLY_FILLED", "PARTIALLY_FILLED", "FILLED"], [0.5, 0.25, 0.25]),
        ("LIMIT", ["NEW", "PARTIALLY_FILLED"], [0.5]),
        ("LIMIT", ["NEW", "PARTIALLY_FILLED", "CANCELED"], [0.5]),
        ("LIMIT", ["NEW", "PARTIALLY_FILLED", "EXPIRED"], [0.5]),
        ("LIMIT", ["NEW", "EXPIRED_IN_MATCH"], []),
        ("LIMIT", ["NEW", "CANCELED"], []),
        ("STOP", ["NEW", "TRIGGERED"], []),
        ("STOP", ["NEW", "TRIGGERED", "CANCELED"], []),
        ("STOP", ["NEW", "TRIGGERED", "PARTIALLY_FILLED", "FILLED"], [0.5, 0.5]),
        ("TAKE_PROFIT", ["NEW", "TRIGGERED", "REJECTED"], []),
        ("STOP_MARKET", ["NEW", "TRIGGERED", "REJECTED"], []),
    ],
)
def test_s07_legal_lives_of_resting_orders(
    kind: str, states: list[str], parts: list[float], rows: Rows, judge_rows: Judge
) -> None:
    """Several fills are as legal as one, when the life tells of each."""
    assert found(life(rows, kind, states, parts), judge_rows) == []


@pytest.mark.parametrize(
    ("kind", "states", "parts", "truth"),
    [
        ("LIMIT", ["NEW", "TRIGGERED"], [], "order 5: NEW -> TRIGGERED"),
        ("LIMIT", ["NEW", "PARTIALLY_FILLED", "NEW"], [0.5], "order 5: PARTIALLY_FILLED -> NEW"),
        ("LIMIT", ["NEW", "CANCELED", "FILLED"], [1.0], "order 5: CANCELED -> FILLED"),
        ("LIMIT", ["NEW", "REJECTED"], [], "order 5: NEW -> REJECTED"),
        ("LIMIT", ["NEW", "PARTIALLY_FILLED", "FILLED"], [1.0], "order 5: FILLED with 1 fills"),
        ("LIMIT", ["NEW", "PARTIALLY_FILLED"], [0.25, 0.25], "order 5: PARTIALLY_FILLED with 2 fills"),
        ("LIMIT", ["NEW", "FILLED"], [0.5], "order 5: filled 0.005"),
        ("LIMIT", ["NEW", "PARTIALLY_FILLED", "FILLED"], [0.75, 0.75], "order 5: filled 0.015"),
        ("LIMIT", ["NEW", "EXPIRED"], [0.5], "order 5 has a fill and was never FILLED"),
        ("STOP", ["NEW", "FILLED"], [1.0], "order 5: NEW -> FILLED"),
        ("STOP_MARKET", ["NEW", "TRIGGERED", "CANCELED"], [], "order 5: TRIGGERED -> CANCELED"),
        ("STOP_MARKET", ["NEW", "REJECTED"], [], "order 5: NEW -> REJECTED"),
    ],
)
def test_s07_illegal_lives_of_resting_orders(
    kind: str, states: list[str], parts: list[float], truth: str, rows: Rows, judge_rows: Judge
) -> None:
    """One planted fault each, and it is named."""
    assert truth in found(life(rows, kind, states, parts), judge_rows)


def test_s05_sees_a_stop_limit_that_fired_on_the_wrong_side(rows: Rows, judge_rows: Judge) -> None:
    """A STOP is held to the same side as a STOP_MARKET."""
    fired = next(row for row in rows["order"] if row["role"] == "sl" and row["status"] == "TRIGGERED")
    for row in rows["order"]:
        if row["order"] == fired["order"]:
            row["type"] = "STOP"
    assert "S05" not in [row["check"] for row in judge_rows(rows)]
    for row in rows["order"]:
        if row["order"] == fired["order"]:
            row["price"] *= 1.004
    assert "S05" in [row["check"] for row in judge_rows(rows)]
