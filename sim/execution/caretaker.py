"""Look after an open position's stop until it is flat: put it up again when it is gone, close what a fired one left.

A look costs a request, so there are few: soon after the stop was placed, at ``verify_every_sec``, and more often while
the price is near; news of the user stream is acted upon at once.  Times are the running loop's, in seconds.
"""

from __future__ import annotations

import asyncio
from typing import Final

from .events import StopLooked
from .intent_orders import IntentOrders
from .lookup import Sighting
from .order_news import Alarm
from .outcomes import Failure, attempt_within
from .prices import reference_price
from .protection import Protection
from .way_out import WayOut

_FIRST_LOOKS_S: Final = (1.0, 2.2, 3.8)
"""When a stop is looked at first: some vanish one to two seconds after they were accepted (failures F08)."""

_LOOK_AGAIN_S: Final = 0.5
_NEAR_LOOK_S: Final = 1.5
"""How often price and stop are looked at while they are near: a touch between two looks shows in the stop alone."""

_REACH_SD: Final = 4.0
_MISSED_IS_GONE: Final = 2
"""How often a stop that was acknowledged must be missing before it is placed anew (where it rests all the same, the
venue refuses a second one that closes the position, -4130)."""

_TRIGGERED: Final = frozenset({"TRIGGERING", "TRIGGERED", "FINISHED", "FILLED"})
_TRIGGER_PATIENCE_S: Final = 1.0


