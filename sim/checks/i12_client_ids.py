"""I12: every order carries a client id of its own, and a resend the same one (failures F04).

An id that a library invents when none is given counts as none: it is new with each call, so nobody can ask for the
order by it.  A resend is the same order sent again after a failure within its placement, or, where it may open a
position, after an unknown outcome of an earlier one.  One finding per intent.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import among, first_of_group, rows_of, sum_by, taken_us
from sim.checks.case import Case, Finding, IntArray
from sim.checks.unknown import unknown_writes

_NONE = -1


def find_orders_without_a_name(case: Case) -> list[Finding]:
    """Return intents whose orders lack an id, change it on a resend or share another's; amount is how many do."""
    sent = case.table("sent")
    if not sent["at_us"].size:
        return []
    findings = _shared(case)
    findings |= _renamed(case)
    findings |= _nameless(case)
    return [findings[intent] for intent in sorted(findings)]


def _nameless(case: Case) -> dict[int, Finding]:
    sent = case.table("sent")
    without = np.flatnonzero(sent["client_id"] == _NONE)
    without = without[np.argsort(sent["intent"][without], kind="stable")]
    first = without[first_of_group(sent["intent"][without])]
    missing = sum_by(sent["intent"][first], sent["intent"][without])
    orders = sum_by(sent["intent"][first], sent["intent"])
    return {
        int(sent["intent"][row]): Finding(
            int(sent["intent"][row]), int(sent["at_us"][row]), float(number), "orders",
            f"{number:.0f} of {of:.0f} orders left without a client id chosen by the code",
            f"the {sent['role'][row]} order was sent",
        )
        for row, number, of in zip(first, missing, orders, strict=True)
    }  # fmt: skip


def _renamed(case: Case) -> dict[int, Finding]:
    """Find orders sent again under another name although the earlier one had failed."""
    sent, requests = case.table("sent"), case.table("request")
    answer = rows_of(requests["request"], sent["request"])
    failed = taken_us(requests["status"], answer, 0) != 200
    placement = taken_us(requests["placement"], answer)
    unknown = among(sent["request"], requests["request"][unknown_writes(case)]) | (answer < 0)
    opens = ~(sent["reduce_only"] | sent["close_position"])
    order = np.lexsort((sent["request"], sent["params"], sent["intent"]))
    before, row = order[:-1], order[1:]
    again = (sent["intent"][before] == sent["intent"][row]) & (sent["params"][before] == sent["params"][row])
    named = (sent["client_id"][before] != _NONE) & (sent["client_id"][row] != _NONE)
    other = sent["client_id"][before] != sent["client_id"][row]
    one_placement = (placement[before] == placement[row]) & failed[before]
    in_doubt = unknown[before] & opens[before]
    apart = sent["request"][before] != sent["request"][row]
    wrong = np.flatnonzero(again & named & other & apart & (one_placement | in_doubt))
    return _one_each(case, row[wrong], "was sent again under another client id", "a resend of the same order")


def _shared(case: Case) -> dict[int, Finding]:
    sent = case.table("sent")
    named = np.flatnonzero(sent["client_id"] != _NONE)
    order = named[np.argsort(sent["client_id"][named], kind="stable")]
    before, row = order[:-1], order[1:]
    same = sent["client_id"][before] == sent["client_id"][row]
    wrong = np.flatnonzero(same & (sent["intent"][before] != sent["intent"][row]))
    return _one_each(case, row[wrong], "carries the client id of another intent's", "an id of its own")


def _one_each(case: Case, rows: IntArray, truth: str, belief: str) -> dict[int, Finding]:
    sent = case.table("sent")
    found: dict[int, Finding] = {}
    for row in rows:
        intent = int(sent["intent"][row])
        earlier = found.get(intent)
        at_us, amount = int(sent["at_us"][row]), 1.0
        if earlier is not None:
            at_us, amount = min(at_us, earlier.at_us), earlier.amount + 1
        text = f"the {sent['role'][row]} order of request {sent['request'][row]} {truth}"
        found[intent] = Finding(intent, at_us, amount, "orders", text, belief)
    return found
