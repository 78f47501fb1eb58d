"""What the user's code returned is read as belief by one table."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from types import SimpleNamespace
from typing import Any

import pytest

from sim.code import read_belief
from sim.code.belief import read_close
from sim.execution import ExecutionResult, OrderResult


class Status(Enum):
    """Be a status as people write them."""

    OPEN = "open"
    REFUSED = "refused"


@pytest.mark.parametrize(
    ("returned", "direction", "status", "quantity"),
    [
        (None, 1, "failed", None),
        (False, 1, "failed", None),
        (0.0, -1, "failed", None),
        ({}, 1, "failed", None),
        ([], 1, "failed", None),
        (True, -1, "open", 2.0),
        (1.5, -1, "open", 1.5),
        (-1.5, -1, "open", 1.5),
        (Decimal("0.5"), 1, "open", 0.5),
        (-1.5, 1, "open", -1.5),
        ((True, "fine"), 1, "open", 2.0),
        ({"orderId": 7, "status": "FILLED", "executedQty": "1.25"}, 1, "open", 1.25),
        ({"orderId": 7, "status": "NEW", "executedQty": "0", "origQty": "2"}, 1, "open", 2.0),
        ({"orderId": 7, "status": "EXPIRED", "executedQty": "0"}, 1, "failed", None),
        ({"orderId": 7, "status": "CANCELED", "executedQty": "0.5"}, 1, "open", 0.5),
        ({"id": "7", "status": "closed", "filled": 1.0}, 1, "open", 1.0),
        ({"success": False, "error": "no margin"}, 1, "failed", None),
        ({"status": Status.OPEN, "qty": 1}, 1, "open", 1.0),
        (SimpleNamespace(status=Status.REFUSED), 1, "refused", None),
        (OrderResult(True, "7"), 1, "open", 2.0),
        (OrderResult(False, error_message="-2019"), 1, "failed", None),
        (ExecutionResult("open", protected=True, quantity=1.0), 1, "open", 1.0),
    ],
)
def test_returned_values_are_read_by_the_table(
    returned: Any, direction: int, status: str, quantity: float | None
) -> None:
    """Nothing, yes and no, numbers, replies of python-binance and ccxt, and results with a status are told apart."""
    belief = read_belief(returned, direction, 2.0)
    assert (belief.status, belief.quantity) == (status, quantity)


def test_words_and_protection_are_read_too() -> None:
    """The text of a failure and whether a stop rests are part of the belief."""
    assert read_belief({"success": False, "error": "no margin"}, 1, 1.0).error_message == "no margin"
    assert read_belief({"status": "open", "sl_order_id": "9"}, 1, 1.0).protected


@pytest.mark.parametrize(
    ("returned", "success"),
    [
        (None, True),
        (True, True),
        (False, False),
        ({"success": False, "error_code": -2022}, False),
        ({"orderId": 7, "status": "FILLED"}, True),
        ({"status": "rejected"}, False),
        (OrderResult(True, "7"), True),
    ],
)
def test_a_close_is_read_as_a_success_or_none(returned: Any, success: bool) -> None:
    """A close that returns nothing is over; one that says no is not."""
    assert read_close(returned).success is success


def test_the_code_of_a_failed_close_is_kept() -> None:
    """A close refused because nothing is held is told from one that failed."""
    assert read_close({"success": False, "error_code": -2022, "msg": "x"}).error_code == -2022
