"""Write the scenario that reproduces a log's day: its faults at their fitted rates, its latency, its own decisions."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sim.calibrate.logs.failures import UNKNOWN, WOULD_TRIGGER, fault_of, slug
from sim.calibrate.logs.fit import Calibration
from sim.calibrate.logs.rates import FailureRate
from sim.calibrate.logs.workday import Workday

ROLES: Final = {
    "entry": "entry",
    "sl": "sl",
    "tp": "tp",
    "trailing": "trailing",
    "exit": "flatten",
    "flatten": "flatten",
}
"""What a log calls an order, and the role that a scenario's faults match."""
THROTTLED: Final = "-1008"
SIGNALS: Final = "signals.csv"


@dataclass(frozen=True, kw_only=True)
class Assumed:
    """Hold what no line says and a scenario needs: shares of the entry price, and times in s."""

    sl_pct: float = 0.004
    tp_pct: float = 0.008
    hold_s: float = 900.0
    leverage: int = 5


def scenario_text(
    found: Calibration,
    day: Workday,
    assumed: Assumed,
    *,
    applied: float,
    command: str,
    own_2021: float = 0.0,
    per_hour: float = 60.0,
    policy: str = "d7",
) -> str:
    """Return the scenario's TOML.

    ``applied`` is P(applied) behind failures of unknown outcome; ``own_2021`` the share of stops that the tape itself
    makes -2021 of, which no fault has to add.  ``per_hour`` intents are drawn where the log names none.  ``policy``:
    whom ``[check]`` runs, as the scenario's folder names it.
    """
    lines = [
        f"# Written by: {' '.join(command.split())}",
        "# Rates and lengths are those of the log; [low to high] are their 95 % intervals.",
        f"title = {json.dumps(f'The venue of {day.date}, as its log tells it', ensure_ascii=False)}",
        "",
        "[market]",
        f"klines = {json.dumps(day.klines)}",
    ]
    if not day.own:
        lines += [
            f"# Not the day's own tape, which is not at hand: sim klines fetch {day.symbol} klines 1m {day.date}",
        ]
    lines += ["", "[workload]"]
    lines += [f'signals = "{SIGNALS}"'] if day.rows else [f"poisson_per_hour = {per_hour:g}"]
    lines += [
        f"sl_pct = {assumed.sl_pct}   # this line and the three below: assumed, as no line of the log says them",
        f"tp_pct = {assumed.tp_pct}",
        f"hold_s = {assumed.hold_s}",
        f"leverage = {assumed.leverage}",
        "",
        *_latency(found),
        *_faults(found, applied, own_2021),
        "[check]",
        f"policies = [{json.dumps(policy, ensure_ascii=False)}]",
        "seeds = [1]",
    ]
    return "\n".join(lines) + "\n"


def _latency(found: Calibration) -> Iterator[str]:
    trip = found.trip
    if trip is not None:
        p50_ms = max(trip.p50_ms, 0.001)
        p99_ms = min(max(trip.p99_ms, p50_ms), 3.6e6)
        yield "[latency]   # the whole round trip on the way there: a log cannot divide it"
        yield (
            f'request = {{ law = "lognormal", p50_ms = {p50_ms:.6g}, p99_ms = {p99_ms:.6g} }}   '
            f"# [{trip.p50_low_ms:.3g} to {trip.p50_high_ms:.3g}], [{trip.p99_low_ms:.3g} to {trip.p99_high_ms:.3g}]"
        )
        yield 'reply = { law = "constant", ms = 0 }'
        yield ""
        if trip.timeout_s > 0.0:
            yield "[client]"
            yield f"timeout_s = {trip.timeout_s:g}"
            yield ""


def _faults(found: Calibration, applied: float, own_2021: float) -> Iterator[str]:
    spelled = {outage.failure: outage for outage in found.outages}
    written: set[str] = set()
    for rate in found.rates:
        fault = fault_of(rate.failure, applied)
        role = ROLES.get(rate.role)
        if fault is None or role is None:
            continue
        outage = spelled.get(rate.failure)
        between = outage.rate if outage is not None else rate.rate
        if outage is not None and rate.failure not in written:
            written.add(rate.failure)
            how = f"{{ burst = {{ mean_gap_s = {max(0.05, outage.gap_s):.6g}, "
            how += f"mean_length_s = {max(0.05, outage.length_s):.6g} }} }}"
            yield from _fault(
                f"{slug(rate.failure)}_outage", fault.keys, how, _struck(found, rate.failure),
                f"length [{outage.length_low_s:.3g} to {outage.length_high_s:.3g}] s, "
                f"gap [{outage.gap_low_s:.3g} to {outage.gap_high_s:.3g}] s, seen {outage.seen} times",
            )  # fmt: skip
        if rate.failure == WOULD_TRIGGER:
            between = _left_over(rate, own_2021)
        if between >= 1e-6:
            yield from _fault(
                f"{slug(rate.failure)}_{role}", fault.keys, f"{{ rate = {between:.6g} }}",
                {"role": role, "call": "order"},
                f"{rate.count} of {rate.n} [{rate.low:.3g} to {rate.high:.3g}]"
                + (", between outages" if outage is not None else ""),
            )  # fmt: skip


def _struck(found: Calibration, failure: str) -> dict[str, str]:
    """Return which requests an outage strikes: every order, but for a throttle that let all exits pass.

    The venue exempts what closes a position from -1008 (binance-facts, 503 C), and was seen not to: the log decides.
    """
    roles = {rate.role for rate in found.rates if rate.failure == failure}
    only_entries = failure == THROTTLED and roles == {"entry"}
    return {"role": "entry", "call": "order"} if only_entries else {"call": "order"}


def _left_over(rate: FailureRate, own: float) -> float:
    """Return the share of stops to refuse beside those that the tape's own price makes refusals of."""
    return max(0.0, (rate.rate - own) / (1.0 - own)) if rate.low > own and own < 1.0 else 0.0


def _fault(name: str, keys: dict[str, Any], how: str, match: dict[str, str], why: str) -> Iterator[str]:
    yield f"[[faults]]   # {why}"
    yield f'name = "{name[:40]}"'
    for key, value in keys.items():
        yield f"{key} = {json.dumps(value) if isinstance(value, str) else value}"
    yield f"how = {how}"
    yield "match = { " + ", ".join(f'{key} = "{value}"' for key, value in match.items()) + " }"
    yield ""


def has_two_ends(found: Calibration) -> bool:
    """Tell whether P(applied) matters and is not known."""
    return found.lag is None and any(rate.failure in UNKNOWN for rate in found.rates)


def applied_share(found: Calibration) -> float:
    """Return P(applied) as look-ups tell it; 0 where none does."""
    return found.lag.applied if found.lag is not None and math.isfinite(found.lag.applied) else 0.0
