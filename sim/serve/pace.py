"""Let virtual time follow the wall at a speed, or go only as far as answers need it.

At a speed of N a second of the wall is N seconds of the replayed day: each request leaves at the moment that the wall
shows, and events happen when the wall gets there.  At ``MAX`` time stands until somebody asks; a request then
leaves at once, time runs to its answer and stands again.  Requests are so in flight one at a time, in the order in
which they came: the same requests in the same order leave the same record, however long the client takes between them.

The real loop stands still while the virtual one runs, as during any call that takes long; long stretches are run in
slices.  What a stream says meanwhile is handed over after the slice, when the real loop is back.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from sim.clock import VirtualLoop
from sim.world.outer_loop import outer_loop_set_aside

MAX: Final = math.inf
"""The speed at which time goes only as far as answers need it."""

SLICE_S: Final = 0.02
"""How long the real loop may stand still for virtual time's sake, seconds of the wall."""
_STRIDE_US: Final = 1_000_000
"""How far virtual time goes between two looks at the wall."""

Answer = Any


class Pace:
    """Drive a virtual loop from the running real one, from now to ``end_us``.

    ``speed``: virtual seconds per second of the wall, or :data:`MAX`.  ``on_end`` is called once, at the end of the
    tape, ``on_failure`` with what the model itself raised.  To be built inside the real loop.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        end_us: int,
        speed: float,
        on_end: Callable[[], None],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._virtual = loop
        self._real = asyncio.get_running_loop()
        self._on_end = on_end
        self._on_failure = on_failure
        self.end_us = end_us
        self.speed = speed
        self.held = False
        self.ended = False
        self._closed = False
        self._advances = asyncio.Lock()
        self._advancing = False
        self._until_event = False
        self._heard_event = False
        self._waiting: dict[asyncio.Future[Answer], asyncio.Future[Answer]] = {}
        self._handed: list[tuple[Callable[[dict[str, Any]], None], dict[str, Any]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._anchor()
        self._arm()

    @property
    def now_us(self) -> int:
        """Return the virtual time in µs since the start of the run."""
        return self._virtual.now_us

    @property
    def waiting(self) -> int:
        """Return how many requests wait for their answer."""
        return len(self._waiting)

    # -- requests -------------------------------------------------------------------------------------

    async def ask(self, send: Callable[[], asyncio.Future[Answer]], silence: Answer) -> Answer:
        """Let one request leave now and return its answer; ``silence`` when the tape ends before it comes."""
        if self.ended:
            return silence
        if self.speed == MAX and not self.held and not self._advancing:
            return self._answer_at_once(self._sent(send), silence)
        self.settle()
        future = self._sent(send)
        waiter: asyncio.Future[Answer] = self._real.create_future()
        self._waiting[future] = waiter
        future.add_done_callback(partial(_pass_on, waiter))
        self._arm()
        try:
            return await waiter
        finally:
            self._waiting.pop(future, None)

    def _sent(self, send: Callable[[], asyncio.Future[Answer]]) -> asyncio.Future[Answer]:
        try:
            return send()
        except BaseException as error:
            self._fail(error)
            raise

    def _answer_at_once(self, future: asyncio.Future[Answer], silence: Answer) -> Answer:
        if not future.done():
            future.add_done_callback(self._stop)
        while not future.done():
            # Stopped by somebody else, the run goes on; at the end of the tape nothing can come any more.
            if not self._run(self.end_us):
                break
        return future.result() if future.done() else silence

    def _stop(self, future: asyncio.Future[Answer]) -> None:
        self._virtual.stop()

    # -- streams --------------------------------------------------------------------------------------

    def deferred(
        self, deliver: Callable[[dict[str, Any]], None], *, event: bool
    ) -> Callable[[dict[str, Any]], None]:
        """Return what takes a stream's events in virtual time and hands them on in real time.

        ``event``: the first one ends an :meth:`advance` that waits for an event.
        """

        def take(body: dict[str, Any]) -> None:
            self._handed.append((deliver, body))
            if event and self._until_event:
                self._heard_event = True
                self._virtual.stop()

        return take

    def look_again(self) -> None:
        """Note that something new may be due."""
        self._arm()

    # -- control --------------------------------------------------------------------------------------

    def set_speed(self, speed: float) -> None:
        """Change the speed from now on."""
        self.settle()
        self.speed = speed
        self._anchor()
        self._arm()

    def hold(self) -> None:
        """Let virtual time stand until :meth:`resume`; requests leave and wait, :meth:`advance` moves it."""
        self.settle()
        self.held = True
        self._disarm()

    def resume(self) -> None:
        """Let virtual time go on from where it stands."""
        self.held = False
        self._anchor()
        self._arm()

    async def advance(self, by_us: int, *, until_event: bool = False) -> bool:
        """Run ``by_us`` ahead as fast as possible; ``until_event`` stops at the first event of a user stream.

        Returns whether one was heard.  The tape's end ends it too.  Calls wait for one another.
        """
        async with self._advances:
            self.settle()
            goal_us = min(self.now_us + by_us, self.end_us)
            self._advancing, self._until_event, self._heard_event = True, until_event, False
            self._disarm()
            try:
                while not self.ended and not self._heard_event and self.now_us < goal_us:
                    self._run_slice(goal_us)
                    await asyncio.sleep(0)
                heard = self._heard_event
            finally:
                self._advancing = self._until_event = self._heard_event = False
                self._anchor()
                self._arm()
            return heard

    def close(self) -> None:
        """Stop driving; requests that still wait are given up."""
        self._closed = True
        self._disarm()
        for waiter in self._waiting.values():
            waiter.cancel()
        self._waiting.clear()

    # -- driving --------------------------------------------------------------------------------------

    def _anchor(self) -> None:
        self._wall_s = self._real.time()
        self._from_us = self._virtual.now_us

    def _target_us(self) -> int:
        """Return the virtual time that the wall shows."""
        passed_s = self._real.time() - self._wall_s
        return min(self._from_us + int(passed_s * self.speed * 1e6), self.end_us)

    def settle(self) -> None:
        """Bring virtual time to what the wall shows, where it follows the wall."""
        if not self.held and not self._advancing and self.speed != MAX:
            self._run_slice(self._target_us())

    def _run_slice(self, goal_us: int) -> None:
        """Run towards ``goal_us``, for :data:`SLICE_S` of the wall at most."""
        until_s = self._real.time() + SLICE_S
        while self.now_us < goal_us and not self._heard_event:
            due_us = self._virtual.next_us()
            next_us = goal_us if due_us is None else max(due_us, self.now_us)
            self._run(min(goal_us, next_us + _STRIDE_US))
            if self._real.time() >= until_s:
                return

    def _run(self, until_us: int) -> bool:
        try:
            with outer_loop_set_aside():
                stopped = self._virtual.run_until(until_us)
        except BaseException as error:
            self._fail(error)
            raise
        if self._handed:
            handed, self._handed = self._handed, []
            for deliver, body in handed:
                deliver(body)
        if self.now_us >= self.end_us and not self.ended:
            self.ended = True
            self._on_end()
        return stopped

    def _fail(self, error: BaseException) -> None:
        # What is half done cannot be gone on with.
        self.ended = True
        self._on_failure(error)

    def _arm(self) -> None:
        """Appoint the next look at the wall."""
        self._disarm()
        if self.held or self._advancing or self.ended or self._closed:
            return
        if self.speed == MAX:
            if self._waiting:
                self._timer = self._real.call_later(0, self._tick)
            return
        due_us = self._virtual.next_us()
        due_us = self.end_us if due_us is None else min(due_us, self.end_us)
        at_s = self._wall_s + (due_us - self._from_us) / 1e6 / self.speed
        self._timer = self._real.call_at(at_s, self._tick)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        if self.speed == MAX:
            for future, waiter in list(self._waiting.items()):
                self._answer_at_once(future, None)
                if future.done():
                    # What would tell the waiter may be due only after the stop.
                    _pass_on(waiter, future)
        else:
            self.settle()
        self._arm()


def _pass_on(waiter: asyncio.Future[Answer], future: asyncio.Future[Answer]) -> None:
    if waiter.done() or future.cancelled():
        return
    error = future.exception()
    if error is not None:
        waiter.set_exception(error)
    else:
        waiter.set_result(future.result())
