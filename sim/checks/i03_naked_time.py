"""I03: no position stays naked longer than ``protect_s`` (failures F01, F02, F06-F08, F22).

Excused time — no protective write could be accepted then, or its need be read (halt, dead process or network,
unearned ban or wait, lag on every read) — is not charged, and told apart.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import last_of_group, rows_of
from sim.checks.case import Case, Finding, IntArray
from sim.checks.naked import stretches_of


def find_long_naked_stretches(case: Case) -> list[Finding]:
    """Return each intent's longest naked stretch where it is too long; amount is its charged length in seconds."""
    stretch = stretches_of(case)
    too_long = np.flatnonzero(stretch.charged_us > case.protect_us)
    # Of each intent only the longest: sort by length, and the last one written stays.
    too_long = too_long[np.lexsort((stretch.charged_us[too_long], stretch.intent[too_long]))]
    if not too_long.size:
        return []
    too_long = too_long[last_of_group(stretch.intent[too_long])]
    believed = _beliefs(case, stretch.intent[too_long])
    findings = []
    for one, belief in zip(too_long, believed, strict=True):
        excused_us = int(stretch.length_us[one] - stretch.charged_us[one])
        told = f" ({excused_us / 1e6:.3f} s of it excused)" if excused_us else ""
        findings.append(
            Finding(
                int(stretch.intent[one]),
                int(stretch.from_us[one]),
                float(stretch.charged_us[one]) / 1e6,
                "s",
                f"up to {stretch.uncovered[one]:g} without a stop for {stretch.length_us[one] / 1e6:.3f} s{told}",
                belief,
            )
        )
    return findings


def _beliefs(case: Case, intents: IntArray) -> list[str]:
    """Say what the code under test made of each intent's stop; of code that tells nothing, what it sent and heard."""
    placements = case.table("placement")
    stops = placements["role"] == "sl"
    rows = rows_of(placements["intent"][stops], intents)
    success, message = placements["success"][stops], placements["message"][stops]
    tells = np.isin(intents, placements["intent"])
    return [
        _heard(case, int(intent))
        if not told
        else "no stop was placed"
        if row < 0
        else ("the stop was placed" if success[row] else f"the stop failed: {message[row]}")
        for intent, row, told in zip(intents, rows, tells, strict=True)
    ]


def _heard(case: Case, intent: int) -> str:
    """Say what the last stop that was sent for an intent was answered."""
    requests = case.table("request")
    sent = np.flatnonzero((requests["intent"] == intent) & (requests["role"] == "sl"))
    if not sent.size:
        return "no stop was sent"
    last = sent[np.argmax(requests["sent_us"][sent])]
    count = "a stop was sent" if sent.size == 1 else f"{sent.size} stops were sent, the last"
    status, code = int(requests["status"][last]), int(requests["code"][last])
    if status == 200:
        return f"{count} and accepted" if sent.size == 1 else f"{count} was accepted"
    if status <= 0:
        return f"{count} and no answer came" if sent.size == 1 else f"{count} without an answer"
    answer = f"{code or status}: {str(requests['message'][last]).rstrip('.')}"
    return f"{count} and answered {answer}" if sent.size == 1 else f"{count} was answered {answer}"
