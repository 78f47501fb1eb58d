"""List the classes of fault that a call can meet, each as the ``[[faults]]`` table that makes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter

from sim.faults import Fault, FaultSpec

_FAULT: Final[TypeAdapter[FaultSpec]] = TypeAdapter(Fault)


@dataclass(frozen=True, slots=True)
class FaultClass:
    """State one class: ``name`` as tables show it, ``table`` as a scenario would say it, without name and how."""

    name: str
    table: dict[str, Any]

    def at(self, call: str, role: str, n: int) -> FaultSpec:
        """Return the fault that strikes the ``n``-th (from 0) request of ``role`` to ``call``, and nothing else."""
        return _FAULT.validate_python(
            {
                "name": "swept",
                **self.table,
                "how": {"script": [n + 1]},
                "match": {"call": call, "role": role},
            }
        )


def _code(code: int, name: str = "", **more: Any) -> FaultClass:
    return FaultClass(name or str(code), {"code": code, **more})


def _kind(name: str, kind: str, **more: Any) -> FaultClass:
    return FaultClass(name, {"kind": kind, **more})


CLASSES: Final[tuple[FaultClass, ...]] = (
    # Nothing was sent.
    _kind("connect refused", "connect", fails="refused"),
    _kind("dns", "connect", fails="dns"),
    _kind("pool 5 s", "connect", fails="pool", after_s=5.0),
    _kind("tls", "connect", fails="tls"),
    _kind("request lost", "timeout", truth="not_applied"),
    # Nothing comes back, or half of it, or too late.
    _kind("reply lost", "timeout", truth="applied"),
    _kind("late 12 s", "timeout", truth="applied_late", late_s=12.0, obey_recv_window=False),
    _kind("late 12 s, -1021", "timeout", truth="applied_late", late_s=12.0),
    _kind("reply 3 s late", "delay", leg="reply", ms=3000.0),
    _kind("reset, done", "reset", applied=1.0),
    _kind("reset, not done", "reset", applied=0.0),
    _kind("disconnect, done", "reset", applied=1.0, shows="disconnected"),
    _kind("truncated", "truncated"),
    # What comes back leaves open whether the write was applied.
    _kind("503 A, done", "unknown_503", applied=1.0),
    _kind("503 A, not done", "unknown_503", applied=0.0),
    _code(-1000, "-1000, done", applied=1.0),
    _code(-1001, "-1001, done", applied=1.0),
    _code(-1001, "-1001, not done", applied=0.0),
    _code(-1006, "-1006, done", applied=1.0),
    _kind("408/-1007, done", "gateway_timeout", status=408, applied=1.0),
    _kind("408/-1007, not done", "gateway_timeout", status=408, applied=0.0),
    _kind("504 html, done", "gateway_timeout", status=504, applied=1.0),
    _kind("504 html, not done", "gateway_timeout", status=504, applied=0.0),
    # A 200 that says nothing, or something else.
    _kind("empty body", "empty_body"),
    _kind("null", "null_reply"),
    _kind("no JSON", "garbled"),
    _kind("no order id", "missing_id"),
    _kind("ack only", "ack_only"),
    _kind("200 with -1001, done", "error_in_200", code=-1001, applied=1.0),
    _kind("200 with -1001", "error_in_200", code=-1001, applied=0.0),
    # A price that is none, or none of now.
    _kind("price 60 s old", "price", mode="stale", age_s=60.0),
    _kind("price 0", "price", mode="zero"),
    _kind("price NaN", "price", mode="nan"),
    _kind("price missing", "price", mode="missing"),
    _kind("price x 1.5", "price", mode="absurd", factor=1.5),
    # Accepted, and yet not what was asked for.
    _kind("gone after 1 s", "stop_vanishes", min_s=1.0, max_s=1.0),
    _kind("refused at trigger", "refused_at_trigger"),
    _kind("stuck at trigger", "stuck_trigger"),
    _kind("fills after 10 s", "slow_match", min_s=10.0, max_s=10.0),
    _kind("fills by half", "partial_fill", min_share=0.5, max_share=0.5),
    _kind("unseen for 10 s", "read_lag", min_s=10.0, max_s=10.0),
    # Documented as not applied, and worth another try.
    _kind("503 B", "unavailable_503"),
    _kind("503 D", "internal_503"),
    _kind("429/-1003, wait 5 s", "rate_limited"),
    _code(-1003, "418 banned", status=418),
    _kind("403 html", "html_403"),
    _code(-1008),
    _kind("429/-1015", "rate_limited", code=-1015, retry_after_s=None),
    _code(-1021),
    # The market says no.
    _code(-2021),
    _code(-4131),
    # The rules say no, and will again.
    _code(-2019),
    _code(-2022),
    _code(-1111),
    _code(-4120),
    _code(-4130),
    _code(-4164),
)
"""The outcome classes of failures.md §0 on every call, reads included.

A class that cannot strike a call (a body without order id where none was due) leaves it as it is; its cell says so.
"""
