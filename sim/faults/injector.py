"""Hold a run's faults and say which fire on a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sim.chance import Stream
from sim.exchange.effects import ON_SENDING, STAGES, Effect
from sim.exchange.request import Request
from sim.faults.base import FaultSpec
from sim.faults.how import Timing
from sim.market import PricePath
from sim.trace import Trace

_Candidate = tuple[FaultSpec, bool | None, Timing, Stream, float | None]
"""A fault that may concern a request; the flag: does it look at the sending (None: it strikes in its own way).

The number is the rate of one that strikes by a draw alone.
"""


class FaultInjector:
    """Fire faults until ``until_us`` (the settle phase is free of them); write windows' edges to the trace.

    ``paths`` by symbol are what couplings and bursts per symbol look at.
    """

    def __init__(
        self,
        specs: Sequence[FaultSpec],
        seed: int,
        epoch_us: int,
        until_us: int,
        trace: Trace,
        paths: Mapping[str, PricePath] | None = None,
    ) -> None:
        ordered = sorted(specs, key=lambda spec: STAGES.index(spec.acts_at))
        self._faults = [
            (
                spec,
                spec.acts_at in ON_SENDING if spec.strikes_plainly else None,
                timing := Timing(spec.how, seed, spec.name, epoch_us, until_us, paths),
                Stream(seed, spec.name + ".applied"),
                timing.rate if timing.is_plain_rate else None,
            )
            for spec in ordered
        ]
        # Which faults may concern a request depends on these four alone; there are few combinations.
        self._candidates: dict[tuple[Any, ...], list[_Candidate]] = {}
        self._until_us = until_us
        self._write_fault = trace.writer("fault")
        write_edge, write_outage = trace.writer("fault_edge"), trace.writer("outage")
        for spec, _, timing, *_ in self._faults:
            for opened, closed in timing.edges_us or ():
                write_edge((spec.name, opened, closed))
                if spec.keeps_out_as and timing.rate == 1.0 and _stops_protection(spec):
                    until = spec.keeps_out_until_us(opened, closed, epoch_us)
                    write_outage((spec.keeps_out_as, -1, opened, until))

    def effects(self, request: Request, arrives_us: int) -> list[Effect]:
        """Return the effects of all faults that fire on ``request``, in stage order."""
        params = request.params
        place = (request.call, request.role, params.get("symbol"), params.get("side"))
        candidates = self._candidates.get(place)
        if candidates is None:
            candidates = [fault for fault in self._faults if _may_concern(fault[0], request)]
            self._candidates[place] = candidates
        fired: list[Effect] = []
        sent_us, until_us, key = request.sent_us, self._until_us, request.key
        for spec, on_sending, timing, applied, rate in candidates:
            if on_sending is None:
                effect = spec.strike(request, arrives_us, timing, applied)
                if effect is not None:
                    fired.append(effect)
                continue
            at_us = sent_us if on_sending else arrives_us
            # Most faults have a rate and nothing else, and most requests meet several of them.
            if (
                timing.fires(request, at_us)
                if rate is None
                else at_us < until_us and timing.uniform(key) < rate
            ):
                fired.append(spec.effect(request, applied))
        if len(fired) > 1:
            # A fault of the whole journey strikes at the stage where it meets the request.
            fired.sort(key=lambda effect: STAGES.index(effect.stage))
        return fired

    def of_kind(self, kind: str) -> list[tuple[FaultSpec, Timing]]:
        """Return this run's faults of a kind with their timings, in stage order; a script counts across callers."""
        return [(spec, timing) for spec, _, timing, *_ in self._faults if getattr(spec, "kind", None) == kind]

    def record(
        self,
        name: str,
        kind: str,
        request: Request | int | None,
        intent: int = -1,
        role: str = "none",
        call: str = "",
        n: int = -1,
        at_us: int = 0,
        stage: str = "core",
        truth: str = "",
    ) -> None:
        """Write down one action of a fault.

        ``request``: the request it acted on, whose intent, role, call and n are then taken from it; its number; or
        None where it concerns no request (-1).  ``truth``: not_applied, applied, applied_late, or "" for no write.
        """
        if isinstance(request, Request):
            intent, role, call, n = request.slot.number, request.role, request.call, request.n
            number = request.number
        else:
            number = -1 if request is None else request
        self._write_fault((name, kind, number, intent, role, call, n, at_us, stage, truth))


def _may_concern(spec: FaultSpec, request: Request) -> bool:
    if not spec.on_wire or (spec.calls is not None and request.call not in spec.calls):
        return False
    return spec.match.matches(request)


def _stops_protection(spec: FaultSpec) -> bool:
    """Tell whether nobody's stop gets through while the fault is active."""
    match, burst = spec.match, spec.how.burst
    everybody = match.symbol is None and match.side is None and (burst is None or burst.per == "run")
    return everybody and match.role in (None, "sl") and match.call in (None, "order")
