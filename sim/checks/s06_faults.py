"""S06: each fault that fired stands once in the record, on a request that was made.

A request is recorded when the client gets its answer or gives up, so requests still under way when a run is cut
off are missing; faults of a run's last minute (or longest round trip) are not asked for theirs.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import rows_of
from sim.checks.case import Case, Columns, Finding

_UNDER_WAY_US = 60_000_000


def find_stray_faults(case: Case) -> list[Finding]:
    """Return faults without their request, on another's request, or recorded twice; amount is 1."""
    faults, requests = case.table("fault"), case.table("request")
    if not faults["request"].size:
        return []
    row = rows_of(requests["request"], faults["request"])
    answered = row >= 0
    foreign = np.zeros(row.size, dtype=np.bool_)
    for column in ("intent", "role", "call", "n"):
        mine, theirs = faults[column][answered], requests[column][row[answered]]
        foreign[answered] |= mine != theirs
    unmade = ~answered & (faults["at_us"] < _cut_off_us(case, requests))
    stray = unmade | foreign | _twins(faults)
    return [
        Finding(
            int(faults["intent"][one]),
            int(faults["at_us"][one]),
            1.0,
            "faults",
            f"request {faults['request'][one]} "
            + ("was never made" if unmade[one] else "is another one" if foreign[one] else "had it already"),
            f"fault {faults['fault'][one]} fired on {faults['call'][one]} (n = {faults['n'][one]})",
        )
        for one in np.flatnonzero(stray)
    ]


def _cut_off_us(case: Case, requests: Columns) -> int:
    """Return the time before which every request must have been answered or given up."""
    ends = [
        int(case.table(name)["at_us"][-1])
        for name in ("exposure", "fault", "write", "account_end")
        if case.table(name)["at_us"].size
    ]
    longest = int((requests["answered_us"] - requests["sent_us"]).max(initial=0))
    return max(ends, default=0) - max(_UNDER_WAY_US, longest)


def _twins(faults: Columns) -> np.ndarray:
    """Tell which rows repeat an earlier row's fault and request."""
    _, name = np.unique(faults["fault"].astype(str), return_inverse=True)
    order = np.lexsort((name, faults["request"]))
    twin = np.zeros(order.size, dtype=np.bool_)
    twin[order[1:]] = (faults["request"][order[1:]] == faults["request"][order[:-1]]) & (
        name[order[1:]] == name[order[:-1]]
    )
    return twin
