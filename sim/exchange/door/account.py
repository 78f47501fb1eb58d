"""Show balance, account and positions (binance-facts 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.exchange.account import Account
from sim.exchange.account_bodies import account_body, balance_body, position_risk_v2, position_risk_v3
from sim.exchange.door.reading import symbols_of
from sim.exchange.request import Request

if TYPE_CHECKING:
    from sim.exchange.door.door import Door


def _account(door: Door, request: Request) -> Account:
    return request.slot.account if door.reads is None else door.reads.account(request)


def get_balance(door: Door, request: Request) -> tuple[Any, int]:
    """List balances: there is one asset."""
    return balance_body(_account(door, request), door.venue.margin, door.now_ms), -1


def get_account_v2(door: Door, request: Request) -> tuple[Any, int]:
    """Show the account with its positions in every symbol."""
    return account_body(_account(door, request), door.venue.margin, door.epoch_us, door.now_ms), -1


def get_account_v3(door: Door, request: Request) -> tuple[Any, int]:
    """Show the account with those positions that are open or have an order resting."""
    account, venue = _account(door, request), door.venue
    return account_body(
        account, venue.margin, door.epoch_us, door.now_ms, version=3, open_orders=venue.open_orders(account)
    ), -1


def get_position_risk_v2(door: Door, request: Request) -> tuple[Any, int]:
    """List positions of one symbol or all, flat ones too."""
    symbols = symbols_of(door, request)
    return position_risk_v2(_account(door, request), door.venue.margin, symbols, door.epoch_us), -1


def get_position_risk_v3(door: Door, request: Request) -> tuple[Any, int]:
    """List positions of one symbol or all that are open or have an order resting."""
    account, venue = _account(door, request), door.venue
    symbols = symbols_of(door, request)
    return position_risk_v3(
        account, venue.margin, symbols, door.epoch_us, open_orders=venue.open_orders(account)
    ), -1
