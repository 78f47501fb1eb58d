"""L04: whoever trades nothing breaks no other rule: on a calm run most intents must trade (design 8).

Asked only where ``least_trading`` is stated, or by default where a scenario has neither faults nor shocks.  Intents
that a run's end cut off are not counted.
"""

from __future__ import annotations

import numpy as np

from sim.checks.case import NO_INTENT, Case, Finding


def find_trivial_safety(case: Case) -> list[Finding]:
    """Return one finding when too few intents traded; amount is the missing share."""
    least = case.bounds.least_trading
    ended = np.unique(case.table("intent_end")["intent"])
    if least is None or not ended.size:
        return []
    fills = case.table("fill")
    traded = np.isin(ended, fills["intent"][fills["role"] == "entry"])
    share = float(traded.mean())
    if share >= least:
        return []
    idle = ended[~traded]
    at_us = int(case.table("intent_end")["ended_us"].max())
    return [
        Finding(
            int(idle[0]) if idle.size == 1 else NO_INTENT,
            at_us,
            least - share,
            "share",
            f"{int(traded.sum())} of {ended.size} intents traded, the first that did not is {int(idle[0])}",
            f"at least {least:g} of them trade when nothing fails",
        )
    ]
