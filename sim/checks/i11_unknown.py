"""I11: after an unknown outcome nothing more is ordered until a look-up or an event told (failures F03, F04, F19, F20).

What is unknown: see :mod:`sim.checks.unknown`.  A look-up tells once it was answered, be it by -2013.  Code that
listens to the user stream (its policy says so, or somebody asked for a listen key) is told by the order's first event
too.  What can only reduce and is not the order in doubt itself cannot double anything and need not wait: a close after
anything else in doubt, a target after a stop.  After an entry in doubt even a stop must wait, as nobody knows for what.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sim.checks.arrays import first_from, first_of_group, rows_of, sum_by, taken_us
from sim.checks.case import BoolArray, Case, Finding, IntArray
from sim.checks.unknown import in_doubt_since_us, listens, unknown_writes

_LOOK_UPS: Final = frozenset(
    {
        "GET /fapi/v1/order", "GET /fapi/v1/openOrder", "GET /fapi/v1/openOrders", "GET /fapi/v1/allOrders",
        "GET /fapi/v1/algoOrder", "GET /fapi/v1/openAlgoOrders", "GET /fapi/v1/allAlgoOrders",
        "GET /fapi/v1/userTrades", "GET /fapi/v2/positionRisk", "GET /fapi/v3/positionRisk", "GET /fapi/v2/account",
        "GET /fapi/v3/account",
    }
)  # fmt: skip
_ABSENT: Final = -2013


def find_orders_in_the_dark(case: Case) -> list[Finding]:
    """Return each intent's first order after an outcome still unknown; amount is how many such orders it sent."""
    requests, sent = case.table("request"), case.table("sent")
    unknown = unknown_writes(case)
    unknown = unknown[requests["intent"][unknown] >= 0]
    if not unknown.size:
        return []
    intent, from_us = requests["intent"][unknown], in_doubt_since_us(case, unknown)
    after = _next_order(case, unknown, intent, from_us)
    dark = np.flatnonzero((after >= 0) & ~_told(case, unknown, intent, after))
    dark = dark[np.lexsort((sent["at_us"][after[dark]], intent[dark]))]
    first = dark[first_of_group(intent[dark])]
    count = sum_by(intent[first], intent[dark])
    return [
        Finding(
            int(intent[one]),
            int(sent["at_us"][after[one]]),
            float(number),
            "orders",
            f"the {sent['role'][after[one]]} order left {(sent['at_us'][after[one]] - from_us[one]) / 1e6:.3f} s "
            f"after the {requests['role'][unknown[one]]} order of request {requests['request'][unknown[one]]} had "
            "been left unknown, and nobody had looked",
            _answer(int(requests["status"][unknown[one]]), str(requests["message"][unknown[one]])),
        )
        for one, number in zip(first, count, strict=True)
    ]


def _next_order(case: Case, unknown: IntArray, intent: IntArray, from_us: IntArray) -> IntArray:
    """Return the ``sent`` row that followed each unknown outcome; -1 for none."""
    sent, requests = case.table("sent"), case.table("request")
    exits = sent["reduce_only"] | sent["close_position"]
    role = requests["role"][unknown]
    after = np.full(unknown.size, -1, dtype=np.int64)
    for word in sorted(set(role)):
        harmless = exits & (sent["role"] != word)
        if word == "entry":
            harmless &= sent["role"] == "flatten"
        must_wait, of = np.flatnonzero(~harmless), np.flatnonzero(role == word)
        found = first_from(sent["intent"][must_wait], sent["at_us"][must_wait], intent[of], from_us[of])
        after[of] = taken_us(must_wait, found)
    return after


def _told(case: Case, unknown: IntArray, intent: IntArray, after: IntArray) -> BoolArray:
    """Tell where something resolved the outcome before the next order left."""
    requests, sent = case.table("request"), case.table("sent")
    until_us = taken_us(sent["at_us"], after)
    reads = np.array([call in _LOOK_UPS for call in requests["call"]], dtype=np.bool_)
    answered = np.flatnonzero(reads & ((requests["status"] == 200) | (requests["code"] == _ABSENT)))
    # Who gives up early asks before the record calls the order unanswered: what counts is that it was asked later.
    asked_us = requests["sent_us"][unknown] + 1
    read = first_from(requests["intent"][answered], requests["sent_us"][answered], intent, asked_us)
    told = (read >= 0) & (taken_us(requests["answered_us"][answered], read) <= until_us)
    if listens(case):
        writes, orders = case.table("write"), case.table("order")
        new = np.flatnonzero(orders["status"] == "NEW")
        write = rows_of(writes["request"], requests["request"][unknown])
        order = rows_of(orders["order"][new], taken_us(writes["order"], write, -2))
        told |= (order >= 0) & (taken_us(orders["at_us"][new], order) <= until_us)
    return np.asarray(told, dtype=np.bool_)


def _answer(status: int, message: str) -> str:
    if status == 0:
        return "no answer came in time"
    return f"the connection broke ({message})" if status < 0 else f"answered {status}: {message}"
