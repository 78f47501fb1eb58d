"""Hold a run's faults and say which fire on a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.chance import Stream
from sim.exchange.effects import STAGES, Effect
from sim.exchange.request import Request
from sim.faults.base import FaultSpec
from sim.faults.how import Timing
from sim.trace import Trace


class FaultInjector:
    """Fire faults until ``until_us`` (the settle phase is free of them); write windows' edges to the trace."""

    def __init__(
        self, specs: Sequence[FaultSpec], seed: int, epoch_us: int, until_us: int, trace: Trace
    ) -> None:
        ordered = sorted(specs, key=lambda spec: STAGES.index(spec.acts_at))
        self._faults = [
            (
                spec,
                spec.acts_at == "request_leg",
                Timing(spec.how, seed, spec.name, epoch_us, until_us),
                Stream(seed, spec.name + ".applied"),
            )
            for spec in ordered
        ]
        # Which faults concern a request depends on these four alone; there are few combinations.
        self._candidates: dict[tuple[Any, ...], list[tuple[FaultSpec, bool, Timing, Stream]]] = {}
        write_edge = trace.writer("fault_edge")
        for spec, _, timing, _ in self._faults:
            for opened, closed in timing.edges_us or ():
                write_edge((spec.name, opened, closed))

    def effects(self, request: Request, arrives_us: int) -> list[Effect]:
        """Return the effects of all faults that fire on ``request``, in stage order."""
        params = request.params
        place = (request.call, request.role, params.get("symbol"), params.get("side"))
        candidates = self._candidates.get(place)
        if candidates is None:
            candidates = [fault for fault in self._faults if fault[0].match.matches(request)]
            self._candidates[place] = candidates
        fired: list[Effect] = []
        for spec, on_request_leg, timing, applied in candidates:
            if timing.fires(request, request.sent_us if on_request_leg else arrives_us):
                fired.append(spec.effect(request, applied))
        return fired
