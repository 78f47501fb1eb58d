"""Let the venue's condition change for everybody at once: calm, busy, cascade (failures.md C4).

A regime multiplies the latencies and brings its own rates of the commonest faults.  A chain moves between regimes on
the time axis from (seed, "regime") alone, so all symbols, and two policies under one seed, meet the same weather.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from sim.chance import Stream
from sim.exchange.latency import Constant, Empirical, Leg, Lognormal
from sim.faults import Fault, FaultSpec

Name = Literal["calm", "busy", "cascade"]
NAMES: Final[tuple[Name, ...]] = ("calm", "busy", "cascade")
PREFIX: Final = "regime_"
"""How the names of the faults begin that a regime brings; names are streams of chance, so they are its own."""

_FAULT: Final[TypeAdapter[FaultSpec]] = TypeAdapter(Fault)
_MOST_MS: Final = 3_600_000.0


@dataclass(frozen=True, slots=True)
class Regime:
    """State one regime of failures.md C4; rates are per order call and are assumptions.

    ``latency``: factors on the median and on the 99th percentile of both legs, which are 30 and 200 ms in calm.
    ``unknown``: 503 A, half of them applied.  ``failed``: 503 B and D together.  ``throttled``: -1008.  ``lag``: share
    of writes that reads show late, and between which seconds.  ``stream_s``: delay of user data events.
    """

    latency: tuple[float, float]
    unknown: float
    failed: float
    throttled: float
    lag: tuple[float, float, float]
    stream_s: tuple[float, float] | None


REGIMES: Final[Mapping[Name, Regime]] = {
    "calm": Regime((1.0, 1.0), 0.00005, 0.0001, 0.0, (0.001, 1.0, 10.0), None),
    "busy": Regime((5.0, 10.0), 0.001, 0.005, 0.01, (0.01, 1.0, 10.0), (0.1, 0.5)),
    "cascade": Regime((100 / 3, 50.0), 0.03, 0.05, 0.4, (0.05, 5.0, 30.0), (2.0, 30.0)),
}


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Chain(_Strict):
    """Move calm → busy → calm or cascade → busy; stays are exponential with these means in seconds.

    ``worsens``: the probability that a busy stretch turns into a cascade.
    """

    calm_s: float = Field(default=3600.0, ge=1, le=1e8)
    busy_s: float = Field(default=600.0, ge=1, le=1e8)
    cascade_s: float = Field(default=120.0, ge=1, le=1e8)
    worsens: float = Field(default=0.25, ge=0, le=1)
    start: Name = "calm"


class RegimeSpec(_Strict):
    """State one regime for the whole run (``preset``), or a chain between them.

    ``rates`` multiplies all its fault rates (at most 1 each), ``latency`` false leaves the latencies alone.
    """

    preset: Name | None = None
    chain: Chain | None = None
    rates: float = Field(default=1.0, ge=0, le=1000)
    latency: bool = True

    @model_validator(mode="after")
    def _one_way(self) -> RegimeSpec:
        if (self.preset is None) == (self.chain is None):
            raise ValueError(f"give exactly one of preset ({', '.join(NAMES)}) and chain")
        return self


Stretch = tuple[Name, int, int]
"""(regime, opened, closed) in µs."""


def stretches(spec: RegimeSpec, seed: int, until_us: int) -> list[Stretch]:
    """Return which regime holds when, without gaps, from 0 to ``until_us``; from (seed, "regime") alone."""
    if spec.chain is None:
        assert spec.preset is not None
        return [(spec.preset, 0, until_us)]
    chain = spec.chain
    means: dict[Name, float] = {"calm": chain.calm_s, "busy": chain.busy_s, "cascade": chain.cascade_s}
    stays, turns = Stream(seed, "regime.stay"), Stream(seed, "regime.turn")
    found: list[Stretch] = []
    name, t_us, index = chain.start, 0, 0
    while t_us < until_us:
        end_us = t_us + max(1, round(-means[name] * 1e6 * math.log(1 - stays.uniform(index))))
        found.append((name, t_us, min(end_us, until_us)))
        worse = name == "busy" and turns.uniform(index) < chain.worsens
        name = "busy" if name != "busy" else ("cascade" if worse else "calm")
        t_us, index = end_us, index + 1
    return found


def faults_of(spec: RegimeSpec, when: Sequence[Stretch]) -> list[FaultSpec]:
    """Return the faults that the regimes of ``when`` bring, each for its own stretches."""
    found: list[FaultSpec] = []
    for name in NAMES:
        spans = [(opened, closed) for regime, opened, closed in when if regime == name]
        for suffix, rate, table in _tables(REGIMES[name], spec.rates):
            if not rate or not spans:
                continue
            windows = [
                {"at": opened / 1e6, "for_s": (closed - opened) / 1e6, "rate": rate}
                for opened, closed in spans
            ]
            how = {"rate": rate} if spec.chain is None else {"windows": windows}
            found.append(_FAULT.validate_python({"name": f"{PREFIX}{name}_{suffix}", **table, "how": how}))
    return found


def _tables(regime: Regime, times: float) -> list[tuple[str, float, dict[str, Any]]]:
    orders = {"call": "order"}
    share, least_s, most_s = regime.lag
    tables: list[tuple[str, float, dict[str, Any]]] = [
        ("503a", regime.unknown, {"kind": "unknown_503", "applied": 0.5, "match": orders}),
        ("503b", regime.failed / 2, {"kind": "unavailable_503", "match": orders}),
        ("503d", regime.failed / 2, {"kind": "internal_503", "match": orders}),
        ("throttle", regime.throttled, {"kind": "throttled"}),
        ("read_lag", share, {"kind": "read_lag", "min_s": least_s, "max_s": most_s}),
    ]
    scaled = [(suffix, min(1.0, rate * times), table) for suffix, rate, table in tables]
    if regime.stream_s is not None and times:
        least_s, most_s = regime.stream_s
        delay = {"kind": "user_stream", "mode": "delay", "min_s": least_s, "max_s": most_s}
        # A delay of all events is the regime's latency, not a fault that is more or less frequent.
        scaled.append(("stream", 1.0, delay))
    return scaled


class RegimeLeg:
    """Sample a latency leg whose law is that of the regime of the moment; the draws themselves stay the same."""

    def __init__(self, law: Any, seed: int, name: str, rho: float, when: Sequence[Stretch]) -> None:
        legs = {
            regime: Leg(scaled(law, *REGIMES[regime].latency), seed, name, rho)
            for regime in {regime for regime, _, _ in when}
        }
        self._opened = [opened for _, opened, _ in when]
        self._legs = [legs[regime] for regime, _, _ in when]

    def sample_us(self, key: int, t_us: int) -> int:
        """Return this leg's delay for the request ``key`` at ``t_us``."""
        return self._legs[max(0, bisect_right(self._opened, t_us) - 1)].sample_us(key, t_us)


def scaled(law: Any, median: float, tail: float) -> Any:
    """Return a latency law with its median times ``median`` and its 99th percentile, if it has one, times ``tail``."""
    if isinstance(law, Lognormal):
        p50_ms = min(law.p50_ms * median, _MOST_MS)
        p99_ms = min(max(law.p99_ms * tail, p50_ms), _MOST_MS)
        return law.model_copy(update={"p50_ms": p50_ms, "p99_ms": p99_ms})
    if isinstance(law, Constant):
        return law.model_copy(update={"ms": min(law.ms * median, _MOST_MS)})
    assert isinstance(law, Empirical)
    return law.model_copy(update={"values_ms": [min(value * median, _MOST_MS) for value in law.values_ms]})
