"""Sort what came back from a write into what it means for the order, not into codes.

=============  ==============================================================================================
applied        the order is there (-4116: its client id is taken by itself)
change         certainly not applied, and the same request would be refused again
wait           certainly not applied; the venue asks for time, a new time stamp or fewer requests
market         certainly not applied; the price decides (-2021, -4131 ...)
documented     a failure the documents call not applied (503 "Service Unavailable.", -1001), or never sent
unknown        applied or not: look first (503 "Unknown error", -1000, -1006, -1007, time-outs, resets)
=============  ==============================================================================================

Sources: binance-facts 1.1 to 1.4 and 11.  A code nobody knows is *unknown*, never safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal

from .outcomes import Failure

OutcomeClass = Literal["applied", "change", "wait", "market", "documented", "unknown"]

INTERNAL_ERROR: Final = -1001

# -2011 and -2013 answer a cancel and a look-up; after a write they prove nothing (binance-facts 1.2b).
_UNKNOWN = (-1000, -1006, -1007, -2011, -2012, -2013, -4083, -4117)
_WAIT = (-1003, -1008, -1015, -1016, -1021, -5028, -5043, -5047, -4188, -4509, -4129)
_MARKET = (
    -2021,
    -4142,
    -4131,
    -1112,
    -2020,
    -4016,
    -4024,
    -4135,
    -4210,
    -4211,
    -4183,
    -4184,
    -5021,
    -5022,
    -5041,
)
_CHANGE: tuple[Iterable[int], ...] = (
    (-1002, -1004, -1005, -1010, -1011, -1013, -1014, -1020, -1022, -1023, -1099),
    range(-1111, -1099),
    range(-1136, -1112),
    (-2010, -2014, -2015, -2016, -2017, -2018, -2019),
    range(-2028, -2021),
    range(-4007, -4000),
    (-4013, -4014, -4015, -4020),
    (-4021, -4023, -4028, -4031, -4045, -4046, -4047, -4048, -4059, -4060, -4061, -4062, -4067, -4068, -4082),
    (-4087, -4088, -4104, -4105, -4106, -4107, -4109, -4114, -4115, -4118, -4120, -4130, -4136, -4137, -4138),
    (-4139, -4140, -4141, -4144, -4161, -4164, -4165, -4189, -4192, -4400, -4401, -4402, -4403, -4531),
    range(-4172, -4166),
    range(-4209, -4201),
    (-4111, -5000, -5024, -5025, -5026, -5027, -5029, -5037, -5038, -5039, -5040),
)


def _table() -> dict[int, OutcomeClass]:
    table: dict[int, OutcomeClass] = {}
    for codes in _CHANGE:
        table.update(dict.fromkeys(codes, "change"))
    table.update(dict.fromkeys(_UNKNOWN, "unknown"))
    table.update(dict.fromkeys(_WAIT, "wait"))
    table.update(dict.fromkeys(_MARKET, "market"))
    table[INTERNAL_ERROR] = "documented"
    table[-4116] = "applied"
    return table


CLASS_OF_CODE: Final[Mapping[int, OutcomeClass]] = MappingProxyType(_table())
"""The class of every code of binance-facts 1; others are unknown."""

_WAIT_STATUSES = frozenset({403, 418, 429})
# With its full stop: without it, it is the reason phrase of every 503, which libraries put into their texts.
_NOT_APPLIED_TEXTS = ("service unavailable.", "internal error; unable to process")
_UNKNOWN_TEXT = "unknown error, please check"
_THROTTLED_TEXTS = ("request throttled", "server is currently overloaded")


def outcome_class(failure: Failure) -> OutcomeClass:
    """Return what a failed attempt means for its order.

    A code decides; without one the transport's phase, then the status, then the text of a 503 (its flavours
    differ in nothing else, binance-facts 1.3).
    """
    if failure.code:
        return CLASS_OF_CODE.get(failure.code, "unknown")
    if failure.phase == "connect":
        return "documented"
    if failure.status in _WAIT_STATUSES:
        return "wait"
    if failure.status in (503, None) and failure.kind != "no_id":
        text = failure.message.lower()
        if _UNKNOWN_TEXT in text:
            return "unknown"
        if any(words in text for words in _NOT_APPLIED_TEXTS):
            return "documented"
        if any(words in text for words in _THROTTLED_TEXTS):
            return "wait"
    return "unknown"
