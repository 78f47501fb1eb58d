"""Hold the truth: accounts, orders, triggers and fills, live on the run's clock.

Nothing here polls.  A conditional order finds its crossing on the path when it is accepted and makes one
appointment; cancelling drops it.  State changes go to the trace before any reply travels.

Rules that need state and are not in :mod:`sim.exchange.rules`:

1. A MARKET order fills up to mark * (1 ± market take bound); the remainder is EXPIRED at once, and so is that of
   a triggered child (binance-facts 3.1: marketTakeBound limits how far a MARKET order may sweep).
2. A MARKET order that arrives when even the touch lies beyond PERCENT_PRICE is refused with -4131
   (binance-facts 1.2c, 3.1).  A child has nobody to refuse: it expires unfilled (design 5: "child order expires
   unfilled"), and the position stays, naked.
3. While the symbol is halted a MARKET order is refused: -4140 when it would open (binance-facts 1.2c: symbol not
   open for opening positions), -1122 when it would close (1.2: symbol status invalid for this operation).
   Conditional orders are accepted and cancelled, but none triggers, and a triggered one's child waits for the
   first price after the halt.  An order whose trigger was met in the halt is judged anew by that price.
4. The trigger engine judges prices as old as ``fills.trigger_view_delay_ms``, at placement too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from sim.clock import VirtualLoop
from sim.exchange.account import Account, liquidation_price
from sim.exchange.book import Book
from sim.exchange.cover import cover_of, may_cover
from sim.exchange.filters import RulesVersion, SymbolFilters
from sim.exchange.matching import FillSpec, TriggerDelay
from sim.exchange.minute_volume import MinuteVolume
from sim.exchange.orders import Order, OrderState
from sim.exchange.replies import Refusal
from sim.exchange.request import Request
from sim.exchange.rules import NewOrder
from sim.exchange.triggers import fires_rising, trailing_would_trigger, would_trigger
from sim.market import PricePath
from sim.trace import Trace

NAN = math.nan


class Venue:
    """Accept, trigger, fill and cancel orders against the price paths.

    ``paths`` and ``filters`` by symbol.  ``seed`` draws trigger delays.  ``volumes``: typical minutes of tapes,
    measured on the path where there are none.  ``on_flat`` is called with the account when a position closes.
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
        self.orders: dict[int, Order] = {}
        self.on_flat: Callable[[Account, str], None] | None = None
        self._last_order = 0
        self._open: dict[tuple[int, str], dict[int, Order]] = {}
        # Two id spaces since the migration (failures F19): an algo order's client id is not an ordinary one's.
        self._by_client_id: dict[tuple[int, bool, str], Order] = {}
        self._of_account: dict[int, list[Order]] = {}
        self._write_order = trace.writer("order")
        self._write_fill = trace.writer("fill")
        self._write_exposure = trace.writer("exposure")

    # -- reads ----------------------------------------------------------------------------------------

    def open_orders(self, account: Account, symbol: str | None = None) -> list[Order]:
        """List the account's resting orders, oldest first."""
        if symbol is not None:
            return list(self._open.get((account.number, symbol), {}).values())
        # A triggered order counts until its child is done: it can no longer be cancelled, yet it still acts.
        resting = (OrderState.NEW, OrderState.TRIGGERED)
        return [order for order in self._of_account.get(account.number, ()) if order.state in resting]

    def find(self, account: Account, order_id: int | None, client_id: str | None, algo: bool) -> Order | None:
        """Return the account's order by either id on the endpoint it lives on, or None."""
        order = (
            self.orders.get(order_id)
            if order_id is not None
            else self._by_client_id.get((account.number, algo, client_id or ""))
        )
        if order is None or order.account is not account or order.algo != algo:
            return None
        return order

    # -- writes ---------------------------------------------------------------------------------------

    def place(self, new: NewOrder, request: Request) -> Order:
        """Accept an order, or raise Refusal with the code that the state calls for."""
        account = request.slot.account
        now = self._env._now
        path = self.paths[new.symbol]
        position = account.position(new.symbol).quantity
        self._check_state(new, account, position, path, now)
        self._last_order += 1
        number = self._last_order
        order = Order(
            number=number,
            client_id=new.client_id or f"venue-{number}",
            account=account,
            slot=request.slot,
            symbol=new.symbol,
            type=new.type,
            side=new.side,
            quantity=new.quantity,
            trigger_price=new.trigger_price,
            activation_price=new.activation_price,
            callback_rate=new.callback_rate,
            reduce_only=new.reduce_only,
            close_position=new.close_position,
            use_mark=new.use_mark,
            algo=new.algo,
            role=request.role,
            request=request.number,
            accepted_us=now,
            updated_us=now,
        )
        self.orders[number] = order
        self._of_account.setdefault(account.number, []).append(order)
        self._by_client_id[(account.number, order.algo, order.client_id)] = order
        self._log(order)
        if new.type == "MARKET":
            self._execute(order)
        else:
            self._open.setdefault((account.number, new.symbol), {})[number] = order
            self._appoint(order, path, now)
            if may_cover(order):
                self._log_exposure(account, order.symbol, request.slot.number)
        return order

    def _check_state(
        self, new: NewOrder, account: Account, position: float, path: PricePath, now: int
    ) -> None:
        if new.client_id:
            twin = self._by_client_id.get((account.number, new.algo, new.client_id))
            if twin is not None and twin.is_open:
                raise Refusal(-4116)
        reduces = position * new.side < 0
        is_market = new.type == "MARKET"
        if is_market and path.halt_end_us(now) is not None:
            raise Refusal(-1122 if reduces else -4140)
        if new.reduce_only and not reduces:
            raise Refusal(-2022)
        if new.close_position:
            if not reduces:
                raise Refusal(-4509)
            for other in self._open.get((account.number, new.symbol), {}).values():
                if other.close_position and other.type == new.type and other.side == new.side:
                    raise Refusal(-4130)
        if is_market:
            self._check_touch(new, path, now)
            return
        seen_us = now - self.trigger_delay.view_us
        price = path.mark(seen_us) if new.use_mark else path.last(seen_us)
        if new.type == "TRAILING_STOP_MARKET":
            if new.activation_price and trailing_would_trigger(new.side, new.activation_price, price):
                raise Refusal(-2021)
        elif would_trigger(new.type, new.side, new.trigger_price, price):
            raise Refusal(-2021)

    def _check_touch(self, new: NewOrder, path: PricePath, now: int) -> None:
        mark, percent = path.mark(now), self.filters[new.symbol].percent_price
        # The touch is looked up only where it may matter: nearly always last is nowhere near the limit.
        if new.side * (path.last(now) - mark) <= 0.5 * percent * mark:
            return
        touch = self.books[new.symbol].touch(new.side, now)
        if new.side * (touch - mark * (1 + new.side * percent)) > 0:
            raise Refusal(-4131)

    def cancel(self, order: Order) -> None:
        """Cancel a resting order; Refusal -2011 when it no longer rests."""
        if not order.is_open:
            raise Refusal(-2011)
        self._drop(order, OrderState.CANCELED, "cancel")
        if may_cover(order):
            self._log_exposure(order.account, order.symbol, order.slot.number)

    def _drop(self, order: Order, state: OrderState, reason: str) -> None:
        if order.appointment is not None:
            order.appointment.cancel()
            order.appointment = None
        self._open[(order.account.number, order.symbol)].pop(order.number, None)
        order.move_to(state)
        order.updated_us = self._env._now
        self._log(order, reason)

    # -- triggers -------------------------------------------------------------------------------------

    def _appoint(self, order: Order, path: PricePath, now: int) -> None:
        view_us = self.trigger_delay.view_us
        seen_us = max(now - view_us, 0)
        if order.type == "TRAILING_STOP_MARKET":
            trail = path.first_trailing_trigger(
                order.activation_price or None,
                order.callback_rate,
                order.side < 0,
                seen_us,
                path.end_us,
                order.use_mark,
            )
            due = trail.trigger_us if trail is not None else None
        else:
            search = path.first_mark_crossing if order.use_mark else path.first_last_crossing
            due = search(order.trigger_price, fires_rising(order.type, order.side), seen_us, path.end_us)
        if due is not None:
            order.appointment = self.loop.at_us(due + view_us, self._trigger, order)

    def _trigger(self, order: Order) -> None:
        now = self._env._now
        opens_us = self.books[order.symbol].trades_from(now)
        if opens_us > now:
            order.appointment = self.loop.at_us(opens_us, self._reopen, order)
            return
        order.move_to(OrderState.TRIGGERED)
        order.updated_us = now
        self._log(order)
        slot, delay = order.slot, self.trigger_delay
        n = slot.next_n(order.role, "trigger") if delay.drawn else 0
        # The order can no longer be cancelled, yet it covers the position until its child is done.
        order.appointment = self.loop.at_us(
            now + delay.of_us(slot.number, order.role, n), self._fill_child, order
        )

    def _reopen(self, order: Order) -> None:
        """Judge an order whose trigger was met during a halt by the first price after it."""
        now, path = self._env._now, self.paths[order.symbol]
        price = path.mark(now) if order.use_mark else path.last(now)
        # A trailing stop's extreme stood still in the halt, so what was met then is met now.
        if order.type == "TRAILING_STOP_MARKET" or would_trigger(
            order.type, order.side, order.trigger_price, price
        ):
            self._trigger(order)
        else:
            order.appointment = None
            self._appoint(order, path, now)

    def _fill_child(self, order: Order) -> None:
        now = self._env._now
        opens_us = self.books[order.symbol].trades_from(now)
        if opens_us > now:
            order.appointment = self.loop.at_us(opens_us, self._fill_child, order)
            return
        order.appointment = None
        self._open[(order.account.number, order.symbol)].pop(order.number, None)
        self._execute(order)

    # -- fills ----------------------------------------------------------------------------------------

    def _execute(self, order: Order) -> None:
        account, symbol = order.account, order.symbol
        position = account.position(symbol)
        before = position.quantity
        quantity = order.quantity
        if order.is_exit_only:
            if before * order.side >= 0:
                order.move_to(OrderState.EXPIRED)
                order.updated_us = self._env._now
                self._log(order, "no position to reduce")
                return
            quantity = abs(before) if order.close_position else min(quantity, abs(before))
        now = self._env._now
        filled, price = self.books[symbol].take(order.side, quantity, now)
        order.updated_us = now
        if filled == 0.0:
            order.move_to(OrderState.EXPIRED)
            self._log(order, "touch beyond the market take bound")
            if may_cover(order):
                self._log_exposure(account, symbol, order.slot.number)
            return
        self._book_fill(order, filled, price, now, whole=filled == quantity)
        if before and position.quantity * before <= 0:
            self._expire_close_orders(account, symbol, 1 if before > 0 else -1)
        self._log_exposure(account, symbol, order.slot.number)
        if before and position.quantity == 0.0 and self.on_flat is not None:
            self.on_flat(account, symbol)

    def _book_fill(self, order: Order, filled: float, price: float, now: int, *, whole: bool) -> None:
        account, path = order.account, self.paths[order.symbol]
        fee = filled * price * self.fill_spec.taker_fee
        realised = account.fill(order.symbol, order.side * filled, price, fee)
        order.filled_quantity = filled
        order.average_price = price
        order.move_to(OrderState.FILLED if whole else OrderState.EXPIRED)
        self._log(order, "" if whole else "remainder beyond the market take bound")
        self._write_fill(
            (
                order.number, order.slot.number, account.number, now, order.role, order.side, filled, price,
                fee, path.last(now), path.mark(now), order.trigger_price, realised,
            )
        )  # fmt: skip

    def _expire_close_orders(self, account: Account, symbol: str, closed_direction: int) -> None:
        # binance-facts 2.2: a closePosition order expires by itself when the position closes by other means.
        for order in list(self._open.get((account.number, symbol), {}).values()):
            if order.close_position and order.side == -closed_direction and order.is_open:
                self._drop(order, OrderState.EXPIRED, "position closed")

    # -- exposure -------------------------------------------------------------------------------------

    def _log_exposure(self, account: Account, symbol: str, intent: int) -> None:
        position = account.position(symbol)
        quantity, cover, best = position.quantity, 0.0, NAN
        if quantity:
            dead = liquidation_price(
                position.entry_price,
                1 if quantity > 0 else -1,
                account.leverage.get(symbol, 20),
                self.filters[symbol].maintenance_rate,
            )
            cover, best = cover_of(self._open.get((account.number, symbol), {}).values(), quantity, dead)
        now = self._env._now
        self._write_exposure(
            (intent, account.number, now, quantity, cover, self.paths[symbol].mark(now), best)
        )

    def _log(self, order: Order, reason: str = "") -> None:
        self._write_order(
            (
                order.number, order.slot.number, order.account.number, order.updated_us, order.state._value_,
                order.role, order.type, order.side, order.quantity, order.trigger_price or order.activation_price,
                order.reduce_only, order.close_position, order.request, order.algo, reason,
            )
        )  # fmt: skip

    # -- the end --------------------------------------------------------------------------------------

    def leave_value(self, account: Account, symbol: str) -> float:
        """Return what leaving the open position now would add to the wallet, after spread, impact and fee."""
        position = account.position(symbol)
        if position.quantity == 0.0:
            return 0.0
        size = abs(position.quantity)
        price = self.books[symbol].leave(-1 if position.quantity > 0 else 1, size, self._env._now)
        return position.quantity * (price - position.entry_price) - size * price * self.fill_spec.taker_fee

    def close_books(self, account: Account) -> None:
        """Forget an account whose story is over: its resting orders never act again."""
        for order in self._of_account.pop(account.number, []):
            if order.appointment is not None:
                order.appointment.cancel()
                order.appointment = None
            del self.orders[order.number]
            self._by_client_id.pop((account.number, order.algo, order.client_id), None)
        for symbol in account.positions:
            self._open.pop((account.number, symbol), None)