class Caretaker:
    """Run :meth:`start`'s task until the position is closed or :meth:`stop` is called."""

    __slots__ = (
        "_alarm", "_look_due_s", "_missed", "_near", "_next_look_s", "_own", "_planned_s", "_protection", "_task",
        "_way_out",
    )  # fmt: skip

    def __init__(self, own: IntentOrders, protection: Protection, way_out: WayOut) -> None:
        self._own = own
        self._protection = protection
        self._way_out = way_out
        self._task: asyncio.Task[None] | None = None
        self._alarm: Alarm | None = None
        self._planned_s: list[float] = []
        self._next_look_s = own.settings.verify_every_sec
        self._look_due_s = 0.0
        self._missed = 0
        self._near = False

    def start(self) -> None:
        """Begin, unless the policy wants no looks (``verify_every_sec`` = 0)."""
        own = self._own
        if not own.settings.verify_every_sec:
            return
        loop = asyncio.get_running_loop()
        self._look_soon(loop.time())
        # A task that only waits is dear, and many a position is over before there is anything to look at.
        self._alarm = own.executor.news.alarm(own.stop_id, self._planned_s.pop(0), self._begin, loop)

    def stop(self) -> None:
        """End: somebody else closes the position, or it is flat."""
        alarm, self._alarm = self._alarm, None
        if alarm is not None:
            alarm.stop()
        task, self._task = self._task, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    def _begin(self, heard: bool) -> None:
        alarm, self._alarm = self._alarm, None
        assert alarm is not None
        self._task = alarm.loop.create_task(
            self._look_after(alarm.client_id, heard, alarm.at_s),
            name=f"caretaker {self._own.bracket.intent_id}",
            context=alarm.context,
        )

    async def _look_after(self, stop_id: str, heard: bool, due_s: float) -> None:
        own = self._own
        sighting = await self._sighting(stop_id, heard, due_s, planned=True)
        while not own.over:
            # A stop that was moved meanwhile is another one.
            if sighting is not None and stop_id == own.stop_id:
                await self._act_upon(sighting)
            stop_id = own.stop_id
            sighting = await self._next_sighting(stop_id)

    async def _act_upon(self, sighting: Sighting) -> None:
        own = self._own
        own.executor.emit(StopLooked(own.bracket.symbol, own.stop_id, sighting.state, sighting.status))
        if sighting.state != "unreadable":
            self._missed = self._missed + 1 if sighting.state == "absent" else 0
        if sighting.state == "ended" or self._missed >= _MISSED_IS_GONE:
            self._missed = 0
            await self._stop_is_gone(ended=sighting.state == "ended")
        elif sighting.status in _TRIGGERED or sighting.executed > 0.0:
            await self._stop_has_fired()
        elif sighting.state == "there" and self._outlives_position() and await own.is_surely_flat():
            await self._way_out.sweep()

    def _outlives_position(self) -> bool:
        """Tell whether the stop takes a quantity off: the venue ends only one that closes whatever is there."""
        stop, by_quantity = self._own.stop, self._own.settings.stop_sizing == "reduce_only"
        return stop is not None and (by_quantity or "quantity" in stop.params)

    async def _next_sighting(self, stop_id: str) -> Sighting | None:
        """Wait for news or for the next look; None when there is nothing to judge."""
        if self._own.over:
            return None
        loop, news = asyncio.get_running_loop(), self._own.executor.news
        if self._missed:
            self._planned_s.insert(0, loop.time() + _LOOK_AGAIN_S)
        planned = bool(self._planned_s)
        due_s = self._planned_s.pop(0) if planned else loop.time() + self._next_look_s
        heard = await news.wait((stop_id,), max(0.0, due_s - loop.time()))
        return await self._sighting(stop_id, heard, due_s, planned=planned)

    async def _sighting(self, stop_id: str, heard: bool, due_s: float, *, planned: bool) -> Sighting | None:
        """Take in what was heard, or look."""
        own, loop = self._own, asyncio.get_running_loop()
        if heard and due_s > loop.time() and not self._missed:
            self._planned_s.insert(0, due_s)
        if own.over:
            return None
        if heard:
            sighting = own.executor.news.latest(stop_id)
        elif await self._price_is_through():
            await self._stop_has_fired()
            return None
        elif not planned and not self._near and loop.time() < self._look_due_s:
            return None
        else:
            sighting = await own.look(stop_id, conditional=True)
            if sighting.state == "unreadable":
                # Nothing is known of the stop: the next look is not the one of a stop that was seen.
                self._planned_s = sorted([*self._planned_s, loop.time() + _NEAR_LOOK_S])
                return sighting
        if sighting is not None:
            self._look_due_s = loop.time() + own.settings.verify_every_sec
        return sighting

    def _look_soon(self, now_s: float) -> None:
        first_s, second_s, third_s = _FIRST_LOOKS_S
        self._planned_s = [now_s + first_s, now_s + second_s, now_s + third_s]

    async def _price_is_through(self) -> bool:
        """Read the mark: tell whether it has reached the stop, and plan the next look by how far away it is."""
        own, settings = self._own, self._own.settings
        every_s = settings.verify_every_sec
        trigger = float(own.stop.params["stopPrice"]) if own.stop is not None else 0.0
        market: float | Failure = await attempt_within(
            settings.attempt_timeout_sec, reference_price, own.client, own.bracket.symbol
        )
        self._next_look_s = min(every_s, _NEAR_LOOK_S)
        if isinstance(market, Failure):
            return False
        own.executor.volatility.note(own.bracket.symbol, market)
        distance = own.bracket.sign * (market - trigger) / market
        if distance <= 0.0:
            return True
        # The time in which so many standard deviations would take the price to the stop.
        reach_s = (distance / (_REACH_SD * own.executor.volatility.sd(own.bracket.symbol))) ** 2
        self._next_look_s = min(every_s, max(_NEAR_LOOK_S, reach_s))
        self._near = reach_s <= _NEAR_LOOK_S
        return False

    async def _stop_is_gone(self, *, ended: bool) -> None:
        """Put a stop that ended without a fill up again, or close; a flat position needs neither.

        Reads that never showed the position may lag: then a write tells.  A stop that ended speaks for a closed
        position, and an exit decides; one that is only missing speaks for the lag, and the same stop decides.
        """
        own = self._own
        flat = await own.is_flat()
        if flat and await own.has_left():
            await self._way_out.sweep()
            return
        if own.over or own.stop is None:
            return
        if flat and ended:
            await self._way_out.flatten()
            return
        own.start_deadline()
        placed = await self._protection.place_stop(own.stop, again=True)
        self._look_soon(asyncio.get_running_loop().time())
        if placed == "failed" and not own.over:
            await self._way_out.flatten()

    async def _stop_has_fired(self) -> None:
        """Give a fired stop's child a moment, then close what it left."""
        own = self._own
        await asyncio.sleep(_TRIGGER_PATIENCE_S)
        if own.over:
            return
        if await own.is_surely_flat():
            await self._way_out.sweep()
        elif not own.over:
            await self._way_out.flatten()
