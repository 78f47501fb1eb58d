"""Reckon margin: what positions and orders tie up, what is available, where a position is liquidated.

Only isolated margin is modelled.  Rules, in quote currency unless said otherwise:

1. Initial margin = notional / leverage.  Maintenance margin = notional * rate - cum by the notional's tier
   (binance-facts 3.3).
2. A position is liquidated when mark brings its isolated wallet plus unrealised profit down to its maintenance
   margin.  With d = +1 long, -1 short, size q, entry E, isolated wallet W, and the tier (rate r, cum c) that holds
   q * P, that is at P = (d*q*E - W - c) / (q * (d - r)): rule 1 solved for the mark.
3. It is bankrupt at E - d * W / q, where the isolated wallet is used up.
4. Available = wallet - isolated wallets - margin of resting orders, and not below zero.  Nothing else is at stake
   in isolated mode: unrealised profits and losses stay with their positions.
5. Orders that only close tie up nothing.  In one-way mode the buys and the sells of a symbol cannot both open, so
   only the dearer side counts; what first closes the opposite position needs no margin, and what that position
   would give back at mark helps to pay for the rest.  Conditional orders tie up nothing before their trigger
   (binance-facts 2.2).
6. An order that would open costs its initial margin and its open loss, what it would lose at once at mark
   (assumption: the venue's help pages say so, binance-facts does not).  What is not available is refused: -2019.
7. A position, with the orders that would enlarge it, may not exceed the cap of its leverage: -2027
   (binance-facts 1.2b, 3.3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from sim.exchange.account import Account, Position
from sim.exchange.filters import SymbolFilters
from sim.exchange.orders import Order
from sim.exchange.replies import Refusal
from sim.exchange.tiers import Tiers, cap_of

_CENT: float = 1e-9
"""Sums of a few floats may miss equality by this much."""


def liquidation_price(quantity: float, entry_price: float, isolated: float, tiers: Tiers) -> float:
    """Return the mark at which a signed position is liquidated (rule 2); 0.0 for one that no price can reach."""
    size = abs(quantity)
    direction = 1 if quantity > 0 else -1
    if size == 0.0:
        return 0.0
    worth, price = quantity * entry_price, 0.0
    for cap, rate, _, cum in tiers:
        price = (worth - isolated - cum) / (size * (direction - rate))
        # Maintenance grows with notional without steps, so the first tier that holds its own answer is the one.
        if price * size <= cap:
            break
    return price if price > 0.0 else 0.0


def bankruptcy_price(position: Position) -> float:
    """Return the price at which the isolated wallet is used up (rule 3), never below zero."""
    if position.quantity == 0.0:
        return 0.0
    return max(position.entry_price - position.isolated / position.quantity, 0.0)


class ForcedClose(NamedTuple):
    """State what a liquidation settles at: price, commission, fee on top, others' share of the loss, what is left.

    ``left`` goes back from the isolated wallet to the account, in quote currency like the rest.
    """

    price: float
    commission: float
    fee: float
    insurance: float
    left: float


def forced_close(
    position: Position, book_price: float, taker_fee: float, liquidation_fee: float
) -> ForcedClose:
    """Reckon the forced close of a whole position for which the book gives ``book_price`` on average.

    It is settled at the bankruptcy price where the book gives less; then commission and liquidation fee (shares of
    notional) are paid, each as far as what is left of the isolated wallet reaches.
    """
    size, bankrupt = abs(position.quantity), bankruptcy_price(position)
    price = max(book_price, bankrupt) if position.quantity > 0 else min(book_price, bankrupt)
    left = max(position.isolated + position.profit_at(price), 0.0)
    commission = min(size * price * taker_fee, left)
    fee = min(size * price * liquidation_fee, left - commission)
    return ForcedClose(price, commission, fee, size * abs(price - book_price), left - commission - fee)


class Resting(NamedTuple):
    """Sum the resting orders of one position that may open: the notionals of its buys and of its sells."""

    bids: float = 0.0
    asks: float = 0.0


def ties_up(order: Order) -> bool:
    """Tell whether a live order ties up margin: one that stands in the book and may open (rule 5)."""
    return order.in_book and not order.is_exit_only


class Margin:
    """Answer for the margin of accounts: filters by symbol, the mark now, and the orders that rest now."""

    def __init__(
        self,
        filters: Mapping[str, SymbolFilters],
        mark_of: Callable[[str], float],
        orders_of: Callable[[Account], Iterable[Order]],
    ) -> None:
        self.filters = filters
        self.mark_of = mark_of
        self.orders_of = orders_of

    def tiers(self, symbol: str) -> Tiers:
        """Return the maintenance tiers of ``symbol``."""
        return self.filters[symbol].tiers

    def resting(self, account: Account) -> dict[tuple[str, str], Resting]:
        """Sum the account's orders that tie up margin, by symbol and position side; empty for most accounts."""
        sums: dict[tuple[str, str], Resting] = {}
        for order in self.orders_of(account):
            if ties_up(order):
                key = (order.symbol, order.position_side)
                bids, asks = sums.get(key, Resting())
                notional = order.remaining * order.price
                sums[key] = (
                    Resting(bids + notional, asks) if order.side > 0 else Resting(bids, asks + notional)
                )
        return sums

    def order_margin(self, account: Account, symbol: str, side: str, resting: Resting) -> float:
        """Return what the resting orders of one position tie up (rule 5)."""
        bids, asks = resting
        if not bids and not asks:
            return 0.0
        leverage = account.leverage_of(symbol)
        position = account.held(symbol, side)
        if position.quantity == 0.0 or side != "BOTH":
            return max(bids, asks) / leverage
        mark = self.mark_of(symbol)
        held = abs(position.quantity) * mark
        given_back = max(position.isolated + position.profit_at(mark), 0.0)
        same, opposite = (bids, asks) if position.quantity > 0 else (asks, bids)
        return max(same / leverage, (opposite - held) / leverage - given_back, 0.0)

    def orders_margin(self, account: Account) -> float:
        """Return what all resting orders of the account tie up."""
        return sum(
            self.order_margin(account, symbol, side, sums)
            for (symbol, side), sums in self.resting(account).items()
        )

    def available(self, account: Account) -> float:
        """Return what new positions and orders may use (rule 4)."""
        return max(account.free - self.orders_margin(account), 0.0)

    def refuse_opening(
        self,
        account: Account,
        symbol: str,
        side: int,
        quantity: float,
        price: float,
        position_side: str = "BOTH",
    ) -> None:
        """Raise Refusal -2027 or -2019 where the account cannot carry an order that may open (rules 6 and 7).

        ``price`` is the order's limit, or the touch for an order at market; ``quantity`` in base asset.  The order
        itself must not rest yet, and must be one that may open.
        """
        resting = self.resting(account)
        mine = resting.get((symbol, position_side), _NOTHING)
        notional = quantity * price
        then = (
            Resting(mine.bids + notional, mine.asks) if side > 0 else Resting(mine.bids, mine.asks + notional)
        )
        held = account.held(symbol, position_side).quantity * side
        mark = self.mark_of(symbol)
        enlarged = held * mark + (then.bids if side > 0 else then.asks)
        leverage = account.leverage_of(symbol)
        if enlarged > cap_of(self.tiers(symbol), leverage):
            raise Refusal(-2027)
        before = 0.0
        available = account.free
        if resting:
            before = self.order_margin(account, symbol, position_side, mine)
            available -= sum(
                self.order_margin(account, name, where, sums) for (name, where), sums in resting.items()
            )
        needed = self.order_margin(account, symbol, position_side, then) - before
        if needed <= 0.0:
            return
        opened = quantity if held >= 0.0 else max(quantity + held, 0.0)
        open_loss = opened * max(side * (price - mark), 0.0)
        if needed + open_loss > available + _CENT:
            raise Refusal(-2019)


_NOTHING = Resting()
