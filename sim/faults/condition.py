"""Hold what faults of state share: they are no wire effects, and some last for a stretch of time."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from sim.faults.base import FaultSpec
from sim.faults.how import How, Window

Seconds = Annotated[float, Field(ge=0, le=86_400)]


class StateFault(FaultSpec):
    """Be a fault that acts on the venue's state, its reads or its streams instead of on single requests."""

    on_wire: ClassVar[bool] = False


def windows_of(how: How) -> list[Window]:
    """Return the windows in which a fault happens, none for other ways."""
    return how.windows or ([how.window] if how.window is not None else [])


def lasts(how: How) -> bool:
    """Tell whether a fault happens in stretches of time: windows or bursts."""
    return how.burst is not None or bool(windows_of(how))


class StretchFault(StateFault):
    """Be a condition that holds for a stretch: ``how`` is a window, several, or bursts."""

    @model_validator(mode="after")
    def _lasts(self) -> StretchFault:
        if not lasts(self.how):
            given = next(name for name in self.how.model_fields_set if name != "scope")
            raise ValueError(f"how.{given}: this kind holds for a stretch of time and needs window or burst")
        return self


def check_span(kind: str, min_s: float, max_s: float) -> None:
    """Raise ValueError unless ``min_s`` <= ``max_s``."""
    if min_s > max_s:
        raise ValueError(f"{kind}: min_s={min_s:g} must be at most max_s={max_s:g}")
