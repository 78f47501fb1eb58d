"""I18: who misses the protection deadline closes within ``panic_s``, and finds out what became of it (failures F25).

The deadline is that of I03, excused time left out.  Nothing is asked of a position that is covered or gone by the
time ``panic_s`` is over.  A close is known when its answer said so, when a later one was refused with -2022 (flat
already), or when an order or the position was read after it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sim.checks.arrays import last_of_group, one_of
from sim.checks.case import Case, Finding, IntArray
from sim.checks.naked import outages_of, stretches_of

_FLAT_ALREADY: Final = -2022
_ANSWERS: Final = (0, -2011, -2013)
_READS: Final = (
    "order",
    "openOrder",
    "openOrders",
    "allOrders",
    "algoOrder",
    "openAlgoOrders",
    "allAlgoOrders",
)
_POSITIONS: Final = ("positionRisk", "account", "userTrades", "balance")


def find_missing_closes(case: Case) -> list[Finding]:
    """Return intents that missed the deadline and did not close in time (amount: s), or never looked (s)."""
    if case.bounds.panic_s is None:
        return []
    stretch, outages = stretches_of(case), outages_of(case)
    late = np.flatnonzero(stretch.charged_us > case.protect_us)
    if not late.size:
        return []
    late = late[np.lexsort((stretch.charged_us[late], stretch.intent[late]))]
    late = late[last_of_group(stretch.intent[late])]
    panic_us = round(case.bounds.panic_s * 1e6)
    findings = []
    for one in late:
        intent, from_us, to_us = int(stretch.intent[one]), int(stretch.from_us[one]), int(stretch.to_us[one])
        breach_us = outages.reached_us(intent, from_us, case.protect_us)
        due_us = outages.reached_us(intent, from_us, case.protect_us + panic_us)
        if to_us <= due_us:
            continue
        sent = _closes(case, intent, from_us)
        in_time = sent[case.table("request")["sent_us"][sent] <= due_us]
        if not in_time.size:
            findings.append(_too_late(case, sent, intent, breach_us, to_us))
        elif not _known(case, intent, sent):
            findings.append(
                Finding(
                    intent, due_us, (to_us - breach_us) / 1e6, "s",
                    f"a close was sent and nobody asked what became of it; naked until {to_us / 1e6:.3f} s",
                    "the position was being closed",
                )
            )  # fmt: skip
    return findings


def _closes(case: Case, intent: int, from_us: int) -> IntArray:
    requests = case.table("request")
    found: IntArray = np.flatnonzero(
        (requests["intent"] == intent) & (requests["role"] == "flatten") & (requests["sent_us"] >= from_us)
    )
    return found[np.argsort(requests["sent_us"][found], kind="stable")]


def _too_late(case: Case, sent: IntArray, intent: int, breach_us: int, to_us: int) -> Finding:
    requests = case.table("request")
    waited_us = (int(requests["sent_us"][sent[0]]) if sent.size else to_us) - breach_us
    truth = f"a close left {waited_us / 1e6:.3f} s after the deadline" if sent.size else "no close was sent"
    return Finding(intent, breach_us, waited_us / 1e6, "s", truth, "no hurry")


def _known(case: Case, intent: int, sent: IntArray) -> bool:
    """Tell whether a close was answered, or looked up after it."""
    requests = case.table("request")
    if np.any((requests["status"][sent] == 200) | (requests["code"][sent] == _FLAT_ALREADY)):
        return True
    after = (requests["intent"] == intent) & (requests["sent_us"] > requests["sent_us"][sent[0]])
    read = is_look_up(requests["call"]) & one_of(requests["code"], _ANSWERS) & (requests["status"] > 0)
    return bool(np.any(after & read))


def is_look_up(calls: np.ndarray) -> np.ndarray:
    """Tell which calls ask what became of an order or a position."""
    names = {str(call): _asks(str(call)) for call in set(calls.tolist())}
    return np.array([names[call] for call in calls.tolist()], dtype=np.bool_)


def _asks(call: str) -> bool:
    method, _, path = call.partition(" ")
    return method == "GET" and path.rpartition("/")[2] in (*_READS, *_POSITIONS)
