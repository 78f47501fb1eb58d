"""Build the row of an intent: plan, verdict, entry, exit, exposure, money; belief beside truth.

Every part is a function from tables to columns in the order of the trace's intents.  Signs are those of
metrics.md: d = +1 long, -1 short, positive costs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import numpy as np

from sim.metrics.intent_exposure import exposure_columns
from sim.metrics.intent_money import money_columns
from sim.metrics.lookup import (
    Array,
    Columns,
    Numbers,
    count,
    factorise,
    first,
    last,
    ratio,
    repeated,
    take,
    total,
    truth_values,
)
from sim.metrics.source import Source
from sim.metrics.states import outcomes, states_at_deadline
from sim.metrics.wire_frames import made_orders

_FOR_DEVIATION: Final = re.compile("slippage|deviation", re.IGNORECASE)


def intents_columns(
    source: Source,
    tables: Mapping[str, Columns],
    *,
    run_end_us: int,
    steps: Mapping[str, float],
    deadline_us: int,
    budget_r: float,
) -> Columns:
    """Return one row per intent; ``tables`` holds the columns of the other frames of the same trace."""
    columns = _plan(source, steps)
    columns |= _belief(source)
    columns |= _ends(source, tables, run_end_us)
    columns |= _entry(source, tables, columns)
    columns |= _verdict(source, columns)
    columns |= _slippage(columns)
    columns |= _exit(source, tables, columns)
    columns |= exposure_columns(source, tables, columns)
    columns |= money_columns(source, tables, columns)
    columns |= _traffic(source, tables)
    columns["orphaned"] = truth_values(
        (np.abs(columns["believed_position"]) == 0.0) & (np.abs(columns["true_position"]) > 0.0),
        ~np.isnan(columns["true_position"]) & (columns["ended_us"] >= 0),
    )
    columns["outcome"] = outcomes(columns)
    states, columns["naked_at_deadline"] = states_at_deadline(source, tables, columns, deadline_us, budget_r)
    columns["state_at_deadline"] = states
    return columns | {
        "run": source.runs(source.size),
        "seed": source.seeds(source.size),
        "cluster": source.clusters(columns["intent"]),
    }


def _plan(source: Source, steps: Mapping[str, float]) -> Columns:
    raw = source.table("intent")
    symbols, names = factorise(raw["symbol"])
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


def _ends(source: Source, tables: Mapping[str, Columns], run_end_us: int) -> Columns:
    """Say when books closed and on what; in a shared account the position is nobody's."""
    raw, size = source.table("account_end"), source.size
    row = source.rows(raw["intent"])
    orders = tables["orders"]
    shared = bool(((raw["account"] == 0) & (raw["intent"] < 0)).any())
    if not len(raw["account"]):
        shared = bool(((orders["account"] == 0) & (orders["intent"] >= 0)).any())
    return {
        "shared_account": np.full(size, shared),
        "books_us": first(row, raw["at_us"], size, run_end_us),
        "true_position": first(row, raw["position"], size, np.nan),
    }


def _entry(source: Source, tables: Mapping[str, Columns], plan: Columns) -> Columns:
    fills, orders, requests = (tables[name] for name in ("fills", "orders", "requests"))
    placements, size = source.table("placement"), source.size
    row = fills["row"]
    is_entry = fills["role"] == "entry"
    own = np.where(is_entry & (fills["side"] == take(plan["direction"], row, 0)), row, -1)
    quantity = total(own, fills["quantity"], size)
    # An order may fill in several executions and is still one entry.
    entries = count(np.where(repeated(fills["order"], own >= 0), -1, own), size)
    over = quantity - plan["quantity"]
    order_row = orders["row"]
    accepted = np.where(orders["role"] == "entry", order_row, -1)
    sent = (requests["role"] == "entry") & (requests["status"] == 200)
    answered = requests["answered_us"]
    sent_row = np.where(sent, requests["row"], -1)
    placed = np.where(placements["role"] == "entry", source.rows(placements["intent"]), -1)
    claimed = last(placed, placements["success"].astype(np.int64), size, -1)
    weighted = {
        name: ratio(total(own, fills["quantity"] * fills[column], size), quantity)
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
        "send_price": _send_price(source, tables, own),
        "filled_us": first(own, fills["at_us"], size, -1),
        "acknowledged_us": first(sent_row[np.argsort(answered, kind="stable")], np.sort(answered), size, -1),
    }


def _send_price(source: Source, tables: Mapping[str, Columns], own: Array) -> Array:
    """Return last when the first filled entry left."""
    order_row = Numbers(tables["orders"]["order"]).rows(first(own, tables["fills"]["order"], source.size, -1))
    return take(tables["requests"]["last"], take(tables["orders"]["sender"], order_row, -1), np.nan)


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
    for_deviation = [_FOR_DEVIATION.search(words) is not None for words in reason.tolist()]
    return {
        "checked": final >= 0,
        "refused": refused,
        "refused_for_deviation": refused & np.array(for_deviation, dtype=bool),
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


def _exit(source: Source, tables: Mapping[str, Columns], plan: Columns) -> Columns:
    fills, size = tables["fills"], source.size
    row = fills["row"]
    side, role = fills["side"], fills["role"]
    out = np.where((side == -take(plan["direction"], row, 0)) & (row >= 0), row, -1)
    stop = np.where(role == "sl", out, -1)
    quantity, stopped = (total(rows, fills["quantity"], size) for rows in (out, stop))
    value = fills["quantity"] * fills["price"]
    trigger = fills["quantity"] * fills["trigger_price"]
    stop_price = ratio(total(stop, trigger, size), stopped)
    stop_exit = ratio(total(stop, value, size), stopped)
    planned = plan["sl_price"]
    per_bps = plan["direction"] / planned * 1e4
    return {
        "exit_us": last(out, fills["at_us"], size, -1),
        "exit_role": last(out, role, size, ""),
        "exit_price": ratio(total(out, value, size), quantity),
        "exit_quantity": quantity,
        "stop_price": stop_price,
        "stop_slippage_bps": (planned - stop_exit) * per_bps,
        "stop_loosening_bps": (planned - stop_price) * per_bps,
        "stop_execution_bps": (stop_price - stop_exit) * per_bps,
    }


def _traffic(source: Source, tables: Mapping[str, Columns]) -> Columns:
    requests, size = tables["requests"], source.size
    row = requests["row"]
    return {
        "requests": count(row, size),
        "orders_sent": count(np.where(made_orders(requests), row, -1), size),
        "weight": total(row, requests["weight"], size).astype(np.int64),
    }
