"""Build what was true at the venue, as columns: orders, fills, exposure, and the shadows on the same path."""

from __future__ import annotations

from typing import Final

import numpy as np

from sim.metrics.lookup import Array, Columns, Numbers, factorise, first, is_one_of, last, ratio, take, total
from sim.metrics.source import Source
from sim.outages import Outages

_ENDED: Final = ("FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED")
DUST: Final = 1e-9
"""Base quantities closer than this are equal (the venue's own tolerance)."""


def fills_columns(source: Source) -> Columns:
    """Return one row per execution."""
    raw = source.table("fill")
    return {
        "run": source.runs(len(raw["order"])),
        "intent": raw["intent"],
        "order": raw["order"],
        "account": raw["account"],
        "at_us": raw["at_us"],
        "role": raw["role"],
        "side": raw["side"],
        "quantity": raw["quantity"],
        "price": raw["price"],
        "fee_quote": raw["fee"],
        "reference": raw["reference"],
        "mark": raw["mark"],
        "trigger_price": raw["trigger_price"],
        "realised_quote": raw["realised"],
        "row": source.rows(raw["intent"]),
        "cost_bps": ratio(raw["side"] * (raw["price"] - raw["reference"]) * 1e4, raw["reference"]),
    }


def orders_columns(source: Source, requests: Columns) -> Columns:
    """Return one row per order the venue accepted: how it began, how it ended; ``sender`` is its request's row."""
    raw, fill = source.table("order"), source.table("fill")
    number = factorise(raw["order"])[1]
    numbers = Numbers(number)
    size = len(number)
    row = numbers.rows(raw["order"])
    begins = first(row, np.arange(len(row)), size, -1)
    ends = last(row, np.arange(len(row)), size, -1)
    triggered = np.where(raw["status"] == "TRIGGERED", row, -1)
    fill_row = numbers.rows(fill["order"])
    filled = total(fill_row, fill["quantity"], size)
    start = {name: raw[name][begins] for name in raw}
    sender = Numbers(requests["request"]).rows(start["request"])
    status = raw["status"][ends]
    return {
        "run": source.runs(size),
        "intent": start["intent"],
        "order": number,
        "account": start["account"],
        "role": start["role"],
        "type": start["type"],
        "side": start["side"],
        "quantity": start["quantity"],
        "price": start["price"],
        "reduce_only": start["reduce_only"],
        "close_position": start["close_position"],
        "request": start["request"],
        "placement": take(requests["placement"], sender, -1),
        "algo": start["algo"],
        "accepted_us": start["at_us"],
        "triggered_us": first(triggered, raw["at_us"], size, -1),
        "ended_us": np.where(is_one_of(status, _ENDED), raw["at_us"][ends], -1),
        "status": status,
        "reason": raw["reason"][ends],
        "row": source.rows(start["intent"]),
        "sender": sender,
        "filled_quantity": filled,
        "average_price": ratio(total(fill_row, fill["quantity"] * fill["price"], size), filled),
    }


def protection_columns(source: Source, run_end_us: int) -> Columns:
    """Return one row per stretch of constant position and cover, per account and symbol, until its books close.

    Mark is known at both ends of a stretch and taken as their mean between; metrics: "Naked".
    """
    raw, intent = source.table("exposure"), source.table("intent")
    intent_row = source.rows(raw["intent"])
    symbol = take(intent["symbol"], intent_row, "")
    symbol_code = factorise(symbol)[0]
    order = np.lexsort((raw["at_us"], symbol_code, raw["account"]))
    rows = {name: values[order] for name, values in raw.items()}
    symbol, symbol_code = symbol[order], symbol_code[order]
    size = len(order)
    closes = np.ones(size, dtype=bool)
    if size:
        closes[:-1] = (rows["account"][1:] != rows["account"][:-1]) | (symbol_code[1:] != symbol_code[:-1])
    following = np.minimum(np.arange(size) + 1, max(size - 1, 0))
    ends_us, end_mark = _ends(source, rows, run_end_us)
    to_us = np.where(closes, np.maximum(ends_us, rows["at_us"]), rows["at_us"][following])
    mark_to = np.where(closes, np.where(np.isnan(end_mark), rows["mark"], end_mark), rows["mark"][following])
    naked = np.maximum(0.0, np.abs(rows["position"]) - rows["cover"])
    naked[naked < DUST] = 0.0
    seconds = (to_us - rows["at_us"]) / 1e6
    excused = Outages(source.table("outage")).excused_us(rows["intent"], rows["at_us"], to_us) / 1e6
    return {
        "run": source.runs(size),
        "intent": rows["intent"],
        "row": intent_row[order],
        "account": rows["account"],
        "symbol": symbol,
        "from_us": rows["at_us"],
        "to_us": to_us,
        "position": rows["position"],
        "cover": rows["cover"],
        "stop_price": rows["stop_price"],
        "mark_from": rows["mark"],
        "mark_to": mark_to,
        "naked_quantity": naked,
        "naked_s": np.where(naked > 0.0, seconds, 0.0),
        "naked_excused_s": np.where(naked > 0.0, excused, 0.0),
        "naked_notional_s": naked * (rows["mark"] + mark_to) / 2 * seconds,
        "naked_loss_quote": naked * np.sign(rows["position"]) * (rows["mark"] - mark_to),
    }


