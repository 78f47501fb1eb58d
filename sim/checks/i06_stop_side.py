"""I06: stops stand on the losing side, not too near, and inside the liquidation price (failures F23, F26).

Three looks.  A stop that was moved stands on the losing side of the price it was made from, by at least
``min_stop_pct``.  A stop the venue accepted closes the intent's direction, and stands as far from the entry (its fill,
or what the guard or the plan took for it) unless it was moved there.  A stop accepted while the position stands covers
something: the record counts no cover from a stop beyond liquidation.  One finding per intent.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import latest_until, rows_of, taken
from sim.checks.case import Case, Columns, Finding, IntArray
from sim.checks.references import entry_references, fill_references

_ROUNDING = 1e-9


def find_misplaced_stops(case: Case) -> list[Finding]:
    """Return each intent's first misplaced stop; amount is how far it stands from where it may, in bps."""
    found: dict[int, Finding] = {}
    for finding in sorted(_moved(case) + _accepted(case), key=lambda one: (one.intent, one.at_us)):
        found.setdefault(finding.intent, finding)
    return list(found.values())


def _moved(case: Case) -> list[Finding]:
    moves, intents = case.table("stop_moved"), case.table("intent")
    rows = np.flatnonzero(moves["intent"] >= 0)
    owner = rows_of(intents["intent"], moves["intent"][rows])
    rows, owner = rows[owner >= 0], owner[owner >= 0]
    reference, new = moves["reference_price"][rows], moves["new_price"][rows]
    away = intents["direction"][owner] * (reference - new) / reference
    near = np.flatnonzero(~(away >= case.bounds.min_stop_pct - _ROUNDING))
    return [
        Finding(
            int(moves["intent"][rows[one]]),
            int(moves["at_us"][rows[one]]),
            float(case.bounds.min_stop_pct - away[one]) * 1e4,
            "bps",
            f"the stop of a {_word(intents['direction'][owner[one]])} was moved to {new[one]:g}, "
            + ("on its winning side" if not away[one] > 0 else f"{away[one] * 1e4:.2f} bps")
            + f" from the price {reference[one]:g}",
            f"{case.bounds.min_stop_pct * 1e4:g} bps or more on the losing side",
        )
        for one in near
    ]


def _accepted(case: Case) -> list[Finding]:
    orders, intents = case.table("order"), case.table("intent")
    rows = np.flatnonzero((orders["role"] == "sl") & (orders["status"] == "NEW") & (orders["intent"] >= 0))
    owner = rows_of(intents["intent"], orders["intent"][rows])
    rows, owner = rows[owner >= 0], owner[owner >= 0]
    if not rows.size:
        return []
    direction, trigger = intents["direction"][owner], orders["price"][rows]
    wrong_side = orders["side"][rows] == direction
    entry = entry_references(case, orders["intent"][rows], orders["at_us"][rows], owner)
    filled = fill_references(case, orders["intent"][rows], orders["at_us"][rows])
    away = np.fmax(direction * (entry - trigger) / entry, direction * (filled - trigger) / filled)
    near = (away < case.bounds.min_stop_pct - _ROUNDING) & ~_was_moved(case, orders, rows)
    naked = _covers_nothing(case, orders, rows, direction)
    found = []
    for one in np.flatnonzero(wrong_side | near | naked):
        word = _word(direction[one])
        if wrong_side[one]:
            amount, unit = float(orders["quantity"][rows[one]]), "base"
            truth = f"a stop of a {word} opens in its own direction"
        elif near[one]:
            amount, unit = float(case.bounds.min_stop_pct - away[one]) * 1e4, "bps"
            truth = f"the stop of a {word} at {trigger[one]:g} stands {away[one] * 1e4:.2f} bps from {entry[one]:g}"
        else:
            amount, unit = float(away[one]) * 1e4, "bps"
            truth = f"the stop of a {word} at {trigger[one]:g} lies beyond the liquidation price: it covers nothing"
        found.append(
            Finding(
                int(orders["intent"][rows[one]]), int(orders["at_us"][rows[one]]), amount, unit, truth,
                f"a stop {case.bounds.min_stop_pct * 1e4:g} bps or more on the losing side, inside liquidation",
            )
        )  # fmt: skip
    return found


def _was_moved(case: Case, orders: Columns, rows: IntArray) -> np.ndarray:
    """Tell which accepted stops stand where the executor moved them; those are judged by what they were made from."""
    moves = case.table("stop_moved")
    move = latest_until(moves["intent"], moves["at_us"], orders["intent"][rows], orders["at_us"][rows])
    return np.isclose(taken(moves["new_price"], move), orders["price"][rows], rtol=1e-9)


def _covers_nothing(case: Case, orders: Columns, rows: IntArray, direction: IntArray) -> np.ndarray:
    exposure = case.table("exposure")
    state = latest_until(
        exposure["account"], exposure["at_us"], orders["account"][rows], orders["at_us"][rows]
    )
    held = taken(exposure["position"], state) * direction > 0
    exits = orders["reduce_only"][rows] | orders["close_position"][rows]
    bare: np.ndarray = held & exits & (taken(exposure["cover"], state) == 0.0)
    # In one account several intents share a position, and the last row may speak of another one.
    return bare if case.isolation == "intent" else np.zeros_like(bare)


def _word(direction: int) -> str:
    return "long" if direction > 0 else "short"
