"""Say what each intent earned, and what the same bracket earned without faults on the same path."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.metrics.lookup import Array, Columns, first, last, ratio, total
from sim.metrics.source import Source
from sim.metrics.venue_frames import DUST

_REFUSED = {
    "refused_result_quote": "pnl",
    "refused_result_1m_quote": "pnl_1m",
    "refused_result_5m_quote": "pnl_5m",
    "refused_result_30m_quote": "pnl_30m",
}


def money_columns(source: Source, tables: Mapping[str, Columns], columns: Columns) -> Columns:
    """Return result, shadows' results and their difference, in quote, bps of planned notional and R."""
    shadow, size = source.table("shadow"), source.size
    row = source.rows(shadow["intent"])
    by_kind = {kind: np.where(shadow["kind"] == kind, row, -1) for kind in ("ideal", "floor", "refused")}
    ideal = first(by_kind["ideal"], shadow["pnl"], size, np.nan)
    result = _results(source, tables)
    loss = ideal - result + 0.0  # no minus zero in tables
    # An intent that entered after all is not also missed (metrics: "Refusal value").
    stayed_out = columns["entry_fills"] == 0
    refused = {
        name: np.where(stayed_out, last(by_kind["refused"], shadow[column], size, np.nan), np.nan)
        for name, column in _REFUSED.items()
    }
    return {
        "result_quote": result,
        "ideal_result_quote": ideal,
        "floor_result_quote": first(by_kind["floor"], shadow["pnl"], size, np.nan),
        "loss_against_ideal_quote": loss,
        "loss_against_ideal_bps": ratio(loss * 1e4, columns["planned_notional_quote"]),
        "loss_against_ideal_r": ratio(loss, columns["planned_risk_quote"]),
        **refused,
        "stop_crossed_us": first(by_kind["ideal"], shadow["stop_crossed_us"], size, -1),
    }


def _results(source: Source, tables: Mapping[str, Columns]) -> Array:
    """Return each intent's true result.

    Its own account says it (realised - fees + value of leaving).  Without one — a shared account, or a run cut
    off before its books closed — its own fills say it if they add up to no position; otherwise it is NaN.
    """
    accounts, fills, size = tables["accounts"], tables["fills"], source.size
    row = source.rows(accounts["intent"])
    booked = first(row, accounts["result_quote"], size, np.nan)
    fill_row = fills["row"]
    signed = fills["side"] * fills["quantity"]
    cash = -signed * fills["price"] - fills["fee_quote"]
    flat = np.abs(total(fill_row, signed, size)) < DUST
    own = np.where(flat, total(fill_row, cash, size), np.nan)
    return np.where(np.isnan(booked), own, booked)
