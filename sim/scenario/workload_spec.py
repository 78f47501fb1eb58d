"""State what the strategy wants and when: the workload of a scenario."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from sim.scenario.market_spec import Strict
from sim.scenario.mismatch import Mismatch

SOURCES: Final = ("every_s", "every_bars", "poisson_per_hour", "signals")
DEFAULT_NOTIONAL: Final = 1000.0
Fraction = Annotated[float, Field(gt=0, lt=1)]


class WorkloadSpec(Strict):
    """State when intents are decided, and what each one is unless its row of ``signals`` says otherwise.

    Exactly one of ``every_s``, ``every_bars`` (both from ``first_s`` on), ``poisson_per_hour`` and ``signals`` (a
    CSV or parquet file, relative to the scenario file).  ``side`` "both" tosses a keyed coin per intent.
    ``notional`` (quote currency, 1000 when neither is given) or ``quantity`` (base asset).  ``*_pct`` are
    fractions of the entry price.  ``decision_delay_s`` passes between the decision, which fixes the planned
    price, and the first call; it is shorter than ``hold_s``.  ``intents`` stops after so many.
    """

    every_s: float | None = Field(default=None, ge=0.001, le=31_622_400)
    every_bars: int | None = Field(default=None, ge=1, le=1_000_000)
    poisson_per_hour: float | None = Field(default=None, gt=0, le=3_600_000)
    signals: str | None = Field(default=None, min_length=1)
    side: Literal["both", "long", "short"] = "both"
    notional: float | None = Field(default=None, gt=0, le=1e12)
    quantity: float | None = Field(default=None, gt=0, le=1e12)
    sl_pct: Fraction
    tp_pct: Fraction
    leverage: int = Field(default=5, ge=1, le=1000)
    hold_s: float = Field(default=900.0, gt=0, le=31_622_400)
    decision_delay_s: float = Field(default=0.0, ge=0, le=86_400)
    intents: int | None = Field(default=None, ge=1)
    confidence: float = Field(default=0.0, ge=0, le=1)
    ai_tp_pct: Fraction | None = None
    ai_trail_pct: Fraction | None = None
    first_s: float = Field(default=1.0, ge=0, le=31_622_400)

    @model_validator(mode="before")
    @classmethod
    def _default_size(cls, data: Any) -> Any:
        if isinstance(data, dict) and "notional" not in data and "quantity" not in data:
            return {**data, "notional": DEFAULT_NOTIONAL}
        return data

    @model_validator(mode="after")
    def _one_of_each(self) -> WorkloadSpec:
        for names in (SOURCES, ("notional", "quantity")):
            given = [name for name in names if getattr(self, name) is not None]
            if len(given) != 1:
                raise ValueError(
                    f"give exactly one of {', '.join(names)} (given: {', '.join(given) or 'none'})"
                )
        if self.decision_delay_s >= self.hold_s:
            # Nothing would be sent before the intent is over, and the bot would be blamed for it.
            expected = f"less than hold_s={self.hold_s:g}"
            raise Mismatch(("decision_delay_s",), self.decision_delay_s, expected)
        return self
