"""Arm a random run: choose first which families of fault exist at all, then how often each strikes.

A run in which everything fails a little looks like every other one; runs with few families, and different ones, meet
combinations that a fixed mixture never shows (swarm testing, failures.md B).  Every choice is keyed by (seed, family):
a new family changes nothing about the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import TypeAdapter

from sim.chance import Stream, key_of, mix
from sim.faults import Fault, FaultSpec

FAMILY_SHARE: Final = 0.25
"""The probability with which a family exists in a run."""
ALL_OFF_SHARE: Final = 0.05
ALL_ON_SHARE: Final = 0.05
"""Runs in which no family exists, and in which all do: the two ends that mixtures hardly ever reach."""

_FAULT: Final[TypeAdapter[FaultSpec]] = TypeAdapter(Fault)
_APPLIED: Final = (0.0, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Family:
    """State one family: a ``[[faults]]`` table without name and how, and the ranges its numbers are drawn from.

    ``rate``: probability per request (per await for a crash), log-uniform.  Where ``gap_s`` is given the family comes
    in bursts of mean length ``length_s``, both log-uniform seconds, and ``rate`` is that inside a burst.  ``applied``
    families draw the probability that the write was applied from 0, 0.5 and 1.  ``seconds``: further keys drawn
    log-uniformly from a range in seconds.
    """

    name: str
    table: dict[str, Any]
    rate: tuple[float, float]
    gap_s: tuple[float, float] | None = None
    length_s: tuple[float, float] = (1.0, 60.0)
    applied: bool = False
    seconds: dict[str, tuple[float, float]] = field(default_factory=dict)

    def arm(self, stream: Stream, key: int) -> FaultSpec:
        """Return the family's fault with its numbers drawn."""
        rate = _log_uniform(stream, mix(key, 1), *self.rate)
        how: dict[str, Any] = {"rate": rate}
        if self.gap_s is not None:
            gap_s = _log_uniform(stream, mix(key, 2), *self.gap_s)
            length_s = _log_uniform(stream, mix(key, 3), *self.length_s)
            how = {"burst": {"mean_gap_s": gap_s, "mean_length_s": length_s, "rate": rate}}
        drawn: dict[str, Any] = {
            name: _log_uniform(stream, mix(key, 5, place), *span)
            for place, (name, span) in enumerate(self.seconds.items())
        }
        if self.applied:
            drawn["applied"] = _APPLIED[int(stream.uniform(mix(key, 4)) * len(_APPLIED))]
        return _FAULT.validate_python({"name": self.name, **self.table, **drawn, "how": how})


def _kind(name: str, kind: str, rate: tuple[float, float], **more: Any) -> Family:
    options = {key: more.pop(key) for key in ("gap_s", "length_s", "applied", "seconds") if key in more}
    return Family(name, {"kind": kind, **more}, rate, **options)


_ORDERS: Final = {"call": "order"}
_STOPS: Final = {"role": "sl"}
_ENTRIES: Final = {"role": "entry"}
_OFTEN: Final = (0.005, 0.3)
_SELDOM: Final = (0.001, 0.05)

