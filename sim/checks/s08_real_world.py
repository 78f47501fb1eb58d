"""S08: a run touches no wall clock, real sleep, thread, process or socket.

The fence (:mod:`sim.clock.fence`) refuses such calls at once; what it refused stands in the run's own errors, since
code under test may have swallowed the refusal.
"""

from __future__ import annotations

from typing import Final

from sim.checks.case import NO_INTENT, Case, Finding

LEFT: Final = "left virtual time: "
"""How a run's error begins that tells of a refused call."""


def find_real_world_calls(case: Case) -> list[Finding]:
    """Return one finding per refused call."""
    return [
        Finding(NO_INTENT, -1, 1.0, "calls", f"{error.removeprefix(LEFT)} was called", "virtual time only")
        for error in case.errors
        if error.startswith(LEFT)
    ]
