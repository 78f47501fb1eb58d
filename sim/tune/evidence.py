"""Ask what a recommendation rests on: the assumptions at which it flips, its regret, and where its gain comes from."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sim.chance import Stream, key_of, mix
from sim.statistics import Interval, paired_mean, sign_table
from sim.tune.cases import Case
from sim.tune.question import Policy, Question, Values
from sim.tune.runs import Outcome
from sim.tune.score import Score, score, stacked
from sim.tune.space import Assumed

GRID = 5
HALVINGS = 5
CORNERS = 8


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Hold the recommendation beside the baseline on one side of the split; differences are rec. - baseline.

    ``dates``: (UTC day number, intents, mean difference in bps, sign); "-" is a day on which it lost less.
    """

    recommended: Score
    baseline: Score
    difference: Interval
    dates: tuple[tuple[int, int, float, str], ...]

    @property
    def better_dates(self) -> int:
        """Count the days on which it lost less."""
        return sum(sign == "-" for *_, sign in self.dates)


@dataclass(frozen=True, kw_only=True)
class Flip:
    """Hold the gain over the range of one assumed parameter (bps per intent, positive: the recommendation is ahead).

    ``flips_at``: where it first changes sign, counted away from ``base``; empty when it does nowhere.
    """

    name: str
    low: float
    high: float
    base: float
    gains: tuple[tuple[float, float], ...]
    flips_at: tuple[float, ...]
    inert: bool

    @property
    def text(self) -> str:
        """Say it in words."""
        if self.inert:
            return f"does not flip in [{self.low:g}, {self.high:g}]: the gain does not depend on it"
        if not self.flips_at:
            return f"does not flip in [{self.low:g}, {self.high:g}]"
        return "flips at " + " and ".join(f"{value:.4g}" for value in self.flips_at)


@dataclass(frozen=True, kw_only=True)
class Regret:
    """Hold the worst of the declared box: there the recommendation loses ``regret_bps`` more than ``best``."""

    regret_bps: float
    at: dict[str, float]
    best: str
    points: int


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Split the gain (bps per intent) by what it comes from; the three add up to ``gain_bps``."""

    gain_bps: float
    tape_bps: float
    shock_bps: float
    assumption_bps: float


def verdict(mine: Sequence[Outcome], rival: Sequence[Outcome], seeds: Sequence[int]) -> Verdict:
    """Pair two policies on the same cases, intent by intent; ``seeds`` are those of the cases."""
    import numpy as np

    ours, theirs = stacked(mine, "loss_bps"), stacked(rival, "loss_bps")
    dates = stacked(mine, "date").astype(int)
    labels = np.repeat(np.array(seeds), [len(one.date) for one in mine])
    signs = sign_table(theirs, ours, dates)
    return Verdict(
        recommended=score(mine),
        baseline=score(rival),
        difference=paired_mean(theirs, ours, dates, labels),
        dates=tuple((one.date, one.n, one.mean_difference, one.sign) for one in signs),
    )


def compare(
    question: Question, policy: Policy, cases: Sequence[Case], rival: Policy | None = None
) -> Verdict:
    """Run a policy and another one (None: the baseline) on cases and pair them."""
    mine, other = question.outcomes(policy, cases), question.outcomes(rival or question.rival, cases)
    return verdict(mine, other, [case.seed for case in cases])


def gain_bps(
    question: Question,
    policy: Policy,
    cases: Sequence[Case],
    assumed: Values | None = None,
    without: tuple[str, ...] = (),
) -> float:
    """Return by how much less a policy loses than the baseline, per intent."""
    mine = score(question.outcomes(policy, cases, assumed, without)).loss_bps
    return score(question.outcomes(question.rival, cases, assumed, without)).loss_bps - mine


def flips(question: Question, policy: Policy, cases: Sequence[Case]) -> list[Flip]:
    """Find where each assumed parameter, alone, turns the gain around; all on the same paired runs."""
    return [
        _flip(name, one, lambda value, key=name: gain_bps(question, policy, cases, {key: value}))  # type: ignore[misc]
        for name, one in question.space.assumed.items()
    ]


def _flip(name: str, one: Assumed, gain: Callable[[float], float]) -> Flip:
    steps = [one.low + (one.high - one.low) * step / (GRID - 1) for step in range(GRID)]
    places = sorted({*steps, one.base})
    gains = {place: gain(place) for place in places}
    at_base = gains[one.base] > 0.0
    found = []
    for side in (
        [place for place in reversed(places) if place <= one.base],
        [place for place in places if place >= one.base],
    ):
        for near, far in itertools.pairwise(side):
            if (gains[far] > 0.0) != at_base:
                found.append(_between(near, far, at_base, gain))
                break
    return Flip(
        name=name,
        low=one.low,
        high=one.high,
        base=one.base,
        gains=tuple(gains.items()),
        flips_at=tuple(found),
        inert=len(set(gains.values())) == 1,
    )


def _between(near: float, far: float, at_base: bool, gain: Callable[[float], float]) -> float:
    """Halve the stretch on which the sign changes."""
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        near, far = (middle, far) if (gain(middle) > 0.0) == at_base else (near, middle)
    return (near + far) / 2


def box_points(assumed: dict[str, Assumed]) -> list[dict[str, float]]:
    """Return the corners of the box of assumptions, or as many drawn points of it when there are more corners."""
    if 2 ** len(assumed) <= CORNERS:
        corners = itertools.product(*((one.low, one.high) for one in assumed.values()))
        return [dict(zip(assumed, corner, strict=True)) for corner in corners]
    chance = Stream(0, "tune.box")
    return [
        {
            name: one.low + (one.high - one.low) * chance.uniform(mix(number, key_of(name)))
            for name, one in assumed.items()
        }
        for number in range(CORNERS)
    ]


def regret(
    question: Question, policy: Policy, rivals: dict[str, Policy], cases: Sequence[Case]
) -> Regret | None:
    """Return the largest loss over the box beyond that of the best of ``rivals`` there; None without assumptions."""
    if not question.space.assumed:
        return None
    points = box_points(dict(question.space.assumed))
    worst: Regret | None = None
    for point in points:
        own = question.score(policy, cases, point).loss_bps
        losses = {name: question.score(one, cases, point).loss_bps for name, one in rivals.items()}
        best = min(losses, key=lambda name: (losses[name], name))
        found = max(0.0, own - losses[best])
        if worst is None or found > worst.regret_bps:
            worst = Regret(
                regret_bps=found, at=point, best=best if found else "the recommendation", points=len(points)
            )
    return worst


def shares(question: Question, policy: Policy, cases: Sequence[Case]) -> Shares:
    """Split the gain: what remains on the bare tape, what declared shocks add, what faults (assumed) add."""
    whole = gain_bps(question, policy, cases)
    shocked = gain_bps(question, policy, cases, without=("faults",))
    bare = gain_bps(question, policy, cases, without=("faults", "shocks"))
    return Shares(gain_bps=whole, tape_bps=bare, shock_bps=shocked - bare, assumption_bps=whole - shocked)
