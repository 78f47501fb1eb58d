"""S10: a run of the canary — an executor that never sends a stop — fails.

A harness that cannot fail proves nothing: before any green result counts, I03 must have named the canary's naked
positions.
"""

from __future__ import annotations

from sim.checks.case import NO_INTENT, Finding
from sim.trace import Trace

_MUST_SEE = "I03"


def find_living_canary(trace: Trace) -> list[Finding]:
    """Return a finding when the judged record of a canary run names none, or not all, of its naked intents.

    ``trace`` must hold the run's violations.  Amount is the number of entered intents that nobody named.
    """
    violations, fills = trace.arrays("violation"), trace.arrays("fill")
    entered = set(fills["intent"][fills["role"] == "entry"].tolist())
    named = set(violations["intent"][violations["check"] == _MUST_SEE].tolist())
    if entered and entered <= named:
        return []
    missed = sorted(entered - named)
    truth = f"{len(missed)} of {len(entered)} naked intents were not named by {_MUST_SEE}"
    return [
        Finding(
            missed[0] if missed else NO_INTENT, -1, float(max(len(missed), 1)), "intents",
            truth if entered else "the canary opened nothing", "the checks can fail",
        )
    ]  # fmt: skip
