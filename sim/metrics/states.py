"""Say how an intent ended and where it stood at the protection deadline, by truth (pure).

States at the deadline (so many seconds after the decision, at most the end of holding).  An intent whose own
stop or target closed it earlier, or whose position the venue liquidated, is judged as it stood just before that exit.
The first that applies:

*flattened_safely*   the executor closed it before the end of holding, truth is flat and so is belief
*unknown*            entry claimed and entry in truth differ: nobody watches it, whatever covers it
*recovered*          truth is one entry within one step of the intended size, nothing of it uncovered, and the
                     loss at its stop is within the budget (a multiple of the planned risk)
*unknown*            also: the code under test raised, or its flow never ended
*naked*              truth holds a quantity that no stop covers
*not_entered*        no entry in truth, and none believed
*impaired*           what is left: doubled but covered, a stop beyond the budget, liquidated, closed too late
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from sim.metrics.lookup import Array, count, take, total
from sim.metrics.source import Source
from sim.metrics.venue_frames import DUST

STATES: Final = ("recovered", "flattened_safely", "unknown", "naked", "not_entered", "impaired")
OUTCOMES: Final = (
    "refused", "not_filled", "stopped", "target", "timed_out", "flattened", "liquidated", "unresolved",
)  # fmt: skip
_STOPS: Final = ("sl", "trailing")
_LIQUIDATION: Final = "liquidation"


def outcomes(columns: dict[str, Any]) -> Array:
    """Return the true outcome of each intent (design: words).

    By the role of the fill that closed it: stop or trailing stop, target, the venue's own close for want of margin
    (liquidated), or a close at market, which is timed_out from the end of holding on and flattened before.  A position
    left, exits that do not add up to the entries in a shared account, or a flow without an end: unresolved.
    """
    position = columns["true_position"]
    left_by_fills = np.abs(columns["entry_quantity"] - columns["exit_quantity"]) > DUST
    open_still = np.where(np.isnan(position), left_by_fills, np.abs(position) > DUST)
    role = columns["exit_role"]
    late = columns["exit_us"] >= columns["deadline_us"]
    entered = columns["entry_fills"] > 0
    choices = [
        (entered & (open_still | (columns["ended_us"] < 0)), "unresolved"),
        (~entered & columns["refused"], "refused"),
        (~entered & (columns["ended_us"] < 0), "unresolved"),
        (~entered, "not_filled"),
        (np.isin(role, _STOPS), "stopped"),
        (role == "tp", "target"),
        (role == _LIQUIDATION, "liquidated"),
        (late, "timed_out"),
    ]
    result: Array = np.select(
        [np.asarray(when, dtype=bool) for when, _ in choices],
        [np.array(name, dtype=object) for _, name in choices],
        default=np.array("flattened", dtype=object),
    )
    return result


def states_at_deadline(
    source: Source,
    frames: dict[str, pd.DataFrame],
    columns: dict[str, Any],
    deadline_us: int,
    budget_r: float,
) -> tuple[Array, Array]:
    """Return the state of each intent ``deadline_us`` after its decision, and whether it is naked then."""
    moment = np.minimum(columns["decided_us"] + deadline_us, columns["deadline_us"])
    by_itself = np.isin(columns["exit_role"], (*_STOPS, "tp", _LIQUIDATION)) & (columns["exit_us"] >= 0)
    moment = np.where(by_itself & (columns["exit_us"] <= moment), columns["exit_us"] - 1, moment)
    entries, entered = _entries_until(source, frames, columns, moment)
    if columns["shared_account"].any():
        position, naked, stop = _own_orders_at(source, frames, columns, moment, entered)
    else:
        position, naked, stop = _exposure_at(source, frames, moment)
    loss = columns["direction"] * (columns["fill_price"] - stop) * np.abs(position)
    recovered = (
        (entries == 1)
        & (np.abs(entered - columns["quantity"]) <= columns["step"])
        & (position * columns["direction"] > DUST)
        & (naked <= DUST)
        & (loss <= budget_r * columns["planned_risk_quote"] * (1 + 1e-9))
        # A stop that margin did not reach was no protection, wherever it stood.
        & ~((columns["exit_role"] == _LIQUIDATION) & (columns["exit_us"] - 1 <= moment))
    )
    flat = (columns["exit_role"] == "flatten") & (columns["exit_us"] < columns["deadline_us"])
    flat &= (columns["exit_us"] <= moment) & (np.abs(position) <= DUST) & (columns["entry_fills"] > 0)
    known = columns["entry_claimed"].to_numpy(float, na_value=np.nan)
    filled = columns["entry_fills"] > 0
    misbelieved = ((known == 1) & ~filled) | ((known == 0) & filled)
    lost = (columns["ended_us"] < 0) | (columns["believed_outcome"] == "escaped")
    choices = [
        (flat & (columns["believed_position"] == 0.0), "flattened_safely"),
        (misbelieved, "unknown"),
        (recovered, "recovered"),
        (lost, "unknown"),
        (naked > DUST, "naked"),
        (~filled, "not_entered"),
    ]
    result: Array = np.select(
        [when for when, _ in choices],
        [np.array(name, dtype=object) for _, name in choices],
        default=np.array("impaired", dtype=object),
    )
    return result, naked > DUST


def _entries_until(
    source: Source, frames: dict[str, pd.DataFrame], columns: dict[str, Any], moment: Array
) -> tuple[Array, Array]:
    """Return number of entry orders that filled, in whole or in parts, and their quantity, up to each moment."""
    fills = frames["fills"]
    row = source.rows(fills["intent"].to_numpy())
    counts = (fills["role"] == "entry").to_numpy() & (
        fills["side"].to_numpy() == take(columns["direction"], row, 0)
    )
    counts &= fills["at_us"].to_numpy() <= take(moment, row, -1)
    own = np.where(counts, row, -1)
    # An order may fill in several executions and is still one entry.
    again = fills["order"].where(counts).duplicated().to_numpy()
    entries = count(np.where(again, -1, own), source.size)
    return entries, total(own, fills["quantity"].to_numpy(), source.size)


def _exposure_at(
    source: Source, frames: dict[str, pd.DataFrame], moment: Array
) -> tuple[Array, Array, Array]:
    """Return position, uncovered quantity and stop price at each intent's moment, from its own account."""
    stretch = frames["protection"]
    asked = pd.DataFrame({"at": moment, "row": np.arange(source.size)}).sort_values("at", kind="stable")
    known = pd.DataFrame(
        {
            "at": stretch["from_us"].to_numpy(),
            "row": source.rows(stretch["intent"].to_numpy()),
            **{name: stretch[name].to_numpy() for name in ("position", "naked_quantity", "stop_price")},
        }
    ).sort_values("at", kind="stable")
    found = pd.merge_asof(asked, known, on="at", by="row").sort_values("row")
    return (
        found["position"].fillna(0.0).to_numpy(),
        found["naked_quantity"].fillna(0.0).to_numpy(),
        found["stop_price"].to_numpy(float),
    )


