"""Let things go wrong with accepted orders: late matches, parts, stops that vanish or fail at their trigger."""

from __future__ import annotations

from typing import Any, Final

from sim.clock import VirtualLoop
from sim.exchange.matching import whole_steps
from sim.exchange.orders import Order, OrderState
from sim.exchange.replies import Refusal
from sim.exchange.request import Request
from sim.exchange.venue import Venue
from sim.faults.how import Timing
from sim.faults.injector import FaultInjector
from sim.faults.live.armed import armed, fires, record, share, span_us
from sim.faults.live.news import FlatNews
from sim.faults.live.reads import LiveReads
from sim.faults.partial_fill import PartialFill
from sim.faults.refused_at_trigger import RefusedAtTrigger
from sim.faults.slow_match import SlowMatch
from sim.faults.stop_fired_unfilled import StopFiredUnfilled
from sim.faults.stop_vanishes import StopVanishes
from sim.faults.stuck_trigger import StuckTrigger

_S: Final = OrderState
Parts = list[tuple[int, float]]
"""(when, quantity) of the parts in which an order at market executes."""


class LiveOrders:
    """Be a venue's :class:`~sim.exchange.troubles.OrderTroubles`; what lasts until a trigger hangs on the order."""

    def __init__(
        self, venue: Venue, injector: FaultInjector, reads: LiveReads | None, news: FlatNews | None
    ) -> None:
        self._venue = venue
        self._loop: VirtualLoop = venue.loop
        self._env: Any = venue.loop.env
        self._injector = injector
        self._reads = reads
        self._news = news
        self._vanish = armed(injector, "stop_vanishes", StopVanishes)
        self._refuse = armed(injector, "refused_at_trigger", RefusedAtTrigger)
        self._stuck = armed(injector, "stuck_trigger", StuckTrigger)
        self._unfilled = armed(injector, "stop_fired_unfilled", StopFiredUnfilled)
        self._slow = armed(injector, "slow_match", SlowMatch)
        self._partial = armed(injector, "partial_fill", PartialFill)
        self._looks_back = bool(self._refuse or self._stuck or self._unfilled)

    @property
    def acts(self) -> bool:
        """Tell whether there is anything for it to do."""
        return bool(
            self._vanish or self._looks_back or self._slow or self._partial or self._reads or self._news
        )

    # -- acceptance -----------------------------------------------------------------------------------

    def accepted(self, order: Order, request: Request) -> None:
        """Decide what will become of a conditional order, and when its writes show."""
        if self._reads is not None:
            self._reads.accepted(order, request)
        if order.type in ("MARKET", "LIMIT"):
            return
        if self._looks_back:
            order.asked = request
        now = self._env._now
        for spec, timing in self._vanish:
            if fires(spec, timing, request, now):
                after_us = max(1, span_us(timing, request.key, spec.min_s, spec.max_s))
                self._loop.at_us(now + after_us, self._vanishes, order, spec, request)

    def _vanishes(self, order: Order, spec: StopVanishes, request: Request) -> None:
        # It may have triggered or been cancelled meanwhile, or its books are closed.
        if order.state is not _S.NEW or self._venue.index.by_number.get(order.number) is not order:
            return
        silent = spec.word == "silent"
        self._record(spec.name, "stop vanished", request, "core", "undone")
        if silent and self._reads is not None:
            self._reads.forget(order)
        self._venue.drop(order, _S.EXPIRED, f"vanished: {spec.name}", told=not silent)

    # -- the trigger ----------------------------------------------------------------------------------

    def sticks(self, order: Order) -> bool:
        """Tell whether an order whose trigger is met stays TRIGGERING for good."""
        request = order.asked
        for spec, timing in self._stuck:
            if request is not None and fires(spec, timing, request, self._env._now):
                self._record(spec.name, "stuck trigger", request, "core", "undone")
                return True
        return False

    def refusal(self, order: Order) -> Refusal | None:
        """Return why the child of a triggered order is refused, None where it is not."""
        request = order.asked
        for spec, timing in self._refuse:
            if request is not None and fires(spec, timing, request, self._env._now):
                self._record(spec.name, f"refused at trigger {spec.code}", request, "rules", "undone")
                return Refusal(spec.code)
        return None

    def taken(self, order: Order, quantity: float) -> float:
        """Return what a triggered order at market gets of what the book would give."""
        request = (order.parent if order.parent is not None else order).asked
        if request is None or quantity == 0.0:
            return quantity
        for spec, timing in self._unfilled:
            if fires(spec, timing, request, self._env._now):
                self._record(spec.name, "stop fired, unfilled", request, "core", "undone")
                step = self._venue.books[order.symbol].step
                quantity = whole_steps(quantity * spec.filled_share, step)
        return quantity

    # -- matching -------------------------------------------------------------------------------------

    def holds_up(self, order: Order, request: Request) -> bool:
        """Take over the matching of an order at market where a fault says so."""
        now = self._env._now
        for slow, timing in self._slow:
            if fires(slow, timing, request, now):
                self._record(slow.name, "slow match", request, "core", "applied")
                self._wait(order, self._spread(order, timing, request.key, slow))
                return True
        for partial, timing in self._partial:
            if fires(partial, timing, request, now):
                self._record(partial.name, "partial fill", request, "core", "applied")
                self._fill_a_part(order, partial, timing, request.key)
                return True
        return False

    def _spread(self, order: Order, timing: Timing, key: int, spec: SlowMatch) -> Parts:
        """Draw the parts: sizes between random cuts of the whole, times within the delay, the last at its end."""
        now, step = self._env._now, self._venue.books[order.symbol].step
        delay_us = max(1, span_us(timing, key, spec.min_s, spec.max_s))
        places = range(1, spec.parts)
        cuts = sorted(whole_steps(order.quantity * share(timing, key, f"cut {n}"), step) for n in places)
        times = sorted(max(1, round(delay_us * share(timing, key, f"time {n}"))) for n in places)
        parts: Parts = []
        before = 0.0
        for cut, at_us in zip([*cuts, order.quantity], [*times, delay_us], strict=True):
            if cut - before > step / 2:
                parts.append((now + at_us, float(f"{cut - before:.12g}")))
                before = cut
        return parts

    def _fill_a_part(self, order: Order, spec: PartialFill, timing: Timing, key: int) -> None:
        part = spec.min_share + share(timing, key, "share") * (spec.max_share - spec.min_share)
        quantity = whole_steps(order.quantity * part, self._venue.books[order.symbol].step)
        if quantity > 0.0:
            self._venue.match_part(order, quantity)
        if not order.is_live:
            return
        if spec.rest == "expires":
            self._venue.end(order, _S.EXPIRED, f"filled in part: {spec.name}")
        else:
            due_us = self._env._now + max(1, round(spec.after_s * 1e6))
            self._wait(order, [(due_us, order.remaining)])

    def _wait(self, order: Order, parts: Parts) -> None:
        self._venue.index.rest(order)
        order.appointment = self._loop.at_us(parts[0][0], self._match, order, parts)

    def _match(self, order: Order, parts: Parts) -> None:
        now = self._env._now
        opens_us = self._venue.books[order.symbol].trades_from(now)
        if opens_us > now:
            order.appointment = self._loop.at_us(opens_us, self._match, order, parts)
            return
        order.appointment = None
        left = parts[1:]
        self._venue.match_part(order, parts[0][1])
        if not order.is_live:
            return
        if left:
            order.appointment = self._loop.at_us(max(now + 1, left[0][0]), self._match, order, left)
        else:
            # A reduce-only order was cut to the position: there is nothing left that it could do.
            self._venue.end(order, _S.EXPIRED, "position closed")

    # -- what others hear -----------------------------------------------------------------------------

    def changed(self, order: Order) -> None:
        """Hear of an order's new state."""
        if self._reads is not None:
            self._reads.changed(order)

    def filled(self, order: Order) -> None:
        """Hear that an execution was booked in full."""
        if self._reads is not None:
            self._reads.filled(order)
        if self._news is not None and order.account.holds(order.symbol):
            self._news.opened(order.account, order.symbol)

    def _record(self, name: str, kind: str, request: Request, stage: str, truth: str) -> None:
        record(self._injector, name, kind, request, self._env._now, stage, truth)
