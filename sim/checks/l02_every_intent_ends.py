"""L02: every intent ends exactly once.

An exception that escapes from the code under test ends the flow, but not in a state anybody meant.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import rows_of, sum_by
from sim.checks.case import Case, Finding

_ESCAPED = "escaped"


def find_unended_intents(case: Case) -> list[Finding]:
    """Return intents with no end, several ends, or an escaped exception; amount is the number of ends."""
    intents, ends = case.table("intent"), case.table("intent_end")
    number = intents["intent"]
    count = sum_by(number, ends["intent"])
    last = rows_of(ends["intent"], number)
    escaped = np.zeros(number.size, dtype=np.bool_)
    escaped[last >= 0] = ends["outcome"][last[last >= 0]] == _ESCAPED
    findings = []
    for row in np.flatnonzero((count != 1) | escaped):
        ended = last[row] >= 0
        if escaped[row]:
            truth = f"an exception escaped: {ends['error'][last[row]]}"
        else:
            truth = f"its flow ended {count[row]:.0f} times" if ended else "its flow never ended"
        at_us = ends["ended_us"][last[row]] if ended else intents["decided_us"][row]
        belief = f"ended: {ends['outcome'][last[row]]}" if ended else "still at work"
        findings.append(Finding(int(number[row]), int(at_us), float(count[row]), "ends", truth, belief))
    return findings
