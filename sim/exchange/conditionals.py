"""Carry conditional orders from acceptance over their trigger to the child order.

Rules, each with its source or assumption:

1. An order finds its crossing on the path when it is accepted and makes one appointment; nothing polls.  The
   trigger engine judges prices as old as ``fills.trigger_view_delay_ms``, at placement (-2021) too.
2. NEW -> TRIGGERING when the trigger is met -> after ``fills.trigger_delay_ms`` the child is in the matching
   engine: TRIGGERED -> FINISHED when the child has ended (binance-facts 2.2, 5; 21 ms in the one recorded
   sample). TRIGGERING and TRIGGERED can no longer be cancelled as algo orders: -4117 and -2011; a child that
   rests can, by its own id (``actualOrderId``).  Under rules "2025-01" the order itself becomes the child.
3. STOP_MARKET, TAKE_PROFIT_MARKET and TRAILING_STOP_MARKET become MARKET, STOP and TAKE_PROFIT become LIMIT at
   their price (2.2).  A LIMIT that the market has jumped over rests, unfilled, and covers nothing (failures
   F10).
4. priceProtect: while |mark - last| / mark exceeds the symbol's triggerProtect the order does not fire (2.2).
   Assumption: it waits, and each later price that meets its trigger is judged in the same way; a trailing stop's
   level stands still from then on.
5. No margin is asked for before the trigger (2.2).  An algo order whose child may not open is REJECTED then,
   with the reason; so is a reduce-only one without a position, or a LIMIT child that its time in force
   forbids.  A closePosition order without a position is EXPIRED; so are orders of rules "2025-01" in all these
   cases (assumption: they were told of as EXPIRED).
6. A MARKET child has nobody to refuse: beyond the market take bound it expires, whole or in part (design 5).
7. During a halt nothing triggers, and a child waits for the first price after it.  An order whose trigger was
   met in the halt is judged anew by that price; a trailing stop's extreme stood still, so what was met then is
   met now.
8. ``venue.stuck_trigger_share`` of the triggered orders stay TRIGGERING for good, drawn by intent and role
   (assumption: off; users report such orders, and no figure is known).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sim.chance import Stream
from sim.exchange.cover import may_cover
from sim.exchange.executions import Executions
from sim.exchange.matching import TriggerDelay
from sim.exchange.orders import Order, OrderState
from sim.exchange.replies import Refusal
from sim.exchange.request import key_for
from sim.exchange.resting import RestingOrders
from sim.exchange.triggers import fires_rising, would_trigger
from sim.market import PricePath

if TYPE_CHECKING:
    from sim.exchange.venue import Venue

_S: Final = OrderState


class Conditionals:
    """Watch conditional orders of a venue, trigger them, and send their children to the matching engine."""

    def __init__(
        self,
        venue: Venue,
        delay: TriggerDelay,
        executions: Executions,
        resting: RestingOrders,
        stuck_share: float,
        seed: int,
    ) -> None:
        self._venue = venue
        self._env: Any = venue.loop.env
        self._delay = delay
        self._executions = executions
        self._resting = resting
        self._stuck_share = stuck_share
        self._stuck = Stream(seed, "venue.stuck_trigger")

    def watch(self, order: Order) -> None:
        """Find when an accepted order's trigger is met and make its appointment."""
        self._appoint(order, self._venue.paths[order.symbol], self._env._now)

    def _appoint(self, order: Order, path: PricePath, now: int) -> None:
        view_us = self._delay.view_us
        seen_us = max(now - view_us, 0)
        due: int | None
        if order.type == "TRAILING_STOP_MARKET" and not order.trail_price:
            due = self._trail(order, path, seen_us)
        else:
            search = path.first_mark_crossing if order.use_mark else path.first_last_crossing
            level = order.trail_price or order.trigger_price
            due = search(level, fires_rising(order.type, order.side), seen_us, path.end_us)
        if due is not None:
            order.appointment = self._venue.loop.at_us(due + view_us, self._trigger, order)

    def _trail(self, order: Order, path: PricePath, seen_us: int) -> int | None:
        trail = path.first_trailing_trigger(
            order.activation_price or None,
            order.callback_rate,
            order.side < 0,
            seen_us,
            path.end_us,
            order.use_mark,
        )
        if trail is None:
            return None
        if order.price_protect:
            # Should it not fire then, it goes on watching the level at which it would have.
            order.trail_price = trail.extreme * (1 + order.side * order.callback_rate)
        return trail.trigger_us

    def _trigger(self, order: Order) -> None:
        now, venue = self._env._now, self._venue
        opens_us = venue.books[order.symbol].trades_from(now)
        if opens_us > now:
            order.appointment = venue.loop.at_us(opens_us, self._reopen, order)
            return
        if order.price_protect and self._is_protected(order, now):
            order.appointment = None
            self._appoint(order, venue.paths[order.symbol], now)
            return
        order.move_to(_S.TRIGGERING)
        order.updated_us = order.triggered_us = now
        venue.journal.order(order)
        slot, delay = order.slot, self._delay
        drawn = delay.drawn or self._stuck_share > 0
        n = slot.next_n(order.role, "trigger") if drawn else 0
        if self._stuck_share > 0 and self._gets_stuck(order, n):
            return
        if venue.troubles is not None and venue.troubles.sticks(order):
            self._stick(order)
            return
        # The order can no longer be cancelled, yet it covers the position until its child is done.
        order.appointment = venue.loop.at_us(
            now + delay.of_us(slot.number, order.role, n), self._child, order
        )

    def _is_protected(self, order: Order, now: int) -> bool:
        path, seen_us = self._venue.paths[order.symbol], max(now - self._delay.view_us, 0)
        mark = path.mark(seen_us)
        return abs(mark - path.last(seen_us)) > self._venue.filters[order.symbol].trigger_protect * mark

    def _gets_stuck(self, order: Order, n: int) -> bool:
        if self._stuck.uniform(key_for(order.slot.number, order.role, "trigger", n)) >= self._stuck_share:
            return False
        self._stick(order)
        return True

    def _stick(self, order: Order) -> None:
        order.stuck = True
        order.appointment = None
        if may_cover(order):
            self._venue.journal.exposure(order.account, order.symbol, order.slot.number)

    def _reopen(self, order: Order) -> None:
        """Judge an order whose trigger was met during a halt by the first price after it (rule 7)."""
        now, path = self._env._now, self._venue.paths[order.symbol]
        price = path.mark(now) if order.use_mark else path.last(now)
        if order.type == "TRAILING_STOP_MARKET" or would_trigger(
            order.type, order.side, order.trigger_price, price
        ):
            self._trigger(order)
        else:
            order.appointment = None
            self._appoint(order, path, now)

    # -- the child --------------------------------------------------------------------------------------

    def _child(self, order: Order) -> None:
        now, venue = self._env._now, self._venue
        opens_us = venue.books[order.symbol].trades_from(now)
        if opens_us > now:
            order.appointment = venue.loop.at_us(opens_us, self._child, order)
            return
        order.appointment = None
        venue.index.leave(order)
        try:
            filled, price = self._admit(order)
        except Refusal as refusal:
            self._reject(order, refusal)
            return
        order.move_to(_S.TRIGGERED)
        order.updated_us = now
        if order.algo:
            child = self._child_of(order)
            venue.journal.tell(order)
            venue.journal.tell(child)
        else:
            child = order
        if child.engine_type == "MARKET":
            self._executions.at_market(child)
            return
        self._resting.enter(child, filled, price)
        if may_cover(order):
            venue.journal.exposure(order.account, order.symbol, order.slot.number)

    def _admit(self, order: Order) -> tuple[float, float]:
        """Return what a LIMIT child takes on arrival; raise Refusal where the child may not enter (rule 5)."""
        if self._venue.troubles is not None:
            refusal = self._venue.troubles.refusal(order)
            if refusal is not None:
                raise refusal
        if order.is_exit_only:
            reducible = self._resting.reducible(order)
            if reducible == 0.0:
                raise Refusal(-2022)
            quantity = min(order.quantity, reducible)
        else:
            quantity = order.quantity
            self._venue.refuse_margin(order)
        if order.engine_type == "MARKET":
            return 0.0, 0.0
        return self._resting.arrive(order.symbol, order.side, quantity, order.price, order.time_in_force)

    def _reject(self, order: Order, refusal: Refusal) -> None:
        expires = not order.algo or order.close_position
        reason = "no position to reduce" if expires and refusal.code == -2022 else refusal.message
        self._venue.end(order, _S.EXPIRED if expires else _S.REJECTED, reason)
        held = order.account.position(order.symbol, order.position_side).quantity
        if held and may_cover(order):
            self._venue.journal.exposure(order.account, order.symbol, order.slot.number)

    def _child_of(self, order: Order) -> Order:
        """Make the ordinary order that a triggered algo order becomes; it keeps the client id (assumption)."""
        kind = order.engine_type
        quantity = self._resting.reducible(order) if order.close_position else order.quantity
        now = self._env._now
        child = Order(
            number=self._venue.index.next_child_number(), client_id=order.client_id, account=order.account,
            slot=order.slot, symbol=order.symbol, type=kind, side=order.side, quantity=quantity, trigger_price=0.0,
            activation_price=0.0, callback_rate=0.0, reduce_only=order.reduce_only, use_mark=order.use_mark,
            close_position=order.close_position, algo=False, role=order.role, request=order.request,
            accepted_us=now, updated_us=now, position_side=order.position_side,
            price=order.price if kind == "LIMIT" else 0.0, time_in_force=order.time_in_force, parent=order,
        )  # fmt: skip
        order.child = child
        self._venue.index.register(child)
        return child
