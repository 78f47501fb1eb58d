"""I07: adjusting a stop never raises the loss it stands for beyond the intent's budget (failures F02).

Loss is measured as the planned one is: from the price the levels were made from (the entry's fill; for code that does
not read it, the guard's entry, else the plan) to the stop, as a share of it.  The budget is the planned distance times
1 + ``widen_budget``; what guard and executor add counts together, and so do several moves.  One tick is allowed for
rounding.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import last_of_group, rows_of
from sim.checks.case import Case, Finding
from sim.checks.references import entry_references, fill_references

_ROUNDING = 1e-9


def find_widened_stops(case: Case) -> list[Finding]:
    """Return each intent's widest stop beyond budget that was sent; amount is the widening in bps of the price."""
    sent, intents = case.table("sent"), case.table("intent")
    rows = np.flatnonzero((sent["role"] == "sl") & (sent["intent"] >= 0) & np.isfinite(sent["trigger_price"]))
    owner = rows_of(intents["intent"], sent["intent"][rows])
    rows, owner = rows[owner >= 0], owner[owner >= 0]
    if not rows.size:
        return []
    plan, direction = intents["plan_price"][owner], intents["direction"][owner]
    planned = np.abs(plan - intents["sl_price"][owner]) / plan
    entry = entry_references(case, sent["intent"][rows], sent["at_us"][rows], owner)
    trigger = sent["trigger_price"][rows]
    filled = fill_references(case, sent["intent"][rows], sent["at_us"][rows])
    # A stop made from either price is no adjustment: it counts only where it is too far from both.
    by_fill = direction * (filled - trigger) / filled < direction * (entry - trigger) / entry
    entry = np.where(by_fill, filled, entry)
    distance = direction * (entry - trigger) / entry
    ticks = np.array(
        [case.grids[symbol].tick if symbol in case.grids else 0.0 for symbol in intents["symbol"]]
    )
    allowed = planned * (1 + case.bounds.widen_budget) + ticks[owner] / entry + _ROUNDING
    over = np.flatnonzero(distance > allowed)
    over = over[np.lexsort((distance[over], sent["intent"][rows[over]]))]
    over = over[last_of_group(sent["intent"][rows[over]])]
    return [
        Finding(
            int(sent["intent"][rows[one]]),
            int(sent["at_us"][rows[one]]),
            float(distance[one] - planned[one]) * 1e4,
            "bps",
            f"a stop at {sent['trigger_price'][rows[one]]:g} was sent: it loses {distance[one]:.3%} of the entry at "
            f"{entry[one]:g}",
            f"planned to lose {planned[one]:.3%}, and at most {planned[one] * (1 + case.bounds.widen_budget):.3%}",
        )
        for one in over
    ]
