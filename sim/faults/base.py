"""Hold what all faults share: a unique name, when they happen, on which requests."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

from sim.chance import Stream, key_of, mix
from sim.errors import SimError
from sim.exchange.effects import ON_SENDING, Effect, Stage
from sim.exchange.request import Request
from sim.faults.how import How, Match, Timing

NEW_ORDERS: Final = frozenset({"POST /fapi/v1/order", "POST /fapi/v1/algoOrder", "POST /fapi/v1/batchOrders"})
"""Calls that create orders."""

_NOT_THE_ORDER: Final = frozenset(
    {"timestamp", "recvWindow", "signature", "newClientOrderId", "clientAlgoId"}
)

Probability = Annotated[float, Field(ge=0, le=1)]


class FaultSpec(BaseModel):
    """State one fault.  ``name`` is its stream of chance: rename it and its draws change.

    A kind on the wire overrides :meth:`effect`.  A condition in time sets ``on_wire`` to False; its owner finds it
    by :meth:`~sim.faults.injector.FaultInjector.of_kind` and writes each action down by ``record``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    stage: ClassVar[Stage]
    on_wire: ClassVar[bool] = True
    """Whether the injector asks this kind for an effect on each request it matches."""
    example: ClassVar[str] = ""
    """A ``[[faults]]`` table in TOML that runs as it stands."""
    calls: ClassVar[frozenset[str] | None] = None
    """The endpoints the kind can concern, whatever ``match`` says; None for all."""
    outage: ClassVar[str] = ""
    """What the trace's ``outage`` calls stretches in which the fault keeps everybody out; "" for no such fault."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)
    how: How
    match: Match = Match()

    def concerns(self, request: Request) -> bool:
        """Tell whether the fault can strike a request that ``match`` lets through; a script counts only such ones."""
        return True

    @property
    def strikes_plainly(self) -> bool:
        """Tell whether :meth:`strike` and :meth:`concerns` are as here, so that the injector need not call them."""
        own = type(self)
        return own.strike is FaultSpec.strike and own.concerns is FaultSpec.concerns

    def strike(self, request: Request, arrives_us: int, timing: Timing, applied: Stream) -> Effect | None:
        """Return the effect on ``request``, None when the fault does not fire on it."""
        at_us = request.sent_us if self.acts_at in ON_SENDING else arrives_us
        if not self.concerns(request) or not timing.fires(request, at_us):
            return None
        return self.effect(request, applied)

    def effect(self, request: Request, applied: Stream) -> Effect:
        """Return what the fault does to ``request``; ``applied`` draws the write's truth."""
        raise SimError(f"fault {self.name!r} has no effect on single requests")

    @property
    def keeps_out_as(self) -> str:
        """Return :attr:`outage`; "" where this one lets something through."""
        return self.outage

    @property
    def acts_at(self) -> Stage:
        """Return the stage the fault acts at."""
        return self.stage

    def keeps_out_until_us(self, opened_us: int, closed_us: int, epoch_us: int) -> int:
        """Return when a stretch in which the fault acts lets everybody in again (µs since the start)."""
        return closed_us


def likeness(request: Request) -> int:
    """Return a key that an intent's requests share when they say the same, apart from ids, time and signature."""
    said = sorted((name, str(value)) for name, value in request.params.items() if name not in _NOT_THE_ORDER)
    return mix(request.slot.number, key_of(f"{request.role} {request.call} {said}"))


def drawn_truth(probability: float, request: Request, applied: Stream) -> bool:
    """Draw whether the write behind an ambiguous reply was applied."""
    return applied.uniform(request.key) < probability
