"""S05: a stop or target that fired did so on its own side of the price (binance-facts 2.1).

The record holds prices at the fill, a trigger delay after the trigger.  The price may have come back a little
in between, so an order is called false only when both last and mark stand beyond ``_SLACK`` on the wrong side of
its trigger, and only where the delay, together with the age of the prices that the trigger engine judged, was
short.  Trailing stops follow a moving level and are left out.
"""

from __future__ import annotations

import numpy as np

from sim.checks.arrays import one_of, rows_of
from sim.checks.case import Case, Finding

_STOPS = ("STOP_MARKET", "STOP")
_TARGETS = ("TAKE_PROFIT_MARKET", "TAKE_PROFIT")
_SLACK = 1e-3
_SHORT_US = 100_000


def find_false_triggers(case: Case) -> list[Finding]:
    """Return orders that fired with the price on the wrong side; amount is the distance in quote currency."""
    orders, fills = case.table("order"), case.table("fill")
    fired = np.flatnonzero(
        (orders["status"] == "TRIGGERED")
        & (one_of(orders["type"], _STOPS) | one_of(orders["type"], _TARGETS))
    )
    fill = rows_of(fills["order"], orders["order"][fired])
    fired, fill = fired[fill >= 0], fill[fill >= 0]
    trigger = orders["price"][fired]
    # A buy stop and a sell target fire on a price at or above the trigger, the other two at or below it.
    rising = (orders["side"][fired] > 0) == one_of(orders["type"][fired], _STOPS)
    direction = np.where(rising, 1.0, -1.0)
    nearest = np.maximum(direction * fills["reference"][fill], direction * fills["mark"][fill])
    short_of = direction * trigger - nearest
    quick = fills["at_us"][fill] - orders["at_us"][fired] + case.trigger_view_us <= _SHORT_US
    return [
        Finding(
            int(orders["intent"][fired[one]]),
            int(orders["at_us"][fired[one]]),
            float(short_of[one]),
            "quote",
            f"last {fills['reference'][fill[one]]:.9g} and mark {fills['mark'][fill[one]]:.9g} at the fill",
            f"order {orders['order'][fired[one]]} fired at {trigger[one]:.9g}",
        )
        for one in np.flatnonzero(quick & (short_of > _SLACK * trigger))
    ]
