"""A hunt's page says what was covered in words for people."""

from __future__ import annotations

from typing import Any

from sim.report.hunt_page import hunt_page

RECORD: dict[str, Any] = {
    "scenario": "quickstart",
    "policy": "d7",
    "seed": 1,
    "symbol": "BTCUSDT",
    "side": "long",
    "title": "An ordinary day",
    "hold_s": 30.0,
    "notional_quote": 1000.0,
    "scripts": 0,
    "findings": [],
    "levels": [],
    "covered": [],
    "not_reached": [],
    "alphabet": [
        {"outcome": "busy", "stands_for": "transient", "told": "was refused with {code}, try again later"}
    ],
}


def test_outcomes_are_told_without_a_gap_for_their_code() -> None:
    """The table speaks of every call, so it names no code, and no place of one is left in its words."""
    page = hunt_page(RECORD)
    assert "was refused, try again later" in page
    assert "{code}" not in page