def _own_orders_at(
    source: Source,
    frames: dict[str, pd.DataFrame],
    columns: dict[str, Any],
    moment: Array,
    entered: Array,
) -> tuple[Array, Array, Array]:
    """Return the same in a shared account, where only fills and stops of its own are an intent's.

    Whether a stop lies inside liquidation is not known there.
    """
    fills, orders, size = frames["fills"], frames["orders"], source.size
    row = source.rows(fills["intent"].to_numpy())
    done = fills["at_us"].to_numpy() <= take(moment, row, -1)
    signed = (fills["side"] * fills["quantity"]).to_numpy()
    position = total(np.where(done, row, -1), signed, size)
    order_row = source.rows(orders["intent"].to_numpy())
    at = take(moment, order_row, -1)
    live = (orders["role"] == "sl").to_numpy() & (orders["accepted_us"].to_numpy() <= at)
    live &= orders["ended_us"].to_numpy(np.int64, na_value=np.iinfo(np.int64).max) > at
    live &= (orders["close_position"] | orders["reduce_only"]).to_numpy()
    live &= orders["side"].to_numpy() == -take(columns["direction"], order_row, 0)
    whole = np.where(live & orders["close_position"].to_numpy(), order_row, -1)
    cover = total(np.where(live, order_row, -1), orders["quantity"].to_numpy(), size)
    cover = np.where(count(whole, size) > 0, np.abs(position), cover)
    stop = np.full(size, np.nan)
    stop[order_row[live]] = orders["price"].to_numpy()[live]
    return position, np.maximum(0.0, np.abs(position) - cover), stop
