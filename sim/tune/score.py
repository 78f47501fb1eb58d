"""Turn the outcomes of a candidate into goals, all to be made small, and constraints, kept at 0 and below (pure)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from sim.statistics import cvar
from sim.tune.runs import Outcome
from sim.tune.space import Safety

GOALS: Final[dict[str, str]] = {
    "loss_bps": "mean loss against the ideal executor, bps of planned notional",
    "loss_cvar95_bps": "mean of the worst twentieth of those losses",
    "naked_excess_quote_s": "naked notional-seconds per intent beyond what the wire forces",
    "missed_bps": "value missed by refusing, bps of planned notional per intent",
}
CONSTRAINTS: Final = ("doubled", "unresolved", "naked", "violations")


@dataclass(frozen=True, kw_only=True)
class Score:
    """Hold the goals of a candidate over some cases, its loss per 1,000 intents (quote) and its unsafe counts."""

    loss_bps: float
    loss_cvar95_bps: float
    naked_excess_quote_s: float
    missed_bps: float
    loss_per_1000_quote: float
    refused_share: float
    intents: int
    doubled: int
    unresolved: int
    naked: int
    violations: int

    @property
    def goals(self) -> tuple[float, ...]:
        """Return the goals in the order of :data:`GOALS`."""
        return tuple(float(getattr(self, name)) for name in GOALS)

    def excess(self, safety: Safety) -> dict[str, int]:
        """Return by how much each count exceeds what is allowed (0 and below: fulfilled)."""
        return {name: getattr(self, name) - getattr(safety, name) for name in CONSTRAINTS}

    @property
    def unsafe(self) -> int:
        """Return how many intents were doubled, never settled or stood naked too long (one may count thrice)."""
        return self.doubled + self.unresolved + self.naked

    def is_safe(self, safety: Safety) -> bool:
        """Tell whether every constraint is fulfilled."""
        return all(value <= 0 for value in self.excess(safety).values())

    def as_dict(self) -> dict[str, float]:
        """Return all fields."""
        return asdict(self)


def score(outcomes: Sequence[Outcome]) -> Score:
    """Add outcomes up; every intent weighs the same."""
    loss = stacked(outcomes, "loss_bps")
    count = len(loss)

    def average(name: str) -> float:
        return float(stacked(outcomes, name).mean()) if count else 0.0

    return Score(
        loss_bps=average("loss_bps"),
        loss_cvar95_bps=cvar(loss) if count else 0.0,
        naked_excess_quote_s=average("naked"),
        missed_bps=average("missed_bps"),
        loss_per_1000_quote=1000.0 * average("loss_quote"),
        refused_share=average("refused"),
        intents=count,
        doubled=sum(one.doubled for one in outcomes),
        unresolved=sum(one.unresolved for one in outcomes),
        naked=sum(one.naked_too_long for one in outcomes),
        violations=sum(one.violations for one in outcomes),
    )


def stacked(outcomes: Sequence[Outcome], name: str) -> np.ndarray:
    """Return one column of all outcomes, as floats."""
    return np.concatenate([np.asarray(getattr(one, name), dtype=float) for one in outcomes] or [np.zeros(0)])


def front(goals: Mapping[int, Sequence[float]]) -> list[int]:
    """Return the keys of the points that no other point beats in one goal without losing in another."""
    return [
        key
        for key, mine in goals.items()
        if not any(_beats(other, mine) for name, other in goals.items() if name != key)
    ]


def _beats(other: Sequence[float], mine: Sequence[float]) -> bool:
    pairs = list(zip(other, mine, strict=True))
    return all(theirs <= own for theirs, own in pairs) and any(theirs < own for theirs, own in pairs)


def is_worse(mine: Sequence[Outcome], best: Sequence[Outcome], p: float) -> bool:
    """Tell whether a candidate may be given up: on the same cases, worse than the best in loss and better in nothing.

    Wilcoxon's signed rank test over cases, one-sided, zeros split, as Optuna's WilcoxonPruner has it; the case is the
    instance.  Nothing but a reason to stop: what is left is never recommended for having lost less often.
    """
    from scipy.stats import wilcoxon

    differences = np.array([a.mean_bps - b.mean_bps for a, b in zip(mine, best, strict=True)])
    if not differences.any():
        return False
    others = zip(score(mine).goals, score(best).goals, strict=True)
    if any(own < theirs for own, theirs in others):
        return False
    found = float(wilcoxon(differences, alternative="greater", zero_method="zsplit").pvalue)
    return math.isfinite(found) and found < p
