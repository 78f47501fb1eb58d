"""Work out a position's protection, and send nothing.

There is always a stop and a base target; as confidence grows, a wider target and a trailing stop join them.

| confidence | mode | stop | target | trailing |
|---|---|---|---|---|
| below 0.2 | baseline | risk | base, whole position | none |
| 0.2 to below 0.8 | blend | risk | base, whole position | half the AI distance, half the quantity |
| from 0.8 | ai | risk less a tenth | base, half; AI (never narrower), the other half | AI, half |

The stop is sent first.  Stop and whole-position target close the position (closePosition); a second such
order of the same kind would be refused with -4130 (failures F35), hence reduce-only halves for two targets.
All of them watch the mark price.  Percentages are fractions of the entry price.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal, NamedTuple, TypedDict

from .precision import (
    SymbolFilters,
    decimal_of,
    plain,
    round_down,
    stop_price,
    target_price,
)
from .values import is_long, positive_number

BLEND_FROM = 0.2
AI_FROM = 0.8
_STOP_TIGHTENING = 0.9
_CALLBACK_RANGE = (Decimal("0.1"), Decimal("10.0"))

Mode = Literal["baseline", "blend", "ai"]


class HybridLevels(TypedDict):
    """Hold the distances to place, as fractions of the entry; a trailing distance of 0 means none."""

    final_sl_percent: float
    final_tp_percent: float
    trail_callback_percent: float
    mode: Mode


class ProtectiveOrder(NamedTuple):
    """Describe one order to send; without a ``required`` one the position is not protected."""

    label: str
    order_type: str
    params: dict[str, str]
    required: bool


def calculate_hybrid_levels(
    *,
    entry_price: float,
    side: str,
    risk_sl_percent: float,
    base_tp_percent: float,
    ai_tp_percent: float | None,
    ai_trail_percent: float | None,
    confidence: float,
) -> HybridLevels:
    """Return how far stop, target and trailing stop stand from the entry, as fractions of it.

    ``side`` is the position's.  An AI value of None or 0 means that there is none.  Raises ValueError,
    naming the value, for anything that could not be placed.
    """
    if positive_number(entry_price) is None:
        raise ValueError(f"entry_price={entry_price!r}: must be a finite number above 0")
    check_distances(
        side=side,
        risk_sl_percent=risk_sl_percent,
        base_tp_percent=base_tp_percent,
        ai_tp_percent=ai_tp_percent,
        ai_trail_percent=ai_trail_percent,
        confidence=confidence,
    )
    if confidence < BLEND_FROM:
        return _levels("baseline", risk_sl_percent, base_tp_percent, 0.0)
    trail = ai_trail_percent or 0.0
    if confidence < AI_FROM:
        return _levels("blend", risk_sl_percent, base_tp_percent, trail / 2)
    wider = max(base_tp_percent, ai_tp_percent or 0.0)
    return _levels("ai", risk_sl_percent * _STOP_TIGHTENING, wider, trail)


def plan_protection(
    levels: HybridLevels,
    *,
    symbol: str,
    side: str,
    entry_price: float,
    qty: float,
    base_tp_percent: float,
    filters: SymbolFilters,
) -> tuple[ProtectiveOrder, ...]:
    """Return the orders that protect a position, in the order to send them; pure.

    A half that rounds below the venue's smallest quantity is left out, and the base target then closes the
    whole position.
    """
    long = is_long(side)
    entry = decimal_of(entry_price)
    common = {"symbol": symbol, "side": "SELL" if long else "BUY", "workingType": "MARK_PRICE"}
    whole = {"closePosition": "true"}

    def target(percent: float) -> str:
        return plain(target_price(_away(entry, percent, up=long), filters.tick, long=long))

    stop = plain(stop_price(_away(entry, levels["final_sl_percent"], up=not long), filters.tick, long=long))
    orders = [
        ProtectiveOrder("SL", "sl", {**common, "type": "STOP_MARKET", "stopPrice": stop, **whole}, True)
    ]
    half, rest = _halves(qty, filters)
    splits = levels["final_tp_percent"] > base_tp_percent and half is not None
    profit = {**common, "type": "TAKE_PROFIT_MARKET"}
    base_size = _reducing(half) if splits and half is not None else whole
    orders.append(
        ProtectiveOrder("TP", "tp", {**profit, "stopPrice": target(base_tp_percent), **base_size}, True)
    )
    if splits:
        ai_params = {**profit, "stopPrice": target(levels["final_tp_percent"]), **_reducing(rest)}
        orders.append(ProtectiveOrder("AI TP", "tp", ai_params, False))
    if levels["trail_callback_percent"] > 0.0 and half is not None:
        rate = {
            "type": "TRAILING_STOP_MARKET",
            "callbackRate": callback_rate(levels["trail_callback_percent"]),
        }
        orders.append(ProtectiveOrder("Trailing", "trailing", {**common, **rate, **_reducing(half)}, False))
    return tuple(orders)


def check_distances(
    *,
    side: str,
    risk_sl_percent: float,
    base_tp_percent: float,
    ai_tp_percent: float | None,
    ai_trail_percent: float | None,
    confidence: float,
) -> None:
    """Raise ValueError, naming the value, for distances that could not be placed once a position is open."""
    ceiling = math.inf if is_long(side) else 1.0
    _check_fraction("risk_sl_percent", risk_sl_percent, 1.0)
    _check_fraction("base_tp_percent", base_tp_percent, ceiling)
    if ai_tp_percent:
        _check_fraction("ai_tp_percent", ai_tp_percent, ceiling)
    if ai_trail_percent:
        _check_fraction("ai_trail_percent", ai_trail_percent, 1.0)
    if not 0.0 <= confidence <= 1.0:
        raise ValueError(f"confidence={confidence!r}: must be from 0 to 1")


def callback_rate(fraction: float) -> str:
    """Return a trailing distance in the venue's unit: per cent, 0.1 to 10, one decimal (1 means 1 %)."""
    rate = (decimal_of(fraction) * 100).quantize(Decimal("0.1"), rounding=ROUND_HALF_EVEN)
    low, high = _CALLBACK_RANGE
    return plain(min(max(rate, low), high))


def _levels(mode: Mode, stop: float, target: float, trail: float) -> HybridLevels:
    return HybridLevels(
        final_sl_percent=stop, final_tp_percent=target, trail_callback_percent=trail, mode=mode
    )


def _check_fraction(name: str, value: float, ceiling: float) -> None:
    """Refuse a distance that is no distance, or that would put a price at or below zero."""
    number = positive_number(value)
    if number is None:
        raise ValueError(f"{name}={value!r}: must be a finite fraction above 0")
    if number >= ceiling:
        raise ValueError(f"{name}={value!r}: must be below {ceiling:g} (a fraction, 0.01 = 1 %)")


def _away(entry: Decimal, percent: float, *, up: bool) -> Decimal:
    share = decimal_of(percent)
    return entry * (1 + share if up else 1 - share)


def _halves(qty: float, filters: SymbolFilters) -> tuple[Decimal | None, Decimal]:
    """Split a quantity in two; no first half when either part would be below the smallest quantity."""
    total = round_down(decimal_of(qty), filters.step)
    half = round_down(total / 2, filters.step)
    least = filters.min_quantity or Decimal(0)
    return (half, total - half) if half > 0 and half >= least else (None, total)


def _reducing(quantity: Decimal) -> dict[str, str]:
    return {"quantity": plain(quantity), "reduceOnly": "true"}
