"""Turn a trace into frames and frames into numbers, by the definitions of the project (pure).

``build_frames`` makes the tables, ``COLUMNS`` documents them; every function after that takes frames and returns
a table or flat numbers, with n, clusters and, where it is a share or a mean, an interval.
"""

from sim.metrics.columns import COLUMNS
from sim.metrics.cost_split import cost_split
from sim.metrics.coverage import STATES, Cell, Coverage, coverage, empty_cells, matrix, together
from sim.metrics.document_tables import claims, seed_metrics
from sim.metrics.frames import Frames, build_frames, concat_frames, plain_columns, with_documented_words
from sim.metrics.headline_numbers import HEADLINES, headline
from sim.metrics.latency_table import latency
from sim.metrics.money_table import money
from sim.metrics.paired_tables import paired, paired_by_date
from sim.metrics.protection_table import protection
from sim.metrics.recovery_table import recovery
from sim.metrics.slippage_table import slippage
from sim.metrics.tables import Tables
from sim.metrics.traffic_table import load
from sim.statistics import CONDITIONAL

__all__ = [
    "COLUMNS",
    "CONDITIONAL",
    "HEADLINES",
    "STATES",
    "Cell",
    "Coverage",
    "Frames",
    "Tables",
    "build_frames",
    "claims",
    "concat_frames",
    "cost_split",
    "coverage",
    "empty_cells",
    "headline",
    "latency",
    "load",
    "matrix",
    "money",
    "paired",
    "paired_by_date",
    "plain_columns",
    "protection",
    "recovery",
    "seed_metrics",
    "slippage",
    "together",
    "with_documented_words",
]
