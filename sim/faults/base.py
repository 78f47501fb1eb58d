"""Hold what all faults share: a unique name, when they happen, on which requests."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from sim.chance import Stream
from sim.exchange.effects import Effect, Stage
from sim.exchange.request import Request
from sim.faults.how import How, Match

Probability = Annotated[float, Field(ge=0, le=1)]


class FaultSpec(BaseModel):
    """State one fault.  ``name`` is its stream of chance: rename it and its draws change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    stage: ClassVar[Stage]

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)
    how: How
    match: Match = Match()

    @abstractmethod
    def effect(self, request: Request, applied: Stream) -> Effect:
        """Return what the fault does to ``request``; ``applied`` draws the write's truth."""

    @property
    def acts_at(self) -> Stage:
        """Return the stage the fault acts at."""
        return self.stage


def drawn_truth(probability: float, request: Request, applied: Stream) -> bool:
    """Draw whether the write behind an ambiguous reply was applied."""
    return applied.uniform(request.key) < probability
