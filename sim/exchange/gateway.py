"""Carry requests over the wire: two latency legs, the faults' effects, the truth of every write.

The venue changes before the reply travels, and goes on when nobody waits any more.  Which faults fire and how
long the legs take is known when a request leaves (all chance is keyed), so a time-out needs a timer only when
the answer will not make it.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from sim.clock import VirtualLoop
from sim.exchange.attribution import Attribution, role_of
from sim.exchange.door import Door
from sim.exchange.effects import Effect, Injector
from sim.exchange.latency import LatencySpec, Leg
from sim.exchange.replies import code_of, error_reply, message_of
from sim.exchange.request import Request
from sim.trace import Trace

SILENCE: Final = (0, None)
"""What the client gets when no answer came within its time-out."""

_UNSIGNED: Final = frozenset(
    {
        "/fapi/v1/ticker/price",
        "/fapi/v1/premiumIndex",
        "/fapi/v1/exchangeInfo",
        "/fapi/v1/time",
        "/fapi/v1/ping",
    }
)
_DEFAULT_RECV_WINDOW_US: Final = 5_000_000


class Gateway:
    """Send requests and answer futures with ``(status, body)``; :data:`SILENCE` after ``timeout_s``."""

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
    ) -> None:
        self._loop = loop
        # Its time is read some fifty times per intent; the property costs three times the attribute.
        self._env: Any = loop.env
        self._door = door
        self._request_leg = Leg(latency.request, seed, "latency.request", latency.rho)
        self._reply_leg = Leg(latency.reply, seed, "latency.reply", latency.rho)
        self._injector = injector
        self._attribution = attribution
        self._timeout_us = round(timeout_s * 1e6)
        self._last_request = 0
        self._write_request = trace.writer("request")
        self._write_write = trace.writer("write")
        self._write_fault = trace.writer("fault")

    def legs_us(self, key: int, sent_us: int) -> tuple[int, int]:
        """Return both legs' delays for a request of this key sent at ``sent_us`` (also for shadows)."""
        request_us = self._request_leg.sample_us(key, sent_us)
        return request_us, self._reply_leg.sample_us(key, sent_us + request_us)

    def send(self, method: str, path: str, params: dict[str, Any]) -> asyncio.Future[tuple[int, Any]]:
        """Send one request now; the future gets (status, body), or SILENCE at the client's time-out."""
        loop = self._loop
        now = self._env._now
        slot = self._attribution.slot_of(method, path, params)
        role = role_of(method, path, params, slot.direction)
        self._last_request += 1
        request = Request(self._last_request, slot, role, method, path, params, now)
        request_us, reply_us = self.legs_us(request.key, now)
        request.request_us, request.reply_us = request_us, reply_us
        if role != "none":
            request.last = self._door.last_price(params.get("symbol"), now)
        arrives_us = now + request_us
        request.future = future = loop.create_future()
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
        future: asyncio.Future[tuple[int, Any]],
    ) -> asyncio.Future[tuple[int, Any]]:
        lost = False
        for effect in effects:
            self._log_fault(request, effect)
            if effect.stage == "request_leg":
                lost = lost or effect.truth == "not_applied"
                arrives_us += effect.late_us
            request.silent = request.silent or effect.reply is None
        if not lost:
            self._loop.at_us(arrives_us, self._arrive_with, request, effects)
        elif request.method != "GET":
            self._log_write(request, request.sent_us, "not_applied", -1, 0)
        if request.silent:
            self._loop.at_us(request.sent_us + self._timeout_us, self._answer, request, SILENCE)
        return future

    # -- at the venue ---------------------------------------------------------------------------------

    def _arrive(self, request: Request) -> None:
        now = self._env._now
        refusal = self._timestamp_refusal(request, now)
        if refusal is None:
            status, body, order = self._door.handle(request)
            truth = "applied" if status == 200 else "not_applied"
        else:
            status, body = refusal
            order, truth = -1, "not_applied"
        if request.method != "GET":
            self._log_write(request, now, truth, order, 0 if status == 200 else code_of(body))
        if not request.silent:
            self._loop.at_us(now + request.reply_us, self._answer, request, (status, body))

    def _arrive_with(self, request: Request, effects: list[Effect]) -> None:
        now = self._env._now
        late = [effect for effect in effects if effect.stage == "request_leg"]
        answer: tuple[int, Any] | None = None
        runs = True
        for effect in effects:
            if effect.stage == "request_leg":
                continue
            if answer is None:
                answer = effect.reply
            if effect.truth == "not_applied":
                runs = False
                break
        if runs and all(effect.obey_recv_window for effect in late):
            refusal = self._timestamp_refusal(request, now)
            if refusal is not None:
                runs, answer = False, answer or refusal
        order = -1
        truth = "not_applied"
        if runs:
            status, body, order = self._door.handle(request)
            if status == 200:
                truth = "applied_late" if late else "applied"
            if answer is None:
                answer = (status, body)
            code = code_of(body)
        else:
            code = code_of(answer[1]) if answer is not None else 0
        if request.method != "GET":
            self._log_write(request, now, truth, order, code)
        if not request.silent:
            assert answer is not None
            self._loop.at_us(now + request.reply_us, self._answer, request, answer)

    @staticmethod
    def _timestamp_refusal(request: Request, now: int) -> tuple[int, Any] | None:
        """Return the venue's answer to a signed request that is too old (binance-facts 4), None when it is not."""
        if request.path in _UNSIGNED:
            return None
        given = request.params.get("recvWindow")
        if given is None:
            return error_reply(-1021) if now - request.sent_us > _DEFAULT_RECV_WINDOW_US else None
        window_ms = str(given)
        if not window_ms.isdecimal():
            return error_reply(
                -1102, message="Mandatory parameter 'recvWindow' was empty/null, or malformed."
            )
        return error_reply(-1021) if now - request.sent_us > int(window_ms) * 1000 else None

    # -- back at the client ---------------------------------------------------------------------------

    def _answer(self, request: Request, answer: tuple[int, Any]) -> None:
        status, body = answer
        code, message = (0, "") if status == 200 else (code_of(body), message_of(body))
        self._write_request(
            (
                request.number, request.slot.number, request.role, request.call, request.n, request.placement,
                request.sent_us, self._env._now, status, code, message, request.request_us, request.reply_us,
                request.last,
            )
        )  # fmt: skip
        if not request.future.done():
            request.future.set_result(answer)

    def _log_write(self, request: Request, at_us: int, truth: str, order: int, code: int) -> None:
        self._write_write((request.number, request.slot.number, request.role, at_us, truth, order, code))

    def _log_fault(self, request: Request, effect: Effect) -> None:
        self._write_fault(
            (
                effect.fault, effect.kind, request.number, request.slot.number, request.role, request.call,
                request.n, request.sent_us, effect.stage, effect.truth,
            )
        )  # fmt: skip
