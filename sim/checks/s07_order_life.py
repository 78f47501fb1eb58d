"""S07: orders live along the legal graph.

Written from the venue's documents and not from the exchange's own table: an order is NEW first; a market order
fills or expires at once; a limit order may fill in parts, be cancelled, or expire; a conditional order rests,
may be cancelled or expire, or triggers, and then lives on as the market or limit order it became, or is
rejected; nothing follows an end.  Each PARTIALLY_FILLED and each FILLED has one fill of its own, and nothing
else has one but what the market take bound let through: one fill, and of less than the order's quantity, of an
order at market that ended EXPIRED.  An order at market whose matching a fault holds up or cuts waits and fills in parts
as one with a limit does.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sim.checks.arrays import among, first_of_group, one_of, rows_of, sum_by
from sim.checks.case import BoolArray, Case, Columns, Finding, IntArray

_MARKET: Final = frozenset({("", "NEW"), ("NEW", "FILLED"), ("NEW", "EXPIRED")})
_IN_BOOK: Final = ("PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH")
_LIMIT: Final = frozenset(
    {("", "NEW"), *(("NEW", end) for end in _IN_BOOK), *(("PARTIALLY_FILLED", end) for end in _IN_BOOK)}
)
_WAITING: Final = frozenset(
    {("", "NEW"), ("NEW", "TRIGGERED"), ("NEW", "CANCELED"), ("NEW", "EXPIRED"), ("TRIGGERED", "REJECTED")}
)
_TO_MARKET: Final = _WAITING | {("TRIGGERED", "FILLED"), ("TRIGGERED", "EXPIRED")}
_TO_LIMIT: Final = (
    _WAITING | {("TRIGGERED", end) for end in _IN_BOOK} | {("PARTIALLY_FILLED", end) for end in _IN_BOOK}
)
_LIFE: Final = {"MARKET": _MARKET, "LIMIT": _LIMIT, "STOP": _TO_LIMIT, "TAKE_PROFIT": _TO_LIMIT}
_HELD_UP: Final = ("slow match", "partial fill")
"""What the record calls faults under which an order at market does not fill or expire at once."""
_BY_LIMIT: Final = ("LIMIT", "STOP", "TAKE_PROFIT")


def find_illegal_lives(case: Case) -> list[Finding]:
    """Return steps no order may take, and fills that do not match an order's life; amount is 1."""
    orders, fills = case.table("order"), case.table("fill")
    order = np.argsort(orders["order"], kind="stable")
    number, status = orders["order"][order], orders["status"][order]
    before = np.empty(order.size, dtype=object)
    before[1:] = status[:-1]
    before[first_of_group(number)] = ""
    legal = _legal(before, status, _lived_as(case, orders)[order])
    findings = [
        _finding(orders, order[row], f"{before[row] or 'nothing'} -> {status[row]}", "a legal life")
        for row in np.flatnonzero(~legal)
    ]
    return findings + _miscounted(orders, fills) + _stray_fills(orders, fills)


def _lived_as(case: Case, orders: Columns) -> np.ndarray:
    """Return each row's type, LIMIT for orders at market whose matching was held up."""
    faults = case.table("fault")
    struck = one_of(faults["kind"], _HELD_UP)
    if not struck.any():
        return orders["type"]
    alone = struck & (faults["request"] >= 0)
    # An item of a batch is no request by itself: it is known by its intent and role.
    items = struck & ~alone
    held = among(orders["request"], faults["request"][alone])
    for intent, role in zip(faults["intent"][items], faults["role"][items], strict=True):
        held |= (orders["intent"] == intent) & (orders["role"] == role)
    return np.where(held & (orders["type"] == "MARKET"), "LIMIT", orders["type"])


def _miscounted(orders: Columns, fills: Columns) -> list[Finding]:
    """Return orders whose fills are not as many as their life tells of."""
    told = (orders["status"] == "FILLED") | (orders["status"] == "PARTIALLY_FILLED")
    number = np.unique(orders["order"][told])
    wanted = sum_by(number, orders["order"][told])
    count = sum_by(number, fills["order"])
    last = np.flatnonzero(told)[rows_of(orders["order"][told], number)] if number.size else number
    return [
        _finding(
            orders,
            last[one],
            f"{orders['status'][last[one]]} with {count[one]:.0f} fills",
            "one fill" if wanted[one] == 1 else f"{wanted[one]:.0f} fills",
        )
        for one in np.flatnonzero(count != wanted)
    ]


def _stray_fills(orders: Columns, fills: Columns) -> list[Finding]:
    """Return fills of orders that tell of none, save the one that the market take bound let through."""
    told = (orders["status"] == "FILLED") | (orders["status"] == "PARTIALLY_FILLED")
    known = among(fills["order"], orders["order"][told])
    expired = np.flatnonzero((orders["status"] == "EXPIRED") & ~one_of(orders["type"], _BY_LIMIT))
    end = rows_of(orders["order"][expired], fills["order"])
    cut_short = (end >= 0) & ~known
    wanted = orders["quantity"][expired][end] if expired.size else np.zeros(end.size)
    whole = cut_short & (wanted > 0) & (fills["quantity"] >= wanted)
    twice = cut_short & _repeated(fills["order"])
    stray = ~cut_short & ~known
    findings = []
    for row in np.flatnonzero(stray | whole | twice):
        number = fills["order"][row]
        truth = f"order {number} has a fill and was never FILLED"
        if not stray[row]:
            truth = f"order {number} is EXPIRED and " + ("filled whole" if whole[row] else "has two fills")
        findings.append(
            Finding(int(fills["intent"][row]), int(fills["at_us"][row]), 1.0, "orders", truth, "one fill")
        )
    return findings + _overfilled(orders, fills)


def _overfilled(orders: Columns, fills: Columns) -> list[Finding]:
    """Return limit orders that filled more than they asked for, or were FILLED with less."""
    rows = np.flatnonzero(one_of(orders["type"], _BY_LIMIT))
    rows = rows[rows_of(orders["order"][rows], np.unique(orders["order"][rows]))] if rows.size else rows
    filled = sum_by(orders["order"][rows], fills["order"], fills["quantity"])
    wanted = orders["quantity"][rows]
    short = (orders["status"][rows] == "FILLED") & (filled > 0) & (filled < wanted * (1 - 1e-9))
    return [
        _finding(
            orders, rows[one], f"filled {filled[one]:g}", f"{wanted[one]:g} at most, and whole when FILLED"
        )
        for one in np.flatnonzero(short | (filled > wanted * (1 + 1e-9)))
    ]


def _repeated(number: IntArray) -> BoolArray:
    """Tell which rows repeat an earlier row's number."""
    repeated = np.ones(number.size, dtype=np.bool_)
    repeated[np.unique(number, return_index=True)[1]] = False
    return repeated


def _legal(before: np.ndarray, after: np.ndarray, kind: np.ndarray) -> np.ndarray:
    legal = np.zeros(before.size, dtype=np.bool_)
    for name in set(kind):
        rows = kind == name
        for first, then in _LIFE.get(str(name), _TO_MARKET):
            legal |= rows & (before == first) & (after == then)
    return legal


def _finding(orders: Columns, row: int, truth: str, belief: str) -> Finding:
    return Finding(
        int(orders["intent"][row]), int(orders["at_us"][row]), 1.0, "orders",
        f"order {orders['order'][row]}: {truth}", belief,
    )  # fmt: skip
