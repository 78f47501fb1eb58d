"""I20: the caller's order is not changed behind its back, and retries differ in declared fields only (failures F02).

Declared is the trigger of a stop that the executor says it moved, and the client id, which I12 judges.  Everything else
of a placement's orders must stay as the first one had it.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import first_of_group, latest_until, rows_of, taken_us
from sim.checks.case import Case, Finding, IntArray

_KEPT = ("role", "side", "type", "quantity", "price", "reduce_only", "close_position", "rest")


def find_changed_orders(case: Case) -> list[Finding]:
    """Return placements that changed an order on its way; amount is the number of fields."""
    return _caller_changed(case) + _retries_differ(case)


def _caller_changed(case: Case) -> list[Finding]:
    rows = case.table("caller_changed")
    return [
        Finding(
            int(rows["intent"][row]), int(rows["at_us"][row]), float(len(str(rows["fields"][row]).split())), "fields",
            f"the caller's own order was changed: {rows['fields'][row]}", "the order as it was handed over",
        )
        for row in range(rows["at_us"].size)
    ]  # fmt: skip


def _retries_differ(case: Case) -> list[Finding]:
    sent, requests = case.table("sent"), case.table("request")
    answer = rows_of(requests["request"], sent["request"])
    placement = taken_us(requests["placement"], answer)
    rows = np.flatnonzero(placement >= 0)
    rows = rows[np.lexsort((sent["request"][rows], placement[rows]))]
    before, after = rows[:-1], rows[1:]
    pair = (placement[before] == placement[after]) & (sent["request"][before] != sent["request"][after])
    before, after = before[pair], after[pair]
    differ = np.zeros((len(_KEPT) + 1, after.size), dtype=np.bool_)
    for place, name in enumerate(_KEPT):
        differ[place] = _other(sent[name], before, after)
    moves = case.table("stop_moved")
    move = latest_until(moves["placement"], moves["at_us"], placement[after], sent["at_us"][after])
    declared = (move >= 0) & (taken_us(moves["at_us"], move) >= sent["at_us"][before])
    differ[-1] = _other(sent["trigger_price"], before, after) & ~declared
    wrong = np.flatnonzero(differ.any(axis=0))
    wrong = wrong[first_of_group(placement[after[wrong]])]
    names = (*_KEPT[:-1], "other parameters", "trigger_price")
    return [
        Finding(
            int(sent["intent"][after[one]]),
            int(sent["at_us"][after[one]]),
            float(differ[:, one].sum()),
            "fields",
            f"request {sent['request'][after[one]]} differs from request {sent['request'][before[one]]} in "
            + ", ".join(name for name, other in zip(names, differ[:, one], strict=True) if other),
            f"a resend of the same {sent['role'][before[one]]} order",
        )
        for one in wrong
    ]


def _other(values: np.ndarray, before: IntArray, after: IntArray) -> np.ndarray:
    one, two = values[before], values[after]
    if values.dtype.kind == "f":
        found: np.ndarray = (one != two) & ~(np.isnan(one) & np.isnan(two))
        return found
    return np.asarray(one != two, dtype=np.bool_)
