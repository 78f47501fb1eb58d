"""Say how long positions stood without a stop that covers them, and what that cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from sim.metrics.rows import entered, note_for, quantity_row, share_row, single_row, table

PROTECT_S: Final = 5.0
"""Naked seconds an intent may have before it counts as beyond the limit, unless the scenario says otherwise."""

_PARTS: Final = (
    ("naked", "s", "naked_s"),
    ("naked: charged", "s", "naked_charged_s"),
    ("naked: excused", "s", "naked_excused_s"),
    ("naked: structural", "s", "naked_structural_s"),
    ("naked: excess", "s", "naked_excess_s"),
    ("naked notional", "quote*s", "naked_notional_s"),
    ("naked notional: structural", "quote*s", "naked_structural_notional_s"),
    ("naked notional: excess", "quote*s", "naked_excess_notional_s"),
    ("loss while naked", "quote", "naked_loss_quote"),
)


def protection(frames: dict[str, pd.DataFrame], *, protect_s: float = PROTECT_S) -> pd.DataFrame:
    """Return nakedness over intents that entered (TABLE_COLUMNS; ``worst`` is the maximum).

    Charged and excused, structural and excess: see :mod:`sim.metrics.intent_exposure`.  In a shared account only
    the run's own rows are defined: exposure there belongs to the account.
    """
    return table(_rows(frames, protect_s))


def _rows(frames: dict[str, pd.DataFrame], protect_s: float) -> Iterator[dict[str, Any]]:
    intents, stretch = frames["intents"], frames["protection"]
    note = note_for(intents)
    rows = entered(intents)
    own = rows[~rows["shared_account"]]
    for name, unit, column in _PARTS:
        yield quantity_row(name, unit, rows, rows[column], note)
    yield share_row(f"naked longer than {protect_s:g} s", own, own["naked_charged_s"] > protect_s, note)
    yield share_row("never protected", own, own["protected"].eq(False).fillna(False), note)
    yield share_row("naked at the close of books", own, own["naked_at_end"].fillna(False), note)
    yield share_row("over-filled", rows, rows["over_fill"] > 0, note)
    runs = int(intents["run"].nunique())
    for name, unit, column in (
        ("naked, all accounts of a run", "s per run", "naked_s"),
        ("naked notional, all accounts of a run", "quote*s per run", "naked_notional_s"),
        ("loss while naked, all accounts of a run", "quote per run", "naked_loss_quote"),
    ):
        if runs:
            yield single_row(name, unit, runs, float(stretch[column].sum()) / runs, note)