FAMILIES: Final[tuple[Family, ...]] = (
    _kind("armed_connect", "connect", _OFTEN, fails="refused"),
    _kind("armed_dns", "connect", (0.2, 1.0), fails="dns", gap_s=(120.0, 3600.0), length_s=(1.0, 30.0)),
    _kind("armed_network", "network_down", (1.0, 1.0), gap_s=(300.0, 7200.0), length_s=(1.0, 60.0)),
    _kind("armed_request_lost", "timeout", _SELDOM, truth="not_applied"),
    _kind("armed_reply_lost", "timeout", _SELDOM, truth="applied"),
    _kind(
        "armed_late",
        "timeout",
        _SELDOM,
        truth="applied_late",
        obey_recv_window=False,
        match=_ORDERS,
        seconds={"late_s": (0.5, 60.0)},
    ),
    _kind("armed_reset", "reset", _SELDOM, applied=True),
    _kind("armed_truncated", "truncated", _SELDOM),
    _kind("armed_503a", "unknown_503", _OFTEN, match=_ORDERS, applied=True),
    _kind("armed_503b", "unavailable_503", (0.1, 1.0), gap_s=(60.0, 3600.0), length_s=(1.0, 30.0)),
    _kind("armed_503d", "internal_503", _OFTEN, match=_ORDERS, applied=True),
    _kind("armed_504", "gateway_timeout", _SELDOM, status=504, match=_ORDERS, applied=True),
    _kind("armed_empty", "empty_body", _SELDOM, match=_ORDERS),
    _kind("armed_no_id", "missing_id", _SELDOM),
    _kind("armed_error_in_200", "error_in_200", _SELDOM, code=-1001, match=_ORDERS, applied=True),
    _kind("armed_throttled", "throttled", (0.1, 0.9), gap_s=(120.0, 3600.0), length_s=(2.0, 120.0)),
    _kind("armed_429", "rate_limited", _SELDOM),
    _kind("armed_ban", "ip_ban", (1.0, 1.0), gap_s=(1800.0, 14400.0), length_s=(120.0, 600.0)),
    Family("armed_orders_cap", {"code": -1015, "match": _ORDERS}, _SELDOM),
    Family("armed_clock", {"code": -1021}, _SELDOM),
    Family("armed_would_trigger", {"code": -2021, "match": _STOPS}, _OFTEN),
    Family("armed_margin", {"code": -2019, "match": _ENTRIES}, _SELDOM),
    Family("armed_precision", {"code": -1111, "match": _ORDERS}, _SELDOM),
    _kind(
        "armed_slow_reply",
        "delay",
        _OFTEN,
        leg="reply",
        law={"law": "lognormal", "p50_ms": 500.0, "p99_ms": 8e3},
    ),
    _kind("armed_vanish", "stop_vanishes", _SELDOM, match=_STOPS),
    _kind("armed_refused_at_trigger", "refused_at_trigger", _SELDOM, match=_STOPS),
    _kind("armed_slow_match", "slow_match", _SELDOM, match=_ENTRIES, seconds={"max_s": (0.5, 30.0)}),
    _kind("armed_partial", "partial_fill", _SELDOM, match=_ENTRIES),
    _kind("armed_read_lag", "read_lag", _OFTEN, seconds={"max_s": (1.0, 30.0)}),
    _kind("armed_stale", "price", _OFTEN, mode="stale", seconds={"age_s": (1.0, 120.0)}),
    _kind("armed_frozen", "price", (1.0, 1.0), mode="frozen", gap_s=(300.0, 7200.0), length_s=(5.0, 120.0)),
    _kind("armed_nan", "price", _SELDOM, mode="nan"),
    _kind(
        "armed_stream_late", "user_stream", _OFTEN, mode="delay", min_s=0.1, seconds={"max_s": (0.5, 30.0)}
    ),
    _kind("armed_stream_lost", "user_stream", _SELDOM, mode="drop"),
    _kind("armed_thin", "thin_book", (1.0, 1.0), depth_divisor=20.0, spread_times=5.0, gap_s=(600.0, 7200.0)),
    _kind("armed_wrong_clock", "clock", (1.0, 1.0), offset_ms=-6000.0, gap_s=(600.0, 7200.0)),
    _kind("armed_crash", "crash", (0.0005, 0.02), seconds={"restart_s": (1.0, 600.0)}),
    # A longer stand breaks L03 by itself, whatever the policy does.
    _kind("armed_blocked", "blocked_loop", _SELDOM, match=_ORDERS, seconds={"for_s": (0.1, 0.9)}),
    _kind(
        "armed_thinking", "compute_delay", _OFTEN, before={"law": "lognormal", "p50_ms": 50.0, "p99_ms": 2e3}
    ),
)


def arm(seed: int, *, families: Sequence[Family] = FAMILIES, share: float = FAMILY_SHARE) -> list[FaultSpec]:
    """Return the faults of the random run ``seed``: none (one run in 20), all (one in 20), or a mixture.

    Otherwise each family exists with probability ``share``.
    """
    stream = Stream(seed, "arming")
    whole = stream.uniform(key_of("whole"))
    if whole < ALL_OFF_SHARE:
        return []
    everything = whole >= 1 - ALL_ON_SHARE
    return [
        family.arm(stream, key_of(family.name))
        for family in families
        if everything or stream.uniform(mix(key_of(family.name), 0)) < share
    ]


def _log_uniform(stream: Stream, key: int, low: float, high: float) -> float:
    # Four significant digits: a person may have to write the number down.
    return float(f"{low * (high / low) ** stream.uniform(key):.4g}")
