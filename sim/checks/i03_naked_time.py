"""I03: no position stays naked longer than ``protect_s`` (failures F01, F02, F06-F08, F22).

Excused time — no protective write could be accepted then, or its need be read (halt, dead process or network,
unearned ban, lag on every read) — is not charged, and told apart.
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
