"""Hold the truth: accounts, orders, triggers and fills, live on the run's clock.

Nothing here polls.  An order finds on the path when it will act and makes one appointment; cancelling drops it.
State changes go to the trace before any reply travels.  What happens after acceptance has its rules in
:mod:`sim.exchange.conditionals`, :mod:`sim.exchange.resting`, :mod:`sim.exchange.executions` and
:mod:`sim.exchange.liquidation`.

Rules that need state and are not in :mod:`sim.exchange.rules`, in the order in which they are asked:

1. A client id is free again when its order has ended; a live one's is refused with -4116 (binance-facts 6).  A
   query by an id that was used again finds the latest order (assumption).
2. While the symbol is halted MARKET and LIMIT orders are refused: -4140 when they would open (1.2c: symbol not
   open for opening positions), -1122 when they would close (1.2: symbol status invalid for this operation).
   Conditional orders are accepted and cancelled.
3. An order that can only reduce needs a position on the other side, else -2022 (2.2); in hedge mode conditional
   orders may wait for one.  Together with the resting orders that reduce the same position it may not exceed
   the position: -2022 ("conflicts with other open closing orders", 1.2b).  Alone it may, and is cut to the
   position when it executes.
4. A closePosition order needs a position (-4509), and only one of a kind and direction may live (-4130; 2.2).
5. No more than 200 conditional orders wait in an account (-4045; 3.1), and no more than MAX_NUM_ORDERS of a
   symbol are open (-2025); conditional ones count among these only where they are ordinary orders (rules
   "2025-01").
6. A MARKET or LIMIT order that may open needs margin: -2019, -2027 (:mod:`sim.exchange.margin`).  A conditional
   one is asked at its trigger; under rules "2025-01" at placement too (2.2: no margin check before the trigger
   *since* then).
7. A MARKET order that arrives when even the touch lies beyond PERCENT_PRICE is refused with -4131 (1.2c, 3.1).
8. A conditional order whose trigger is met already is refused with -2021 (2.1); a LIMIT order may be by its
   time in force (-5021, -5022).
9. Cancelling what has ended, or never was, is -2011; what is on its way from trigger to child -4117 (1.2c).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sim.clock import VirtualLoop
from sim.exchange.account import Account, Position
from sim.exchange.account_settings import change_leverage
from sim.exchange.attribution import IntentSlot
from sim.exchange.book import Book
from sim.exchange.conditionals import Conditionals
from sim.exchange.cover import may_cover
from sim.exchange.events import VenueEvent
from sim.exchange.executions import DUST, Executions, covers
from sim.exchange.filters import RulesVersion, SymbolFilters
from sim.exchange.journal import Journal
from sim.exchange.liquidation import Liquidations
from sim.exchange.margin import Margin
from sim.exchange.matching import FillSpec, TriggerDelay
from sim.exchange.minute_volume import MinuteVolume
from sim.exchange.order_index import OrderIndex
from sim.exchange.orders import Order, OrderState
from sim.exchange.replies import Refusal
from sim.exchange.request import Request
from sim.exchange.resting import RestingOrders
from sim.exchange.rules import NewOrder
from sim.exchange.triggers import trailing_would_trigger, would_trigger
from sim.exchange.troubles import OrderTroubles
from sim.exchange.venue_spec import VenueSpec
from sim.market import PricePath
from sim.trace import Trace

MAX_CONDITIONAL_ORDERS: Final = 200
"""Conditional orders that may wait in one account (binance-facts 3.1, since 2025-12-29; held for older rules too)."""

_NOTHING: Final = (0.0, 0.0)


class Venue:
    """Accept, trigger, fill and cancel orders against the price paths.

    ``paths`` and ``filters`` by symbol.  ``seed`` draws trigger delays.  ``volumes``: typical minutes of tapes,
    measured on the path where there are none.  ``on_flat`` is called with the account when a position closes,
    ``publish`` with every change.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        paths: dict[str, PricePath],
        filters: dict[str, SymbolFilters],
        fills: FillSpec,
        rules: RulesVersion,
        trace: Trace,
        seed: int = 0,
        volumes: Mapping[str, MinuteVolume] | None = None,
        ways: VenueSpec | None = None,
    ) -> None:
        self.loop = loop
        self._env: Any = loop.env  # read many times per intent; the property costs three times the attribute
        self.paths = paths
        self.filters = filters
        self.fill_spec = fills
        self.rules = rules
        known = volumes if volumes is not None else {}
        self.books = {
            symbol: Book(path, fills, filters[symbol], known.get(symbol)) for symbol, path in paths.items()
        }
        self.trigger_delay = TriggerDelay(fills, seed)
        self.on_flat: Callable[[Account, str], None] | None = None
        self.troubles: OrderTroubles | None = None
        self.index = OrderIndex()
        self.orders = self.index.by_number
        self.journal = Journal(loop, paths, self.index, trace)
        self.margin = Margin(filters, self._mark_now, self.index.in_book_of)
        self.liquidations = Liquidations(self, trace)
        ways = ways if ways is not None else VenueSpec()
        self._executions = Executions(self, ways.gte_expiry_lag_s)
        self._resting = RestingOrders(self, self._executions)
        self._conditionals = Conditionals(
            self, self.trigger_delay, self._executions, self._resting, ways.stuck_trigger_share, seed
        )

    @property
    def publish(self) -> Callable[[VenueEvent], None] | None:
        """Give what hears of every change; None for nobody."""
        return self.journal.publish

    @publish.setter
    def publish(self, listener: Callable[[VenueEvent], None] | None) -> None:
        self.journal.publish = listener

    # -- reads ----------------------------------------------------------------------------------------

    def open_orders(self, account: Account, symbol: str | None = None) -> list[Order]:
        """List the account's live orders, oldest first.

        A triggered order counts until its child is done: it can no longer be cancelled, yet it still acts.
        """
        if symbol is not None:
            return list(self.index.resting(account, symbol).values())
        return [order for order in self.index.of_account(account) if order.is_live and order.child is None]

    def find(self, account: Account, order_id: int | None, client_id: str | None, algo: bool) -> Order | None:
        """Return the account's order by either id on the endpoint it lives on, or None."""
        return self.index.find(account, order_id, client_id, algo)

    def _mark_now(self, symbol: str) -> float:
        return self.paths[symbol].mark(self._env._now)

    # -- writes ---------------------------------------------------------------------------------------

    def place(self, new: NewOrder, request: Request) -> Order:
        """Accept an order, or raise Refusal with the code that the state calls for."""
        slot = request.slot
        account, now = slot.account, self._env._now
        filled, price = self._check_state(new, account, now)
        number = self.index.next_number()
        order = Order(
            number=number, client_id=new.client_id or f"venue-{number}", account=account, slot=slot,
            symbol=new.symbol, type=new.type, side=new.side, quantity=new.quantity,
            trigger_price=new.trigger_price, activation_price=new.activation_price,
            callback_rate=new.callback_rate, reduce_only=new.reduce_only, close_position=new.close_position,
            use_mark=new.use_mark, algo=new.algo, role=request.role, request=request.number, accepted_us=now,
            updated_us=now, position_side=new.position_side, price=new.price, time_in_force=new.time_in_force,
            price_protect=new.price_protect, response=new.response,
        )  # fmt: skip
        self.index.register(order)
        troubles = self.troubles
        if troubles is not None:
            troubles.accepted(order, request)
        self.journal.order(order)
        if new.type == "MARKET":
            if troubles is None or not troubles.holds_up(order, request):
                self._executions.at_market(order)
        elif new.type == "LIMIT":
            self._resting.enter(order, filled, price)
        else:
            self.index.rest(order)
            self._conditionals.watch(order)
            if may_cover(order):
                self.journal.exposure(account, order.symbol, slot.number)
        return order

    def cancel(self, order: Order) -> None:
        """Cancel an order; Refusal -2011 when it no longer rests, -4117 between its trigger and its child."""
        if not order.is_open:
            raise Refusal(-4117 if order.state is OrderState.TRIGGERING else -2011)
        self.drop(order, OrderState.CANCELED, "cancel")

    def match_part(self, order: Order, quantity: float) -> None:
        """Execute a part of a MARKET order that waits in the engine, from the book of this moment."""
        self._executions.part_at_market(order, quantity)

    def drop(self, order: Order, state: OrderState, reason: str, *, told: bool = True) -> None:
        """End a live order from outside, and record how the position is covered without it.

        ``told`` False: nobody who listens hears of it.
        """
        publish = self.journal.publish
        if not told:
            self.journal.publish = None
        self.end(order, state, reason)
        self.journal.publish = publish
        if covers(order):
            self.journal.exposure(order.account, order.symbol, order.slot.number)

    def end(self, order: Order, state: OrderState, reason: str) -> None:
        """End an order: nothing is due for it any more."""
        if order.appointment is not None:
            order.appointment.cancel()
            order.appointment = None
        self.index.leave(order)
        order.move_to(state)
        order.updated_us = self._env._now
        order.reason = reason
        self.journal.order(order, reason)
        self.finish(order)

    def finish(self, order: Order) -> None:
        """Let the algo order whose child has ended end too."""
        parent = order.parent
        if parent is not None:
            parent.move_to(OrderState.FINISHED)
            parent.updated_us = self._env._now
            self.journal.tell(parent)

    # -- what the state refuses -----------------------------------------------------------------------

    def _check_state(self, new: NewOrder, account: Account, now: int) -> tuple[float, float]:
        """Raise Refusal where the state calls for it; return what a LIMIT order takes on arrival."""
        path, kind = self.paths[new.symbol], new.type
        if new.client_id and self.index.client_id_taken(account, new.algo, new.client_id):
            raise Refusal(-4116)
        held = account.position(new.symbol, new.position_side).quantity
        reduces = held * new.side < 0
        arrives = kind == "MARKET" or kind == "LIMIT"
        if arrives and path.halt_end_us(now) is not None:
            raise Refusal(-1122 if reduces else -4140)
        exits = new.reduce_only
        if new.position_side != "BOTH":
            exits = (new.side > 0) == (new.position_side == "SHORT")
        if new.close_position:
            if not reduces:
                raise Refusal(-4509)
            self._check_twin(new, account)
        elif exits and (arrives or new.reduce_only):
            self._check_reduction(new, account, abs(held) if reduces else 0.0, arrives)
        if kind != "MARKET":
            self._check_caps(new, account)
        if not (exits or new.close_position) and (arrives or not new.algo):
            # Last is half a spread from the touch; looking that up would cost more than all other checks.
            price = new.price or path.last(now)
            self.margin.refuse_opening(account, new.symbol, new.side, new.quantity, price, new.position_side)
        if kind == "MARKET":
            self._check_touch(new, path, now)
        elif kind == "LIMIT":
            quantity = min(new.quantity, abs(held)) if exits else new.quantity
            return self._resting.arrive(new.symbol, new.side, quantity, new.price, new.time_in_force)
        else:
            self._check_trigger(new, path, now)
        return _NOTHING

    def _check_twin(self, new: NewOrder, account: Account) -> None:
        for other in self.index.resting(account, new.symbol).values():
            if (
                other.close_position
                and other.type == new.type
                and other.side == new.side
                and other.position_side == new.position_side
            ):
                raise Refusal(-4130)

    def _check_reduction(self, new: NewOrder, account: Account, reducible: float, arrives: bool) -> None:
        if reducible == 0.0:
            raise Refusal(-2022)
        standing = self.index.in_book(account, new.symbol)
        if not (standing and arrives):
            return
        others = sum(
            order.remaining
            for order in standing.values()
            if order.is_exit_only and order.side == new.side and order.position_side == new.position_side
        )
        if others and others + new.quantity > reducible + DUST:
            raise Refusal(-2022)

    def _check_caps(self, new: NewOrder, account: Account) -> None:
        conditional = new.type != "LIMIT"
        if conditional and self.index.conditionals_reach(account, MAX_CONDITIONAL_ORDERS):
            raise Refusal(-4045)
        if new.algo or new.time_in_force in ("IOC", "FOK"):
            return
        live, limit = self.index.resting(account, new.symbol), self.filters[new.symbol].max_open_orders
        if len(live) >= limit and sum(not order.algo for order in live.values()) >= limit:
            raise Refusal(-2025)

    def _check_touch(self, new: NewOrder, path: PricePath, now: int) -> None:
        mark, percent = path.mark(now), self.filters[new.symbol].percent_price
        # The touch is looked up only where it may matter: nearly always last is nowhere near the limit.
        if new.side * (path.last(now) - mark) <= 0.5 * percent * mark:
            return
        touch = self.books[new.symbol].touch(new.side, now)
        if new.side * (touch - mark * (1 + new.side * percent)) > 0:
            raise Refusal(-4131)

    def _check_trigger(self, new: NewOrder, path: PricePath, now: int) -> None:
        seen_us = now - self.trigger_delay.view_us
        price = path.mark(seen_us) if new.use_mark else path.last(seen_us)
        if new.type == "TRAILING_STOP_MARKET":
            if new.activation_price and trailing_would_trigger(new.side, new.activation_price, price):
                raise Refusal(-2021)
        elif would_trigger(new.type, new.side, new.trigger_price, price):
            raise Refusal(-2021)

    def refuse_margin(self, order: Order) -> None:
        """Raise Refusal where a triggered order may not open what it would open now."""
        price = order.price or self.paths[order.symbol].last(self._env._now)
        self.margin.refuse_opening(
            order.account, order.symbol, order.side, order.quantity, price, order.position_side
        )

    def set_leverage(self, slot: IntentSlot, symbol: str, leverage: int) -> None:
        """Set a symbol's leverage for the account of ``slot``, or raise Refusal; its liquidations move with it."""
        account = slot.account
        changed = change_leverage(self.margin, account, symbol, leverage)
        for position in changed:
            self.liquidations.watch(account, position, slot)
        if changed:
            # What a stop covers ends where the position is liquidated, and that has moved.
            self.journal.exposure(account, symbol, slot.number)
        if self.publish is not None:
            now = self._env._now
            self.publish(VenueEvent("leverage", now, account, None, price=leverage, symbol=symbol))

    # -- liquidation ----------------------------------------------------------------------------------

    def watch(self, account: Account, position: Position, order: Order) -> None:
        """Reckon a changed position's liquidation anew."""
        self.liquidations.watch(account, position, order.slot)

    def liquidation_order(
        self, account: Account, slot: IntentSlot, position: Position, price: float
    ) -> Order:
        """Enter the order by which the venue closes a whole position: an IOC limit at ``price``, "autoclose-…"."""
        now, number = self._env._now, self.index.next_number()
        epoch_us = self.paths[position.symbol].epoch_us
        order = Order(
            number=number, client_id=f"autoclose-{(epoch_us + now) // 1000}{number:06d}", account=account,
            slot=slot, symbol=position.symbol, type="LIMIT", side=-1 if position.quantity > 0 else 1,
            quantity=abs(position.quantity), trigger_price=0.0, activation_price=0.0, callback_rate=0.0,
            reduce_only=position.side == "BOTH", close_position=False, use_mark=False, algo=False,
            role="liquidation", request=-1, accepted_us=now, updated_us=now, position_side=position.side,
            price=price, time_in_force="IOC",
        )  # fmt: skip
        self.index.register(order)
        self.journal.order(order)
        return order

    def settle(self, order: Order, quantity: float, price: float, fee: float) -> None:
        """Execute a liquidation order at the price and fee that were reckoned for it."""
        self._executions.liquidated(order, quantity, price, fee)

    # -- the end --------------------------------------------------------------------------------------

    def leave_value(self, account: Account, symbol: str) -> float:
        """Return what leaving the open positions now would add to the wallet, after spread, impact and fee."""
        now, rate = self._env._now, self.fill_spec.taker_fee
        value = 0.0
        for position in account.positions.values():
            if position.symbol != symbol or position.quantity == 0.0:
                continue
            size = abs(position.quantity)
            price = self.books[symbol].leave(-1 if position.quantity > 0 else 1, size, now)
            value += position.quantity * (price - position.entry_price) - size * price * rate
        return value

    def close_books(self, account: Account) -> None:
        """Forget an account whose story is over: its resting orders never act again."""
        self.index.forget(account)
        self.journal.forget(account)
        for position in account.positions.values():
            self.liquidations.drop(position)
