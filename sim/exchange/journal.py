"""Write the venue's truth: rows of the record, and events for whoever listens on an account.

The record tells a conditional order as one life under its own number, child included: NEW; TRIGGERED when its
trigger is met (TRIGGERING on the wire); what its child does; its end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from sim.clock import VirtualLoop
from sim.exchange.account import Account
from sim.exchange.cover import cover_of
from sim.exchange.events import EventKind, VenueEvent
from sim.exchange.fills import Fill
from sim.exchange.order_index import OrderIndex
from sim.exchange.orders import Order, OrderState
from sim.market import PricePath
from sim.trace import Trace

NAN: Final = math.nan
_MET: Final = "TRIGGERED"
"""What the record calls the moment at which a trigger is met."""


class Journal:
    """Write orders, fills and exposure; ``publish`` hears of every change, None for nobody."""

    def __init__(
        self, loop: VirtualLoop, paths: Mapping[str, PricePath], index: OrderIndex, trace: Trace
    ) -> None:
        self._env: Any = loop.env  # read many times per intent; the property costs three times the attribute
        self._paths = paths
        self._index = index
        self._last_trade = 0
        self._fills: dict[int, list[Fill]] = {}
        self.publish: Callable[[VenueEvent], None] | None = None
        self.watcher: Callable[[Order], None] | None = None
        """Hears of each state that is recorded, before it is written."""
        self._write_order = trace.writer("order")
        self._write_fill = trace.writer("fill")
        self._write_exposure = trace.writer("exposure")

    def order(self, order: Order, reason: str = "") -> None:
        """Record an order's new state and tell of it."""
        self.record(order, reason)
        if self.publish is not None:
            self.tell(order, reason)

    def record(self, order: Order, reason: str = "") -> None:
        """Record an order's new state; an execution tells of it by itself."""
        story = order.parent if order.parent is not None else order
        state = order.state
        if self.watcher is not None:
            self.watcher(order)
        self._write_order(
            (
                story.number, story.slot.number, story.account.number, order.updated_us,
                _MET if state is OrderState.TRIGGERING else state._value_, story.role, story.type, story.side,
                story.quantity, story.trigger_price or story.activation_price or story.price,
                story.is_exit_only and not story.close_position, story.close_position, story.request, story.algo,
                reason,
            )
        )  # fmt: skip

    def tell(self, order: Order, reason: str = "") -> None:
        """Tell of an order's state without recording it."""
        if self.publish is not None:
            kind: EventKind = "algo" if order.algo else "order"
            self.publish(
                VenueEvent(kind, self._env._now, order.account, order, reason=reason, symbol=order.symbol)
            )

    def fill(
        self, order: Order, quantity: float, price: float, fee: float, realised: float, maker: bool
    ) -> None:
        """Record an execution and tell of it; the order's state counts it already."""
        now, path = self._env._now, self._paths[order.symbol]
        story = order.parent if order.parent is not None else order
        self._last_trade += 1
        known = Fill(self._last_trade, order, now, quantity, price, fee, realised, maker)
        self._fills.setdefault(order.account.number, []).append(known)
        self._write_fill(
            (
                story.number, story.slot.number, story.account.number, now, story.role, story.side, quantity,
                price, fee, path.last(now), path.mark(now), story.trigger_price, realised,
            )
        )  # fmt: skip
        if self.publish is not None:
            self._tell_fill(order, quantity, price, fee, realised, maker)

    def fills_of(self, account: Account) -> list[Fill]:
        """Return every execution of an account, oldest first; not to be changed."""
        return self._fills.get(account.number, [])

    def forget(self, account: Account) -> None:
        """Forget an account's executions; the record keeps them."""
        self._fills.pop(account.number, None)

    def _tell_fill(
        self, order: Order, quantity: float, price: float, fee: float, realised: float, maker: bool
    ) -> None:
        assert self.publish is not None
        now, account, symbol = self._env._now, order.account, order.symbol
        cause = "liquidation" if order.client_id.startswith("autoclose-") else ""
        self.publish(
            VenueEvent(
                "trade",
                now,
                account,
                order,
                quantity,
                price,
                fee,
                realised,
                cause,
                symbol,
                maker,
                self._last_trade,
            )
        )
        self.publish(VenueEvent("account", now, account, order, reason="ORDER", symbol=symbol))

    def exposure(self, account: Account, symbol: str, intent: int) -> None:
        """Record position, cover and best stop of an account in a symbol.

        In hedge mode the row holds the net position and as much cover as leaves the sum of both sides' naked
        quantities beyond it; the stop is then not told.
        """
        if account.hedge:
            quantity, cover, best = self._hedged(account, symbol)
        else:
            position = account.position(symbol)
            quantity, cover, best = position.quantity, 0.0, NAN
            if quantity:
                cover, best = cover_of(
                    self._index.resting(account, symbol).values(), quantity, position.liquidation
                )
        now = self._env._now
        self._write_exposure(
            (intent, account.number, now, quantity, cover, self._paths[symbol].mark(now), best)
        )

    def _hedged(self, account: Account, symbol: str) -> tuple[float, float, float]:
        net, naked = 0.0, 0.0
        for side in ("LONG", "SHORT"):
            position = account.position(symbol, side)
            quantity = position.quantity
            if quantity:
                mine = [
                    order
                    for order in self._index.resting(account, symbol).values()
                    if order.position_side == side
                ]
                naked += abs(quantity) - cover_of(mine, quantity, position.liquidation)[0]
                net += quantity
        return net, abs(net) - naked, NAN
