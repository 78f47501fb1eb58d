"""Run a few seeds of two policies to learn how many a comparison needs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sim import statistics
from sim.errors import InputError, SimError, unknown_name
from sim.experiment.prepare import load_market_of
from sim.experiment.rows import run_rows
from sim.metrics import COLUMNS
from sim.scenario import load_policy_named, load_scenario, split_overrides

Array = np.ndarray[Any, Any]

SHOWN: Final = (
    "result_quote",
    "loss_against_ideal_quote",
    "slippage_fill_bps",
    "naked_s",
    "naked_excess_notional_s",
    "requests",
)
"""Columns whose gain from pairing is always measured."""


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """Hold what pairing does to one column: how often less a variance, and what leans together within a seed."""

    metric: str
    difference: float
    variance_ratio: float
    intraclass: float


@dataclass(frozen=True, kw_only=True)
class Pilot:
    """Hold what a pilot says about the comparison of two policies.

    ``seeds_needed`` stands on the measured deviation of a seed's part in the difference, ``seeds_careful`` on its upper
    80 % bound: a plan on the former misses its power every other time.  ``seeds_unpaired`` is what two policies on
    seeds of their own would need, each.  ``smallest`` is the effect that the pilot itself had the power to see.
    """

    scenario: str
    policies: tuple[str, str]
    metric: str
    effect: float
    power: float
    confidence: float
    seeds: int
    intents: int
    interval: statistics.Interval
    deviation: float
    seeds_needed: int
    seeds_careful: int
    seeds_unpaired: int
    smallest: float
    pairings: tuple[Pairing, ...]


def run_pilot(
    scenario: str,
    policies: Sequence[str],
    *,
    metric: str,
    effect: float,
    seeds: Sequence[int],
    power: float = 0.8,
    confidence: float = 0.95,
    intents: int | None = None,
    overrides: Sequence[str] = (),
    progress: Callable[[str, int, int], None] | None = None,
) -> Pilot:
    """Run both policies on ``seeds`` and return how many seeds it takes to see ``effect`` in the mean of ``metric``.

    ``metric`` is a column of the intents that holds a number, ``effect`` in its unit per intent.  A seed is the
    cluster: more of them are what a plan can ask for, more dates are not.  ``progress(label, done, total)`` is
    called after each run.  Raises InputError on anything but two policies, an unknown column or fewer than five
    seeds, and SimError where the column has no value.
    """
    numbers = [name for name, about in COLUMNS["intents"].items() if about.startswith(("float64", "int64"))]
    if metric not in numbers:
        raise unknown_name("--metric", metric, "a number of each intent", numbers)
    if len(policies) != 2:
        raise InputError("--policies", ",".join(policies), "two policies, separated by a comma")
    if len(seeds) < 5:
        raise InputError("--seeds", len(seeds), "at least 5: fewer say nothing of their spread")
    statistics.required_clusters(effect, 1.0, power=power, confidence=confidence)
    names, left, right = _rows_of(scenario, policies, metric, seeds, intents, overrides, progress)
    pairings = tuple(_pairing(left, right, column) for column in dict.fromkeys((metric, *SHOWN)))
    difference = right[metric] - left[metric]
    known = ~np.isnan(difference)
    if not known.any():
        raise SimError(f"{metric} has no value in the {len(seeds)} runs of {scenario}")
    labels = left["seed"][known]
    deviation = statistics.cluster_deviation(difference[known], labels)
    careful = statistics.careful_deviation(deviation, len(seeds))
    apart = [statistics.cluster_deviation(side[metric][known], labels) for side in (left, right)]

    def needed(spread: float) -> int:
        return statistics.required_clusters(effect, spread, power=power, confidence=confidence).clusters

    return Pilot(
        scenario=names[0],
        policies=(names[1], names[2]),
        metric=metric,
        effect=effect,
        power=power,
        confidence=confidence,
        seeds=len(seeds),
        intents=int(known.sum()),
        interval=statistics.paired_mean(
            left[metric], right[metric], left["date"], left["seed"], confidence=confidence
        ),
        deviation=deviation,
        seeds_needed=needed(deviation),
        seeds_careful=needed(careful),
        seeds_unpaired=needed(math.hypot(*apart)),
        smallest=statistics.smallest_effect(len(seeds), deviation, power=power, confidence=confidence),
        pairings=pairings,
    )


def _rows_of(
    scenario: str,
    policies: Sequence[str],
    metric: str,
    seeds: Sequence[int],
    intents: int | None,
    overrides: Sequence[str],
    progress: Callable[[str, int, int], None] | None,
) -> tuple[tuple[str, str, str], dict[str, Array], dict[str, Array]]:
    to_scenario, to_policy = split_overrides(overrides)
    loaded = load_scenario(scenario, to_scenario)
    named = [load_policy_named(policy, to_policy) for policy in policies]
    if named[0].name == named[1].name:
        raise InputError("--policies", named[1].name, "each policy once")
    market = load_market_of(loaded)
    columns = ("date", "seed", *dict.fromkeys((metric, *SHOWN)))
    sides = []
    for place, policy in enumerate(named):
        parts = []
        for done, seed in enumerate(seeds, start=1):
            rows = run_rows(loaded, policy, seed=seed, market=market, intents=intents).intents
            parts.append({name: np.asarray(rows[name], dtype=float) for name in columns})
            if progress is not None:
                progress(policy.name, place * len(seeds) + done, 2 * len(seeds))
        sides.append({name: np.concatenate([part[name] for part in parts]) for name in columns})
    return (loaded.name, named[0].name, named[1].name), sides[0], sides[1]


def _pairing(left: dict[str, Array], right: dict[str, Array], column: str) -> Pairing:
    difference = right[column] - left[column]
    known = ~np.isnan(difference)
    return Pairing(
        metric=column,
        difference=float(difference[known].mean()) if known.any() else float("nan"),
        variance_ratio=statistics.variance_ratio(
            left[column], right[column], np.zeros(len(known)), left["seed"]
        ),
        intraclass=statistics.intraclass(difference, left["seed"]),
    )