def _ends(source: Source, rows: Columns, run_end_us: int) -> tuple[Array, Array]:
    """Return when each row's account was closed, and the price its position was left at (NaN for unknown).

    The record keeps what leaving adds to the wallet.  With the cost basis C = Σ side·quantity·price + realised
    and the fee rate f that price is (leave_value + C) / (q - |q|·f), for an account of one symbol.
    """
    end, fill = source.table("account_end"), source.table("fill")
    numbers = Numbers(end["account"])
    row = numbers.rows(rows["account"])
    size = numbers.size
    fill_row = numbers.rows(fill["account"])
    basis = total(fill_row, fill["side"] * fill["quantity"] * fill["price"], size) + end["realised"]
    rate = ratio(end["fees"], total(fill_row, fill["quantity"] * fill["price"], size))
    position = end["position"]
    price = ratio(end["leave_value"] + basis, position - np.abs(position) * np.nan_to_num(rate))
    price[end["intent"] < 0] = np.nan
    return take(end["at_us"], row, run_end_us), take(price, row, np.nan)


def accounts_columns(source: Source) -> Columns:
    """Return one row per account: one per intent, or the one that all share."""
    raw = source.table("account_end")
    size = len(raw["account"])
    return {
        "run": source.runs(size),
        "intent": raw["intent"],
        "seed": source.seeds(size),
        "account": raw["account"],
        "closed_us": raw["at_us"],
        "position": raw["position"],
        "open_orders": raw["open_orders"],
        "wallet_quote": raw["wallet"],
        "fees_quote": raw["fees"],
        "realised_quote": raw["realised"],
        "leave_value_quote": raw["leave_value"],
        "result_quote": raw["realised"] - raw["fees"] + raw["leave_value"],
    }


def shadows_columns(source: Source) -> Columns:
    """Return one row per shadow bracket."""
    raw = source.table("shadow")
    return {
        "run": source.runs(len(raw["intent"])),
        "intent": raw["intent"],
        "kind": raw["kind"],
        "filled_us": raw["filled_us"],
        "fill_price": raw["fill_price"],
        "exit_us": raw["exit_us"],
        "exit_price": raw["exit_price"],
        "exit_reason": raw["exit_reason"],
        "result_quote": raw["pnl"],
        "result_1m_quote": raw["pnl_1m"],
        "result_5m_quote": raw["pnl_5m"],
        "result_30m_quote": raw["pnl_30m"],
        "stop_crossed_us": raw["stop_crossed_us"],
    }


def liquidations_columns(source: Source) -> Columns:
    """Return one row per position that the venue closed for want of margin."""
    raw = source.table("liquidation")
    names = {
        "side": "direction",
        "level": "liquidation_price",
        "isolated": "isolated_quote",
        "commission": "commission_quote",
        "fee": "liquidation_fee_quote",
        "insurance": "insurance_quote",
    }
    columns = {names.get(name, name): values for name, values in raw.items()}
    return {"run": source.runs(len(raw["order"])), **columns}
