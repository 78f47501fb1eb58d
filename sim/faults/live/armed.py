"""Find a run's faults of a kind with their timings, and draw what they need."""

from __future__ import annotations

from typing import TypeVar

from sim.chance import key_of, mix
from sim.exchange.door import BATCH_PATH
from sim.exchange.request import Request
from sim.faults.base import FaultSpec
from sim.faults.how import Timing
from sim.faults.injector import FaultInjector

_Spec = TypeVar("_Spec", bound=FaultSpec)


def armed(injector: FaultInjector, kind: str, spec: type[_Spec]) -> list[tuple[_Spec, Timing]]:
    """Return the faults of a kind that may act in this run; one whose rate is 0 is none."""
    return [
        (one, timing)
        for one, timing in injector.of_kind(kind)
        if isinstance(one, spec) and (timing.rate > 0 or one.how.script is not None)
    ]


def fires(spec: FaultSpec, timing: Timing, request: Request, now_us: int) -> bool:
    """Tell whether a fault that chooses among requests fires on this one, at ``now_us``."""
    if request.slot.settling or (spec.calls is not None and request.call not in spec.calls):
        return False
    return spec.match.matches(request) and spec.concerns(request) and timing.fires(request, now_us)


def share(timing: Timing, key: int, what: str) -> float:
    """Draw a share from [0, 1) for ``key``; ``what`` keeps it apart from whether the fault fired, and from others."""
    return timing.uniform(mix(key, key_of(what)))


def span_us(timing: Timing, key: int, min_s: float, max_s: float, what: str = "length") -> int:
    """Draw a length between two bounds in seconds, in µs."""
    return round((min_s + share(timing, key, what) * (max_s - min_s)) * 1e6)


def record(
    injector: FaultInjector, name: str, kind: str, request: Request, at_us: int, stage: str, truth: str = ""
) -> None:
    """Write down what a fault did to a request, or to one item of a batch, which is no request by itself."""
    if request.path == BATCH_PATH:
        injector.record(
            name, kind, None, request.slot.number, request.role, at_us=at_us, stage=stage, truth=truth
        )
    else:
        injector.record(name, kind, request, at_us=at_us, stage=stage, truth=truth)
