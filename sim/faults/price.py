"""Show prices that are old, stand still, are missing, or are no prices (failures F12, F13).

Matching, triggers and the mark go on along the live path; only what reads and market streams show is wrong.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, model_validator

from sim.exchange.effects import Stage
from sim.faults.base import Probability
from sim.faults.condition import StateFault, lasts

PRICE_READS: Final = frozenset(
    {
        "GET /fapi/v1/ticker/price",
        "GET /fapi/v2/ticker/price",
        "GET /fapi/v1/ticker/bookTicker",
        "GET /fapi/v1/premiumIndex",
        "GET /fapi/v1/klines",
    }
)
KLINES: Final = "GET /fapi/v1/klines"
Mode = Literal[
    "stale", "frozen", "zero", "nan", "missing", "null", "negative", "absurd", "bar_missing", "bar_late"
]
_AGED: Final = frozenset({"stale", "bar_late"})


class Price(StateFault):
    """Show a wrong price to those who read one, while orders meet the true one.

    ``mode``: "stale", as it was ``age_s`` ago; "frozen", as it was when the window or burst opened; "zero", "nan"
    (the text NaN), "null", "missing" (the field is not there), "negative", "absurd" (times ``factor``); for klines
    "bar_missing" (each bar is missing with ``share``, for every reader) and "bar_late" (the bars that ended in the
    last ``age_s`` are not there yet, nor is the open one).  ``dated``: the answer's own time tells its age; false:
    it claims to be of now.  ``match`` narrows the reads; market streams are concerned as far as it names no other
    call, unless ``streams`` is false.
    """

    stage: ClassVar[Stage] = "read"
    calls: ClassVar[frozenset[str] | None] = PRICE_READS
    example: ClassVar[str] = """\
[[faults]]
name = "frozen_feed"
kind = "price"
mode = "frozen"
how = { burst = { mean_gap_s = 600, mean_length_s = 30 } }
"""

    kind: Literal["price"]
    mode: Mode
    age_s: Annotated[float, Field(gt=0, le=86_400)] | None = None
    dated: bool = True
    factor: float | None = Field(default=None, gt=0)
    share: Probability | None = None
    streams: bool = True

    @model_validator(mode="after")
    def _belongs(self) -> Price:
        for key, modes in (("age_s", _AGED), ("factor", {"absurd"}), ("share", {"bar_missing"})):
            given, needed = getattr(self, key) is not None, self.mode in modes
            if needed and not given:
                raise ValueError(f"mode={self.mode!r} needs {key}")
            if given and not needed:
                raise ValueError(
                    f"{key} belongs to mode {' or '.join(map(repr, sorted(modes)))}, not {self.mode!r}"
                )
        if self.mode == "frozen" and not lasts(self.how):
            raise ValueError("how: a price stands still for a stretch of time and needs window or burst")
        if self.mode.startswith("bar_") and self.match.call not in (None, KLINES):
            raise ValueError(f'match.call={self.match.call!r}: mode {self.mode!r} is about "{KLINES}"')
        return self

    @property
    def age_us(self) -> int:
        """Return how old what is shown is (µs), 0 where that is not said."""
        return round((self.age_s or 0.0) * 1e6)
