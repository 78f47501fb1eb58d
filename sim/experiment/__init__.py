"""Run worlds and keep their results: one run, many runs on the same weather, folders, expectations."""

from sim.experiment.compare import Comparison, compare_policies
from sim.experiment.gate import GateReport, check_scenario
from sim.experiment.result import Result
from sim.experiment.run import run_name, run_scenario
from sim.experiment.store import load_result, save_tables

__all__ = [
    "Comparison",
    "GateReport",
    "Result",
    "check_scenario",
    "compare_policies",
    "load_result",
    "run_name",
    "run_scenario",
    "save_tables",
]
