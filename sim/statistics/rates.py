"""Combine how often a fault comes with what it costs when it does (pure)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from sim.errors import InputError
from sim.statistics.interval import Array, Interval
from sim.statistics.proportions import proportion


@dataclass(frozen=True, slots=True)
class Rate:
    """Hold how often a fault comes per intent, with the bounds of its own evidence."""

    value: float
    low: float
    high: float

    @classmethod
    def observed(cls, hits: Array, clusters: Array, confidence: float = 0.95) -> Rate:
        """Return the rate at which intents of a log met the fault; none at all leaves up to 3 / clusters open."""
        found = proportion(hits, clusters, confidence)
        return cls(found.rate, found.low, found.high)


@dataclass(frozen=True, slots=True)
class Combined:
    """Hold an expected loss per 1,000 intents with its interval, and what each fault adds to it."""

    value: float
    low: float
    high: float
    parts: Mapping[str, float]
    note: str


def combined_rate(rates: Mapping[str, Rate], costs: Mapping[str, Interval]) -> Combined:
    """Return E[loss per 1,000 intents] = 1,000 · Σ λ_f · c_f, both intervals carried through.

    ``rates``: λ per intent; ``costs``: c_f per intent that meets fault f, from forced runs.  What each end of λ, of c
    and of both adds is summed in squares, upwards and downwards apart (variance recovery, Zou & Donner 2008): the two
    come from different data, and neither need be symmetric.  Raises InputError when they do not name the same faults.
    """
    if set(rates) != set(costs):
        odd = sorted(set(rates) ^ set(costs))[0]
        raise InputError("rates and costs", odd, "the same faults in both")
    parts: dict[str, float] = {}
    below = above = 0.0
    for fault in sorted(rates):
        rate, cost = rates[fault], costs[fault]
        parts[fault] = 1000.0 * rate.value * cost.value
        down, up = _reach(rate, cost)
        below, above = below + (1000.0 * down) ** 2, above + (1000.0 * up) ** 2
    total = sum(parts.values())
    notes = sorted({cost.note for cost in costs.values() if cost.note})
    return Combined(total, total - math.sqrt(below), total + math.sqrt(above), parts, "; ".join(notes))


def _reach(rate: Rate, cost: Interval) -> tuple[float, float]:
    """Return how far λ · c reaches below and above its value."""
    rates = (rate.low - rate.value, rate.high - rate.value)
    costs = (cost.low - cost.value, cost.high - cost.value)
    moved = (
        [step * cost.value for step in rates],
        [rate.value * step for step in costs],
        [first * second for first in rates for second in costs],
    )
    down, up = (math.sqrt(sum(edge([0.0, *steps]) ** 2 for steps in moved)) for edge in (min, max))
    return down, up
