"""Execute orders and book what that changes: the account, the record, what ends with a position.

Rules, with their sources:

1. An order that can only reduce is cut to the position; without one it executes nothing (binance-facts 2.2).
2. What arrives takes at the taker's fee; what rested first fills at its own price and the maker's fee
   (binance-facts 3.3).
3. A MARKET order, or a triggered child, fills up to mark * (1 ± market take bound); the remainder is EXPIRED at
   once (binance-facts 3.1: marketTakeBound limits how far a MARKET order may sweep).
4. When a position closes, its closePosition orders expire by themselves (2.2), after
   ``venue.gte_expiry_lag_s``; so do the resting LIMIT orders that can only reduce it (assumption: there is
   nothing left that they could). Reduce-only conditional orders stay and wait (failures F14).
5. Self-trade prevention is EXPIRE_MAKER, the observed default: an own resting order that a taker would meet
   ends EXPIRED_IN_MATCH first (2.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sim.exchange.account import Account, Position
from sim.exchange.cover import may_cover
from sim.exchange.orders import Order, OrderState

if TYPE_CHECKING:
    from sim.exchange.venue import Venue

DUST: Final = 1e-9
"""Base quantities closer than this are equal."""

_S: Final = OrderState


class Executions:
    """Book executions for a venue."""

    def __init__(self, venue: Venue, gte_lag_s: float) -> None:
        self._venue = venue
        self._env: Any = venue.loop.env
        self._index = venue.index
        self._journal = venue.journal
        self._taker_fee = venue.fill_spec.taker_fee
        self._maker_fee = venue.fill_spec.maker_fee
        self._gte_lag_us = round(gte_lag_s * 1e6)

    def at_market(self, order: Order) -> None:
        """Execute a MARKET order, or the child of a conditional one, from the book now (rules 1 to 3)."""
        account, symbol = order.account, order.symbol
        position = account.position(symbol, order.position_side)
        before = position.quantity
        quantity = order.quantity
        if order.is_exit_only:
            if before * order.side >= 0:
                self._venue.end(order, _S.EXPIRED, "no position to reduce")
                return
            quantity = abs(before) if order.close_position else min(quantity, abs(before))
        now = self._env._now
        filled, price = self._venue.books[symbol].take(order.side, quantity, now)
        if self._venue.troubles is not None:
            filled = self._venue.troubles.taken(order, filled)
        order.updated_us = now
        if filled == 0.0:
            self._venue.end(order, _S.EXPIRED, "touch beyond the market take bound")
            if covers(order):
                self._journal.exposure(account, symbol, order.slot.number)
            return
        self._expire_own(order, price)
        whole = filled == quantity
        order.move_to(_S.FILLED if whole else _S.PARTIALLY_FILLED)
        if whole:
            self._journal.record(order)
        self._book(order, filled, price, filled * price * self._taker_fee, maker=False)
        if not whole:
            order.move_to(_S.EXPIRED)
            self._journal.order(order, "remainder beyond the market take bound")
        self._venue.finish(order)
        self.after_fill(order, position, before)

    def part_at_market(self, order: Order, quantity: float) -> None:
        """Execute a part of a MARKET order that waits in the engine; what the book does not give expires (rule 3)."""
        if order.is_exit_only:
            held = order.account.position(order.symbol, order.position_side).quantity
            quantity = min(quantity, abs(held) if held * order.side < 0 else 0.0)
            if quantity == 0.0:
                self._venue.end(order, _S.EXPIRED, "no position to reduce")
                return
        filled, price = self._venue.books[order.symbol].take(order.side, quantity, self._env._now)
        if filled == 0.0:
            self._venue.end(order, _S.EXPIRED, "touch beyond the market take bound")
            return
        self._expire_own(order, price)
        self._fill(order, filled, price, self._taker_fee, maker=False)
        if order.is_live and filled < quantity:
            self._venue.end(order, _S.EXPIRED, "remainder beyond the market take bound")

    def on_arrival(self, order: Order, filled: float, price: float) -> None:
        """Execute the marketable part of a LIMIT order, as a taker (rule 2)."""
        if filled == 0.0:
            return
        self._expire_own(order, price)
        self._fill(order, filled, price, self._taker_fee, maker=False)

    def at_rest(self, order: Order, quantity: float) -> None:
        """Execute ``quantity`` of a resting LIMIT order at its own price, as a maker (rules 1 and 2)."""
        self._fill(order, quantity, order.price, self._maker_fee, maker=True)

    def _fill(self, order: Order, quantity: float, price: float, rate: float, *, maker: bool) -> None:
        position = order.account.position(order.symbol, order.position_side)
        before = position.quantity
        whole = order.remaining - quantity < DUST
        order.move_to(_S.FILLED if whole else _S.PARTIALLY_FILLED)
        order.updated_us = self._env._now
        self._journal.record(order)
        if whole:
            self._index.leave(order)
        self._book(order, quantity, price, quantity * price * rate, maker=maker)
        if whole:
            self._venue.finish(order)
        self.after_fill(order, position, before)

    def liquidated(self, order: Order, quantity: float, price: float, fee: float) -> None:
        """Execute the order by which the venue closes a position, at the price and fee it has set."""
        position = order.account.position(order.symbol, order.position_side)
        before = position.quantity
        order.move_to(_S.FILLED)
        order.updated_us = self._env._now
        self._journal.record(order)
        self._book(order, quantity, price, fee, maker=False)
        self.after_fill(order, position, before)

    def _book(self, order: Order, quantity: float, price: float, fee: float, *, maker: bool) -> None:
        account = order.account
        realised = account.fill(order.symbol, order.side * quantity, price, fee, order.position_side)
        done = order.filled_quantity
        if done:
            order.average_price = (order.average_price * done + price * quantity) / (done + quantity)
            # Sums of steps must not end a last bit short of the quantity.
            order.filled_quantity = float(f"{done + quantity:.12g}")
        else:
            order.average_price, order.filled_quantity = price, quantity
        self._journal.fill(order, quantity, price, fee, realised, maker)

    def after_fill(self, order: Order, position: Position, before: float) -> None:
        """Let go what ends with a position, and record where the account stands."""
        account, symbol = order.account, order.symbol
        after = position.quantity
        self._venue.watch(account, position, order)
        if before and after * before <= 0:
            self._end_closers(account, position, 1 if before > 0 else -1)
        self._journal.exposure(account, symbol, order.slot.number)
        if self._venue.troubles is not None:
            self._venue.troubles.filled(order)
        if before and after == 0.0 and self._venue.on_flat is not None:
            self._venue.on_flat(account, symbol)

    # -- what ends with a position --------------------------------------------------------------------

    def _end_closers(self, account: Account, position: Position, direction: int) -> None:
        """End the orders that closed a position which is gone (rule 4)."""
        symbol, closers = position.symbol, []
        for order in list(self._index.resting(account, symbol).values()):
            if order.side != -direction or order.position_side != position.side:
                continue
            if order.close_position and order.state is _S.NEW:
                closers.append(order)
            elif order.in_book and order.is_exit_only:
                self._venue.end(order, _S.EXPIRED, "position closed")
        if not closers:
            return
        if self._gte_lag_us:
            self._venue.loop.at_us(self._env._now + self._gte_lag_us, self._expire, closers)
        else:
            self._expire(closers)

    def _expire(self, closers: list[Order]) -> None:
        for order in closers:
            # Books that were closed in between are nobody's any more.
            if order.state is _S.NEW and order.number in self._index.by_number:
                self._venue.end(order, _S.EXPIRED, "position closed")
                if self._gte_lag_us and covers(order):
                    self._journal.exposure(order.account, order.symbol, order.slot.number)

    def _expire_own(self, taker: Order, price: float) -> None:
        """End own resting orders that a taker paying up to ``price`` would meet (rule 5)."""
        standing = self._index.in_book(taker.account, taker.symbol)
        if not standing:
            return
        for order in list(standing.values()):
            if order.side == -taker.side and taker.side * (price - order.price) >= 0:
                self._venue.end(order, _S.EXPIRED_IN_MATCH, "self-trade prevention")


def covers(order: Order) -> bool:
    """Tell whether an order's end changes how a position is covered."""
    return may_cover(order.parent if order.parent is not None else order)
