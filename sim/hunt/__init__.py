"""Fail one bracket in every way at every place, and hunt for the shortest scripts that break a rule."""

from sim.hunt.alphabet import OUTCOMES, Outcome
from sim.hunt.bracket import Bracket, Cell
from sim.hunt.budget import Budget
from sim.hunt.cause import Cause
from sim.hunt.classes import CLASSES, FaultClass
from sim.hunt.every_call import RESTARTS_S, Row, SweepResult, sweep_calls, sweep_crashes
from sim.hunt.findings import Finding
from sim.hunt.hunting import Hunt, hunt
from sim.hunt.table import LEGEND, blocks, records, short

__all__ = [
    "CLASSES",
    "LEGEND",
    "OUTCOMES",
    "RESTARTS_S",
    "Bracket",
    "Budget",
    "Cause",
    "Cell",
    "FaultClass",
    "Finding",
    "Hunt",
    "Outcome",
    "Row",
    "SweepResult",
    "blocks",
    "hunt",
    "records",
    "short",
    "sweep_calls",
    "sweep_crashes",
]
