"""State the outcomes a call can have as eight classes, which together are those of failures.md §0.

A script of the hunt says which call has which outcome.  A class is one fault table for each kind of call it can
strike; where it has none, the call cannot have that outcome, and no script says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

CallKind = Literal["entry", "stop", "target", "close", "cancel", "setting", "price", "query"]

_KINDS_BY_ROLE: Final[dict[str, CallKind]] = {
    "entry": "entry",
    "sl": "stop",
    "trailing": "stop",
    "tp": "target",
    "flatten": "close",
}
_PRICES: Final = ("ticker", "premiumIndex", "bookTicker", "depth")


@cache
def call_kind(call: str, role: str) -> CallKind:
    """Return what kind of call a request of ``role`` to ``call`` ("METHOD /path") is."""
    if role in _KINDS_BY_ROLE:
        return _KINDS_BY_ROLE[role]
    method, _, path = call.partition(" ")
    if method == "DELETE":
        return "cancel"
    if method == "POST":
        return "setting"
    return "price" if any(word in path for word in _PRICES) else "query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """State one class of outcome.

    ``stands_for``: its class in failures.md §0.  ``told``: what happens to the call, as a clause that follows its
    name ({code}: that of its table).  ``tables``: the ``[[faults]]`` table that makes it, by kind of call.
    """

    name: str
    stands_for: str
    told: str
    tables: Mapping[CallKind, Mapping[str, Any]]


_ORDERS: Final[tuple[CallKind, ...]] = ("entry", "stop", "target", "close")
_WRITES: Final[tuple[CallKind, ...]] = (*_ORDERS, "cancel", "setting")
_ALL: Final[tuple[CallKind, ...]] = (*_WRITES, "price", "query")


def _on(kinds: tuple[CallKind, ...], **table: Any) -> dict[CallKind, Mapping[str, Any]]:
    return dict.fromkeys(kinds, table)


OUTCOMES: Final[tuple[Outcome, ...]] = (
    Outcome(
        name="request lost",
        stands_for="unknown",
        told="never reached the venue, and no answer came",
        tables=_on(_ALL, kind="timeout", truth="not_applied"),
    ),
    Outcome(
        name="reply lost",
        stands_for="unknown",
        told="was carried out, and no answer came",
        tables=_on(_WRITES, kind="timeout", truth="applied"),
    ),
    Outcome(
        name="late 12 s",
        stands_for="unknown",
        told="was carried out 12 s later, after the client had given it up",
        tables=_on(
            (*_ORDERS, "cancel"), kind="timeout", truth="applied_late", late_s=12.0, obey_recv_window=False
        ),
    ),
    Outcome(
        name="unknown 503",
        stands_for="unknown",
        told='was carried out, and the answer was HTTP 503 "Unknown error"',
        tables=_on(_ALL, kind="unknown_503", applied=1.0),
    ),
    Outcome(
        name="empty 200",
        stands_for="applied",
        told="was carried out, and the answer was HTTP 200 that named no order",
        tables=_on(_ORDERS, kind="missing_id")
        | _on(("cancel", "setting", "price", "query"), kind="null_reply"),
    ),
    Outcome(
        name="busy -1008",
        stands_for="not applied, transient",
        told="was refused with {code}, try again later",
        tables=_on(_ALL, code=-1008),
    ),
    Outcome(
        name="market says no",
        stands_for="market-dependent",
        told="was refused with {code}, for where the price is",
        tables=_on(("stop", "target"), code=-2021) | _on(("entry", "close"), code=-4131),
    ),
    Outcome(
        name="rules say no",
        stands_for="not applied, deterministic",
        told="was refused with {code}, for what it says",
        tables=_on(("entry",), code=-4164)
        | _on(("stop", "target", "close"), code=-1111)
        | _on(("cancel", "setting", "query", "price"), code=-1102),
    ),
)
"""The eight classes, the simplest first: shrinking prefers what stands further up."""

BY_NAME: Final = {outcome.name: outcome for outcome in OUTCOMES}
