"""Read production logs: fit what their venue did, predict its next day, judge a deployment."""

from sim.calibrate.logs.document import Measured, document_numbers
from sim.calibrate.logs.fit import Calibration, calibrate
from sim.calibrate.logs.flows import Flows
from sim.calibrate.logs.frames import TABLES, frames_of
from sim.calibrate.logs.kept import refuse_changed
from sim.calibrate.logs.own_tape import check_tape, seen_from
from sim.calibrate.logs.publish import day_of, facts_of, plain, publish
from sim.calibrate.logs.reader import Counts
from sim.calibrate.logs.scenario_file import Assumed
from sim.calibrate.logs.simulated import simulated_log, tally_of_lines
from sim.calibrate.logs.source import Log, line_of, read_log
from sim.calibrate.logs.tally import Tally

__all__ = [
    "TABLES",
    "Assumed",
    "Calibration",
    "Counts",
    "Flows",
    "Log",
    "Measured",
    "Tally",
    "calibrate",
    "check_tape",
    "day_of",
    "document_numbers",
    "facts_of",
    "frames_of",
    "line_of",
    "plain",
    "publish",
    "read_log",
    "refuse_changed",
    "seen_from",
    "simulated_log",
    "tally_of_lines",
]
