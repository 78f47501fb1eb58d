"""Change what an account is set to: leverage, margin type, position mode (pure; refusals as the venue's).

Rules:

1. Leverage is a whole number from 1 to the symbol's greatest (-4028).  Its cap must hold the position and the orders
   that would enlarge it (-2027).  With an open position it can only rise (-4161: binance-facts 1.2c).  Where lowering
   it makes resting orders dearer than what is available: -2028.
2. A rise gives back what the position no longer has to post, entry notional * (1/old - 1/new), but never so much
   that less than the new initial margin at mark would stay.  Assumption: the facts are silent, and giving back brings
   liquidation nearer.
3. Margin type: isolated is what every symbol has, so asking for it is -4046, and for cross -4047 with open orders,
   -4048 with a position, else refused by name.
4. Position mode: the one there is already is -4059; with open orders of any symbol -4067, with a position -4068.
"""

from __future__ import annotations

from collections.abc import Iterable

from sim.exchange.account import Account, Position
from sim.exchange.margin import Margin
from sim.exchange.orders import Order
from sim.exchange.replies import Refusal
from sim.exchange.tiers import cap_of

ISOLATED = "ISOLATED"
CROSSED = "CROSSED"


def change_leverage(margin: Margin, account: Account, symbol: str, leverage: int) -> list[Position]:
    """Set the leverage of ``symbol`` (rules 1 and 2) and return the positions whose margin it changed.

    Raises Refusal, and then changes nothing.
    """
    tiers = margin.tiers(symbol)
    if not 1 <= leverage <= max(tier.max_leverage for tier in tiers):
        raise Refusal(-4028, f"Leverage {leverage} is not valid")
    old = account.leverage_of(symbol)
    held = [position for position in positions_in(account, symbol) if position.quantity]
    if held and leverage < old:
        raise Refusal(-4161)
    mark = margin.mark_of(symbol)
    resting = margin.resting(account)
    cap = cap_of(tiers, leverage)
    sides = {position.side: position.quantity for position in held}
    for side in {*sides, *(where for name, where in resting if name == symbol)}:
        bids, asks = resting.get((symbol, side), (0.0, 0.0))
        quantity = sides.get(side, 0.0)
        if max(quantity * mark + bids, asks - quantity * mark) > cap:
            raise Refusal(-2027)
    account.leverage[symbol] = leverage
    if leverage < old and margin.orders_margin(account) > account.free:
        account.leverage[symbol] = old
        raise Refusal(-2028)
    for position in held:
        _give_back(account, position, mark, 1 / old - 1 / leverage, leverage)
    return held if leverage != old else []


def _give_back(account: Account, position: Position, mark: float, share: float, leverage: int) -> None:
    size = abs(position.quantity)
    too_much = size * position.entry_price * share
    spare = position.isolated + min(position.profit_at(mark), 0.0) - size * mark / leverage
    moved = max(min(too_much, spare), 0.0)
    position.isolated -= moved
    account.isolated -= moved


def change_margin_type(account: Account, symbol: str, wanted: str, orders: Iterable[Order]) -> None:
    """Raise the refusal that a change of margin type meets (rule 3); nothing ever changes."""
    if wanted == ISOLATED:
        raise Refusal(-4046)
    if wanted != CROSSED:
        raise Refusal(-1130, "Data sent for parameter 'marginType' is not valid.")
    if any(order.is_live and order.symbol == symbol for order in orders):
        raise Refusal(-4047)
    if any(position.quantity for position in positions_in(account, symbol)):
        raise Refusal(-4048)
    raise Refusal(-1020, "Cross margin lies outside this exchange model; only ISOLATED is supported.")


def change_position_mode(account: Account, hedge: bool, orders: Iterable[Order]) -> None:
    """Set the position mode (rule 4); raises Refusal, and then changes nothing."""
    if hedge == account.hedge:
        raise Refusal(-4059)
    if any(order.is_live for order in orders):
        raise Refusal(-4067)
    if any(position.quantity for position in account.positions.values()):
        raise Refusal(-4068)
    account.hedge = hedge


def positions_in(account: Account, symbol: str) -> list[Position]:
    """List the account's positions in ``symbol``, flat ones that were once open included."""
    return [position for position in account.positions.values() if position.symbol == symbol]
