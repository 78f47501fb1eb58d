"""Hold the bounds that a run is judged by, as ``[invariants]`` of a scenario states them.

All times are seconds; None switches a check off.  The defaults are those of the scenario's table.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """State how long, how much and how many.

    ``clean_s`` (I16): how long an account may be flat with exits still resting.  ``replace_gap_s`` (I17): how long a
    position may be without a stop while one is moved.  ``panic_s`` (I18): how long after a missed protection deadline
    the close may be on its way and its outcome checked; None: nobody asks for it.  ``live_s`` (L01): how long after
    faults stop for an intent it must be flat or protected with nothing open.  ``settle_s``: the scenario's settle
    time; faults stop for an intent that long after its deadline.  ``block_s`` (L03): how long the event loop may
    stand.  ``least_trading`` (L04): the share of intents that must trade; None: nobody asks for it.
    ``reference_age_s`` (I04): how old the price may be that an entry is sent on, at each attempt.  ``flight_s`` (I05):
    how long an order may travel; ``fill_tolerance_pct`` (I05): what a fill may cost beyond the policy's slippage limit,
    a share of the price.  ``min_stop_pct`` (I06): how near a stop may stand to the price it was made from, a share of
    it.  ``widen_budget`` (I07): by which share of its planned distance a stop may be widened in all.  ``cap_share``
    (I10): which share of the venue's caps on weight and orders may be used.
    """

    clean_s: float = 30.0
    replace_gap_s: float = 2.0
    panic_s: float | None = None
    live_s: float = 60.0
    settle_s: float = 60.0
    block_s: float = 1.0
    least_trading: float | None = None
    reference_age_s: float = 2.0
    flight_s: float = 2.0
    fill_tolerance_pct: float = 0.001
    min_stop_pct: float = 0.0005
    widen_budget: float = 0.5
    cap_share: float = 1.0
