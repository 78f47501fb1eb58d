"""Judge truth against belief from a run's trace: never act, never look at a live object.

:func:`run_checks` runs the table :data:`CHECKS` and writes one ``violation`` row for each finding.
"""

from sim.checks.bounds import Bounds
from sim.checks.case import Caps, Case, Check, Finding, Grid
from sim.checks.run import run_checks, tell
from sim.checks.table import CHECKS

__all__ = ["CHECKS", "Bounds", "Caps", "Case", "Check", "Finding", "Grid", "run_checks", "tell"]
