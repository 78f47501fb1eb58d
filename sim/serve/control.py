"""Answer under ``/sim/``: how the server stands, its time, its faults, the truth, and its end.

This is no part of the venue: it costs no virtual time, no weight and no signature.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, Literal

from aiohttp import web
from pydantic import Field, ValidationError, model_validator

from sim.errors import InputError, nearest
from sim.scenario.explain import findings, not_finite
from sim.scenario.market_spec import Strict
from sim.scenario.mismatch import dotted, raise_together
from sim.serve.arming import BODY, Stage, read_faults
from sim.serve.pace import MAX
from sim.serve.state import state_of
from sim.serve.truth import truth_since

if TYPE_CHECKING:
    from sim.serve.server import Server

FASTEST: Final = 100_000.0
TOKEN_HEADER: Final = "X-SIM-TOKEN"
_LONGEST_S: Final = 31_622_400
_LOCAL: Final = frozenset({"127.0.0.1", "localhost", "::1"})

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class TimeOrder(Strict):
    """State one thing to do with virtual time.

    ``advance_s`` runs ahead as fast as possible, with ``until = "event"`` to the first event of a user stream at most.
    """

    advance_s: float | None = Field(default=None, gt=0, le=_LONGEST_S)
    until: Literal["event"] | None = None
    hold: Literal[True] | None = None
    resume: Literal[True] | None = None
    speed: Literal["max"] | float | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> TimeOrder:
        if self.until is not None and self.advance_s is None:
            raise ValueError('until = "event" belongs to advance_s')
        names = ("advance_s", "hold", "resume", "speed")
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(names)} (given: {', '.join(given) or 'none'})")
        if isinstance(self.speed, float | int) and not 0 < self.speed <= FASTEST:
            raise ValueError(f'speed={self.speed} must be "max" or a number above 0, up to {FASTEST:g}')
        return self


class Control:
    """Answer for one server: with its token where it is guarded; else nobody but this machine can ask at all."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def add_to(self, application: web.Application) -> None:
        """Add the routes to an application whose other routes are the venue's."""
        calls: list[tuple[str, str, _Handler]] = [
            ("GET", "/sim/state", self._state),
            ("POST", "/sim/time", self._time),
            ("GET", "/sim/faults", self._faults),
            ("POST", "/sim/faults", self._arm),
            ("DELETE", "/sim/faults/{name}", self._disarm),
            ("GET", "/sim/truth", self._truth),
            ("POST", "/sim/stop", self._stop),
        ]
        for method, path, handler in calls:
            application.router.add_route(method, path, self._answering(handler))
        known = [f"{method} {path}" for method, path, _ in calls]

        async def unknown(request: web.Request) -> web.StreamResponse:
            asked = f"{request.method} {request.path}"
            close = nearest(asked, known)
            hint = f" (did you mean {close!r}?)" if close else ""
            return _errors(404, [f"{asked}: no such call{hint}; there are {', '.join(known)}"])

        application.router.add_route("*", "/sim/{rest:.*}", self._answering(unknown))

    def _answering(self, handler: _Handler) -> _Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            refusal = self._refusal(request)
            if refusal is not None:
                return _errors(403, [refusal])
            try:
                return await handler(request)
            except InputError as error:
                return _errors(400, [str(single) for single in getattr(error, "errors", (error,))])

        return answer

    def _refusal(self, request: web.Request) -> str | None:
        if self._server.guarded:
            given = request.headers.get(TOKEN_HEADER, "").encode()
            if hmac.compare_digest(given, self._server.token.encode()):
                return None
            return f"{TOKEN_HEADER}: expected the control token printed at the start"
        # A page in this machine's browser reaches loopback too: it names itself, or the name it was led here by.
        if "Origin" in request.headers:
            return "Origin: given one, expected none: no web page may control the server"
        if (request.url.host or "") not in _LOCAL:
            return f"Host: given {request.host!r}, expected this machine: 127.0.0.1, localhost or [::1]"
        return None

    # -- calls ----------------------------------------------------------------------------------------

    async def _state(self, request: web.Request) -> web.StreamResponse:
        self._server.pace.settle()
        return web.json_response(state_of(self._server))

    async def _time(self, request: web.Request) -> web.StreamResponse:
        order = _read_time(await _text(request))
        pace = self._server.pace
        heard = False
        if order.hold:
            pace.hold()
        elif order.resume:
            pace.resume()
        elif order.speed is not None:
            pace.set_speed(MAX if order.speed == "max" else float(order.speed))
        elif order.advance_s is not None:
            heard = await pace.advance(round(order.advance_s * 1e6), until_event=order.until is not None)
        return web.json_response({**state_of(self._server), "event": heard})

    async def _faults(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"faults": self._armed()})

    async def _arm(self, request: web.Request) -> web.StreamResponse:
        text = await _text(request)
        stand, pace = self._server.stand, self._server.pace
        pace.settle()
        stage = Stage(list(stand.venue.paths), stand.epoch_us, pace.now_us, stand.end_us)
        for spec in read_faults(text, [spec.name for spec in stand.faults.specs], stage):
            stand.faults.arm(spec)
        return web.json_response({"faults": self._armed()})

    async def _disarm(self, request: web.Request) -> web.StreamResponse:
        name, faults = request.match_info["name"], self._server.stand.faults
        names = [spec.name for spec in faults.specs]
        if name not in names:
            expected = f"the name of an armed fault: {', '.join(names) or 'none is armed'}"
            return _errors(404, [str(InputError("DELETE /sim/faults", name, expected, nearest(name, names)))])
        self._server.pace.settle()
        faults.disarm(name)
        return web.json_response({"faults": self._armed()})

    def _armed(self) -> list[dict[str, Any]]:
        specs = self._server.stand.faults.specs
        return [spec.model_dump(mode="json", exclude_none=True) for spec in specs]

    async def _truth(self, request: web.Request) -> web.StreamResponse:
        stand, pace = self._server.stand, self._server.pace
        pace.settle()
        since = request.query.get("since", "")
        rows = truth_since(stand.trace, since, self._server.exchange.client_ids, stand.venue.orders)
        return web.json_response({"now_us": pace.now_us, **rows})

    async def _stop(self, request: web.Request) -> web.StreamResponse:
        self._server.pace.settle()
        state = state_of(self._server)
        self._server.stop("stopped by POST /sim/stop")
        return web.json_response(state)


async def _text(request: web.Request) -> str:
    return (await request.read()).decode(errors="replace")


def _read_time(text: str) -> TimeOrder:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(BODY, text, f'JSON such as {{"advance_s": 5}} ({error})') from None
    if not isinstance(data, dict):
        raise InputError(BODY, data, 'a JSON object such as {"advance_s": 5}')
    found = list(not_finite(data))
    order: TimeOrder | None = None
    try:
        order = TimeOrder.model_validate(data)
    except ValidationError as refusal:
        told = {finding.path for finding in found}
        found += [finding for finding in findings(refusal, TimeOrder) if finding.path not in told]
    if found or order is None:
        raise_together([finding.error(lambda path: dotted(path) or BODY) for finding in found])
    return order


def _errors(status: int, lines: list[str]) -> web.StreamResponse:
    return web.json_response({"errors": lines}, status=status)
