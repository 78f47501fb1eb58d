"""Build the row of an intent: plan, verdict, entry, exit, exposure, money; belief beside truth.

Every part is a function from tables to columns in the order of the trace's intents.  Signs are those of
metrics.md: d = +1 long, -1 short, positive costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sim.metrics.intent_exposure import exposure_columns
from sim.metrics.intent_money import money_columns
from sim.metrics.lookup import Array, count, first, last, ratio, take, text, total, truth_values, whole
from sim.metrics.source import Source
from sim.metrics.states import outcomes, states_at_deadline
from sim.metrics.wire_frames import NEW_ORDER_CALLS

Frames = dict[str, pd.DataFrame]
Columns = dict[str, Any]


def intents_frame(
    source: Source,
    frames: Frames,
    *,
    run_end_us: int,
    steps: Mapping[str, float],
    deadline_us: int,
    budget_r: float,
) -> pd.DataFrame:
    """Return one row per intent; ``frames`` holds the other frames of the same trace."""
    columns = _plan(source, steps)
    columns |= _belief(source)
    columns |= _ends(source, frames, run_end_us)
    columns |= _entry(source, frames, columns)
    columns |= _verdict(source, columns)
    columns |= _slippage(columns)
    columns |= _exit(source, frames, columns)
    columns |= exposure_columns(source, frames, columns)
    columns |= money_columns(source, frames, columns)
    columns |= _traffic(source, frames)
    columns["orphaned"] = truth_values(
        (np.abs(columns["believed_position"]) == 0.0) & (np.abs(columns["true_position"]) > 0.0),
        ~np.isnan(columns["true_position"]) & (columns["ended_us"] >= 0),
    )
    columns["outcome"] = text(outcomes(columns))
    states, columns["naked_at_deadline"] = states_at_deadline(source, frames, columns, deadline_us, budget_r)
    columns["state_at_deadline"] = text(states)
    return _finished(source, columns)


def _plan(source: Source, steps: Mapping[str, float]) -> Columns:
    raw = source.table("intent")
    symbols, names = pd.factorize(raw["symbol"])
    known = np.array([steps.get(str(name), 0.0) for name in names] or [0.0])
    # Without a step from the caller, a millionth of the size: sizes are equal but for float noise.
    step = np.maximum(known[symbols] if source.size else np.zeros(0), raw["quantity"] * 1e-6)
    return {
        "intent": raw["intent"],
        "episode": source.episodes,
        "date": source.dates,
        "symbol": raw["symbol"],
        **{name: raw[name] for name in ("direction", "decided_us", "hold_us", "quantity", "plan_price")},
        **{name: raw[name] for name in ("sl_price", "tp_price", "leverage")},
        "deadline_us": raw["decided_us"] + raw["hold_us"],
        "planned_notional_quote": raw["quantity"] * raw["plan_price"],
        "planned_risk_quote": raw["quantity"] * np.abs(raw["plan_price"] - raw["sl_price"]),
        "step": step,
    }


def _belief(source: Source) -> Columns:
    raw, size = source.table("intent_end"), source.size
    row = source.rows(raw["intent"])
    ended = last(row, raw["ended_us"], size, -1)
    protected = last(row, raw["believed_protected"].astype(np.int64), size, 0)
    return {
        "ended_us": ended,
        "believed_outcome": last(row, raw["outcome"], size, ""),
        "believed_position": last(row, raw["believed_position"], size, np.nan),
        "believed_protected": truth_values(protected == 1, ended >= 0),
    }


def _ends(source: Source, frames: Frames, run_end_us: int) -> Columns:
    """Say when books closed and on what; in a shared account the position is nobody's."""
    raw, size = source.table("account_end"), source.size
    row = source.rows(raw["intent"])
    orders = frames["orders"]
    shared = bool(((raw["account"] == 0) & (raw["intent"] < 0)).any())
    if not len(raw["account"]):
        shared = bool(((orders["account"] == 0) & (orders["intent"] >= 0)).any())
    return {
        "shared_account": np.full(size, shared),
        "books_us": first(row, raw["at_us"], size, run_end_us),
        "true_position": first(row, raw["position"], size, np.nan),
    }


def _entry(source: Source, frames: Frames, plan: Columns) -> Columns:
    fills, orders, requests, placements = (
        frames[name] for name in ("fills", "orders", "requests", "placements")
    )
    size = source.size
    row = source.rows(fills["intent"].to_numpy())
    is_entry = (fills["role"] == "entry").to_numpy()
    own = np.where(is_entry & (fills["side"].to_numpy() == take(plan["direction"], row, 0)), row, -1)
    quantity = total(own, fills["quantity"].to_numpy(), size)
    # An order may fill in several executions and is still one entry.
    entries = count(np.where(fills["order"].where(own >= 0).duplicated().to_numpy(), -1, own), size)
    over = quantity - plan["quantity"]
    order_row = source.rows(orders["intent"].to_numpy())
    accepted = np.where((orders["role"] == "entry").to_numpy(), order_row, -1)
    sent = (requests["role"] == "entry").to_numpy() & (requests["status"] == 200).to_numpy()
    answered = requests["answered_us"].to_numpy()
    sent_row = np.where(sent, source.rows(requests["intent"].to_numpy()), -1)
    placed = np.where(
        (placements["role"] == "entry").to_numpy(), source.rows(placements["intent"].to_numpy()), -1
    )
    claimed = last(placed, placements["success"].to_numpy(np.int64), size, -1)
    weighted = {
        name: ratio(total(own, (fills["quantity"] * fills[column]).to_numpy(), size), quantity)
        for name, column in (("fill_price", "price"), ("arrival_price", "reference"))
    }
    return {
        "entry_claimed": truth_values(claimed == 1, claimed >= 0),
        "entry_true": (entries == 1) & (np.abs(over) <= plan["step"]),
        "entries_accepted": count(accepted, size),
        "entry_fills": count(own, size),
        "entry_quantity": quantity,
        "over_fill": np.where(over > plan["step"], over, 0.0),
        **weighted,
        "send_price": _send_price(source, frames, own),
        "filled_us": first(own, fills["at_us"].to_numpy(), size, -1),
        "acknowledged_us": first(sent_row[np.argsort(answered, kind="stable")], np.sort(answered), size, -1),
    }


