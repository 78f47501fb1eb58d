"""Hide several outcomes behind one unknown reply to a batch (failures.md F44)."""

from __future__ import annotations

from typing import ClassVar, Literal

from sim.chance import Stream, mix
from sim.exchange.effects import Effect, Stage
from sim.exchange.replies import UNKNOWN_503, Refusal
from sim.exchange.request import Request
from sim.exchange.rules import read_batch
from sim.faults.base import FaultSpec, Probability


class BatchPartial(FaultSpec):
    """Apply each item of a batch with probability ``applied``, alone; answer the whole with 503 A or not at all."""

    example: ClassVar[str] = """
[[faults]]
name = "half_a_batch"
kind = "batch_partial"
applied = 0.5
how = { rate = 0.2 }
"""

    stage: ClassVar[Stage] = "core"
    calls: ClassVar[frozenset[str] | None] = frozenset({"POST /fapi/v1/batchOrders"})
    kind: Literal["batch_partial"]
    applied: Probability
    shows: Literal["unknown_503", "timeout"] = "unknown_503"

    def effect(self, request: Request, applied: Stream) -> Effect:
        """Lose some items and hide which."""
        try:
            places = range(len(read_batch(request.params)))
        except Refusal:
            places = range(0)
        lost = frozenset(
            place for place in places if applied.uniform(mix(request.key, place)) >= self.applied
        )
        return Effect(
            self.name,
            "batch in part",
            self.stage,
            "applied" if len(lost) < len(places) else "not_applied",
            (503, {"msg": UNKNOWN_503}) if self.shows == "unknown_503" else None,
            loses_items=lost,
        )
