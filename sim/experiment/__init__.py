"""Run worlds and keep their results: one run, many runs on the same weather, folders, expectations."""

from sim.experiment.against import set_against
from sim.experiment.compare import Comparison, compare_policies
from sim.experiment.gate import GateReport, check_scenario
from sim.experiment.result import Result
from sim.experiment.run import run_name, run_scenario
from sim.experiment.store import load_result, save_tables
from sim.experiment.swarm import armed
from sim.experiment.twice import Difference, Question, first_difference, run_twice

__all__ = [
    "Comparison",
    "Difference",
    "GateReport",
    "Question",
    "Result",
    "armed",
    "check_scenario",
    "compare_policies",
    "first_difference",
    "load_result",
    "run_name",
    "run_scenario",
    "run_twice",
    "save_tables",
    "set_against",
]
