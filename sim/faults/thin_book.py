"""Thin the book for a stretch: less depth, a wider spread (failures F05, F10)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from sim.exchange.effects import Stage
from sim.faults.condition import StretchFault


class ThinBook(StretchFault):
    """Divide the depth by ``depth_divisor`` and multiply the spread by ``spread_times`` for a stretch.

    Everybody meets it, the ideal executor too: it is weather, not a fault of one request.  ``match`` may name a
    symbol.
    """

    stage: ClassVar[Stage] = "core"
    example: ClassVar[str] = """\
[[faults]]
name = "cascade_book"
kind = "thin_book"
how = { window = { at = 600, for_s = 300 } }
depth_divisor = 20
spread_times = 10
"""

    kind: Literal["thin_book"]
    depth_divisor: float = Field(default=1.0, ge=1, le=1e6)
    spread_times: float = Field(default=1.0, ge=1, le=1e5)

    @model_validator(mode="after")
    def _does_something(self) -> ThinBook:
        if self.depth_divisor == 1 and self.spread_times == 1:
            raise ValueError("thin_book: give depth_divisor or spread_times above 1")
        if self.match.role or self.match.call or self.match.side:
            raise ValueError("match: a book is everybody's; it may only name a symbol")
        return self
