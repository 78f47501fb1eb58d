"""S01: money and positions come from fills and from nowhere else.

wallet = opening + realised - fees, where fees are commissions and liquidation fees; realised, fees and position are
the sums over fills; fees are never negative (takers pay); and an account that is flat has realised exactly the cash
that its fills moved.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import rows_of, sum_by
from sim.checks.case import Case, Columns, Finding, FloatArray, IntArray

_ABSOLUTE = 1e-6
_RELATIVE = 1e-9
"""Float sums over a run's fills stay far below these, in quote currency and as a share of turnover."""


def find_money_from_nowhere(case: Case) -> list[Finding]:
    """Return accounts whose money or position is not the sum of their fills; amount is the difference."""
    books, fills = case.table("account_end"), case.table("fill")
    account = books["account"]
    fills = _before_the_close(books, fills)
    owner = fills["account"]
    value = fills["quantity"] * fills["price"]
    allowed = _ABSOLUTE + _RELATIVE * sum_by(account, owner, value)
    position = sum_by(account, owner, fills["side"] * fills["quantity"])
    cash = -sum_by(account, owner, fills["side"] * value)
    realised, fees = books["realised"], books["fees"]

    findings = _differences(books, "wallet", books["wallet"], case.opening_wallet + realised - fees, allowed)
    findings += _differences(books, "realised", realised, sum_by(account, owner, fills["realised"]), allowed)
    findings += _differences(books, "fees", fees, sum_by(account, owner, fills["fee"]), allowed)
    findings += _differences(books, "position", books["position"], position, np.full(account.size, _ABSOLUTE))
    if len(case.steps) == 1:
        # With several symbols a position of nought may be two that cancel.
        flat = np.abs(position) < min(case.steps.values()) / 2
        findings += _differences(books, "realised", realised, np.where(flat, cash, realised), allowed)
    return findings + [
        Finding(
            int(fills["intent"][row]), int(fills["at_us"][row]), -float(fills["fee"][row]), "quote",
            f"order {fills['order'][row]} was paid a fee", "takers pay fees",
        )
        for row in np.flatnonzero(fills["fee"] < 0)
    ]  # fmt: skip


def _before_the_close(books: Columns, fills: Columns) -> Columns:
    """Leave out fills of orders that acted after their account's books were closed."""
    book = rows_of(books["account"], fills["account"])
    kept = (book >= 0) & (fills["at_us"] <= (books["at_us"][book] if books["at_us"].size else 0))
    return {name: column[kept] for name, column in fills.items()}


def _differences(
    books: Columns, name: str, stated: FloatArray, summed: FloatArray, allowed: FloatArray
) -> list[Finding]:
    rows: IntArray = np.flatnonzero(~(np.abs(stated - summed) <= allowed))
    return [
        Finding(
            int(books["intent"][row]),
            int(books["at_us"][row]),
            abs(float(stated[row] - summed[row])),
            "base" if name == "position" else "quote",
            f"fills of account {books['account'][row]} give {name} {summed[row]:.9g}",
            f"the books say {stated[row]:.9g}",
        )
        for row in rows
    ]
