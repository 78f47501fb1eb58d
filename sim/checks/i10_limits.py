"""I10: nothing is sent in a ban or a wait the venue asked for, and caps are used up to their share (failures F09, F27).

A wait begins when the answer that asks for it arrives and ends when that answer says, by Retry-After or in the text of
a ban; it binds everybody who asks from the same address and can have heard it: where each intent runs in a process of
its own, an answer reaches that one alone.  A 429 that names no time binds nobody.  Weight and orders are counted in the
venue's own windows, at the documented cost of a call for one symbol, by when requests arrived; each address and account
is told once, at its fullest window.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from sim.checks.arrays import numbered, one_of
from sim.checks.case import NO_INTENT, Caps, Case, Finding, FloatArray, IntArray
from sim.exchange.weights import COSTS, UNKNOWN_ROUTE, Cost

_MINUTE_US: Final = 60_000_000
_TEN_SECONDS_US: Final = 10_000_000


def find_pressing(case: Case) -> list[Finding]:
    """Return requests sent while told to wait (amount in requests), and caps used beyond their share."""
    return _in_waits(case) + (_over_caps(case, case.caps) if case.caps is not None else [])


def _in_waits(case: Case) -> list[Finding]:
    """Return one finding for each wait that was not kept, under the intent that broke it first."""
    waits, requests = case.table("told_to_wait"), case.table("request")
    if not waits["at_us"].size:
        return []
    shared = (case.caps is None or case.caps.shared_ip) and not case.own_processes
    sent_us = np.sort(requests["sent_us"]) if shared else requests["sent_us"]
    order = np.argsort(requests["sent_us"], kind="stable")
    found: list[Finding] = []
    kept_until: dict[int, int] = {}
    for row in np.argsort(waits["at_us"], kind="stable"):
        at_us, until_us, owner = (
            int(waits["at_us"][row]),
            int(waits["until_us"][row]),
            int(waits["intent"][row]),
        )
        address = NO_INTENT if shared else owner
        from_us = max(at_us, kept_until.get(address, 0))
        if until_us <= from_us:
            continue
        kept_until[address] = until_us
        if shared:
            inside = order[
                np.searchsorted(sent_us, from_us, "right") : np.searchsorted(sent_us, until_us, "left")
            ]
        else:
            inside = np.flatnonzero(
                (requests["intent"] == owner) & (sent_us > from_us) & (sent_us < until_us)
            )
        if inside.size:
            first = int(inside[0])
            found.append(
                Finding(
                    int(requests["intent"][first]),
                    int(requests["sent_us"][first]),
                    float(inside.size),
                    "requests",
                    f"{inside.size} requests left while the address was to stay away until {until_us / 1e6:.3f} s, "
                    f"the first {requests['call'][first]}",
                    f"answered {waits['status'][row]} at {at_us / 1e6:.3f} s",
                )
            )
    return found


def _over_caps(case: Case, caps: Caps) -> list[Finding]:
    requests = case.table("request")
    if not requests["sent_us"].size:
        return []
    calls, call = numbered(requests["call"])
    costs = [COSTS.get(name, UNKNOWN_ROUTE) for name in calls]
    arrived_us = requests["sent_us"] + requests["request_leg_us"] + caps.epoch_us
    # What a ban, a firewall or a broken connection kept out was not counted.
    counted = ~one_of(requests["status"], (418, 403, -1))
    accounts = _accounts(case)
    addresses = np.full(arrived_us.size, NO_INTENT) if caps.shared_ip else requests["intent"]
    share = case.bounds.cap_share
    found = []
    for what, cap, window_us, owner, cost_of in (
        ("weight", caps.weight_per_min, _MINUTE_US, addresses, _weight),
        ("orders", caps.orders_per_10s, _TEN_SECONDS_US, accounts, _in_ten_seconds),
        ("orders", caps.orders_per_min, _MINUTE_US, accounts, _in_a_minute),
    ):
        cost = _costs(costs, cost_of)[call] * counted
        found += _fullest(what, cap, share, window_us, owner, arrived_us, cost, caps.epoch_us)
    return found


def _fullest(
    what: str,
    cap: int,
    share: float,
    window_us: int,
    owner: IntArray,
    arrived_us: IntArray,
    cost: FloatArray,
    epoch_us: int,
) -> list[Finding]:
    window = arrived_us // window_us
    base = int(window.max()) + 1
    keys, place = np.unique((owner + 1) * base + window, return_inverse=True)
    used = np.bincount(place, cost, minlength=keys.size)
    over = np.flatnonzero(used > cap * share)
    told: dict[int, int] = {}
    for one in over:
        of = int(keys[one] // base - 1)
        if of not in told or used[one] > used[told[of]]:
            told[of] = int(one)
    return [
        Finding(
            of,
            max(0, int(keys[one] % base) * window_us - epoch_us),
            float(used[one] - cap * share),
            what,
            f"{used[one]:g} {what} in {window_us // 1_000_000} s, the venue allows {cap}",
            f"at most {share:.0%} of that, {cap * share:g}",
        )
        for of, one in sorted(told.items())
    ]


def _accounts(case: Case) -> IntArray:
    """Return whose account each request asked for: the intent's own, or the one that all share."""
    requests = case.table("request")
    intents: IntArray = requests["intent"]
    return intents if case.isolation == "intent" else np.full(intents.size, NO_INTENT)


def _costs(costs: list[Cost], cost_of: Callable[[Cost], int]) -> FloatArray:
    return np.array([cost_of(cost) for cost in costs], dtype=np.float64)


def _weight(cost: Cost) -> int:
    return cost.weight


def _in_ten_seconds(cost: Cost) -> int:
    return cost.orders_10s


def _in_a_minute(cost: Cost) -> int:
    return cost.orders_1m
