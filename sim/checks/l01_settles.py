"""L01: once faults stop, an intent is flat or protected within ``live_s``, knows its orders and sends nothing more.

Faults stop for an intent ``settle_s`` after its deadline (for all of one account, after the last).  An intent whose
flow is over by then is judged as its books are closed; one that still works, ``live_s`` later.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import rows_of
from sim.checks.case import Case, Finding, IntArray
from sim.checks.naked import outages_of, stretches_of
from sim.checks.unknown import never_looked_up, unknown_writes

_NEVER = np.iinfo(np.int64).max


def find_unsettled_intents(case: Case) -> list[Finding]:
    """Return intents that are bare (amount: base), ignorant (orders) or still at work (s) when all is calm again."""
    intents = case.table("intent")
    number = intents["intent"]
    if not number.size:
        return []
    ended = rows_of(case.table("intent_end")["intent"], number)
    ends = case.table("intent_end")["ended_us"]
    ended_us = np.where(ended >= 0, ends[ended] if ends.size else 0, _NEVER)
    calm_us = intents["decided_us"] + intents["hold_us"] + round(case.bounds.settle_s * 1e6)
    if case.isolation == "account":
        calm_us = np.full(number.size, calm_us.max())
    calm_us = _after_outages_us(case, number, np.maximum(calm_us, _back_us(case, number)))
    due_us = calm_us + round(case.bounds.live_s * 1e6)
    judged_us = np.minimum(np.where(ended_us > calm_us, due_us, _NEVER), _closed_us(case, number))
    return [
        *_bare(case, number, judged_us),
        *_ignorant(case, number, judged_us),
        *_restless(case, number, due_us, ended_us, judged_us),
    ]


def _back_us(case: Case, number: IntArray) -> IntArray:
    """Return when each intent's process last came back from the dead, 0 for never: until then it is not calm."""
    outage = case.table("outage")
    dead = outage["kind"] == "dead process"
    owner, closed_us = outage["intent"][dead], outage["closed_us"][dead]
    for_all = int(closed_us[owner < 0].max(initial=0))
    row = rows_of(owner, number)
    own: IntArray = np.where(row >= 0, closed_us[row] if closed_us.size else 0, 0)
    return np.maximum(own, for_all)


def _after_outages_us(case: Case, number: IntArray, calm_us: IntArray) -> IntArray:
    """Move each intent's calm to the end of the halt, ban or broken network it falls into."""
    if not case.table("outage")["opened_us"].size:
        return calm_us
    outages = outages_of(case)
    pairs = zip(number.tolist(), calm_us.tolist(), strict=True)
    return np.array([outages.reached_us(intent, at_us, 0) for intent, at_us in pairs], dtype=np.int64)


def _closed_us(case: Case, number: IntArray) -> IntArray:
    """Return when each intent's books were closed; never, where they were not or are shared."""
    books = case.table("account_end")
    if case.isolation == "account":
        end_us = int(books["at_us"].max()) if books["at_us"].size else _NEVER
        return np.full(number.size, end_us, dtype=np.int64)
    row = rows_of(books["intent"], number)
    closed: IntArray = np.where(row >= 0, books["at_us"][row] if books["at_us"].size else 0, _NEVER)
    return closed


def _bare(case: Case, number: IntArray, judged_us: IntArray) -> list[Finding]:
    stretch = stretches_of(case)
    owner = rows_of(number, stretch.intent)
    moment = np.where(owner >= 0, judged_us[owner], _NEVER)
    bare = (stretch.from_us < moment) & (stretch.to_us >= moment) & (stretch.charged_us > case.protect_us)
    return [
        Finding(
            int(stretch.intent[row]), int(moment[row]), float(stretch.uncovered[row]), "base",
            f"{stretch.uncovered[row]:g} stood without a stop when all was calm again", "flat, or protected",
        )
        for row in np.flatnonzero(bare)
    ]  # fmt: skip


def _ignorant(case: Case, number: IntArray, judged_us: IntArray) -> list[Finding]:
    requests = case.table("request")
    rows = unknown_writes(case)
    owner = rows_of(number, requests["intent"][rows])
    rows = rows[(owner >= 0) & (requests["answered_us"][rows] <= judged_us[owner])]
    left = never_looked_up(case, rows)
    mine, counts = np.unique(requests["intent"][left], return_counts=True)
    last = left[rows_of(requests["intent"][left], mine)] if left.size else left
    return [
        Finding(
            int(intent), int(requests["answered_us"][row]), float(count), "orders",
            f"nobody asked what became of {count} {requests['role'][row]} order(s) without an answer",
            f"settled: {_said(requests['message'][row])}",
        )
        for intent, count, row in zip(mine, counts, last, strict=True)
    ]  # fmt: skip


def _said(message: str) -> str:
    return f"the answer was {message!r}" if message else "no answer came"


def _restless(
    case: Case, number: IntArray, due_us: IntArray, ended_us: IntArray, judged_us: IntArray
) -> list[Finding]:
    requests = case.table("request")
    last = rows_of(requests["intent"], number)
    sent_us = np.where(last >= 0, requests["sent_us"][last] if requests["sent_us"].size else 0, -1)
    over = judged_us >= due_us
    rows = np.flatnonzero(over & (ended_us > due_us) & ((sent_us > due_us) | (ended_us < _NEVER)))
    return [
        Finding(
            int(number[row]), int(due_us[row]), float(max(sent_us[row], due_us[row]) - due_us[row]) / 1e6, "s",
            f"its flow was still at work, its last request left at {sent_us[row] / 1e6:.3f} s",
            "nothing is pending",
        )
        for row in rows
    ]  # fmt: skip
