"""Say what the difference between plan and fill cost, and what refusing it would have cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.metrics.rows import note_for, quantity_row, share_row, table

MOMENTS: Final = ("check", "send", "arrival", "fill")
_HORIZONS: Final = (
    ("exit", "refused_result_quote"),
    ("1 min", "refused_result_1m_quote"),
    ("5 min", "refused_result_5m_quote"),
    ("30 min", "refused_result_30m_quote"),
)
_STOP_PARTS: Final = (
    ("stop slippage", "stop_slippage_bps"),
    ("stop slippage: loosening", "stop_loosening_bps"),
    ("stop slippage: execution", "stop_execution_bps"),
)


def slippage(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return rejection rate, adverse slippage by moment, refusal value and stop slippage (TABLE_COLUMNS).

    Positive slippage costs.  Refusal value is per refused intent, saved and missed as two non-negative rows: a
    refusal that avoided a loss and one that missed a gain do not cancel.  Stop slippage is over intents that a
    stop closed: loosening (planned to resting trigger) plus execution (resting trigger to fill).
    """
    return table(_rows(frames["intents"]))


def _rows(intents: pd.DataFrame) -> Iterator[dict[str, Any]]:
    note = note_for(intents)
    checked = intents[intents["checked"]]
    yield share_row("refused for deviation", checked, checked["refused_for_deviation"], note)
    yield share_row("refused by the guard", checked, checked["refused"], note)
    for moment in MOMENTS:
        yield quantity_row(
            f"adverse slippage at {moment}", "bps", intents, intents[f"slippage_{moment}_bps"], note
        )
    yield quantity_row("guard deviation", "bps", intents, intents["guard_deviation"] * 1e4, note)
    for name, column in _HORIZONS:
        result = intents[column].to_numpy()
        yield quantity_row(
            f"refusal saved, at {name}", "quote per refused intent", intents, np.maximum(0.0, -result), note
        )
        yield quantity_row(
            f"refusal missed, at {name}", "quote per refused intent", intents, np.maximum(0.0, result), note
        )
    for name, column in _STOP_PARTS:
        yield quantity_row(name, "bps", intents, intents[column], note)
