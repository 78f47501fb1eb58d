"""S07: orders live along the legal graph.

Written from the venue's documents and not from the exchange's own table: an order is NEW first; a market order
fills or expires at once; a conditional order rests, may be cancelled or expire, or triggers and then fills or
expires; nothing follows an end.  It is FILLED exactly when there is one fill of it.  A fill of an order that ended
EXPIRED is what the market take bound let through: one, and of less than the order's quantity.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sim.checks.arrays import first_of_group, rows_of, sum_by
from sim.checks.case import BoolArray, Case, Columns, Finding, IntArray

_STATES: Final = ("", "NEW", "TRIGGERED", "FILLED", "CANCELED", "EXPIRED")
_MARKET: Final = frozenset({("", "NEW"), ("NEW", "FILLED"), ("NEW", "EXPIRED")})
_CONDITIONAL: Final = frozenset(
    {
        ("", "NEW"),
        ("NEW", "TRIGGERED"),
        ("NEW", "CANCELED"),
        ("NEW", "EXPIRED"),
        ("TRIGGERED", "FILLED"),
        ("TRIGGERED", "EXPIRED"),
    }
)


def find_illegal_lives(case: Case) -> list[Finding]:
    """Return steps no order may take, and fills that do not match an order's end; amount is 1."""
    orders, fills = case.table("order"), case.table("fill")
    order = np.argsort(orders["order"], kind="stable")
    number, status = orders["order"][order], orders["status"][order]
    before = np.empty(order.size, dtype=object)
    before[1:] = status[:-1]
    before[first_of_group(number)] = ""
    legal = _legal(before, status, orders["type"][order] == "MARKET")
    findings = [
        _finding(orders, order[row], f"{before[row] or 'nothing'} -> {status[row]}", "a legal life")
        for row in np.flatnonzero(~legal)
    ]
    filled = np.flatnonzero(orders["status"] == "FILLED")
    count = sum_by(orders["order"][filled], fills["order"])
    findings += [
        _finding(orders, filled[one], f"FILLED with {count[one]:.0f} fills", "one fill")
        for one in np.flatnonzero(count != 1)
    ]
    return findings + _stray_fills(orders, fills)


def _stray_fills(orders: Columns, fills: Columns) -> list[Finding]:
    expired = np.flatnonzero(orders["status"] == "EXPIRED")
    end = rows_of(orders["order"][expired], fills["order"])
    cut_short = end >= 0
    wanted = orders["quantity"][expired][end] if expired.size else np.zeros(end.size)
    whole = cut_short & (wanted > 0) & (fills["quantity"] >= wanted)
    twice = cut_short & _repeated(fills["order"])
    stray = ~cut_short & ~np.isin(fills["order"], orders["order"][orders["status"] == "FILLED"])
    findings = []
    for row in np.flatnonzero(stray | whole | twice):
        number = fills["order"][row]
        truth = f"order {number} has a fill and was never FILLED"
        if not stray[row]:
            truth = f"order {number} is EXPIRED and " + ("filled whole" if whole[row] else "has two fills")
        findings.append(
            Finding(int(fills["intent"][row]), int(fills["at_us"][row]), 1.0, "orders", truth, "one fill")
        )
    return findings


def _repeated(number: IntArray) -> BoolArray:
    """Tell which rows repeat an earlier row's number."""
    repeated = np.ones(number.size, dtype=np.bool_)
    repeated[np.unique(number, return_index=True)[1]] = False
    return repeated


def _legal(before: np.ndarray, after: np.ndarray, market: np.ndarray) -> np.ndarray:
    legal = np.zeros(before.size, dtype=np.bool_)
    for steps, rows in ((_MARKET, market), (_CONDITIONAL, ~market)):
        for first, then in steps:
            legal |= rows & (before == first) & (after == then)
    return legal


def _finding(orders: Columns, row: int, truth: str, belief: str) -> Finding:
    return Finding(
        int(orders["intent"][row]), int(orders["at_us"][row]), 1.0, "orders",
        f"order {orders['order'][row]}: {truth}", belief,
    )  # fmt: skip
