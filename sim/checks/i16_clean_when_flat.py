"""I16: an account that has been flat for ``clean_s`` has no live stop or target left (failures F14, F34).

A leftover exit opens nothing while it is reduce-only, but it reduces the next position, and it is what nobody
watches any more.  Excused time is not charged.  One that has fired and hangs (TRIGGERED) cannot be cancelled (-4117):
it is the venue's, and no live order any more.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sim.checks.arrays import among, last_of_group, one_of, rows_of
from sim.checks.case import Case, Finding, IntArray
from sim.checks.naked import groups_of, outages_of, story_of

_EXITS: Final = ("sl", "tp", "trailing")
_ENDS: Final = ("TRIGGERED", "FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED")


def find_leftover_exits(case: Case) -> list[Finding]:
    """Return exits that outlived their position by too long; amount is the charged time in seconds."""
    orders = case.table("order")
    begun = np.flatnonzero((orders["status"] == "NEW") & one_of(orders["role"], _EXITS))
    if not begun.size:
        return []
    bound_us = round(case.bounds.clean_s * 1e6)
    ended = np.flatnonzero(one_of(orders["status"], _ENDS))
    end = rows_of(orders["order"][ended], orders["order"][begun])
    books = case.table("account_end")
    book = rows_of(books["account"], orders["account"][begun])
    closed_us = np.where(book >= 0, books["at_us"][book] if books["at_us"].size else 0, -1)
    to_us = np.where(end >= 0, orders["at_us"][ended][end] if ended.size else 0, closed_us)
    group = groups_of(case, orders)[begun]
    flat_us, since_us = _flat_at_the_end(case, group, orders["at_us"][begun], to_us)
    intent = orders["intent"][begun]
    charged_us = flat_us - outages_of(case).excused_us(intent, since_us, since_us + flat_us)
    return [
        Finding(
            int(intent[row]),
            int(since_us[row] + bound_us),
            float(charged_us[row]) / 1e6,
            "s",
            f"order {orders['order'][begun[row]]} ({orders['role'][begun[row]]}) was still live "
            f"{charged_us[row] / 1e6:.3f} s after the position had gone",
            "nothing left to protect",
        )
        for row in np.flatnonzero(charged_us > bound_us)
    ]


def _flat_at_the_end(
    case: Case, group: IntArray, from_us: IntArray, to_us: IntArray
) -> tuple[IntArray, IntArray]:
    """Return how long each order's account was flat up to the order's end without a break, and since when.

    An exit that lives through a flat spell into the next position is met by that position, and by I15.
    """
    story = story_of(case)
    last = last_of_group(story.group) if story.group.size else np.zeros(0, dtype=np.bool_)
    flat_us, since_us = np.zeros(group.size, dtype=np.int64), to_us.copy()
    if not last.size:
        return flat_us, since_us
    # The beginning of the spell that each row belongs to: rows alike stand in one spell.
    changed = np.ones(story.group.size, dtype=np.bool_)
    changed[1:] = (story.group[1:] != story.group[:-1]) | (story.held[1:] != story.held[:-1])
    spell_us = story.at_us[np.maximum.accumulate(np.where(changed, np.arange(changed.size), 0))]
    # One sorted key for (account, time): accounts are few, times fit far below the factor.
    width = int(max(story.until_us.max(), to_us.max())) + 1
    groups = np.unique(story.group)
    rank, own = groups.searchsorted(story.group), groups.searchsorted(group)
    known = among(group, story.group)
    row = np.searchsorted(rank * width + story.at_us, np.where(known, own, 0) * width + to_us, "right") - 1
    found = known & (row >= 0)
    found[found] &= story.group[row[found]] == group[found]
    flat = found & ~story.held[np.maximum(row, 0)]
    since = np.maximum(spell_us[np.maximum(row, 0)], from_us)
    return np.where(flat, np.maximum(to_us - since, 0), 0), np.where(flat, since, to_us)
