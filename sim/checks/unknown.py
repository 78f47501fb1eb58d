"""Tell which order requests came back without an outcome, and whether anybody looked; written from the documents.

Unknown (binance-facts 1.3 and 4): silence, a connection broken after the request had left, 408, 504, the codes -1000,
-1006 and -1007, and 503 with the words "Unknown error".  A documented failure (503 "Service Unavailable.", -1008,
-1001 "Internal error") is an outcome.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sim.checks.arrays import among, first_from, numbered, one_of, rows_of, taken_us
from sim.checks.case import BoolArray, Case, IntArray
from sim.checks.i18_panic_close import is_look_up

_CODES: Final = (-1000, -1006, -1007)
_STATUSES: Final = (0, 408, 504)
_BROKEN: Final = -1
_AFTER_SENDING: Final = ("reset", "disconnected", "truncated", "empty")
_WORDS: Final = "Unknown error"
_DUPLICATE: Final = -4116
_CANCELS: Final = ("DELETE /fapi/v1/order", "DELETE /fapi/v1/algoOrder")
_ANSWERED: Final = (0, -2011, -2013)
_STREAM: Final = "POST /fapi/v1/listenKey"
_ENDED: Final = ("FILLED", "CANCELED", "EXPIRED", "REJECTED", "EXPIRED_IN_MATCH")


def unknown_writes(case: Case) -> IntArray:
    """Return the rows of order-creating requests whose answer left the outcome open."""
    return case.shared(_unknown_writes)


def _unknown_writes(case: Case) -> IntArray:
    requests = case.table("request")
    orders = requests["role"] != "none"
    status, message = requests["status"], requests["message"]
    worded = np.array([_WORDS in text for text in message[orders]], dtype=np.bool_)
    open_: BoolArray = one_of(status, _STATUSES) | (one_of(requests["code"], _CODES) & (status != 200))
    open_ |= (status == _BROKEN) & one_of(message, _AFTER_SENDING)
    open_ = open_ & orders
    open_[orders] |= worded & (status[orders] == 503)
    return np.flatnonzero(open_)


def in_doubt_since_us(case: Case, rows: IntArray) -> IntArray:
    """Return from when on each of ``rows`` was in doubt: its answer, or just after its sending where nobody waited on.

    Who sends another order of that role before the answer has given up waiting, and has to look first all the same.
    """
    requests = case.table("request")
    roles, role = numbered(requests["role"])
    alike = (requests["intent"] + 1) * len(roles) + role
    sent_us, answered_us = requests["sent_us"], requests["answered_us"][rows]
    again = first_from(alike, sent_us, alike[rows], sent_us[rows] + 1)
    gave_up = (again >= 0) & (taken_us(sent_us, again) < answered_us)
    return np.where(gave_up, sent_us[rows] + 1, answered_us)


def never_looked_up(case: Case, rows: IntArray) -> IntArray:
    """Return those of ``rows`` after which the intent neither read orders or positions, cancelled, nor heard of it.

    Hearing of it: a later order of the same role answered 200 or -4116 in the same placement, a placement that ended in
    success, or, for code that listens to the user stream, the order's own end.
    """
    requests, placements = case.table("request"), case.table("placement")
    # A cancel of the one order that is answered leaves no doubt either: it is gone, or it was never there.
    asks = is_look_up(requests["call"]) | one_of(requests["call"], _CANCELS)
    reads = asks & one_of(requests["code"], _ANSWERED) & (requests["status"] > 0)
    succeeded = among(requests["placement"], placements["placement"][placements["success"]])
    succeeded &= requests["placement"] >= 0
    heard = (requests["status"] == 200) | (requests["code"] == _DUPLICATE)
    # An intent has a few dozen requests of a run's hundred thousand: each is looked for among its own.
    by_intent = np.argsort(requests["intent"], kind="stable")
    owners = requests["intent"][by_intent]
    left = []
    for row in rows[~succeeded[rows] & ~_told_its_end(case, rows)]:
        intent = requests["intent"][row]
        own = by_intent[slice(*np.searchsorted(owners, (intent, intent + 1)))]
        # Who gives up early may look before the client's own time-out: what counts is that it was asked later.
        after = requests["sent_us"][own] > requests["sent_us"][row]
        told = heard[own] & (requests["role"][own] == requests["role"][row])
        if not np.any(after & (reads[own] | told)):
            left.append(int(row))
    return np.array(left, dtype=np.int64)


def listens(case: Case) -> bool:
    """Tell whether the code under test hears the user stream: its policy says so, or somebody asked for a key."""
    return case.settings.use_user_stream or _STREAM in case.table("request")["call"]


def _told_its_end(case: Case, rows: IntArray) -> BoolArray:
    """Tell of which of ``rows`` the stream said that their order ended: one that rests has to be looked at.

    A placement's attempts have one client id: the end of one's order is told of all of them.
    """
    if not listens(case):
        return np.zeros(rows.size, dtype=np.bool_)
    requests, writes, orders = case.table("request"), case.table("write"), case.table("order")
    ended = orders["order"][one_of(orders["status"], _ENDED)]
    of = rows_of(requests["request"], writes["request"])
    told = among(writes["order"], ended) & (of >= 0)
    own = among(requests["request"][rows], writes["request"][told])
    placement = requests["placement"][rows]
    return own | (among(placement, requests["placement"][of[told]]) & (placement >= 0))
