"""S11: a liquidation happens where margin ends, takes all of the position, and costs no more than its own wallet.

Written from the rules of isolated margin (binance-facts 3.3) and not from the exchange's own code.  For each row of
the record: mark stands at or beyond the liquidation price; there is one fill of it, of the whole size and at the
better of the book's price and the bankruptcy price; profit and fees leave at least nothing of the isolated wallet; the
others bore what lies between book and bankruptcy, and no more; nothing is left in that direction.  A fill of a
liquidation without a row is a finding too.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import rows_of, running_sum, steps_of, sum_by, symbol_numbers
from sim.checks.case import BoolArray, Case, Columns, Finding, FloatArray

_ABSOLUTE = 1e-6
_RELATIVE = 1e-9
_ROLE = "liquidation"


def find_wrong_liquidations(case: Case) -> list[Finding]:
    """Return liquidations that break a rule; amount is by how much, in the unit of what is wrong."""
    rows, fills = case.table("liquidation"), case.table("fill")
    forced = fills["role"] == _ROLE
    stray = np.flatnonzero(forced & ~np.isin(fills["order"], rows["order"]))
    findings = [
        Finding(
            int(fills["intent"][row]), int(fills["at_us"][row]), float(fills["quantity"][row]), "base",
            f"order {fills['order'][row]} liquidated a position", "no liquidation is on record",
        )
        for row in stray
    ]  # fmt: skip
    if not rows["order"].size:
        return findings
    fill = rows_of(fills["order"], rows["order"])
    count = sum_by(rows["order"], fills["order"])
    once = (count == 1) & (fill >= 0)
    findings += _findings(rows, ~once, np.abs(count - 1), "fills", "one fill")
    kept = {name: column[once] for name, column in rows.items()}
    taken = {name: column[fill[once]] for name, column in fills.items()}
    return findings + _of_margin(kept) + _of_money(kept, taken) + _of_what_stays(case, kept)


def _of_margin(rows: Columns) -> list[Finding]:
    early = rows["side"] * (rows["mark"] - rows["level"])
    return _findings(
        rows, early > _RELATIVE * rows["level"], early, "quote", "mark at or beyond the liquidation price"
    )


def _of_money(rows: Columns, fills: Columns) -> list[Finding]:
    side, size = rows["side"], rows["quantity"]
    better = side * np.maximum(side * rows["book_price"], side * rows["bankruptcy_price"])
    allowed = _ABSOLUTE + _RELATIVE * size * fills["price"]
    off_price = np.abs(fills["price"] - better) * size
    off_size = np.abs(fills["quantity"] - size)
    left = rows["isolated"] + fills["realised"] - fills["fee"]
    off_fee = np.abs(fills["fee"] - rows["commission"] - rows["fee"])
    borne = size * np.maximum(side * (rows["bankruptcy_price"] - rows["book_price"]), 0.0)
    off_insurance = np.abs(borne - rows["insurance"])
    return (
        _findings(rows, off_size > _ABSOLUTE, off_size, "base", "a fill of the whole position")
        + _findings(rows, off_price > allowed, off_price, "quote", "the better of book and bankruptcy price")
        + _findings(rows, left < -allowed, -left, "quote", "a loss within the isolated wallet")
        + _findings(rows, off_fee > allowed, off_fee, "quote", "a fee of commission and liquidation fee")
        + _findings(rows, off_insurance > allowed, off_insurance, "quote", "insurance beyond bankruptcy only")
    )


def _of_what_stays(case: Case, rows: Columns) -> list[Finding]:
    """Find what is left in the liquidated direction, with the other position side of hedge mode counted against it."""
    fills, intents = case.table("fill"), case.table("intent")
    symbols, symbol = symbol_numbers(intents, fills["intent"])
    group = fills["account"] * (len(symbols) + 1) + symbol
    held = running_sum(group, fills["side"] * fills["quantity"])
    left = rows["side"] * held[rows_of(fills["order"], rows["order"])]
    return _findings(
        rows, left > steps_of(intents, case.steps, rows["intent"]) / 2, left, "base", "nothing left"
    )


def _findings(rows: Columns, wrong: BoolArray, amount: FloatArray, unit: str, expected: str) -> list[Finding]:
    return [
        Finding(
            int(rows["intent"][row]),
            int(rows["at_us"][row]),
            abs(float(amount[row])),
            unit,
            f"liquidation by order {rows['order'][row]} is off by {abs(float(amount[row])):.9g}",
            expected,
        )
        for row in np.flatnonzero(wrong)
    ]
