"""Count in which position each fault met a bot, and what became of the write: the "sometimes" of a suite.

A suite that never loses the answer to a close has not tested it, whatever its green lamps say.  Cells are counted from
the fault rows of the trace and the exposure of that moment; a cell that stays empty over all runs is shown as such.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

STATES: Final = ("flat", "protected", "naked", "closing")
"""No position; one with a stop for all of it; one without; one whose close is being sent."""

OUTCOMES: Final[Mapping[str, str]] = {
    "applied": "applied",
    "not_applied": "not applied",
    "applied_late": "applied late",
    "undone": "undone",
    "": "no write",
}
"""What became of the write behind the fault, by the trace's word for it."""

_DUST: Final = 1e-12


class Cell(NamedTuple):
    """Name one cell: the kind of fault (a coded error by its code), the write's outcome, the position then."""

    fault: str
    outcome: str
    state: str


Coverage = Counter[Cell]


def coverage(frames: Mapping[str, pd.DataFrame], kinds: Mapping[str, str]) -> Coverage:
    """Count the cells one run (or several, as frames under one another) has met.

    ``kinds`` names each fault's kind by the fault's name, as the scenario states it; a fault it lacks goes by its name.
    A fault that concerns nobody's request (intent -1) counts once.
    """
    faults = frames["faults"]
    cells: Coverage = Counter()
    for run, mine in faults.groupby("run", sort=True):
        exposure = frames["protection"]
        states = _states(mine, exposure[exposure["run"] == run], frames["intents"])
        for name, did, truth, state in zip(
            mine["fault"].astype(str),
            mine["kind"].astype(str),
            mine["truth"].astype(str),
            states,
            strict=True,
        ):
            kind = kinds.get(name, name)
            label = f"code {did}" if kind == "code" else kind
            cells[Cell(label, OUTCOMES.get(truth, truth), state)] += 1
    return cells


def together(parts: Iterable[Coverage]) -> Coverage:
    """Add the cells of several runs."""
    total: Coverage = Counter()
    for part in parts:
        total.update(part)
    return total


def matrix(cells: Coverage, kinds: Iterable[str] = ()) -> pd.DataFrame:
    """Return one row per fault and outcome that was met, a column of counts per state; 0 is an empty cell.

    ``kinds`` that were never met get a row of their own with outcome "never": they are what a suite forgot.
    """
    met = sorted({(cell.fault, cell.outcome) for cell in cells})
    seen = {fault.partition(" ")[0] for fault, _ in met}
    rows = [(*pair, *(cells[Cell(*pair, state)] for state in STATES)) for pair in met]
    rows += [(kind, "never", *(0 for _ in STATES)) for kind in kinds if kind not in seen]
    return pd.DataFrame(rows, columns=["fault", "outcome", *STATES])


def empty_cells(table: pd.DataFrame) -> list[Cell]:
    """List the cells of a :func:`matrix` that nothing has met."""
    return [
        Cell(str(row["fault"]), str(row["outcome"]), state)
        for _, row in table.iterrows()
        for state in STATES
        if row[state] == 0
    ]


def _states(faults: pd.DataFrame, exposure: pd.DataFrame, intents: pd.DataFrame) -> list[str]:
    """Return the position's state at each fault's moment, by its intent's account (the shared one, if there is one)."""
    shared = exposure["account"].nunique() == 1 and exposure["intent"].nunique() > 1
    owner = np.zeros(len(exposure), dtype=np.int64) if shared else exposure["intent"].to_numpy()
    asked = np.zeros(len(faults), dtype=np.int64) if shared else faults["intent"].to_numpy()
    if shared:
        # One account may hold several symbols; a fault belongs to its intent's.
        symbols = {
            symbol: place for place, symbol in enumerate(sorted(exposure["symbol"].astype(str).unique()))
        }
        owner = exposure["symbol"].astype(str).map(symbols).to_numpy()
        of_intent = dict(zip(intents["intent"], intents["symbol"].astype(str).map(symbols), strict=True))
        asked = np.array([of_intent.get(intent, -1) for intent in faults["intent"]], dtype=np.int64)
    begins = exposure["from_us"].to_numpy()
    order = np.lexsort((begins, owner))
    owner, begins = owner[order], begins[order]
    held = np.abs(exposure["position"].to_numpy()[order]) > _DUST
    bare = exposure["naked_quantity"].to_numpy()[order] > _DUST
    ends = exposure["to_us"].to_numpy()[order]
    found = []
    for who, at_us, role in zip(asked, faults["at_us"], faults["role"].astype(str), strict=True):
        first, last = np.searchsorted(owner, (who, who + 1))
        place = first + int(np.searchsorted(begins[first:last], at_us, side="right")) - 1
        if place < first or not held[place] or at_us > ends[place]:
            found.append("flat")
        elif role == "flatten":
            found.append("closing")
        else:
            found.append("naked" if bare[place] else "protected")
    return found
