"""Read decimals as the venue does, and hold them against a symbol's filters (binance-facts 3.1).

A number is digits with at most one point and perhaps a minus.  Exponents, blanks, underscores, NaN and Infinity are
malformed: facts are silent on exponents, and refusing hurts the code that sends them.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from sim.exchange.filters import SymbolFilters
from sim.exchange.replies import Refusal
from sim.exchange.rules.texts import invalid, missing

MOST_DIGITS: Final = 20
"""Digits of the longest whole number that is read; Python itself refuses to read one of some thousands."""

_ZERO: Final = Decimal(0)  # comparing a decimal with an int costs three times as much


def plain(raw: Any) -> Decimal | None:
    """Parse a plain decimal; None when ``raw`` is not one."""
    text = raw if type(raw) is str else str(raw)
    digits = text[1:] if text[:1] == "-" else text
    if not (digits.isascii() and digits.replace(".", "", 1).isdecimal()):
        return None
    return Decimal(text)


def is_whole(text: str) -> bool:
    """Tell whether a text is a whole number: 1 to 20 digits, nothing else."""
    return text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS


def read_quantity(raw: Any, filters: SymbolFilters, *, at_market: bool) -> Decimal:
    """Return a quantity within LOT_SIZE, or MARKET_LOT_SIZE for what executes at market.

    -1102 malformed, -4003 not above nought, -1111 decimals, -4004 too small, -4005 too large, -4023 off the step.
    """
    value = plain(raw)
    if value is None:
        raise missing("quantity")
    if value <= _ZERO:
        raise Refusal(-4003)
    on_step = _is_on(value, filters.step, filters.quantity_decimals)
    if value < filters.min_quantity:
        raise Refusal(-4004)
    if value > (filters.max_market_quantity if at_market else filters.max_quantity):
        raise Refusal(-4005)
    if not on_step:
        raise Refusal(-4023)
    return value


def read_price(raw: Any, filters: SymbolFilters) -> Decimal:
    """Return a limit price within PRICE_FILTER.

    -1102 malformed, -4001 not above nought, -1111 decimals, -4013 too low, -4002 too high, -4014 off the tick.
    """
    value = plain(raw)
    if value is None:
        raise missing("price")
    if value <= _ZERO:
        raise Refusal(-4001)
    return _within(value, filters, too_high=-4002)


def read_trigger(raw: Any, name: str, filters: SymbolFilters) -> Decimal:
    """Return a trigger price within PRICE_FILTER: as a limit price, but -4006 not above nought, -4007 too high."""
    value = plain(raw)
    if value is None:
        raise missing(name)
    if value <= _ZERO:
        raise Refusal(-4006)
    return _within(value, filters, too_high=-4007)


def read_activation(raw: Any, filters: SymbolFilters) -> Decimal:
    """Return an activation price within PRICE_FILTER; -4135 malformed or not above nought."""
    value = plain(raw)
    if value is None or value <= _ZERO:
        raise Refusal(-4135)
    return _within(value, filters, too_high=-4135)


def read_callback(raw: Any) -> float:
    """Return a callback rate as a share: 0.1 to 10 per cent (binance-facts 2.1); -1102 malformed, -1130 outside."""
    value = plain(raw)
    if value is None:
        raise missing("callbackRate")
    if not Decimal("0.1") <= value <= 10:
        raise invalid("callbackRate")
    return float(raw) / 100


def check_band(price: Decimal, side: int, mark: float, filters: SymbolFilters) -> None:
    """Hold a limit price against mark: PERCENT_PRICE, -4016 above for BUY, -4024 below for SELL.

    The texts carry the bound (binance-facts 1.2c), cut to the price's decimals towards mark.
    """
    bound = _bound(Decimal(repr(mark)), side, filters)
    if side > 0 and price > bound:
        raise Refusal(-4016, f"Limit price can't be higher than {bound}.")
    if side < 0 and price < bound:
        raise Refusal(-4024, f"Limit price can't be lower than {bound}.")


def check_against_trigger(price: Decimal, side: int, trigger: Decimal, filters: SymbolFilters) -> None:
    """Hold the limit price of a stop against its trigger: -4183 above, -4184 below (binance-facts 1.2c).

    Assumption: the multipliers are PERCENT_PRICE's.
    """
    bound = _bound(trigger, side, filters)
    if side > 0 and price > bound:
        raise Refusal(-4183, f"Limit price can't be higher than {bound}.")
    if side < 0 and price < bound:
        raise Refusal(-4184, f"Limit price can't be lower than {bound}.")


def _bound(reference: Decimal, side: int, filters: SymbolFilters) -> Decimal:
    unit = Decimal(1).scaleb(-filters.price_decimals)
    if side > 0:
        return (reference * filters.multiplier_up).quantize(unit, "ROUND_FLOOR")
    return (reference * filters.multiplier_down).quantize(unit, "ROUND_CEILING")


def _within(value: Decimal, filters: SymbolFilters, *, too_high: int) -> Decimal:
    on_tick = _is_on(value, filters.tick, filters.price_decimals)
    if value < filters.min_price:
        raise Refusal(-4013)
    if value > filters.max_price and filters.max_price:
        raise Refusal(too_high)
    if not on_tick:
        raise Refusal(-4014)
    return value


def _is_on(value: Decimal, grid: Decimal, decimals: int) -> bool:
    """Tell whether a value is on its grid; Refusal -1111 when it has more decimals than the asset allows."""
    try:
        on_grid = not value % grid
    except InvalidOperation:
        on_grid = False  # beyond decimal arithmetic: no tick reaches there
    # What is on the grid cannot have too many decimals, and asking that first is cheaper.
    # Written out, as arithmetic would round a number of many decimals to fewer.
    if not on_grid and len(f"{value:f}".partition(".")[2].rstrip("0")) > decimals:
        raise Refusal(-1111)
    return on_grid
