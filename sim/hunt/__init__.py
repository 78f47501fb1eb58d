"""Fail one bracket in every way at every place: each call with each class of fault, a crash at each await."""

from sim.hunt.bracket import Bracket, Cell
from sim.hunt.classes import CLASSES, FaultClass
from sim.hunt.every_call import RESTARTS_S, Row, SweepResult, sweep_calls, sweep_crashes
from sim.hunt.table import LEGEND, blocks, records, short

__all__ = [
    "CLASSES",
    "LEGEND",
    "RESTARTS_S",
    "Bracket",
    "Cell",
    "FaultClass",
    "Row",
    "SweepResult",
    "blocks",
    "records",
    "short",
    "sweep_calls",
    "sweep_crashes",
]
