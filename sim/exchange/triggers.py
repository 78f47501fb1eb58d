"""Decide when a conditional order fires (pure).

Rules (binance-facts 2.1, from the venue's New Order pages):

1. STOP_MARKET: BUY fires when P >= T, SELL when P <= T.  TAKE_PROFIT_MARKET: BUY when P <= T, SELL when P >= T.
2. P is last for workingType CONTRACT_PRICE and mark for MARK_PRICE.  Default CONTRACT_PRICE.
3. An order whose condition already holds when it reaches the venue is refused with -2021.  Equality counts as
   holding: derived from the comparisons above, not documented separately.
4. TRAILING_STOP_MARKET: SELL needs activation above P (else -2021), then trails the highest P and fires at
   high * (1 - callback); BUY mirrored.  Without an activation price it trails from the first price seen.
5. A trigger is found on the first print (last) or published value (mark) after acceptance that meets it.
"""

from __future__ import annotations

from typing import Final

CONDITIONAL: Final = frozenset(
    {"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"}
)
STOPS: Final = frozenset({"STOP", "STOP_MARKET", "TRAILING_STOP_MARKET"})


def fires_rising(order_type: str, side: int) -> bool:
    """Tell whether the order fires on a price at or above its trigger (True) or at or below it (False)."""
    is_stop = order_type in STOPS
    return (side > 0) == is_stop


def would_trigger(order_type: str, side: int, trigger_price: float, price: float) -> bool:
    """Tell whether an order at ``trigger_price`` would fire at once at ``price`` (then -2021)."""
    if fires_rising(order_type, side):
        return price >= trigger_price
    return price <= trigger_price


def trailing_would_trigger(side: int, activation_price: float, price: float) -> bool:
    """Tell whether a trailing stop's activation lies on the wrong side of ``price`` (then -2021)."""
    return activation_price >= price if side > 0 else activation_price <= price
