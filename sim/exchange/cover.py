"""Say how much of a position is covered, and by which trigger (pure; metrics.md, "Naked").

Cover is the quantity of live, right-sided, exit-only stops whose trigger lies inside liquidation; a closePosition stop
covers all.  A target, or a trailing stop that has not activated, limits no loss.  Nor does the LIMIT order that a
triggered STOP became: it waits where the price has been, while the loss grows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from sim.exchange.orders import Order

_STOPS: Final = frozenset({"STOP_MARKET", "STOP"})


def may_cover(order: Order) -> bool:
    """Tell whether a live order of this kind can cover a position at all."""
    return order.type in _STOPS and order.is_exit_only


def cover_of(orders: Iterable[Order], position: float, dead_price: float) -> tuple[float, float]:
    """Return (quantity covered, best trigger) of a signed position; the trigger is NaN where nothing covers.

    ``orders`` are the live ones of its account and symbol, ``dead_price`` is where it would be liquidated.
    """
    direction, quantity = (1 if position > 0 else -1), abs(position)
    cover, best = 0.0, math.nan
    for order in orders:
        if not may_cover(order) or order.side != -direction:
            continue
        if dead_price and (order.trigger_price - dead_price) * direction <= 0:
            continue
        if order.in_book or order.stuck:
            continue
        cover += quantity if order.close_position else order.quantity
        if math.isnan(best) or (order.trigger_price - best) * direction > 0:
            best = order.trigger_price
    return min(cover, quantity), best
