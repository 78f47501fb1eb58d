"""Let LIMIT orders rest, and fill them from the prints of the path.

Rules, each with its source or assumption:

1. GTC rests until it fills or is cancelled.  IOC takes what it can at once, the rest is EXPIRED.  FOK takes all
   at once or is refused with -5021, GTX rests or is refused with -5022 (binance-facts 1.2c, 2.2).  A triggered
   order's child has nobody to refuse: the algo order is REJECTED, an older one EXPIRED.
2. A resting order fills whole, at its own price and as a maker, at the first print beyond its price: nobody trades
   there before it (``fills.limit_fill`` = "through").  Assumption: it stands last in its queue, so prints at its
   price go to others.  With "touch" it stands first, and a print at its price fills it as well.
3. ``fills.limit_share`` (with "touch"): of each print at its price the order gets this share of the print's volume,
   in whole steps; what does not make a step yet is kept for the next print.  A print's volume is its bar's volume
   over its number of prints (assumption: bars do not say more).
4. A print never fills an order that was not there before it: what happens at the instant of arrival is the
   book's.
5. In a halt nothing prints, so nothing fills; prints of a stretch that is halted all the same do not count.
6. The price in force when the order is placed is no print: an order that swept the book up to its price waits
   for the next one.

Nothing polls: an order finds the print that fills it by the same search as a trigger, and makes one appointment.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sim.exchange.executions import DUST, Executions
from sim.exchange.matching import whole_steps
from sim.exchange.orders import Order, OrderState
from sim.exchange.replies import Refusal
from sim.market import PricePath

if TYPE_CHECKING:
    from sim.exchange.venue import Venue

_S: Final = OrderState


class RestingOrders:
    """Take LIMIT orders into the book and out of it again."""

    def __init__(self, venue: Venue, executions: Executions) -> None:
        self._venue = venue
        self._env: Any = venue.loop.env
        self._executions = executions
        self._share = venue.fill_spec.limit_share
        self._beyond_ticks = 1 if venue.fill_spec.limit_fill == "through" else 0

    def arrive(
        self, symbol: str, side: int, quantity: float, price: float, time_in_force: str
    ) -> tuple[float, float]:
        """Return (quantity, average price) taken on arrival; raise Refusal -5021 or -5022 (rule 1)."""
        book, now = self._venue.books[symbol], self._env._now
        if time_in_force == "GTX":
            touch = book.touch(side, now)
            if side * (price - touch) > -DUST * price:
                raise Refusal(-5022)
            return 0.0, math.nan
        filled, average = book.take_to(side, quantity, now, price)
        if time_in_force == "FOK" and filled < quantity:
            raise Refusal(-5021)
        return filled, average

    def enter(self, order: Order, filled: float, price: float) -> None:
        """Execute the marketable part of an accepted order and let the rest stand, or expire."""
        self._executions.on_arrival(order, filled, price)
        if not order.is_live:
            return
        if order.time_in_force in ("IOC", "FOK"):
            self._venue.end(order, _S.EXPIRED, "not filled at once")
        elif order.is_exit_only and self.reducible(order) == 0.0:
            self._venue.end(order, _S.EXPIRED, "position closed")
        else:
            self._venue.index.rest(order)
            self._appoint(order, self._env._now)

    def reducible(self, order: Order) -> float:
        """Return how much of the position an order of this side can reduce."""
        held = order.account.position(order.symbol, order.position_side).quantity
        return abs(held) if held * order.side < 0 else 0.0

    def _appoint(self, order: Order, after_us: int) -> None:
        due = self._next_fill(order, after_us)
        order.appointment = None if due is None else self._venue.loop.at_us(due, self._met, order)

    def _met(self, order: Order) -> None:
        now = self._env._now
        opens_us = self._venue.books[order.symbol].trades_from(now)
        if opens_us > now:
            # The first print after a halt may fill the order itself.
            self._appoint(order, opens_us - 1)
            return
        quantity = order.remaining
        if order.is_exit_only:
            quantity = min(quantity, self.reducible(order))
        if order.offered < quantity and self._share is not None:
            quantity = min(quantity, whole_steps(order.offered, self._venue.books[order.symbol].step))
            order.offered -= quantity
        order.appointment = None
        self._executions.at_rest(order, quantity)
        if order.is_live:
            self._appoint(order, now)

    # -- the search -----------------------------------------------------------------------------------

    def _next_fill(self, order: Order, after_us: int) -> int | None:
        """Return when a print next fills the order or part of it, or None."""
        path = self._venue.paths[order.symbol]
        rising = order.side < 0
        level = order.price - order.side * self._beyond_ticks * path.tick
        at_us = path.first_last_crossing(level, rising, after_us, path.end_us)
        if self._share is None:
            return at_us
        while at_us is not None:
            until_us = min(at_us - at_us % path.bar_us + path.bar_us, path.end_us)
            filled_us = self._within_bar(order, path, at_us, until_us)
            if filled_us is not None or until_us >= path.end_us:
                return filled_us
            at_us = path.first_last_crossing(level, rising, until_us - 1, path.end_us)
        return None

    def _within_bar(self, order: Order, path: PricePath, from_us: int, until_us: int) -> int | None:
        """Gather what a bar's prints offer (rules 2 and 3); return when that first makes a step, or None."""
        assert self._share is not None
        times, prices = path.prints(from_us - from_us % path.bar_us, until_us)
        each = self._share * path.bar_volume(from_us) / times.size
        begin = int(times.searchsorted(from_us))
        times, beyond = times[begin:], order.side * (order.price - prices[begin:])
        # Half a tick of room: prices are floats of the same decimal text, or whole ticks apart.
        through = np.flatnonzero(beyond > path.tick / 2)
        through_us = int(times[through[0]]) if through.size else None
        hits = times[np.abs(beyond) <= path.tick / 2]
        step = self._venue.books[order.symbol].step
        needed = max(1, math.ceil((step - order.offered) / each - DUST)) if 0.0 < each < math.inf else 1
        at_us = int(hits[needed - 1]) if each > 0.0 and needed <= hits.size else None
        if through_us is not None and (at_us is None or through_us <= at_us):
            order.offered = math.inf
            return through_us
        # Prints of one instant come together.
        count = hits.size if at_us is None else int(hits.searchsorted(at_us, side="right"))
        order.offered += each * count
        return at_us
