"""I05: an accepted entry fills within the policy's slippage limit and a declared tolerance of its plan (failures F11).

A fill beyond that is explained, and then told as practice and not as a breach of safety, when the price it rests on was
at most ``reference_age_s`` + ``flight_s`` old when it filled and the book took no more than the tolerance: the market
moved while the order travelled, which nobody could see, and only a price bound on the order would have stopped it.
Fills better than planned break nothing.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import last_of_group, rows_of, taken, taken_us
from sim.checks.case import Case, Finding
from sim.checks.references import references_of, slippage_limits


def find_costly_entries(case: Case) -> list[Finding]:
    """Return each intent's worst entry fill beyond limit and tolerance; amount is how far beyond the plan, in bps."""
    intents, fills, sent = case.table("intent"), case.table("fill"), case.table("sent")
    if not case.settings.guard_entry or not case.table("verdict")["at_us"].size:
        return []
    rows = np.flatnonzero((fills["role"] == "entry") & (fills["intent"] >= 0))
    owner = rows_of(intents["intent"], fills["intent"][rows])
    rows, owner = rows[owner >= 0], owner[owner >= 0]
    direction, plan = intents["direction"][owner], intents["plan_price"][owner]
    away = direction * (fills["price"][rows] - plan) / plan
    tolerance = case.bounds.fill_tolerance_pct
    over = np.flatnonzero(away > slippage_limits(case, owner) + tolerance)
    if case.settings.slippage_volatility_factor or not over.size:
        return []
    over = over[np.lexsort((away[over], fills["intent"][rows[over]]))]
    over = over[last_of_group(fills["intent"][rows[over]])]
    rows, plan, direction, away = rows[over], plan[over], direction[over], away[over]

    orders = case.table("order")
    new = np.flatnonzero(orders["status"] == "NEW")
    order = taken_us(new, rows_of(orders["order"][new], fills["order"][rows]))
    asked = rows_of(sent["request"], taken_us(orders["request"], order))
    sent_us = np.where(asked >= 0, taken_us(sent["at_us"], asked), fills["at_us"][rows])
    behind = references_of(case, fills["intent"][rows], sent_us)
    old_us = fills["at_us"][rows] - behind.as_of_us
    book = direction * (fills["price"][rows] - fills["reference"][rows]) / plan
    moved = direction * (fills["reference"][rows] - taken(sent["last"], asked)) / plan
    unseen_us = (case.bounds.reference_age_s + case.bounds.flight_s) * 1e6
    explained = (behind.as_of_us >= 0) & (old_us <= unseen_us) & (book <= tolerance)
    limits = slippage_limits(case, owner[over])
    return [
        Finding(
            int(fills["intent"][row]),
            int(fills["at_us"][row]),
            float(away[one]) * 1e4,
            "bps",
            f"the entry filled at {fills['price'][row]:g}, {away[one] * 1e4:.1f} bps worse than the plan of "
            f"{plan[one]:g} ({moved[one] * 1e4:.1f} while it travelled, {book[one] * 1e4:.1f} in the book); "
            f"the price it rests on was {old_us[one] / 1e6:.3f} s old then"
            + (": explained" if explained[one] else ""),
            f"within {(limits[one] + tolerance) * 1e4:.1f} bps",
            "practice" if explained[one] else None,
        )
        for one, row in enumerate(rows)
    ]
