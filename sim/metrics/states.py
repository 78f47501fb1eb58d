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

from collections.abc import Mapping
from typing import Final

import numpy as np

from sim.metrics.lookup import Array, Columns, count, is_one_of, last, repeated, take, total
from sim.metrics.source import Source
from sim.metrics.venue_frames import DUST

STATES: Final = ("recovered", "flattened_safely", "unknown", "naked", "not_entered", "impaired")
OUTCOMES: Final = (
    "refused", "not_filled", "stopped", "target", "timed_out", "flattened", "liquidated", "unresolved",
)  # fmt: skip
_STOPS: Final = ("sl", "trailing")
_LIQUIDATION: Final = "liquidation"


def outcomes(columns: Columns) -> Array:
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
        (is_one_of(role, _STOPS), "stopped"),
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
    tables: Mapping[str, Columns],
    columns: Columns,
    deadline_us: int,
    budget_r: float,
) -> tuple[Array, Array]:
    """Return the state of each intent ``deadline_us`` after its decision, and whether it is naked then."""
    moment = np.minimum(columns["decided_us"] + deadline_us, columns["deadline_us"])
    by_itself = is_one_of(columns["exit_role"], (*_STOPS, "tp", _LIQUIDATION)) & (columns["exit_us"] >= 0)
    moment = np.where(by_itself & (columns["exit_us"] <= moment), columns["exit_us"] - 1, moment)
    entries, entered = _entries_until(source, tables, columns, moment)
    if columns["shared_account"].any():
        position, naked, stop = _own_orders_at(source, tables, columns, moment, entered)
    else:
        position, naked, stop = _exposure_at(source, tables, moment)
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
    claimed = columns["entry_claimed"]
    filled = columns["entry_fills"] > 0
    misbelieved = ((claimed == 1) & ~filled) | ((claimed == 0) & filled)
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
    source: Source, tables: Mapping[str, Columns], columns: Columns, moment: Array
) -> tuple[Array, Array]:
    """Return number of entry orders that filled, in whole or in parts, and their quantity, up to each moment."""
    fills = tables["fills"]
    row = fills["row"]
    counts = (fills["role"] == "entry") & (fills["side"] == take(columns["direction"], row, 0))
    counts &= fills["at_us"] <= take(moment, row, -1)
    own = np.where(counts, row, -1)
    # An order may fill in several executions and is still one entry.
    entries = count(np.where(repeated(fills["order"], own >= 0), -1, own), source.size)
    return entries, total(own, fills["quantity"], source.size)


def _exposure_at(source: Source, tables: Mapping[str, Columns], moment: Array) -> tuple[Array, Array, Array]:
    """Return position, uncovered quantity and stop price at each intent's moment, from its own account."""
    stretch = tables["protection"]
    row = stretch["row"]
    begun = stretch["from_us"] <= take(moment, row, -1)
    order = np.argsort(stretch["from_us"], kind="stable")
    at = last(np.where(begun, row, -1)[order], order, source.size, -1)
    position, naked = (take(stretch[name], at, 0.0) for name in ("position", "naked_quantity"))
    return position, naked, take(stretch["stop_price"], at, np.nan)


def _own_orders_at(
    source: Source,
    tables: Mapping[str, Columns],
    columns: Columns,
    moment: Array,
    entered: Array,
) -> tuple[Array, Array, Array]:
    """Return the same in a shared account, where only fills and stops of its own are an intent's.

    Whether a stop lies inside liquidation is not known there.
    """
    fills, orders, size = tables["fills"], tables["orders"], source.size
    row = fills["row"]
    done = fills["at_us"] <= take(moment, row, -1)
    signed = fills["side"] * fills["quantity"]
    position = total(np.where(done, row, -1), signed, size)
    order_row = orders["row"]
    at = take(moment, order_row, -1)
    live = (orders["role"] == "sl") & (orders["accepted_us"] <= at)
    live &= (orders["ended_us"] < 0) | (orders["ended_us"] > at)
    live &= orders["close_position"] | orders["reduce_only"]
    live &= orders["side"] == -take(columns["direction"], order_row, 0)
    whole = np.where(live & orders["close_position"], order_row, -1)
    cover = total(np.where(live, order_row, -1), orders["quantity"], size)
    cover = np.where(count(whole, size) > 0, np.abs(position), cover)
    stop = np.full(size, np.nan)
    stop[order_row[live]] = orders["price"][live]
    return position, np.maximum(0.0, np.abs(position) - cover), stop
