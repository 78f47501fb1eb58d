"""I02: belief equals truth once an intent has settled (failures F03, F17, F21, F29).

Under intent isolation each intent answers for its own account: from ``settle_belief`` after its flow ended
until its books close (and after, should a late order still act), the account must hold what the intent said.
In one shared account nobody's position is his own, so the sums are compared at the end.  An intent whose flow
never ended has no last word; that is L02.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import rows_of, steps_of
from sim.checks.case import NO_INTENT, Case, Finding


def find_wrong_beliefs(case: Case) -> list[Finding]:
    """Return intents that believe in another position than the venue's; amount is the difference."""
    return _of_intents(case) if case.isolation == "intent" else _of_account(case)


def _of_intents(case: Case) -> list[Finding]:
    ends, books, exposure = case.table("intent_end"), case.table("account_end"), case.table("exposure")
    number, believed = ends["intent"], ends["believed_position"]
    book = rows_of(books["intent"], number)
    has_books = book >= 0
    closed_us = np.where(
        has_books, books["at_us"][book] if books["at_us"].size else 0, np.iinfo(np.int64).max
    )
    from_us = np.minimum(ends["ended_us"] + case.settle_belief_us, closed_us)
    worst = np.where(has_books, books["position"][book] if books["at_us"].size else 0.0, believed)

    owner = rows_of(number, exposure["intent"])
    rows = np.flatnonzero(owner >= 0)
    owner, at_us, position = owner[rows], exposure["at_us"][rows], exposure["position"][rows]
    early = at_us <= from_us[owner]
    # Rows stand in time order, so the last early one tells the position at the moment belief must be right.
    standing = np.zeros(number.size)
    standing[owner[early]] = position[early]
    worst = _further(worst, standing, believed)
    late = np.flatnonzero(~early)
    by_gap = late[np.argsort(np.abs(position[late] - believed[owner[late]]), kind="stable")]
    furthest = worst.copy()
    furthest[owner[by_gap]] = position[by_gap]
    worst = _further(worst, furthest, believed)

    gap = np.abs(worst - believed)
    found = np.flatnonzero(gap > steps_of(case.table("intent"), case.steps, number) / 2)
    return [
        Finding(
            int(number[row]),
            int(from_us[row]),
            float(gap[row]),
            "base",
            f"the account holds {worst[row]:+g}",
            f"{believed[row]:+g} when its flow ended ({ends['outcome'][row]})",
        )
        for row in found
    ]


def _further(one: np.ndarray, other: np.ndarray, believed: np.ndarray) -> np.ndarray:
    return np.where(np.abs(other - believed) > np.abs(one - believed), other, one)


def _of_account(case: Case) -> list[Finding]:
    intents, ends, books = case.table("intent"), case.table("intent_end"), case.table("account_end")
    if not books["at_us"].size or np.setdiff1d(intents["intent"], ends["intent"]).size:
        return []
    believed = float(ends["believed_position"].sum())
    held = float(books["position"].sum())
    if abs(held - believed) <= min(case.steps.values()) / 2:
        return []
    return [
        Finding(
            NO_INTENT,
            int(books["at_us"][-1]),
            abs(held - believed),
            "base",
            f"the account holds {held:+g}",
            f"{believed:+g}, summed over {ends['intent'].size} intents",
        )
    ]
