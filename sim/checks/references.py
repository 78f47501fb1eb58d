"""Say, of each entry that was sent, which verdict it rests on and how old the price behind that was (I04 to I07).

A verdict's price is as old as the read it came from: from when that read was at the venue, and further back where a
fault gave it an older price.  Code that reads no price by a request (a stream) is given the verdict's own time.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from sim.checks.arrays import among, latest_until, rows_of, taken, taken_us
from sim.checks.case import BoolArray, Case, FloatArray, IntArray

_READS: Final = frozenset(
    {
        "GET /fapi/v1/ticker/price", "GET /fapi/v2/ticker/price", "GET /fapi/v1/ticker/bookTicker",
        "GET /fapi/v1/premiumIndex", "GET /fapi/v1/ticker/24hr", "GET /fapi/v1/depth", "GET /fapi/v1/trades",
        "GET /fapi/v1/aggTrades", "GET /fapi/v1/klines", "GET /fapi/v1/markPriceKlines",
    }
)  # fmt: skip


class References(NamedTuple):
    """Hold one row per order asked for: its ``intent`` row, ``verdict`` row (-1: none), and the price behind it.

    ``as_of_us`` is when that price was the venue's (-1: no verdict), ``true_price`` what the venue's price was when a
    fault changed what the read told (NaN: it told the truth).
    """

    intent: IntArray
    verdict: IntArray
    as_of_us: IntArray
    true_price: FloatArray

    def of(self, rows: BoolArray) -> References:
        """Return those rows only."""
        return References(self.intent[rows], self.verdict[rows], self.as_of_us[rows], self.true_price[rows])


def references_of(case: Case, intents: IntArray, sent_us: IntArray) -> References:
    """Return what orders of these intents, sent at these times, rest on."""
    verdicts, known = case.table("verdict"), case.table("intent")
    verdict = latest_until(verdicts["intent"], verdicts["at_us"], intents, sent_us)
    given_us = taken_us(verdicts["at_us"], verdict)
    read_us, true_price = _read(case, intents, given_us)
    as_of_us = np.where(verdict >= 0, np.where(read_us >= 0, read_us, given_us), -1)
    return References(rows_of(known["intent"], intents), verdict, as_of_us, true_price)


def _read(case: Case, intents: IntArray, until_us: IntArray) -> tuple[IntArray, FloatArray]:
    """Return when the latest price an intent had read by then was the venue's (-1: it read none), and the true one."""
    requests, prices = case.table("request"), case.table("price")
    rows, arrived_us = case.shared(_price_reads)
    found = latest_until(requests["intent"][rows], requests["answered_us"][rows], intents, until_us)
    row = taken_us(rows, found)
    as_of_us = taken_us(arrived_us, row)
    if not prices["at_us"].size:
        return as_of_us, np.full(row.size, np.nan)
    lie = latest_until(prices["intent"], prices["at_us"], intents, taken_us(requests["answered_us"], row))
    of_this = (lie >= 0) & (taken_us(prices["at_us"], lie) >= taken_us(requests["sent_us"], row)) & (row >= 0)
    lie = np.where(of_this, lie, -1)
    older_us = np.maximum(taken_us(prices["age_us"], lie, 0), 0)
    return as_of_us - np.where(of_this, older_us, 0), taken(prices["true_value"], lie)


def _price_reads(case: Case) -> tuple[IntArray, IntArray]:
    """Return the rows of requests that read a price, and when each request of the run was at the venue."""
    requests, faults = case.table("request"), case.table("fault")
    read = np.array([call in _READS for call in requests["call"].tolist()], dtype=np.bool_)
    rows = np.flatnonzero(read & (requests["status"] == 200))
    arrived_us = requests["sent_us"] + requests["request_leg_us"]
    held_up = among(requests["request"], faults["request"][faults["stage"] == "request_leg"])
    # A request that a fault held up was at the venue as late as its answer allows.
    return rows, np.where(held_up, requests["answered_us"] - requests["reply_leg_us"], arrived_us)


def slippage_limits(case: Case, rows: IntArray) -> FloatArray:
    """Return the policy's slippage limit for intents' rows, as a share; written anew: a judge asks no accused."""
    leverage, settings = case.table("intent")["leverage"][rows], case.settings
    high = leverage > settings.high_leverage_threshold
    limits: FloatArray = settings.max_slippage_pct * np.where(high, settings.high_leverage_factor, 1.0)
    return limits


def entry_references(case: Case, intents: IntArray, until_us: IntArray, owner: IntArray) -> FloatArray:
    """Return the price each intent's levels were made from by then: the guard's entry, else the plan."""
    verdicts, known = case.table("verdict"), case.table("intent")
    sent = case.table("sent")
    entries = np.flatnonzero(sent["role"] == "entry")
    # The verdict that the entry rests on; one given after the trade only reports.
    left = latest_until(sent["intent"][entries], sent["at_us"][entries], intents, until_us)
    left_us = np.where(left >= 0, taken_us(sent["at_us"][entries], left), until_us)
    verdict = references_of(case, intents, left_us).verdict
    adjusted = taken(verdicts["adjusted_entry"], verdict)
    chosen: FloatArray = np.where(adjusted > 0, adjusted, known["plan_price"][owner])
    return chosen


def fill_references(case: Case, intents: IntArray, until_us: IntArray) -> FloatArray:
    """Return at what price each intent's entry was filled by then, the last execution's; NaN: not yet."""
    fills = case.table("fill")
    entries = np.flatnonzero(fills["role"] == "entry")
    fill = latest_until(fills["intent"][entries], fills["at_us"][entries], intents, until_us)
    return taken(fills["price"][entries], fill)
