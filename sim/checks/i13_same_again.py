"""I13: an order refused for what it says is never sent again as it was (failures F27, F31, F36, F43).

Refused for what it says: formats, filters, margin, mode, limits on open orders.  The same order is one with the same
parameters but stamps and client id, sent to the same path.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sim.checks.arrays import first_of_group, numbered, one_of, rows_of, sum_by
from sim.checks.case import Case, Finding

_DETERMINISTIC: Final = (
    -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1111, -1114, -1115, -1116, -1117, -1121, -2014, -2015, -2019,
    -2022, -2027, -2028, -4002, -4003, -4004, -4005, -4013, -4014, -4023, -4045, -4061, -4068, -4118, -4120, -4130,
    -4164,
)  # fmt: skip
"""Refusals that the same request meets again (failures section 0; binance-facts 1.1 and 1.2)."""


def find_vain_resends(case: Case) -> list[Finding]:
    """Return intents that sent a refused order again unchanged; amount is how often."""
    sent, requests = case.table("sent"), case.table("request")
    answer = rows_of(requests["request"], sent["request"])
    rows = np.flatnonzero(answer >= 0)
    if rows.size < 2:
        return []
    row_of = answer[rows]
    refused = one_of(requests["code"][row_of], _DETERMINISTIC)
    if not refused.any():
        return []
    path = numbered(requests["call"][row_of])[1]
    order = np.lexsort((sent["request"][rows], path, sent["params"][rows], sent["intent"][rows]))
    before, after = order[:-1], order[1:]
    same = (
        (sent["intent"][rows[before]] == sent["intent"][rows[after]])
        & (sent["params"][rows[before]] == sent["params"][rows[after]])
        & (path[before] == path[after])
        & (sent["at_us"][rows[after]] >= requests["answered_us"][row_of[before]])
    )
    vain = np.flatnonzero(same & refused[before])
    vain = vain[np.argsort(sent["intent"][rows[after[vain]]], kind="stable")]
    intent = sent["intent"][rows[after[vain]]]
    first = vain[first_of_group(intent)]
    count = sum_by(sent["intent"][rows[after[first]]], intent)
    return [
        Finding(
            int(sent["intent"][rows[after[one]]]),
            int(sent["at_us"][rows[after[one]]]),
            float(number),
            "orders",
            f"the {sent['role'][rows[after[one]]]} order was sent again as it was",
            f"refused with {requests['code'][row_of[before[one]]]}: {requests['message'][row_of[before[one]]]}",
        )
        for one, number in zip(first, count, strict=True)
    ]
