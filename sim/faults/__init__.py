"""What the venue and the network do to a bot: one file per kind of fault, and one table of kinds."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Tag

from sim.faults.base import FaultSpec
from sim.faults.coded_error import CodedError
from sim.faults.how import Burst, How, Match, Window
from sim.faults.injector import FaultInjector
from sim.faults.timeout import Timeout
from sim.faults.unavailable_503 import Unavailable503
from sim.faults.unknown_503 import Unknown503

KINDS: dict[str, type[FaultSpec]] = {
    "code": CodedError,
    "timeout": Timeout,
    "unknown_503": Unknown503,
    "unavailable_503": Unavailable503,
}


def _kind(data: Any) -> str | None:
    # A fault with a code needs no kind: `code = -1001` says it all.
    if isinstance(data, dict):
        return data.get("kind", "code" if "code" in data else None)
    return getattr(data, "kind", None)


Fault = Annotated[
    Annotated[CodedError, Tag("code")]
    | Annotated[Timeout, Tag("timeout")]
    | Annotated[Unknown503, Tag("unknown_503")]
    | Annotated[Unavailable503, Tag("unavailable_503")],
    Discriminator(_kind),
]

__all__ = [
    "KINDS",
    "Burst",
    "CodedError",
    "Fault",
    "FaultInjector",
    "FaultSpec",
    "How",
    "Match",
    "Timeout",
    "Unavailable503",
    "Unknown503",
    "Window",
]
