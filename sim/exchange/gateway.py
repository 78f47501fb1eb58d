"""Carry requests over the wire: two latency legs, the faults' effects, the truth of every write.

The venue changes before the reply travels, and goes on when nobody waits any more.  Which faults fire and how
long the legs take is known when a request leaves (all chance is keyed), so a time-out needs a timer only when
the answer will not make it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from sim.clock import VirtualLoop
from sim.exchange.attribution import Attribution, role_of
from sim.exchange.clock_rules import ENGINE_JUDGES, ClockRules
from sim.exchange.door import BATCH_PATH, Door, item_truths
from sim.exchange.effects import BROKEN, ON_SENDING, Effect, Injector, changed_on_its_way
from sim.exchange.latency import LatencySpec, Leg, SampledLeg
from sim.exchange.limits import Limits, Load
from sim.exchange.limits_spec import VenueLimits
from sim.exchange.replies import Reply, code_of, message_of
from sim.exchange.request import Request
from sim.exchange.sent import TELLS_TO_WAIT, SentOrders, wait_until_us
from sim.trace import Trace

Answer = tuple[int, dict[str, str], Any]
"""(status, headers, body) as they reach the client."""

SILENCE: Final[Answer] = (0, {}, None)
"""What the client gets when no answer came within its time-out."""


class Gateway:
    """Send requests and answer futures with ``(status, headers, body)``; :data:`SILENCE` after ``timeout_s``.

    ``limits`` None: the venue's documented ones.  ``clock_offset_ms``: how far the client's clock is ahead.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        door: Door,
        latency: LatencySpec,
        seed: int,
        injector: Injector,
        attribution: Attribution,
        trace: Trace,
        timeout_s: float,
        limits: VenueLimits | None = None,
        clock_offset_ms: float = 0.0,
    ) -> None:
        self._loop = loop
        # Its time is read some fifty times per intent; the property costs three times the attribute.
        self._env: Any = loop.env
        self._door = door
        self._request_leg: SampledLeg = Leg(latency.request, seed, "latency.request", latency.rho)
        self._reply_leg: SampledLeg = Leg(latency.reply, seed, "latency.reply", latency.rho)
        self._injector = injector
        self._attribution = attribution
        self._timeout_us = round(timeout_s * 1e6)
        self._clock = ClockRules(door.epoch_us, round(clock_offset_ms * 1000))
        self._limits = Limits(limits or VenueLimits(), door.epoch_us, door.rules, self._clock)
        door.rate_limits = self._limits.rate_limits()
        self._queue = self._limits.queue
        self._last_request = 0
        self._waiting: dict[asyncio.Future[Answer], Request] = {}
        self._sent = SentOrders(trace, door.last_price)
        self._write_wait = trace.writer("told_to_wait")
        self._write_request = trace.writer("request")
        self._write_write = trace.writer("write")
        self._write_fault = trace.writer("fault")

    @property
    def limits(self) -> Limits:
        """Return what counts this run's requests."""
        return self._limits

    def load(self) -> Load:
        """Return what the venue counted so far."""
        return self._limits.load()

    def use_legs(self, request: SampledLeg, reply: SampledLeg) -> None:
        """Take both legs' delays from here instead: where the law changes with time."""
        self._request_leg, self._reply_leg = request, reply

    def legs_us(self, key: int, sent_us: int) -> tuple[int, int]:
        """Return both legs' delays for a request of this key sent at ``sent_us`` (also for shadows)."""
        request_us = self._request_leg.sample_us(key, sent_us)
        return request_us, self._reply_leg.sample_us(key, sent_us + request_us)

    async def ask(self, method: str, path: str, params: dict[str, Any]) -> Answer:
        """Send one request and wait for its answer; whoever is cancelled meanwhile never hears it."""
        future = self.send(method, path, params)
        try:
            return await future
        except asyncio.CancelledError:
            if (request := self._waiting.get(future)) is not None:
                self._answer(request, SILENCE)
            raise

    def send(self, method: str, path: str, params: dict[str, Any]) -> asyncio.Future[Answer]:
        """Send one request now; the future gets (status, headers, body), or SILENCE at the client's time-out."""
        loop = self._loop
        now = self._env._now
        slot = self._attribution.slot_of(method, path, params)
        role = role_of(method, path, params, slot.direction) if method == "POST" else "none"
        self._last_request += 1
        request = Request(self._last_request, slot, role, method, path, params, now)
        request_us = self._request_leg.sample_us(request.key, now)
        reply_us = self._reply_leg.sample_us(request.key, now + request_us)
        request.request_us, request.reply_us = request_us, reply_us
        if role != "none":
            request.last = self._door.last_price(params.get("symbol"), now)
            self._sent.order(request)
        elif path == BATCH_PATH:
            self._sent.batch(request)
        arrives_us = now + request_us
        request.future = future = loop.create_future()
        self._waiting[future] = request
        request.silent = request_us + reply_us >= self._timeout_us
        if not slot.settling:
            effects = self._injector.effects(request, arrives_us)
            if effects:
                return self._send_with(request, effects, arrives_us, future)
        loop.at_us(arrives_us, self._arrive, request)
        if request.silent:
            loop.at_us(now + self._timeout_us, self._answer, request, SILENCE)
        return future

    def _send_with(
        self,
        request: Request,
        effects: list[Effect],
        arrives_us: int,
        future: asyncio.Future[Answer],
    ) -> asyncio.Future[Answer]:
        gives_up_us = request.sent_us + self._timeout_us
        barrier: Effect | None = None
        silent = False
        for effect in effects:
            if effect.stage in ON_SENDING:
                if effect.truth == "not_applied":
                    barrier = barrier or effect
                arrives_us += effect.late_us
            request.reply_us += effect.reply_late_us
            silent = silent or effect.silences
            self._log_fault(request, effect, arrives_us >= gives_up_us)
        if barrier is not None:
            self._stop_short(request, barrier)
            return future
        request.silent = silent or arrives_us + request.reply_us >= gives_up_us
        self._loop.at_us(arrives_us, self._arrive_with, request, effects)
        if request.silent:
            self._loop.at_us(gives_up_us, self._answer, request, SILENCE)
        return future

    def _stop_short(self, request: Request, barrier: Effect) -> None:
        """Answer a request that never gets to the venue: by a broken connection, or not at all."""
        if request.method != "GET":
            self._log_write(request, request.sent_us, "not_applied", -1, 0)
        answer: Answer = (BROKEN, {}, barrier.breakage) if barrier.breakage else SILENCE
        after_us = barrier.after_us if barrier.breakage else self._timeout_us
        if after_us >= self._timeout_us:
            answer, after_us = SILENCE, self._timeout_us
        self._loop.at_us(request.sent_us + after_us, self._answer, request, answer)

    # -- at the venue ---------------------------------------------------------------------------------

    def _arrive(self, request: Request) -> None:
        now = self._env._now
        refusal = self._limits.refuse(request, now)
        if refusal is not None:
            self._conclude(request, now, "not_applied", -1, refusal)
        elif self._queue is None:
            self._serve(request, now)
        else:
            self._loop.at_us(self._wait(request, now), self._serve_waiting, request)

    def _serve(self, request: Request, now: int) -> None:
        status, body, order = self._door.handle(request)
        truth = "applied" if status == 200 else "not_applied"
        self._conclude(request, now, truth, order, (status, body))

    def _serve_waiting(self, request: Request) -> None:
        now = self._env._now
        refusal = self._engine_refusal(request, now)
        if refusal is None:
            self._serve(request, now)
        else:
            self._conclude(request, now, "not_applied", -1, refusal)

    def _arrive_with(self, request: Request, effects: list[Effect]) -> None:
        now = self._env._now
        obeys, at_gateway = True, None
        for effect in effects:
            if effect.stage in ON_SENDING:
                obeys = obeys and effect.obey_recv_window
            elif effect.stage == "gateway" and effect.truth == "not_applied":
                at_gateway = at_gateway or effect
        if at_gateway is not None:
            self._limits.pass_by(request, now)
            self._conclude(request, now, "not_applied", -1, at_gateway.answer, None, effects)
            return
        refusal = self._limits.refuse(request, now, obeys)
        if refusal is not None:
            self._conclude(request, now, "not_applied", -1, refusal, None, effects)
        elif self._queue is None:
            self._serve_with(request, effects)
        else:
            self._loop.at_us(self._wait(request, now), self._serve_waiting_with, request, effects, obeys)

    def _serve_waiting_with(self, request: Request, effects: list[Effect], obeys: bool) -> None:
        now = self._env._now
        refusal = self._engine_refusal(request, now) if obeys else None
        if refusal is None:
            self._serve_with(request, effects)
        else:
            self._conclude(request, now, "not_applied", -1, refusal, None, effects)

    def _serve_with(self, request: Request, effects: list[Effect]) -> None:
        now = self._env._now
        answer, refused, late = None, False, now >= request.sent_us + self._timeout_us
        for effect in effects:
            if effect.stage in ON_SENDING:
                late = late or effect.truth == "applied_late"
                continue
            answer = answer or effect.answer
            refused = refused or (effect.truth == "not_applied" and effect.stage != "read")
            if effect.loses_items:
                request.passed_over = request.passed_over | effect.loses_items
        if refused:
            self._conclude(request, now, "not_applied", -1, answer, None, effects)
            return
        status, body, order = self._door.handle(request)
        truth = "not_applied" if status != 200 else ("applied_late" if late else "applied")
        self._conclude(request, now, truth, order, answer or (status, body), (status, body), effects)

    def _conclude(
        self,
        request: Request,
        now: int,
        truth: str,
        order: int,
        answer: Reply | None,
        true_answer: Reply | None = None,
        effects: Sequence[Effect] = (),
    ) -> None:
        """Write the truth down and let the answer travel; ``true_answer`` is the venue's where a fault lies.

        ``effects`` may still change the answer on its way.
        """
        status, body = answer or (0, None)
        if request.method != "GET":
            true_status, true_body = true_answer or (status, body)
            code = 0 if true_status == 200 else code_of(true_body)
            self._log_write(request, now, truth, order, code)
        if request.counts is not None and truth == "not_applied":
            self._limits.take_back(request)
        if not request.silent:
            assert answer is not None
            headers = self._limits.headers_of(request, status)
            if effects:
                status, headers, body = changed_on_its_way(effects, status, headers, body)
            self._loop.at_us(now + request.reply_us, self._answer, request, (status, headers, body))

    def _wait(self, request: Request, now: int) -> int:
        """Take a request into the queue and return when it has been served.

        Only now is it known whether the answer makes it, so the client's time-out may have to be set here.
        """
        assert self._queue is not None
        done_us = self._queue.finish_us(now)
        gives_up_us = request.sent_us + self._timeout_us
        if not request.silent and done_us + request.reply_us >= gives_up_us:
            request.silent = True
            self._loop.at_us(max(now, gives_up_us), self._answer, request, SILENCE)
        return done_us

    def _engine_refusal(self, request: Request, now: int) -> Reply | None:
        return self._clock.refuse_in_engine(request, now) if request.call in ENGINE_JUDGES else None

    # -- back at the client ---------------------------------------------------------------------------

    def _answer(self, request: Request, answer: Answer) -> None:
        future = request.future
        if self._waiting.pop(future, None) is None:
            # The client gave up, which has been written down.
            return
        if future.done():
            answer = SILENCE
        status, headers, body = answer
        code, message = (0, "") if status == 200 else (code_of(body), message_of(body))
        if status in TELLS_TO_WAIT:
            self._log_wait(
                request, status, wait_until_us(headers, message, self._env._now, self._door.epoch_us)
            )
        self._write_request(
            (
                request.number, request.slot.number, request.role, request.call, request.n, request.placement,
                request.sent_us, self._env._now, status, code, message, request.request_us, request.reply_us,
                request.last,
            )
        )  # fmt: skip
        if not future.done():
            future.set_result(answer)

    def _log_wait(self, request: Request, status: int, until_us: int) -> None:
        if until_us >= 0:
            self._write_wait((request.number, request.slot.number, self._env._now, status, until_us))

    def _log_write(self, request: Request, at_us: int, truth: str, order: int, code: int) -> None:
        if request.path == BATCH_PATH:
            self._log_items(request, at_us, truth, code)
            return
        self._write_write((request.number, request.slot.number, request.role, at_us, truth, order, code))

    def _log_items(self, request: Request, at_us: int, truth: str, code: int) -> None:
        """Write the truth of each item of a batch: one may be applied and its neighbour not (binance-facts 7)."""
        number, slot = request.number, request.slot.number
        for item in item_truths(request, code):
            applied = truth if item.order >= 0 else "not_applied"
            self._write_write((number, slot, item.role, at_us, applied, item.order, item.code))

    def _log_fault(self, request: Request, effect: Effect, too_late: bool) -> None:
        # A delay becomes a late execution once the client has given up, which only the sum of all delays tells.
        truth = "applied_late" if too_late and effect.late_us and effect.truth == "applied" else effect.truth
        self._write_fault(
            (
                effect.fault, effect.kind, request.number, request.slot.number, request.role, request.call,
                request.n, request.sent_us, effect.stage, truth,
            )
        )  # fmt: skip
