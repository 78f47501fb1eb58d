"""S02: event times never decrease, and nothing ends before it begins.

Each table is written in the order of the events it names; the column listed is the time of writing.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sim.checks.case import NO_INTENT, Case, Finding

_WRITTEN_AT: Final = {
    "intent": "decided_us",
    "intent_end": "ended_us",
    "verdict": "at_us",
    "placement": "ended_us",
    "attempt": "at_us",
    "backoff": "at_us",
    "stop_moved": "at_us",
    "request": "answered_us",
    "write": "at_us",
    "fault": "at_us",
    "order": "at_us",
    "fill": "at_us",
    "exposure": "at_us",
    "account_end": "at_us",
    "liquidation": "at_us",
}
_LASTS: Final = {
    "placement": ("started_us", "ended_us"),
    "request": ("sent_us", "answered_us"),
    "fault_edge": ("opened_us", "closed_us"),
}


def find_time_going_back(case: Case) -> list[Finding]:
    """Return rows that stand before an earlier one; amount is the step back in µs."""
    findings: list[Finding] = []
    for name, column in _WRITTEN_AT.items():
        times = case.table(name)[column]
        back = times[1:] < times[:-1]
        findings += [
            _finding(
                times[row + 1],
                times[row] - times[row + 1],
                f"{name} row {row + 1} is earlier than the row before it",
            )
            for row in np.flatnonzero(back)
        ]
    for name, (begin, end) in _LASTS.items():
        table = case.table(name)
        length = table[end] - table[begin]
        findings += [
            _finding(table[end][row], -length[row], f"{name} row {row} ends before it begins")
            for row in np.flatnonzero(length < 0)
        ]
    return findings


def _finding(at_us: int, back_us: int, truth: str) -> Finding:
    return Finding(NO_INTENT, int(at_us), float(back_us), "us", truth, "one clock that never goes back")
