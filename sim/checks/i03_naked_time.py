"""I03: no position stays naked longer than ``protect_s`` (failures F01, F02, F06-F08, F22).

Naked is |position| above the cover of live, right-sided, exit-only stops inside liquidation; a flat account is
protected.  The record holds both after every change, so naked time is piecewise constant; it runs on until the
account's books close.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import first_of_group, last_of_group, rows_of, steps_of, symbol_numbers
from sim.checks.case import BoolArray, Case, Columns, Finding, IntArray


def find_long_naked_stretches(case: Case) -> list[Finding]:
    """Return each intent's longest naked stretch where it is too long; amount is its length in seconds."""
    exposure = case.table("exposure")
    if not exposure["at_us"].size:
        return []
    group, order, until_us = _stories(case, exposure)
    intent = exposure["intent"][order]
    position, cover = np.abs(exposure["position"][order]), exposure["cover"][order]
    naked = position - cover > steps_of(case.table("intent"), case.steps, intent) / 2
    at_us = exposure["at_us"][order]

    begins = naked & _after_break(naked, first_of_group(group))
    stretch = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    if not first.size:
        return []
    length_us = np.bincount(stretch[naked], (until_us - at_us)[naked], minlength=first.size)
    uncovered = np.zeros(first.size)
    np.maximum.at(uncovered, stretch[naked], (position - cover)[naked])
    too_long = np.flatnonzero(length_us > case.protect_us)
    # Of each intent only the longest: sort by length, and the last one written stays.
    too_long = too_long[np.lexsort((length_us[too_long], intent[first[too_long]]))]
    too_long = too_long[last_of_group(intent[first[too_long]])]
    believed = _beliefs(case, intent[first[too_long]])
    return [
        Finding(
            int(intent[first[one]]),
            int(at_us[first[one]]),
            float(length_us[one]) / 1e6,
            "s",
            f"up to {uncovered[one]:g} without a stop for {length_us[one] / 1e6:.3f} s",
            belief,
        )
        for one, belief in zip(too_long, believed, strict=True)
    ]


def _stories(case: Case, exposure: Columns) -> tuple[IntArray, IntArray, IntArray]:
    """Sort rows by account, symbol and time; return the group, the rows kept, and when each row's state ends.

    Of several changes within one microsecond only the last lasted.
    """
    symbols, symbol = symbol_numbers(case.table("intent"), exposure["intent"])
    group = exposure["account"] * (len(symbols) + 1) + symbol
    order = np.argsort(group, kind="stable")
    group, at_us = group[order], exposure["at_us"][order]
    superseded = np.zeros(group.size, dtype=np.bool_)
    superseded[:-1] = (group[1:] == group[:-1]) & (at_us[1:] == at_us[:-1])
    order, group, at_us = order[~superseded], group[~superseded], at_us[~superseded]

    books = case.table("account_end")
    book = rows_of(books["account"], exposure["account"][order])
    end_us = np.where(book >= 0, books["at_us"][book] if books["at_us"].size else 0, at_us)
    until_us = np.maximum(end_us, at_us)
    until_us[:-1] = np.where(group[1:] == group[:-1], at_us[1:], until_us[:-1])
    return group, order, until_us


def _after_break(naked: BoolArray, new_group: BoolArray) -> BoolArray:
    """Tell where a naked row would begin a new stretch: after a covered row, or in a new account."""
    before = np.zeros(naked.size, dtype=np.bool_)
    before[1:] = naked[:-1]
    return ~before | new_group


def _beliefs(case: Case, intents: IntArray) -> list[str]:
    """Say what the code under test made of each intent's stop."""
    placements = case.table("placement")
    stops = placements["role"] == "sl"
    rows = rows_of(placements["intent"][stops], intents)
    success, message = placements["success"][stops], placements["message"][stops]
    return [
        "no stop was placed"
        if row < 0
        else ("the stop was placed" if success[row] else f"the stop failed: {message[row]}")
        for row in rows
    ]
