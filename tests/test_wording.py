"""Counts and units in sentences."""

from __future__ import annotations

import pytest

from sim.wording import counted, unit_beside


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 intents"), (1, "1 intent"), (2, "2 intents"), (1200, "1,200 intents")]
)
def test_one_is_singular_and_all_else_plural(number: int, text: str) -> None:
    """Thousands are parted."""
    assert counted(number, "intent") == text


@pytest.mark.parametrize(
    ("number", "unit", "shown"),
    [
        (1.0, "orders", "order"),
        (2.0, "orders", "orders"),
        (1.0, "s", "s"),
        (1.0, "base", "base"),
        (1.0, "", ""),
    ],
)
def test_a_unit_is_singular_beside_one(number: float, unit: str, shown: str) -> None:
    """Seconds are written s whatever their number."""
    assert unit_beside(number, unit) == shown
