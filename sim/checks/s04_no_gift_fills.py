"""S04: no fill is better for the taker than last at that moment (fill rules 2 and 3 only ever add cost).

A liquidation is settled at the bankruptcy price where the book gives less; S11 holds its price to that.
"""

from __future__ import annotations

import numpy as np

from sim.checks.case import Case, Finding


def find_gift_fills(case: Case) -> list[Finding]:
    """Return fills that were cheaper than the tape; amount is the gift per unit, in quote currency."""
    fills = case.table("fill")
    gift = np.where(
        fills["role"] == "liquidation", 0.0, fills["side"] * (fills["reference"] - fills["price"])
    )
    return [
        Finding(
            int(fills["intent"][row]),
            int(fills["at_us"][row]),
            float(gift[row]),
            "quote",
            f"order {fills['order'][row]} filled at {fills['price'][row]:.9g}",
            f"last was {fills['reference'][row]:.9g}: a taker pays the spread",
        )
        for row in np.flatnonzero(~(gift <= 1e-9 * np.abs(fills["reference"])))
    ]
