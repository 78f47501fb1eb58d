"""Show and change what an account has set: leverage, margin type, position mode (binance-facts 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sim.exchange.account_settings import change_margin_type, change_position_mode
from sim.exchange.door.reading import symbol_of, symbols_of
from sim.exchange.request import Request
from sim.exchange.rules import read_leverage, read_margin_type, read_position_mode
from sim.exchange.tiers import cap_of

if TYPE_CHECKING:
    from sim.exchange.door.door import Door

_ENDLESS: Final = 1e15
_DONE: Final = {"code": 200, "msg": "success"}


def post_leverage(door: Door, request: Request) -> tuple[Any, int]:
    """Set a symbol's leverage; a changed margin moves where its positions are liquidated."""
    symbol = symbol_of(door, request)
    venue, slot = door.venue, request.slot
    leverage = read_leverage(request.params, venue.filters[symbol])
    venue.set_leverage(slot, symbol, leverage)
    most = whole_text(cap_of(venue.margin.tiers(symbol), leverage))
    return {"leverage": leverage, "maxNotionalValue": most, "symbol": symbol}, -1


def post_margin_type(door: Door, request: Request) -> tuple[Any, int]:
    """Set a symbol's margin type: it is isolated already, and nothing else is modelled."""
    symbol = symbol_of(door, request)
    account = request.slot.account
    kind = read_margin_type(request.params)
    change_margin_type(account, symbol, kind, door.venue.open_orders(account, symbol))
    return _DONE, -1


def get_position_mode(door: Door, request: Request) -> tuple[Any, int]:
    """Tell whether the account is in hedge mode."""
    return {"dualSidePosition": request.slot.account.hedge}, -1


def post_position_mode(door: Door, request: Request) -> tuple[Any, int]:
    """Set hedge mode on or off, where no order and no position stands in the way."""
    account = request.slot.account
    hedge = read_position_mode(request.params)
    change_position_mode(account, hedge, door.venue.open_orders(account))
    return _DONE, -1


def get_account_config(door: Door, request: Request) -> tuple[Any, int]:
    """Show the account's settings."""
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": request.slot.account.hedge,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }, -1


def get_symbol_config(door: Door, request: Request) -> tuple[Any, int]:
    """Show margin type and leverage of one symbol or all."""
    account = request.slot.account
    return [
        {
            "symbol": symbol,
            "marginType": "ISOLATED",
            "isAutoAddMargin": False,
            "leverage": account.leverage_of(symbol),
            "maxNotionalValue": whole_text(
                cap_of(door.venue.margin.tiers(symbol), account.leverage_of(symbol))
            ),
        }
        for symbol in symbols_of(door, request)
    ], -1


def get_commission_rate(door: Door, request: Request) -> tuple[Any, int]:
    """Tell the fees in force for a symbol, as shares of notional."""
    symbol = symbol_of(door, request)
    spec = door.venue.fill_spec
    return {
        "symbol": symbol,
        "makerCommissionRate": f"{spec.maker_fee:.6f}",
        "takerCommissionRate": f"{spec.taker_fee:.6f}",
    }, -1


def get_order_limits(door: Door, request: Request) -> tuple[Any, int]:
    """Tell how many orders the account may place."""
    return [dict(limit) for limit in door.rate_limits if limit["rateLimitType"] == "ORDERS"], -1


def get_leverage_brackets(door: Door, request: Request) -> tuple[Any, int]:
    """List the tiers of one symbol or all; numbers, where everything else is text."""
    return [
        {
            "symbol": symbol,
            "notionalCoef": 1.0,
            "brackets": _brackets(door, symbol),
        }
        for symbol in symbols_of(door, request)
    ], -1


def _brackets(door: Door, symbol: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    floor = 0.0
    for number, tier in enumerate(door.venue.margin.tiers(symbol), start=1):
        rows.append(
            {
                "bracket": number,
                "initialLeverage": tier.max_leverage,
                "notionalCap": int(whole_text(tier.cap)),
                "notionalFloor": int(floor),
                "maintMarginRatio": tier.rate,
                "cum": tier.cum,
            }
        )
        floor = tier.cap
    return rows


def whole_text(value: float) -> str:
    """Write a notional cap as the venue does: whole, and a large one where there is none."""
    return str(int(min(value, _ENDLESS)))
