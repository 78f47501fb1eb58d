"""Fit what production code predicts with, on simulated fills over real tapes, and judge it on dates it never saw."""

from sim.calibrate.fills import Fills, joined, swept_fills
from sim.calibrate.judge import Duel, Judgement, judge, judge_elsewhere
from sim.calibrate.model_file import is_enabled, model_text, note_of
from sim.calibrate.recorded import recorded_fills
from sim.calibrate.slippage import Fitted, fit

__all__ = [
    "Duel",
    "Fills",
    "Fitted",
    "Judgement",
    "fit",
    "is_enabled",
    "joined",
    "judge",
    "judge_elsewhere",
    "model_text",
    "note_of",
    "recorded_fills",
    "swept_fills",
]
