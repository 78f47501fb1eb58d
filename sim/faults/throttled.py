"""Answer 503 / -1008: the venue protects itself from new orders (binance-facts 1.3, flavour C)."""

from __future__ import annotations

from typing import ClassVar, Literal

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage
from sim.exchange.limits import OVERLOADED, THROTTLED, is_exit
from sim.exchange.replies import error_reply
from sim.exchange.request import Request
from sim.faults.base import NEW_ORDERS, FaultSpec, Probability, drawn_truth


class Throttled(FaultSpec):
    """Refuse new orders with -1008; nothing was applied, as documented, unless ``applied`` says otherwise.

    ``exempt_reduce_only``: closePosition, reduceOnly and the closing side in hedge mode pass, as documented; false is
    what was reported on 2025-10-10.  ``algo_exempt``: the algo endpoint is not throttled (the documents do not name
    it).  ``text``: the wording since October 2025 or the one before.
    """

    example: ClassVar[str] = """
[[faults]]
name = "throttle"
kind = "throttled"
exempt_reduce_only = true
algo_exempt = true
how = { burst = { mean_gap_s = 120.0, mean_length_s = 10.0, rate = 0.4 } }
"""

    calls: ClassVar[frozenset[str] | None] = NEW_ORDERS | {"POST /fapi/v1/order/test"}
    kind: Literal["throttled"]
    exempt_reduce_only: bool = True
    algo_exempt: bool = True
    applied: Probability = 0.0
    text: Literal["throttled", "overloaded"] = "throttled"

    @property
    def acts_at(self) -> Stage:
        """Return gateway as documented, core where orders may have got through."""
        return "core" if self.applied else "gateway"

    def concerns(self, request: Request) -> bool:
        """Tell whether the venue would throttle this order."""
        if self.algo_exempt and request.path.endswith("/algoOrder"):
            return False
        return not (self.exempt_reduce_only and is_exit(request.params))

    def effect(self, request: Request, applied: Stream) -> Effect:
        """Answer -1008."""
        was_applied = drawn_truth(self.applied, request, applied)
        reply = error_reply(-1008, message=THROTTLED if self.text == "throttled" else OVERLOADED)
        return Effect(
            self.name, "503 throttled", self.acts_at, "applied" if was_applied else "not_applied", reply
        )
