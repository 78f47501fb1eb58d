"""Say for each intent how long it was naked, what that cost, and when it was protected.

The shadow I1 rests its stop with the fill, so ``naked_s`` is itself the excess over I1.  What no executor can
avoid that learns of its fill from the entry's acknowledgement — the entry's reply leg and the first stop's
request leg, with the run's own draws — is split off as structural; so is excused time, in which no protective write
could be accepted or its need be read (the record's outages).  The rest is what a policy may change.
In a shared account exposure belongs to nobody in particular: all of it is NaN there.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.metrics.lookup import Array, Columns, Numbers, count, first, take, total, truth_values
from sim.metrics.source import Source
from sim.metrics.venue_frames import DUST

_NAKED = ("naked_s", "naked_excused_s", "naked_notional_s", "naked_loss_quote")
_PARTS = (
    "naked_charged_s", "naked_structural_s", "naked_excess_s", "naked_structural_notional_s", "naked_excess_notional_s",
)  # fmt: skip


def exposure_columns(source: Source, tables: Mapping[str, Columns], columns: Columns) -> Columns:
    """Return the exposure columns of the intents frame."""
    stretch, size = tables["protection"], source.size
    if columns["shared_account"].any():
        nothing = np.full(size, np.nan)
        absent = truth_values(np.zeros(size), np.zeros(size))
        unknown = dict.fromkeys((*_NAKED, *_PARTS), nothing)
        return unknown | {"protected": absent, "protected_us": np.full(size, -1), "naked_at_end": absent}
    row = stretch["row"]
    sums = {name: total(row, stretch[name], size) for name in _NAKED}
    held = np.abs(stretch["position"]) > DUST
    covered = np.where(held & (stretch["naked_quantity"] == 0.0), row, -1)
    protected_us = first(covered, stretch["from_us"], size, -1)
    closing = stretch["to_us"] >= take(columns["books_us"], row, 0)
    bare = closing & (stretch["naked_quantity"] > 0.0)
    structural = np.minimum(sums["naked_s"], _wire_s(source, tables))
    notional = np.minimum(
        sums["naked_notional_s"],
        structural * columns["entry_quantity"] * np.nan_to_num(columns["fill_price"]),
    )
    entered = columns["entry_fills"] > 0
    charged = sums["naked_s"] - sums["naked_excused_s"]
    return sums | {
        "naked_charged_s": charged,
        "naked_structural_s": structural,
        "naked_excess_s": np.maximum(charged - structural, 0.0),
        "naked_structural_notional_s": notional,
        "naked_excess_notional_s": sums["naked_notional_s"] - notional,
        "protected": truth_values(protected_us >= 0, entered),
        "protected_us": protected_us,
        "naked_at_end": truth_values(count(np.where(bare, row, -1), size) > 0, entered),
    }


def _wire_s(source: Source, tables: Mapping[str, Columns]) -> Array:
    """Return the reply leg of the entry that filled plus the request leg of the first stop sent, in s."""
    fills, orders, requests = tables["fills"], tables["orders"], tables["requests"]
    size = source.size
    entry = np.where(fills["role"] == "entry", fills["row"], -1)
    filled_order = first(entry, fills["order"], size, -1)
    order_row = Numbers(orders["order"]).rows(filled_order)
    request_row = take(orders["sender"], order_row, -1)
    reply_us = take(requests["reply_leg_us"], request_row, 0)
    stop = np.where(requests["role"] == "sl", requests["row"], -1)
    request_us = first(stop, requests["request_leg_us"], size, 0)
    result: Array = (reply_us + request_us) / 1e6
    return result
