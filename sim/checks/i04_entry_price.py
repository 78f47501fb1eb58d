"""I04: no entry is sent on a price that is too far from the plan, or too old, at any attempt (failures F11, F12).

Held to wherever the policy guards entries.  Each attempt rests on the guard's latest verdict before it.  That verdict
must have accepted; its price, and the true one where a fault told another, must lie within the policy's slippage
limit; and the price may be at most ``reference_age_s`` old when the order leaves, a second attempt's as well as the
first's.  An order that carries a price bound within the limit may rest on any age: it cannot fill beyond it.  What
happened to the price while the last read travelled is nobody's fault; I05 tells what it cost.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import first_of_group, taken
from sim.checks.case import BoolArray, Case, Columns, Finding, FloatArray, IntArray
from sim.checks.references import References, references_of, slippage_limits

_ROUNDING = 1e-9


def find_unchecked_entries(case: Case) -> list[Finding]:
    """Return each intent's worst attempt; amount is its slippage in bps, or the price's age in seconds."""
    sent, verdicts = case.table("sent"), case.table("verdict")
    if not case.settings.guard_entry or not verdicts["at_us"].size:
        return []
    rows = np.flatnonzero((sent["role"] == "entry") & (sent["intent"] >= 0))
    behind = references_of(case, sent["intent"][rows], sent["at_us"][rows])
    rows, behind = rows[behind.intent >= 0], behind.of(behind.intent >= 0)
    accepted = (behind.verdict >= 0) & verdicts["accepted"][behind.verdict]
    limits = slippage_limits(case, behind.intent)
    slippage = _slippage(case, behind)
    too_far = slippage > limits * (1 + _ROUNDING)
    if case.settings.slippage_volatility_factor:
        # The limit then follows volatility, which the record does not tell.
        too_far[:] = False
    unreadable = accepted & ~(taken(verdicts["price"], behind.verdict) > 0)
    age_us = sent["at_us"][rows] - behind.as_of_us
    too_old = (age_us > case.bounds.reference_age_s * 1e6) & ~_bounded(case, sent, rows, behind, limits)

    rank = np.select([~accepted, unreadable, too_far, too_old], [4, 3, 2, 1], default=0)
    size = np.where(rank == 2, slippage, age_us)
    broken = np.flatnonzero(rank)
    broken = broken[np.lexsort((-size[broken], -rank[broken], sent["intent"][rows[broken]]))]
    broken = broken[first_of_group(sent["intent"][rows[broken]])]
    return [
        _finding(case, behind, int(rows[one]), int(one), int(rank[one]), slippage, limits, age_us)
        for one in broken
    ]


def _slippage(case: Case, behind: References) -> FloatArray:
    """Return how far plan and reference lie apart, as a share of the reference, as the guard reckons it."""
    intents, verdicts, settings = case.table("intent"), case.table("verdict"), case.settings
    plan = intents["plan_price"][behind.intent]
    shown = taken(verdicts["price"], behind.verdict)
    # A read that told the truth has no other price; one that did not is judged by what it hid.
    price = np.where(behind.true_price > 0, behind.true_price, shown)
    with np.errstate(divide="ignore", invalid="ignore"):
        away = (price - plan) / price
    if settings.allow_favourable_deviation:
        return np.asarray(away * intents["direction"][behind.intent], dtype=np.float64)
    return np.asarray(np.abs(away), dtype=np.float64)


def _bounded(case: Case, sent: Columns, rows: IntArray, behind: References, limits: FloatArray) -> BoolArray:
    """Tell which orders carry a price of their own that lies within the limit, or one tick beyond for rounding."""
    intents = case.table("intent")
    plan, direction = intents["plan_price"][behind.intent], intents["direction"][behind.intent]
    ticks = np.array(
        [case.grids[symbol].tick if symbol in case.grids else 0.0 for symbol in intents["symbol"]]
    )
    tick = ticks[behind.intent] if ticks.size else np.zeros(rows.size)
    over = direction * (sent["price"][rows] - plan) - limits * plan - tick
    return np.asarray(over <= plan * _ROUNDING, dtype=np.bool_)


def _finding(
    case: Case,
    behind: References,
    row: int,
    one: int,
    rank: int,
    slippage: FloatArray,
    limits: FloatArray,
    age_us: IntArray,
) -> Finding:
    sent, verdicts, intents = case.table("sent"), case.table("verdict"), case.table("intent")
    plan = float(intents["plan_price"][behind.intent[one]])
    now = float(sent["last"][row])
    away = f"the price was {now:g}, {abs(now - plan) / now * 1e4:.1f} bps from the plan of {plan:g}"
    amount, unit = float(slippage[one]) * 1e4, "bps"
    verdict = int(behind.verdict[one])
    if rank == 4:
        amount, unit = 1.0, "orders"
        truth = f"an entry left although the guard had {'refused it' if verdict >= 0 else 'not been asked'}; {away}"
    elif rank == 3:
        amount, unit = 1.0, "orders"
        truth = f"an entry left on a price that is no finite number above 0; {away}"
    elif rank == 2:
        true = float(behind.true_price[one])
        hidden = f" (the venue's true price then was {true:g})" if true > 0 else ""
        truth = f"an entry left {amount:.1f} bps from the plan, the limit is {limits[one] * 1e4:.1f}{hidden}"
    else:
        amount, unit = float(age_us[one]) / 1e6, "s"
        bound = case.bounds.reference_age_s
        truth = f"an entry left on a price {amount:.3f} s old, the bound is {bound:g} s; {away}"
    shown = f"the guard saw {verdicts['price'][verdict]:g}" if verdict >= 0 else "no verdict"
    return Finding(int(sent["intent"][row]), int(sent["at_us"][row]), amount, unit, truth, shown)
