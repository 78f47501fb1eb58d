"""Let the client's wall clock go wrong: an offset, a drift, a step (failures F37)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from sim.exchange.effects import Stage
from sim.faults.condition import StretchFault
from sim.faults.match import Match

_MOST_MS = 86_400_000


class ClockFault(StretchFault):
    """Set the client's clock ``offset_ms`` off for a stretch, or let it drift ``drift_ms_per_min`` from its beginning.

    The clock is right again at the stretch's end; a step is an offset whose window begins then.  Several faults add
    up.  The code under test reads the wrong time, and requests are stamped with it: -1021 follows from the venue's
    own rules (binance-facts 4).  Monotonic clocks stay right.  One slow time probe is a late reply of
    "GET /fapi/v1/time".
    """

    stage: ClassVar[Stage] = "connect"
    example: ClassVar[str] = """\
[[faults]]
name = "clock_walks"
kind = "clock"
how = { window = { at = 60, for_s = 3600 } }
drift_ms_per_min = 50
"""

    kind: Literal["clock"]
    offset_ms: float = Field(default=0.0, ge=-_MOST_MS, le=_MOST_MS)
    drift_ms_per_min: float = Field(default=0.0, ge=-60_000, le=60_000)

    @model_validator(mode="after")
    def _does_something(self) -> ClockFault:
        if self.offset_ms == 0 and self.drift_ms_per_min == 0:
            raise ValueError("clock: give offset_ms or drift_ms_per_min")
        if self.match != Match():
            raise ValueError("match: a clock is right or wrong for every request; leave it out")
        return self
