"""I17: moving a stop leaves a gap of at most ``replace_gap_s``, and never gives up the better stop (failures F07).

A move begins where the code under test cancels a stop of a position that lives on.  The gap is the naked stretch that
begins there, less excused time; it ends with the next cover, or with the position.  A stop is better than another
when its trigger loses less: higher for a long, lower for a short.
"""

from __future__ import annotations

import numpy as np

from sim.checks.case import Case, Finding, IntArray
from sim.checks.naked import Story, Stretches, groups_of, story_of, stretches_of

_RELATIVE = 1e-9


def find_bad_stop_moves(case: Case) -> list[Finding]:
    """Return gaps that are too long (s) and stops given up for a worse one (amount: quote, per unit of base)."""
    orders = case.table("order")
    cancelled = np.flatnonzero((orders["status"] == "CANCELED") & (orders["role"] == "sl"))
    if not cancelled.size:
        return []
    group = groups_of(case, orders)
    story, stretch = story_of(case), stretches_of(case)
    findings = []
    for row in cancelled:
        at_us, mine = int(orders["at_us"][row]), int(group[row])
        held_until_us = _held_until_us(story, mine, at_us)
        if held_until_us <= at_us:
            continue
        gap_us = _gap_us(stretch, mine, at_us)
        if gap_us > round(case.bounds.replace_gap_s * 1e6):
            findings.append(
                Finding(
                    int(orders["intent"][row]), at_us, gap_us / 1e6, "s",
                    f"stop {orders['order'][row]} was cancelled and nothing covered for {gap_us / 1e6:.3f} s",
                    "the stop was being moved",
                )
            )  # fmt: skip
        worse_by = _worse_by(case, group, int(row), held_until_us)
        if worse_by > _RELATIVE * float(orders["price"][row]):
            findings.append(
                Finding(
                    int(orders["intent"][row]), at_us, worse_by, "quote",
                    f"stop {orders['order'][row]} at {orders['price'][row]:.9g} was cancelled for one that is "
                    f"{worse_by:.9g} further away",
                    "the stop was being moved",
                )
            )  # fmt: skip
    return findings


def _held_until_us(story: Story, group: int, at_us: int) -> int:
    """Return until when the position that stands at a moment is held; the moment itself when none stands."""
    rows = np.flatnonzero(story.group == group)
    place = int(np.searchsorted(story.at_us[rows], at_us, side="right")) - 1
    if place < 0 or not story.held[rows[place]]:
        return at_us
    later = np.flatnonzero(~story.held[rows[place:]])
    return int(story.at_us[rows[place + later[0]]] if later.size else story.until_us[rows[-1]])


def _gap_us(stretch: Stretches, group: int, at_us: int) -> int:
    """Return how long the naked stretch that begins with a cancel is charged; 0 where cover went on."""
    begun: IntArray = np.flatnonzero((stretch.group == group) & (stretch.from_us == at_us))
    return int(stretch.charged_us[begun[0]]) if begun.size else 0


def _worse_by(case: Case, group: IntArray, row: int, until_us: int) -> float:
    """Return by how much the stop that stands in, or comes next, is worse than the cancelled one; 0 for not."""
    orders = case.table("order")
    at_us, number = int(orders["at_us"][row]), orders["order"][row]
    # In one account other intents have stops of their own, and those replace nothing.
    own = (group == group[row]) & (orders["intent"] == orders["intent"][row])
    stops = (orders["role"] == "sl") & own & (orders["side"] == orders["side"][row])
    new = stops & (orders["status"] == "NEW") & (orders["order"] != number) & (orders["at_us"] <= until_us)
    over = orders["order"][(orders["status"] != "NEW") & (orders["at_us"] <= at_us)]
    candidates = np.flatnonzero(new & ~np.isin(orders["order"], over))
    if not candidates.size:
        return 0.0
    # What rests already is the replacement; else the first that comes.
    resting = candidates[orders["at_us"][candidates] <= at_us]
    chosen = resting if resting.size else candidates[:1]
    # A stop that sells (side -1) protects a long, and the higher it stands the less it loses.
    direction = -int(orders["side"][row])
    best = max(direction * float(orders["price"][one]) for one in chosen)
    return max(0.0, direction * float(orders["price"][row]) - best)
