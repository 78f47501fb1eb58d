"""Judge a deployment by the seed document's four numbers before and after it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from sim.calibrate.logs.document import Measured, document_numbers
from sim.calibrate.logs.tally import CELLS_PER, ENOUGH, Tally
from sim.metrics.document_tables import SEED_METRICS
from sim.statistics import CONDITIONAL

BETTER_IS: Final = {SEED_METRICS[0]: 1, SEED_METRICS[1]: 1, SEED_METRICS[2]: 0, SEED_METRICS[3]: -1}
"""+1: more is better.  More rejections may be the market's doing or the limit's, so they are shown and never judged."""
_JUDGED: Final = sum(1 for sign in BETTER_IS.values() if sign)
_ALL: Final = 0.95

Word = Literal["better", "worse", "no worse", "open", "not judged"]


@dataclass(frozen=True, slots=True)
class Moved:
    """Hold one number before and after, with the interval of the difference at which it is judged."""

    before: Measured
    after: Measured
    difference: float
    low: float
    high: float
    word: Word


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Hold the comparison.  ``decision``: keep, roll back or wait; ``rule`` says when to roll back, ``next_look`` when
    to look again.
    """

    unit: str
    clusters: tuple[int, int]
    confidence: float
    moved: list[Moved]
    decision: Literal["keep", "roll back", "wait"]
    verdict: str
    rule: str
    note: str


def judge_deployment(before: Tally, after: Tally, *, margin: float = 0.02) -> Deployment:
    """Compare two logs.  ``margin``: by how much a share may fall, or attempts per order rise tenfold, unpunished.

    Intervals are over days where both logs have ten, else hours, else stretches of ten minutes; those of the three
    numbers judged hold together at 95 % (Bonferroni), and differences by variance recovery (Newcombe's method 10).
    """
    unit = _unit(before, after)
    confidence = 1.0 - (1.0 - _ALL) / _JUDGED
    moved = [
        _moved(old, new, margin)
        for old, new in zip(
            document_numbers(before, unit=unit, confidence=confidence),
            document_numbers(after, unit=unit, confidence=confidence),
            strict=True,
        )
    ]
    clusters = (_stretches(before, unit), _stretches(after, unit))
    worse = [one for one in moved if one.word == "worse"]
    better = [one for one in moved if one.word == "better"]
    open_ = [one for one in moved if one.word == "open"]
    decision: Literal["keep", "roll back", "wait"] = "roll back" if worse else "wait" if open_ else "keep"
    rule = (
        f"Roll back when Retry Success Rate or -2021 Error Recovery Rate is shown to have fallen by more than "
        f"{margin:.0%}, or Average Retry Count to have risen by more than {10 * margin:g}: its whole "
        f"{confidence:.1%} interval beyond that. A harmless deployment is then rolled back at most once in "
        f"{round(1 / (1 - _ALL))} looks."
    )
    return Deployment(
        unit=unit,
        clusters=clusters,
        confidence=confidence,
        moved=moved,
        decision=decision,
        verdict=_verdict(decision, worse, better, open_, margin, clusters[1], unit),
        rule=rule,
        note=CONDITIONAL if min(clusters) < ENOUGH else "",
    )


def _unit(before: Tally, after: Tally) -> str:
    for name in CELLS_PER:
        if min(_stretches(before, name), _stretches(after, name)) >= ENOUGH:
            return name
    return "ten minutes"


def _stretches(tally: Tally, unit: str) -> int:
    return len({cell // CELLS_PER[unit] for cell in tally.cells})


def _moved(old: Measured, new: Measured, margin: float) -> Moved:
    difference = new.value - old.value
    low = difference - math.hypot(new.value - new.low, old.high - old.value)
    high = difference + math.hypot(new.high - new.value, old.value - old.low)
    sign = BETTER_IS[old.metric]
    allowed = margin if old.unit == "share" else 10.0 * margin
    worst, best = (low, high) if sign > 0 else (-high, -low)
    word: Word = "open"
    if not sign:
        word = "not judged"
    elif not old.n and not new.n:
        word = "no worse"
    elif best < -allowed:
        word = "worse"
    elif worst > 0.0:
        word = "better"
    elif worst > -allowed:
        word = "no worse"
    return Moved(old, new, difference, low, high, word)


def _verdict(
    decision: str,
    worse: list[Moved],
    better: list[Moved],
    open_: list[Moved],
    margin: float,
    clusters: int,
    unit: str,
) -> str:
    if worse:
        return f"Roll back: {', '.join(map(_said, worse))}."
    gains = f"{', '.join(map(_said, better))}" if better else ""
    if decision == "keep":
        return f"Keep: {gains or f'nothing fell by more than {margin:.0%}'}."
    names = " and ".join(one.after.metric for one in open_)
    more = max((_times_longer(one, margin) for one in open_), default=math.inf)
    when = "too little has been counted to say when"
    if math.isfinite(more):
        cells = math.ceil(clusters * more) * CELLS_PER[unit]
        when = f"about {math.ceil(cells / CELLS_PER['hour']):,} hours after the deployment will tell"
    start = f"{gains}, but " if gains else ""
    return f"Wait: {start}{names} may still have become worse by more than the margin; {when}."


def _said(moved: Moved) -> str:
    verb = "rose" if moved.difference > 0 else "fell"
    if moved.after.unit == "share":
        return f"{moved.after.metric} {verb} from {moved.before.value:.1%} to {moved.after.value:.1%}"
    return f"{moved.after.metric} {verb} from {moved.before.value:.2f} to {moved.after.value:.2f}"


def _times_longer(moved: Moved, margin: float) -> float:
    """Return how many times as many stretches after the deployment would make its interval half the margin wide."""
    half = (moved.high - moved.low) / 2
    allowed = margin if moved.after.unit == "share" else 10.0 * margin
    return max(1.0, (half / allowed) ** 2) if allowed > 0.0 and math.isfinite(half) else math.inf
