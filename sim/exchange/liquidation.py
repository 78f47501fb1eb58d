"""Liquidate isolated positions: when mark reaches their liquidation price, and not before.

Nothing polls: after each fill and each change of leverage the position's price is reckoned anew, its crossing on mark
is found on the path, and one appointment is made.

What happens then, with its assumptions:

1. All resting orders of the position are cancelled first.
2. The venue closes the whole position at once from the book, whatever the market take bound says, under a client
   id that begins with ``autoclose-`` (binance-facts 10).  Assumption: no step-wise reduction through the tiers; a whole
   liquidation hurts more.
3. Where the book gives less than the bankruptcy price, the position is taken over at the bankruptcy price: the rest of
   the loss is the insurance fund's, and is recorded as such.
4. From what is left of the isolated wallet the taker's commission is paid, then the liquidation fee (binance-facts 3.2:
   liquidationFee, a share of notional), each as far as it reaches.  So a liquidation costs at most the isolated
   wallet.
5. During a halt mark stands and nothing can be sold: a liquidation that falls due waits for the first price after it
   and is judged anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.exchange.account import Account, Position
from sim.exchange.attribution import IntentSlot
from sim.exchange.margin import bankruptcy_price, forced_close, liquidation_price
from sim.exchange.orders import OrderState
from sim.trace import Trace

if TYPE_CHECKING:
    from sim.exchange.venue import Venue


class Liquidations:
    """Keep one appointment per open position and close those whose time has come."""

    def __init__(self, venue: Venue, trace: Trace) -> None:
        self._venue = venue
        self._env: Any = venue.loop.env
        self._write = trace.writer("liquidation")

    def watch(self, account: Account, position: Position, slot: IntentSlot) -> None:
        """Reckon the position's liquidation price anew and make its appointment; ``slot`` will own the order."""
        if position.appointment is not None:
            position.appointment.cancel()
            position.appointment = None
        venue, symbol, quantity = self._venue, position.symbol, position.quantity
        level = 0.0
        if quantity:
            level = liquidation_price(
                quantity, position.entry_price, position.isolated, venue.filters[symbol].tiers
            )
        position.liquidation = level
        now = position.updated_us = self._env._now
        if level == 0.0:
            return
        path = venue.paths[symbol]
        due: int | None = now
        if (path.mark(now) - level) * quantity > 0:
            due = path.first_mark_crossing(level, quantity < 0, now, path.end_us)
        if due is not None:
            position.appointment = venue.loop.at_us(due, self._fall_due, account, position, slot)

    def drop(self, position: Position) -> None:
        """Forget the appointment of a position that nobody looks at any more."""
        if position.appointment is not None:
            position.appointment.cancel()
            position.appointment = None

    def _fall_due(self, account: Account, position: Position, slot: IntentSlot) -> None:
        venue, now = self._venue, self._env._now
        opens_us = venue.books[position.symbol].trades_from(now)
        if opens_us > now:
            position.appointment = venue.loop.at_us(opens_us, self.watch, account, position, slot)
            return
        position.appointment = None
        self._close(account, position, slot, now)

    def _close(self, account: Account, position: Position, slot: IntentSlot, now: int) -> None:
        venue, symbol = self._venue, position.symbol
        level, isolated, quantity = position.liquidation, position.isolated, position.quantity
        for order in venue.open_orders(account, symbol):
            if order.is_open and order.position_side == position.side:
                venue.drop(order, OrderState.CANCELED, "liquidation")
        path, filters = venue.paths[symbol], venue.filters[symbol]
        direction, size = (1, quantity) if quantity > 0 else (-1, -quantity)
        book_price = venue.books[symbol].leave(-direction, size, now)
        close = forced_close(position, book_price, venue.fill_spec.taker_fee, filters.liquidation_fee)
        bankrupt = bankruptcy_price(position)
        account.liquidation_fees += close.fee
        account.insurance += close.insurance
        order = venue.liquidation_order(account, slot, position, close.price)
        self._write(
            (
                slot.number, account.number, now, order.number, direction, size, level, path.mark(now),
                isolated, bankrupt, book_price, close.commission, close.fee, close.insurance,
            )
        )  # fmt: skip
        venue.settle(order, size, close.price, close.commission + close.fee)
