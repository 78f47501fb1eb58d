"""I14: what a placement claims is what the venue did (failures F03, F16).

Success needs an order of that id among the intent's accepted orders.  Failure needs that none of the
placement's orders was applied, at once or late: a stop that rests while its placement "failed" is a false
failure too, since nobody will watch it.  Whoever looks orders up and answers "unknown" (or "ended", or was cut off)
claims nothing, but has to settle it: in the end neither a position of the intent's fills (of all fills, where intents
share an account) nor a resting order is left.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import among, one_of, rows_of, steps_of, sum_by, symbol_numbers
from sim.checks.case import BoolArray, Case, Columns, Finding, IntArray


def find_false_claims(case: Case) -> list[Finding]:
    """Return placements whose result is not true; amount is the number of orders it is wrong about."""
    placements = case.table("placement")
    return _false_successes(case, placements) + _false_failures(case, placements)


def _false_successes(case: Case, placements: Columns) -> list[Finding]:
    orders = case.table("order")
    accepted = orders["status"] == "NEW"
    rows = np.flatnonzero(placements["success"])
    order = rows_of(orders["order"][accepted], _numbers(placements["order_id"][rows]))
    owner = np.where(order >= 0, orders["intent"][accepted][order] if accepted.any() else 0, -2)
    false = rows[owner != placements["intent"][rows]]
    return [
        Finding(
            int(placements["intent"][row]),
            int(placements["ended_us"][row]),
            1.0,
            "orders",
            f"the intent has no order {placements['order_id'][row]!r}",
            f"the {placements['role'][row]} order was placed",
        )
        for row in false
    ]


def _numbers(texts: np.ndarray) -> IntArray:
    # An id the venue cannot have given (not a number, or beyond 64 bits) is nobody's.
    plain = (text if text.isdecimal() and len(text) < 19 else "-1" for text in texts)
    return np.array([int(text) for text in plain], dtype=np.int64)


def _false_failures(case: Case, placements: Columns) -> list[Finding]:
    requests, writes = case.table("request"), case.table("write")
    applied = np.flatnonzero((writes["truth"] != "not_applied") & (writes["role"] != "none"))
    request = rows_of(requests["request"], writes["request"][applied])
    applied, request = applied[request >= 0], request[request >= 0]
    placement = requests["placement"][request]
    count = sum_by(placements["placement"], placement)
    false = np.flatnonzero(~placements["success"] & (count > 0) & ~_settled(case, placements))
    last = applied[rows_of(placement, placements["placement"][false])] if applied.size else applied
    return [
        Finding(
            int(placements["intent"][row]),
            int(writes["at_us"][write]),
            float(count[row]),
            "orders",
            f"order {writes['order'][write]} was {writes['truth'][write].replace('_', ' ')}",
            f"the {placements['role'][row]} order failed: {placements['message'][row]}",
        )
        for row, write in zip(false, last, strict=True)
    ]


def _settled(case: Case, placements: Columns) -> BoolArray:
    """Tell which placements claim no failed write, with nothing left of their intent in the end."""
    if not case.settings.look_up_unknown:
        # Whoever looks nothing up settles nothing: to it the order has failed.
        return np.zeros(placements["intent"].size, dtype=np.bool_)
    orders, fills = case.table("order"), case.table("fill")
    intents, row = np.unique(placements["intent"], return_inverse=True)
    left = np.abs(sum_by(intents, fills["intent"], fills["side"] * fills["quantity"]))
    if case.isolation == "account":
        # What one intent's fills opened, another's may have closed: there only the account's position tells.
        symbols, of_intent = symbol_numbers(case.table("intent"), intents)
        of_fill = symbol_numbers(case.table("intent"), fills["intent"])[1]
        net = sum_by(np.arange(-1, len(symbols)), of_fill, fills["side"] * fills["quantity"])
        left = np.abs(net)[of_intent + 1]
    held = left > steps_of(case.table("intent"), case.steps, intents) / 2
    newest = orders["status"][rows_of(orders["order"], orders["order"])]
    resting = one_of(newest, ("NEW", "PARTIALLY_FILLED"))
    open_ = held | among(intents, orders["intent"][resting])
    told = one_of(placements["outcome"], ("unknown", "cut_off", "ended"))
    settled: BoolArray = told & ~open_[row]
    return settled
