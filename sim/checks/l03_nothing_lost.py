"""L03: no task dies unseen and no coroutine is left without being awaited (failures F16)."""

from __future__ import annotations

from sim.checks.case import NO_INTENT, Case, Finding


def find_lost_work(case: Case) -> list[Finding]:
    """Return one finding per error that the run reported beside its trace."""
    return [Finding(NO_INTENT, -1, 1.0, "errors", error, "nobody noticed") for error in case.errors]
