"""Search policy values: safety as constraints, money as goals, judged on days and seeds the search never saw."""

from sim.tune.edge import Edge, declared_edge
from sim.tune.publish import (
    EVIDENCE,
    RECOMMENDED,
    day_text,
    evidence,
    evidence_lines,
    interval_text,
    policy_text,
    publish,
    verdict_text,
)
from sim.tune.score import GOALS
from sim.tune.space import Space, load_space
from sim.tune.tuning import Recommendation, Tuning, tune

__all__ = [
    "EVIDENCE",
    "GOALS",
    "RECOMMENDED",
    "Edge",
    "Recommendation",
    "Space",
    "Tuning",
    "day_text",
    "declared_edge",
    "evidence",
    "evidence_lines",
    "interval_text",
    "load_space",
    "policy_text",
    "publish",
    "tune",
    "verdict_text",
]