def _send_price(source: Source, frames: Frames, own: Array) -> Array:
    """Return last when the first filled entry left."""
    raw, size = source.table("request"), source.size
    fills, orders = frames["fills"], frames["orders"]
    order = first(own, fills["order"].to_numpy(), size, -1)
    sender = orders.set_index("order")["request"].reindex(order).fillna(-1).to_numpy(np.int64)
    prices = pd.Series(raw["last"], index=raw["request"])
    return prices.reindex(sender).to_numpy(float)


def _verdict(source: Source, entry: Columns) -> Columns:
    raw, size = source.table("verdict"), source.size
    row = source.rows(raw["intent"])
    filled = take(entry["filled_us"], row, -1)
    before = np.where((filled < 0) | (raw["at_us"] <= filled), row, -1)
    place = np.arange(len(row))
    final = last(row, place, size, -1)
    deciding = last(before, place, size, -1)
    deciding = np.where(deciding >= 0, deciding, first(row, place, size, -1))
    accepted = take(raw["accepted"].astype(np.int64), final, -1)
    refused = (accepted == 0) & (entry["entry_fills"] == 0)
    reason = take(raw["reason"], deciding, "")
    for_deviation = pd.Series(reason, dtype="str").str.contains("slippage|deviation", case=False)
    return {
        "checked": final >= 0,
        "refused": refused,
        "refused_for_deviation": refused & for_deviation.to_numpy(bool),
        "verdict_accepted": truth_values(take(raw["accepted"], deciding, False) == 1, deciding >= 0),
        "verdict_reason": reason,
        "verdict_us": first(row, raw["at_us"], size, -1),
        "check_price": take(raw["price"], deciding, np.nan),
        "guard_deviation": take(raw["deviation"], deciding, np.nan),
        **{
            name: take(raw[name], deciding, np.nan)
            for name in ("adjusted_entry", "adjusted_sl", "adjusted_tp")
        },
    }


def _slippage(columns: Columns) -> Columns:
    plan = columns["plan_price"]
    return {
        f"slippage_{moment}_bps": columns["direction"] * (columns[f"{moment}_price"] - plan) / plan * 1e4
        + 0.0
        for moment in ("check", "send", "arrival", "fill")
    }


def _exit(source: Source, frames: Frames, plan: Columns) -> Columns:
    fills, size = frames["fills"], source.size
    row = source.rows(fills["intent"].to_numpy())
    side, role = fills["side"].to_numpy(), fills["role"].to_numpy(object)
    out = np.where((side == -take(plan["direction"], row, 0)) & (row >= 0), row, -1)
    stop = np.where(role == "sl", out, -1)
    quantity, stopped = (total(rows, fills["quantity"].to_numpy(), size) for rows in (out, stop))
    value = (fills["quantity"] * fills["price"]).to_numpy()
    trigger = (fills["quantity"] * fills["trigger_price"]).to_numpy()
    stop_price = ratio(total(stop, trigger, size), stopped)
    stop_exit = ratio(total(stop, value, size), stopped)
    planned = plan["sl_price"]
    per_bps = plan["direction"] / planned * 1e4
    return {
        "exit_us": last(out, fills["at_us"].to_numpy(), size, -1),
        "exit_role": last(out, role, size, ""),
        "exit_price": ratio(total(out, value, size), quantity),
        "exit_quantity": quantity,
        "stop_price": stop_price,
        "stop_slippage_bps": (planned - stop_exit) * per_bps,
        "stop_loosening_bps": (planned - stop_price) * per_bps,
        "stop_execution_bps": (stop_price - stop_exit) * per_bps,
    }


def _traffic(source: Source, frames: Frames) -> Columns:
    requests, size = frames["requests"], source.size
    row = source.rows(requests["intent"].to_numpy())
    order = requests["call"].isin(NEW_ORDER_CALLS).to_numpy()
    return {
        "requests": count(row, size),
        "orders_sent": count(np.where(order, row, -1), size),
        "weight": total(row, requests["weight"].to_numpy(), size).astype(np.int64),
    }


_NULLABLE = (
    "ended_us",
    "verdict_us",
    "acknowledged_us",
    "filled_us",
    "protected_us",
    "exit_us",
    "stop_crossed_us",
)
_TEXT = ("symbol", "believed_outcome", "verdict_reason", "exit_role")


def _finished(source: Source, columns: Columns) -> pd.DataFrame:
    from sim.metrics.columns import COLUMNS

    columns |= {name: whole(columns[name]) for name in _NULLABLE}
    columns |= {name: text(columns[name]) for name in _TEXT}
    columns["run"] = source.runs(source.size)
    columns["seed"] = np.full(source.size, source.seed)
    columns["cluster"] = text(source.clusters(columns["intent"]))
    return pd.DataFrame({name: columns[name] for name in COLUMNS["intents"]})
