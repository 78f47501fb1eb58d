"""I01: at most one accepted entry per intent, over all attempts (failures F03, F04, F18, F20).

Two MARKET orders never rest, so accepted entries are counted as well as their fills.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import rows_of, steps_of, sum_by
from sim.checks.case import Case, Finding


def find_second_entries(case: Case) -> list[Finding]:
    """Return intents with a second accepted entry or an over-fill; amount is the surplus quantity."""
    intents, orders, fills = case.table("intent"), case.table("order"), case.table("fill")
    number = intents["intent"]
    accepted = (orders["role"] == "entry") & (orders["status"] == "NEW")
    count = sum_by(number, orders["intent"][accepted])
    bought = fills["role"] == "entry"
    filled = sum_by(number, fills["intent"][bought], fills["quantity"][bought])
    surplus = filled - intents["quantity"]
    step = steps_of(intents, case.steps, number)
    # The sum of a few floats may miss a whole step by its last bits.
    rows = np.flatnonzero((count > 1) | (surplus > step * (1 + 1e-6)))
    latest = rows_of(orders["intent"][accepted], number[rows])
    at_us = orders["at_us"][accepted]
    return [
        Finding(
            int(number[row]),
            int(at_us[last]) if last >= 0 else int(intents["decided_us"][row]),
            max(float(surplus[row]), 0.0),
            "base",
            f"{count[row]:.0f} entries accepted, {filled[row]:g} filled",
            f"one entry of {intents['quantity'][row]:g}",
        )
        for row, last in zip(rows, latest, strict=True)
    ]
