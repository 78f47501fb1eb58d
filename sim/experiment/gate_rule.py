"""Decide whether a metric got worse: significantly, by more than its tolerance, or in a way that needs no test (pure).

Ratios of sums over clusters, by the linearised residual of each cluster.  On the same seeds the clusters are paired;
on other seeds they are two samples (Welch).  The level of each test is the share of false alarms that the whole gate
may have, divided by the number of tests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from scipy.special import stdtr

from sim.experiment.gate_sums import GATED, Sums, aligned
from sim.metrics import HEADLINES

Array = np.ndarray[Any, Any]
Direction = Literal["lower is better", "higher is better", "either way"]

ALARMS: Final = 0.01
"""The share of false alarms that all tests of a gate may have together."""

ENOUGH_CLUSTERS: Final = 5
UNTESTED: Final = 0.05
"""What a metric may get worse by, relatively, where fewer clusters allow no test."""

_DIRECTIONS: Final[dict[str, Direction]] = {
    "lower": "lower is better",
    "higher": "higher is better",
    "either": "either way",
}


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """State what became of one metric under one policy.

    ``worse``: by how much it got worse, in its own unit (negative: better).  ``p``: NaN where nothing could be tested.
    ``reason``: why it trips the gate, "" where it does not.
    """

    policy: str
    metric: str
    expected: float
    got: float
    worse: float
    tolerance: float
    p: float
    level: float
    clusters: int
    reason: str

    @property
    def trips(self) -> bool:
        """Tell whether this alone fails the gate."""
        return bool(self.reason)


def direction_of(metric: str) -> Direction:
    """Return which way a headline number gets better; a number nobody knows any more may not move at all."""
    return _DIRECTIONS[HEADLINES[metric][0]] if metric in HEADLINES else "either way"


def ratio_change(
    old: Array, old_of: Array, new: Array, new_of: Array, *, paired: bool
) -> tuple[Array, Array, Array]:
    """Return (change of the ratio, its standard error, degrees of freedom); clusters along the last axis.

    ``paired``: element for element the same cluster.  NaN where a ratio is not defined.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (_residuals(sums, of) for sums, of in ((old, old_of), (new, new_of)))
        change = second[0] - first[0]
        if paired:
            count = old.shape[-1]
            error = np.std(second[1] - first[1], axis=-1, ddof=1) / math.sqrt(count)
            return change, error, np.full(np.shape(change), count - 1.0)
        parts = [np.var(residual, axis=-1, ddof=1) / residual.shape[-1] for residual in (first[1], second[1])]
        total = parts[0] + parts[1]
        freedom = total**2 / (parts[0] ** 2 / (old.shape[-1] - 1) + parts[1] ** 2 / (new.shape[-1] - 1))
        return change, np.sqrt(total), freedom


def _residuals(sums: Array, of: Array) -> tuple[Array, Array]:
    ratio = np.sum(sums, axis=-1) / np.sum(of, axis=-1)
    each = np.mean(of, axis=-1)
    return ratio, (sums - ratio[..., None] * of) / each[..., None]


def p_of_worse(change: Array, error: Array, freedom: Array, direction: Direction) -> Array:
    """Return the chance of a change for the worse as large as this one, were there none; two-sided for either way."""
    worse = np.abs(change) if direction == "either way" else change
    worse = -worse if direction == "higher is better" else worse
    with np.errstate(divide="ignore", invalid="ignore"):
        # No spread at all: each cluster moved alike, which is certain, or none did.
        score = np.where(
            error > 0, worse / error, np.where(worse > 0, np.inf, np.where(worse < 0, -np.inf, 0.0))
        )
        tail = np.where(
            np.isinf(score),
            np.where(score > 0, 0.0, 1.0),
            stdtr(np.maximum(np.nan_to_num(freedom, nan=1.0), 1.0), -score),
        )
    return np.asarray(np.minimum(1.0, 2 * tail) if direction == "either way" else tail)


def judge(policy: str, old: Sums, new: Sums, *, paired: bool, level: float) -> list[Judgement]:
    """Judge every metric of the gate; one that is not defined on both sides is left out.

    ``level``: the p below which a change counts.
    """
    if paired:
        old, new = aligned(old, new)
    clusters = min(len(old.keys), len(new.keys))
    found = []
    for metric, spec in GATED.items():
        sides = [
            side[name] for given in (old, new) for side, name in ((given.sums, metric), (given.of, spec.of))
        ]
        if not len(sides[0]) or not len(sides[2]) or not sides[1].sum() or not sides[3].sum():
            continue
        expected, got = float(sides[0].sum() / sides[1].sum()), float(sides[2].sum() / sides[3].sum())
        direction = direction_of(metric)
        change = got - expected
        worse = {"lower is better": change, "higher is better": -change, "either way": abs(change)}[direction]
        tested = clusters >= ENOUGH_CLUSTERS
        p = math.nan
        if tested:
            p = float(p_of_worse(*ratio_change(*sides, paired=paired), direction))
        tolerance = max(spec.absolute, (spec.relative if tested else UNTESTED) * abs(expected))
        reason = ""
        if paired and spec.critical and sides[0].sum() == 0 < sides[2].sum():
            reason = f"critical: {sides[2].sum():g} where there was none, on the same seeds"
        elif worse > tolerance and not math.isclose(worse, tolerance, rel_tol=1e-9):
            reason = _reason(paired=paired, tested=tested, p=p, level=level, critical=spec.critical)
        found.append(
            Judgement(
                policy=policy,
                metric=metric,
                expected=expected,
                got=got,
                worse=worse,
                tolerance=tolerance,
                p=p,
                level=level,
                clusters=clusters,
                reason=reason,
            )
        )
    return found


def _reason(*, paired: bool, tested: bool, p: float, level: float, critical: bool) -> str:
    word = "critical: " if critical else ""
    if tested:
        return (
            f"{word}worse beyond its tolerance, and not by chance (p {p:.1g} < {level:.1g})"
            if p < level
            else ""
        )
    # Other seeds differ by chance, and with nothing to tell how much, nothing can be said.
    return f"{word}worse beyond its tolerance; too few clusters to tell chance apart" if paired else ""
