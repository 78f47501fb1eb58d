"""Put a position's stop and targets up, read the stop back, put it up again, and move it without a gap.

The stop is what the deadline is about: it rests in time, or the position is closed.  A second stop that closes the
whole position is refused with -4130 (failures F35): then this one takes its own quantity off, unless it was only being
put up anew and the old one turns out to rest after all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, Literal

from .conditional import send_conditional, uses_algo
from .conditional_pair import ConditionalPair
from .hybrid_levels import ProtectiveOrder
from .intent_orders import IntentOrders
from .lookup import is_known
from .patience import way_out_s
from .placement import BeforeAttempt, OrderResult
from .precision import decimal_of, known_filters, plain, stop_price
from .stop_hedge import StopHedge
from .time_limit import TimeLimit, finish_within

_ANOTHER_CLOSES: Final = -4130
_OLD_STOP_TRIES: Final = 6

Placed = Literal["placed", "kept", "failed"]
"""What became of a stop: it rests, the one that was there before rests after all, or neither is certain."""


class Protection:
    """Place and move the protective orders of one intent."""

    __slots__ = ("_changing", "_hedge", "_own", "_triggers")

    def __init__(self, own: IntentOrders) -> None:
        self._own = own
        self._triggers: dict[str, str] = {}
        """The trigger each order was last sent with, by client id: a refused stop may have been moved."""
        self._changing: asyncio.Lock | None = None
        self._hedge: StopHedge | None = None

    async def place_all(self, orders: tuple[ProtectiveOrder, ...]) -> bool:
        """Place the stop, then the targets; False when one without which the position counts as bare is missing.

        With ``batch_protection`` stop and first target travel in one request where the venue takes it.
        """
        own, settings = self._own, self._own.settings
        stop, *targets = orders
        paired: list[OrderResult] = []
        if settings.batch_protection and targets and not uses_algo(own.client, settings.conditional_endpoint):
            placed, paired = await self._place_pair(stop, targets[0])
        else:
            placed = await self._place_stop(stop, again=False)
        if placed != "placed":
            return False
        for number, order in enumerate(targets):
            result = paired[number] if number < len(paired) else await self._place_exit(order)
            if order.required and settings.target_required and not result.success:
                return False
        return not settings.read_back or await self._stop_is_there()

    async def place_stop(self, order: ProtectiveOrder, *, again: bool = False) -> Placed:
        """Place the stop before the deadline; ``again``: one was there before and could not be found any more."""
        async with self._one_change():
            return await self._place_stop(order, again=again)

    def _one_change(self) -> asyncio.Lock:
        """Let one change of the stop be made at a time; the first placement has nobody beside it yet."""
        lock = self._changing = self._changing or asyncio.Lock()
        return lock

    async def _place_stop(self, order: ProtectiveOrder, *, again: bool) -> Placed:
        own = self._own
        if again and own.stop is not order:
            # It was moved meanwhile: there is another one now.
            return "kept"
        own.stop, before = order, own.stop_id
        remaining_s = self._remaining_s()
        if again:
            # No guard of further stops stands by that would leave the way out its time.
            remaining_s = max(0.0, remaining_s - way_out_s(own.settings, own.executor.replies))
        if not remaining_s:
            self._report_late()
            return "failed"
        limit = TimeLimit(remaining_s)
        hedges = own.settings.hedge_stop_sec and not again
        guard = partial(self._guard, order, limit) if hedges else None
        placed: Placed = "failed"
        try:
            placed = await finish_within(limit, self._settle_stop(order, before, again), guard)
        except TimeoutError:
            if self._hedge is not None and self._hedge.passed:
                own.report("stop", "the price has reached it")
            elif self._hedge is None or not self._hedge.resting_id:
                self._report_late()
        finally:
            hedge, self._hedge = self._hedge, None
            if hedge is not None:
                hedge.over(first_rests=placed == "placed")
        if hedge is not None and hedge.resting_id and placed != "placed":
            own.stop, own.stop_id = self._further(order), hedge.resting_id
            own.write()
            return "placed"
        return placed

    def _guard(self, order: ProtectiveOrder, limit: TimeLimit) -> None:
        """Let further stops stand by: the first one is waited for."""
        self._hedge = StopHedge(self._own, self._further(order), limit, self._place_further, self._is_better)

    async def _settle_stop(self, order: ProtectiveOrder, before: str, again: bool) -> Placed:
        own = self._own
        result = await self._place_exit(order)
        if result.error_code == _ANOTHER_CLOSES and again:
            own.stop_id = before
            own.write()
            return "kept"
        if not result.success and result.error_code == _ANOTHER_CLOSES:
            # Another position's stop closes whatever is there: this one takes its own quantity off.
            own.stop = order._replace(params=self._by_quantity(order.params))
            result = await self._place_exit(own.stop)
        return "placed" if result.success else "failed"

    async def _place_pair(
        self, stop: ProtectiveOrder, target: ProtectiveOrder
    ) -> tuple[Placed, list[OrderResult]]:
        """Send stop and target in one request; each is then settled, and resent alone, by a placement of its own."""
        own = self._own
        async with self._one_change():
            own.stop = stop
            if not self._remaining_s():
                self._report_late()
                return "failed", []
            named = [(order, self._named(order)) for order in (stop, target)]
            pair = ConditionalPair(
                own.client, own.settings.conditional_endpoint, [params for _, params in named]
            )
            try:
                async with asyncio.timeout(self._remaining_s()):
                    results = await asyncio.gather(
                        *(
                            own.place(params, order.order_type, submit=pair.submit_for(number))
                            for number, (order, params) in enumerate(named)
                        )
                    )
            except TimeoutError:
                self._report_late()
                return "failed", []
        if results[0].error_code == _ANOTHER_CLOSES:
            return await self.place_stop(stop._replace(params=self._by_quantity(stop.params))), results[1:]
        return ("placed" if results[0].success else "failed"), results[1:]

    async def move_stop(self, trigger: float) -> OrderResult:
        """Move the stop to a better ``trigger`` price; the old one is cancelled only once the new one rests.

        The new one is reduce-only with the position's quantity, so that both may rest at once.  A stop that would not
        be better, or that the venue refuses, changes nothing: *withdrawn* or the refusal is the result.  Where the
        venue does not let both rest, the old one goes first and comes back if the new one is refused.
        """
        async with self._one_change():
            own = self._own
            old, old_id = own.stop, own.stop_id
            if old is None or own.over:
                return OrderResult(False, error_message="no stop rests", outcome="withdrawn")
            long = own.bracket.sign > 0
            tick = known_filters(own.client, own.bracket.symbol).tick
            price = stop_price(decimal_of(trigger), tick, long=long)
            if own.bracket.sign * (price - decimal_of(old.params["stopPrice"])) <= 0:
                return OrderResult(
                    False, error_message=f"{plain(price)} is no better stop", outcome="withdrawn"
                )
            new = old._replace(params={**self._by_quantity(old.params), "stopPrice": plain(price)})
            result = await self._place_moved(new)
            if result.error_code == _ANOTHER_CLOSES:
                result = await self._replace_stop(old, old_id, new)
            if result.success and result.client_order_id is not None:
                own.stop, own.stop_id = new, result.client_order_id
                own.executor.news.expect(own.stop_id)
                own.write()
                if old_id in own.resting and not await own.cancel_until_gone([old_id], _OLD_STOP_TRIES):
                    own.resting.remove(old_id)
                    own.write()
            return result

    async def _replace_stop(self, old: ProtectiveOrder, old_id: str, new: ProtectiveOrder) -> OrderResult:
        """Cancel the old stop, place the new one, and put the old one back if that fails."""
        own = self._own
        if (failure := await own.cancel(old_id, conditional=True)) is not None:
            return OrderResult(False, None, failure.code, failure.message, outcome="withdrawn")
        result = await self._place_moved(new)
        if not result.success:
            own.start_deadline()
            back = await self._place_exit(old)
            if not back.success:
                return replace(result, outcome="stop_passed")
        return result

    async def _place_moved(self, order: ProtectiveOrder) -> OrderResult:
        """Place a better stop; the price decides only whether it may stand, so a refused one is not moved."""
        params = self._named(order, is_stop=False)
        return await self._own.place(params, "trailing", submit=self._submit)

    def _further(self, order: ProtectiveOrder) -> ProtectiveOrder:
        return order._replace(params=self._by_quantity(order.params))

    def _place_further(
        self, order: ProtectiveOrder, before_attempt: BeforeAttempt
    ) -> Coroutine[Any, Any, OrderResult]:
        params = self._named(order, is_stop=False)
        return self._own.place(params, "sl", submit=self._submit, before_attempt=before_attempt)

    def _is_better(self, client_id: str, other_id: str) -> bool:
        one, other = self._triggers.get(client_id), self._triggers.get(other_id)
        if one is None or other is None:
            return False
        return self._own.bracket.sign * (decimal_of(one) - decimal_of(other)) > 0

    def _place_exit(self, order: ProtectiveOrder) -> Coroutine[Any, Any, OrderResult]:
        return self._own.place(self._named(order), order.order_type, submit=self._submit)

    def _named(self, order: ProtectiveOrder, *, is_stop: bool | None = None) -> dict[str, str]:
        """Return an order's parameters with its size and its client id, written down before it is sent."""
        own = self._own
        params = dict(order.params)
        if own.settings.stop_sizing == "reduce_only" and "closePosition" in params:
            params = self._by_quantity(params)
        client_id = params["newClientOrderId"] = own.new_id(order.order_type)
        # What a deadline or a crash cuts off may rest all the same.
        own.resting.append(client_id)
        if order.order_type == "sl" and is_stop is not False:
            own.stop_id = client_id
        own.write()
        return params

    async def _submit(self, **values: str) -> Any:
        own = self._own
        self._triggers[values["newClientOrderId"]] = values["stopPrice"]
        return await send_conditional(own.client, own.settings.conditional_endpoint, values)

    def _by_quantity(self, params: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in params.items() if name != "closePosition"}
        return {**kept, "quantity": plain(self._own.filled), "reduceOnly": "true"}

    async def _stop_is_there(self) -> bool:
        """Read the stop back, with patience for lag, up to the deadline."""
        own = self._own
        sighting = await own.look_until(own.stop_id, is_known, self._remaining_s(), conditional=True)
        # Not yet readable is not gone: a caretaker goes on looking, and the venue did acknowledge it.
        return sighting.state != "ended"

    def _remaining_s(self) -> float:
        return max(0.0, self._own.deadline_s - asyncio.get_running_loop().time())

    def _report_late(self) -> None:
        self._own.report("stop", f"not there {self._own.settings.protect_deadline_sec:g} s after the fill")
