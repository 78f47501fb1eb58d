"""Counts in sentences."""

from __future__ import annotations

import pytest

from sim.wording import counted


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 intents"), (1, "1 intent"), (2, "2 intents"), (1200, "1,200 intents")]
)
def test_one_is_singular_and_all_else_plural(number: int, text: str) -> None:
    """Thousands are parted."""
    assert counted(number, "intent") == text
