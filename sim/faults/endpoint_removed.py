"""Take an order type off its endpoint in mid-run (failures F06: 2025-12-09)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import model_validator

from sim.exchange.effects import Stage
from sim.faults.condition import StateFault, windows_of
from sim.faults.match import Match


class EndpointRemoved(StateFault):
    """Take conditional orders off the ordinary endpoint (-4120) from the window's beginning on, for good.

    The venue's rules become those of 2025-12-09 in mid-run: the algo endpoint exists from then on.  Orders that rest
    stay where they are; the client library stays the old one.
    """

    stage: ClassVar[Stage] = "rules"
    example: ClassVar[str] = """\
[[faults]]
name = "migration"
kind = "endpoint_removed"
how = { window = { at = 1800, for_s = 3600 } }
"""

    kind: Literal["endpoint_removed"]

    @model_validator(mode="after")
    def _has_a_moment(self) -> EndpointRemoved:
        if not windows_of(self.how):
            raise ValueError("how: an endpoint goes at a moment; give a window that begins then")
        if self.match != Match():
            raise ValueError("match: an endpoint goes for everybody; leave it out")
        return self
