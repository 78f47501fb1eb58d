"""Let the venue halt, take an endpoint away and rename a field, around the routes of a door."""

from __future__ import annotations

from typing import Any, Final

from sim.exchange.door import Door
from sim.exchange.door.routes import Route
from sim.exchange.replies import UNAVAILABLE_503, Refusal, Reply
from sim.exchange.request import Request
from sim.faults.endpoint_removed import EndpointRemoved
from sim.faults.field_renamed import FieldRenamed
from sim.faults.how import Timing
from sim.faults.injector import FaultInjector
from sim.faults.live.armed import armed, fires
from sim.faults.venue_halt import VenueHalt

_ONLY_EXITS: Final = -4087
_RENAMED_FOR: Final = frozenset({("POST", "/fapi/v1/order"), ("POST", "/fapi/v1/algoOrder")})


class Unavailable(Refusal):
    """Answer 503 "Service Unavailable.", without a code."""

    def __init__(self) -> None:
        super().__init__(0, UNAVAILABLE_503)

    def reply(self) -> Reply:
        """Return (status, body)."""
        return 503, {"msg": UNAVAILABLE_503}


class LiveChanges:
    """Stand around a door's routes while the venue is not as it was."""

    def __init__(self, injector: FaultInjector) -> None:
        self._injector = injector
        self._halts = [
            (spec, opened, closed, closed + round(spec.exits_only_s * 1e6))
            for spec, timing in armed(injector, "venue_halt", VenueHalt)
            for opened, closed in timing.edges_us or ()
        ]
        self._removals = armed(injector, "endpoint_removed", EndpointRemoved)
        self._renamed = armed(injector, "field_renamed", FieldRenamed)

    @property
    def acts(self) -> bool:
        """Tell whether there is anything for it to do."""
        return bool(self._halts or self._removals or self._renamed)

    def appoint(self, door: Door) -> None:
        """Make the appointments at which the rules change for good."""
        loop = door.venue.loop
        for spec, timing in self._removals:
            for opened, _ in timing.edges_us or ():
                loop.at_us(opened, self._remove, door, spec)

    def _remove(self, door: Door, spec: EndpointRemoved) -> None:
        door.switch_rules("2025-12-09")
        self._injector.record(spec.name, "endpoint removed", None, at_us=door.now_us, stage="rules")

    def around(self, method: str, path: str, route: Route) -> Route:
        """Return what answers a route from now on."""
        inner = self._with_renaming(route) if self._renamed and (method, path) in _RENAMED_FOR else route
        return self._with_halts(method, inner) if self._halts else inner

    def _with_halts(self, method: str, route: Route) -> Route:
        def answer(door: Door, request: Request) -> tuple[Any, int]:
            if not request.slot.settling:
                self._halt(door.now_us, method, request)
            return route(door, request)

        return answer

    def _halt(self, now: int, method: str, request: Request) -> None:
        for spec, opened, closed, opens_again in self._halts:
            if opened <= now < closed and not (method == "GET" and spec.reads):
                self._note(spec.name, "venue halt 503", request, now, "gateway")
                raise Unavailable
            if closed <= now < opens_again and request.role == "entry":
                self._note(spec.name, f"exits only {_ONLY_EXITS}", request, now, "rules")
                raise Refusal(_ONLY_EXITS)

    def _note(self, name: str, kind: str, request: Request, now: int, stage: str) -> None:
        truth = "" if request.method == "GET" else "not_applied"
        self._injector.record(name, kind, request, at_us=now, stage=stage, truth=truth)

    def _with_renaming(self, route: Route) -> Route:
        def answer(door: Door, request: Request) -> tuple[Any, int]:
            for spec, timing in self._renamed:
                self._rename(spec, timing, request, door.now_us)
            return route(door, request)

        return answer

    def _rename(self, spec: FieldRenamed, timing: Timing, request: Request, now: int) -> None:
        given = request.params
        if (spec.field not in given and spec.to not in given) or not fires(spec, timing, request, now):
            return
        read = {name: value for name, value in given.items() if name not in (spec.field, spec.to)}
        if spec.to in given:
            read[spec.field] = given[spec.to]
        request.params = read
        if spec.field in given:
            self._injector.record(spec.name, f"{spec.field} ignored", request, at_us=now, stage="rules")
