"""I08: attempts per placement stay within the policy (failures F04, F09).

The executor's own count is not trusted alone: the orders it sent within the placement are counted too.  A
request answered -4120 is the first half of an attempt that changed endpoint, not an attempt of its own.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import sum_by
from sim.checks.case import Case, Finding

_SWITCH_ENDPOINT = -4120


def find_surplus_attempts(case: Case) -> list[Finding]:
    """Return placements with too many attempts; amount is the number of surplus ones."""
    placements, requests = case.table("placement"), case.table("request")
    limit = case.settings.max_order_retries
    orders = (requests["role"] != "none") & (requests["code"] != _SWITCH_ENDPOINT)
    sent = sum_by(placements["placement"], requests["placement"][orders])
    made = np.maximum(sent, placements["attempts"])
    return [
        Finding(
            int(placements["intent"][row]),
            int(placements["ended_us"][row]),
            float(made[row]) - limit,
            "attempts",
            f"{sent[row]:.0f} orders sent in one {placements['role'][row]} placement, the limit is {limit}",
            f"{placements['attempts'][row]} attempts",
        )
        for row in np.flatnonzero(made > limit)
    ]
