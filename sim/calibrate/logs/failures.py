"""Give each failure a log names one class, and each class the fault that would bring it about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sim.exchange.replies import STATUS_AND_TEXT, UNAVAILABLE_503, UNKNOWN_503

TIME_OUT: Final = "time-out"
BROKEN: Final = "broken connection"
NO_CONNECTION: Final = "no connection"
NO_ID: Final = "no order id"
OTHER: Final = "other"
WOULD_TRIGGER: Final = "-2021"

_STARTS: Final[tuple[tuple[str, str], ...]] = (
    (UNKNOWN_503[:13], "503 unknown"),
    (UNAVAILABLE_503[:11], "503 unavailable"),
    ("Cannot connect", NO_CONNECTION),
    ("Connection timeout", NO_CONNECTION),
    ("reply carries no order id", NO_ID),
)
_WITHIN: Final[tuple[tuple[str, str], ...]] = (
    ("no answer within", TIME_OUT),
    ("timed out", TIME_OUT),
    ("timeout", TIME_OUT),
    ("reset by peer", BROKEN),
    ("disconnected", BROKEN),
    ("connection", BROKEN),
)

UNKNOWN: Final = frozenset({TIME_OUT, BROKEN, "503 unknown", "-1000", "-1001", "-1006", "-1007"})
"""Failures behind which an order may live: P(applied) is not in a log without a later look-up (binance-facts 1.3)."""
SILENT: Final = frozenset({TIME_OUT})


def failure_class(code: int | None, message: str) -> str:
    """Return the class of a failed attempt: its code, else what its text says."""
    if code is not None:
        return str(code)
    for start, name in _STARTS:
        if message.startswith(start):
            return name
    small = message.lower()
    for part, name in _WITHIN:
        if part in small:
            return name
    return OTHER


@dataclass(frozen=True, slots=True)
class FaultOf:
    """Hold what reproduces a class: the fault's own keys, and the place of its stage (the first to answer wins)."""

    keys: dict[str, Any]
    stage: int


def fault_of(name: str, applied: float) -> FaultOf | None:
    """Return the fault for class ``name``, ``applied`` being P(applied) where it is not known; None for none."""
    if name == NO_CONNECTION:
        return FaultOf({"kind": "connect", "fails": "refused"}, 0)
    if name == TIME_OUT:
        if applied >= 0.5:
            return FaultOf({"kind": "timeout", "truth": "applied"}, 5)
        return FaultOf({"kind": "timeout", "truth": "not_applied"}, 1)
    if name == BROKEN:
        return FaultOf({"kind": "reset", "applied": applied}, 5)
    if name == "503 unavailable":
        return FaultOf({"kind": "unavailable_503"}, 2)
    if name == "503 unknown":
        return FaultOf({"kind": "unknown_503", "applied": applied}, 3)
    code = int(name) if name.lstrip("-").isdecimal() else 0
    if code not in STATUS_AND_TEXT:
        return None
    if name in UNKNOWN:
        return FaultOf({"code": code, "applied": applied}, 3)
    return FaultOf({"code": code}, 2 if code in (-1003, -1008, -1015, -1021) else 4)


def stage_of(name: str) -> int:
    """Return the place of a class's stage among the stages; what cannot be reproduced stands last."""
    found = fault_of(name, 0.0)
    return 9 if found is None else found.stage


def slug(name: str) -> str:
    """Return a class as a fault can be called: letters, digits and _, a letter first."""
    if name.startswith("-"):
        return "code_" + name[1:]
    word = name.replace(" ", "_").replace("-", "_")
    return word if word[0].isalpha() else "http_" + word
