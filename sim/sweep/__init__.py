"""Run many policies on the same seeds, keep what each run showed, and pair it."""

from sim.sweep.coordinate import cores, sweep
from sim.sweep.parts import dataset_of, read_sorted
from sim.sweep.plan import Asked, Plan, plan_sweep
from sim.sweep.pool import completed, workers
from sim.sweep.summary import CellSummary, ExpectedLoss, SweepSummary, record_of

__all__ = [
    "Asked",
    "CellSummary",
    "ExpectedLoss",
    "Plan",
    "SweepSummary",
    "completed",
    "cores",
    "dataset_of",
    "plan_sweep",
    "read_sorted",
    "record_of",
    "sweep",
    "workers",
]
