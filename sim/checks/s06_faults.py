"""S06: each fault that fired stands once in the record, on a request that was made.

A request is recorded when the client gets its answer or gives up, so requests still under way when a run is cut
off are missing; faults of a run's last minute (or longest round trip) are not asked for theirs.

Faults are drawn from streams of their own.  Two that share one fire together: all requests that met the rarer one
met the other too, which for a fault of rate r happens by chance r^n times (n requests).
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import among, numbered, rows_of
from sim.checks.case import Case, Columns, Finding

_UNDER_WAY_US = 60_000_000
_NO_CHANCE = 1e-9
"""How improbable a coincidence must be to be called none."""


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
    # What strikes a process, a market or a stream concerns no request and may strike again.
    stray = (unmade | foreign | _twins(faults)) & (faults["request"] >= 0)
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
    ] + _sharing_a_stream(case, faults)


def _sharing_a_stream(case: Case, faults: Columns) -> list[Finding]:
    """Return pairs of drawn faults whose draws are the same; amount is how often they fired together."""
    met = {
        name: np.unique(faults["request"][faults["fault"] == name])
        for name, rate in sorted(case.fault_rates.items())
        if 0 < rate < 1
    }
    findings = []
    for rare, requests in met.items():
        for other, others in met.items():
            twins = rare != other and (requests.size, rare) <= (others.size, other)
            if not twins or case.fault_rates[other] ** requests.size > _NO_CHANCE:
                continue
            if among(requests, others).all():
                row = int(np.flatnonzero(faults["fault"] == rare)[0])
                findings.append(
                    Finding(
                        int(faults["intent"][row]), int(faults["at_us"][row]), float(requests.size), "requests",
                        f"{other} struck all {requests.size} requests that {rare} struck",
                        "each fault has a stream of chance of its own",
                    )
                )  # fmt: skip
    return findings


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
    name = numbered(faults["fault"])[1]
    order = np.lexsort((name, faults["request"]))
    twin = np.zeros(order.size, dtype=np.bool_)
    twin[order[1:]] = (faults["request"][order[1:]] == faults["request"][order[:-1]]) & (
        name[order[1:]] == name[order[:-1]]
    )
    return twin
