"""I15: exits only ever reduce (failures F14, F15).

Every order that is not an entry must be reduce-only or close-position, and no fill of one may turn a position
round, enlarge it or open one.  One finding per order.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import running_sum, steps_of, symbol_numbers
from sim.checks.case import Case, Finding


def find_exits_that_open(case: Case) -> list[Finding]:
    """Return exits that opened or may open a position; amount is the quantity on the wrong side."""
    harmful = _harmful_fills(case)
    return [*harmful.values(), *_unbound_exits(case, set(harmful))]


def _harmful_fills(case: Case) -> dict[int, Finding]:
    fills, intents = case.table("fill"), case.table("intent")
    symbols, symbol = symbol_numbers(intents, fills["intent"])
    signed = fills["side"] * fills["quantity"]
    after = running_sum(fills["account"] * (len(symbols) + 1) + symbol, signed)
    before = after - signed
    dust = steps_of(intents, case.steps, fills["intent"]) / 2
    turned = (np.abs(after) > dust) & (after * before <= dust * dust)
    enlarged = ~turned & (np.abs(after) > np.abs(before) + dust)
    rows = np.flatnonzero((fills["role"] != "entry") & (turned | enlarged))
    return {
        int(fills["order"][row]): Finding(
            int(fills["intent"][row]),
            int(fills["at_us"][row]),
            abs(float(after[row])) if turned[row] else abs(float(after[row])) - abs(float(before[row])),
            "base",
            f"the position went from {before[row]:+g} to {after[row]:+g}",
            f"a {fills['role'][row]} order that closes",
        )
        for row in rows
    }


def _unbound_exits(case: Case, told: set[int]) -> list[Finding]:
    orders = case.table("order")
    unbound = (orders["status"] == "NEW") & (orders["role"] != "entry")
    unbound &= ~orders["reduce_only"] & ~orders["close_position"]
    return [
        Finding(
            int(orders["intent"][row]),
            int(orders["at_us"][row]),
            float(orders["quantity"][row]),
            "base",
            f"order {orders['order'][row]} could open a position: neither reduce-only nor close-position",
            f"a {orders['role'][row]} order that closes",
        )
        for row in np.flatnonzero(unbound)
        if int(orders["order"][row]) not in told
    ]
