"""Tune a policy: search, probe, judge once on what the search never saw, and say what the answer rests on."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sim.errors import InputError
from sim.experiment.fingerprint import code_sha256
from sim.scenario import load_policy_named
from sim.statistics import mean
from sim.tune.cases import Case, Split, days_of, split
from sim.tune.choose import Choice, Sensitivity, centre, choose, pareto, sensitivities
from sim.tune.edge import Edge, refuse_measured_edge, refuse_without_edge, unidentified
from sim.tune.evidence import Flip, Regret, Shares, Verdict, compare, flips, regret, shares
from sim.tune.question import Policy, Question, places_of
from sim.tune.runs import Outcome, bench, round_trip_fees_bps
from sim.tune.score import Score, stacked
from sim.tune.search import Point, Study, Trial, finished, importances, open_study, search, study_name
from sim.tune.space import LoadedSpace, load_space

Told = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""

MOST_RIVALS = 2
"""So many other points of the front are asked for regret."""


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """Hold the recommended point and all that speaks for and against it."""

    choice: Choice
    search: Verdict
    hold_out: Verdict
    untuned: Verdict
    """On the held-out side against the base policy as it was: what tuning itself brought."""
    look: int
    after: list[Sensitivity]
    flips: list[Flip]
    regret: Regret | None
    shares: Shares


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """Hold the answer.  ``recommendation`` is None when no trial was safe; ``study`` names it in ``storage``."""

    scenarios: tuple[str, ...]
    space: LoadedSpace
    split: Split
    edge: Edge | None
    baseline: str
    baseline_score: Score
    study: str
    storage: str
    code_sha256: str
    trials: list[Trial]
    front: list[Trial]
    choices: list[Choice]
    before: list[Sensitivity]
    importances: dict[str, float]
    recommendation: Recommendation | None
    looks: int
    command: str


def tune(
    scenarios: Sequence[str],
    space_file: str,
    *,
    trials: int,
    storage: str,
    seeds: int = 16,
    baseline: str = "d7",
    jobs: int = 1,
    edge: Edge | None = None,
    told: Told | None = None,
) -> Tuning:
    """Search ``space_file`` over ``scenarios`` until the study in ``storage`` holds ``trials`` finished trials.

    ``seeds`` runs of each scenario make a full evaluation.  The same question finds its study again and goes on; the
    answer does not depend on ``jobs``.  Raises InputError for what cannot be used, and for a key that the intents do
    not identify.
    """
    space = load_space(space_file)
    if seeds < space.space.race.first:
        raise InputError("--seeds", seeds, f"at least race.first={space.space.race.first}")
    load_policy_named(space.space.base)
    load_policy_named(baseline)
    days = [days_of(word, space.space.set, space.space.dates.klines) for word in scenarios]
    signals = all(one.loaded.scenario.workload.signals is not None for one in days)
    fees_bps = max(round_trip_fees_bps(one.loaded) for one in days)
    refuse_without_edge(space.space.knobs, space.path, edge, signals, fees_bps)
    applies = places_of(space, days)
    divided = split(days, space.space.dates, seeds)
    code = code_sha256()
    name = study_name(
        space.sha256,
        [one.loaded.sha256 for one in days],
        load_policy_named(space.space.base).sha256,
        seeds,
        edge,
        code,
    )
    held = study_name([[one.word, divided.dates[place][1]] for place, one in enumerate(days)])
    study = open_study(name, storage, space.space, held)
    stage = _Stage(told)
    with bench(jobs, stage.ran) as runs:
        question = Question(
            loaded=space, split=divided, edge=edge, baseline=baseline, bench=runs, applies=applies
        )
        if edge is None and unidentified(space.space.knobs):
            _measure_edge(question)
        command = _command(scenarios, space, trials, storage, seeds, baseline, edge)
        return _answered(question, study, trials, code, stage, command)


def _answered(
    question: Question, study: Study, trials: int, code: str, stage: _Stage, command: str
) -> Tuning:
    cases, space = question.split.search, question.space
    start = question.start
    stage.begin("sensitivity before", 0)
    before = sensitivities(
        space, start or centre(space), lambda point: question.score(question.tuned(point), few_of(question))
    )

    def evaluate(point: Point, from_case: int, to_case: int) -> list[Outcome]:
        return question.outcomes(question.tuned(point), _of_all(cases, question, from_case, to_case))

    search(study, trials, start, rounds_of(question), evaluate, stage.trial)
    made = finished(study)[:trials]
    stage.begin("plateau", 0)
    choices = choose(made, space, lambda point: question.score(question.tuned(point), cases))
    recommendation = _recommended(question, study, choices, made, stage) if choices else None
    return Tuning(
        scenarios=tuple(one.word for one in question.split.scenarios),
        space=question.loaded,
        split=question.split,
        edge=question.edge,
        baseline=question.baseline,
        baseline_score=question.score(question.rival, cases),
        study=study.name,
        storage=study.storage_text,
        code_sha256=code,
        trials=made,
        front=pareto(made),
        choices=choices,
        before=before,
        importances=importances(study),
        recommendation=recommendation,
        looks=study.looks,
        command=command,
    )


def rounds_of(question: Question) -> int:
    """Return how many runs of each scenario a full evaluation has."""
    return len(question.split.search) // len(question.split.scenarios)


def few_of(question: Question) -> Sequence[Case]:
    """Return a quarter of the search's runs, at least three of each scenario: enough to see which knobs matter."""
    return _of_all(question.split.search, question, 0, max(3, rounds_of(question) // 4))


def _of_all(cases: Sequence[Case], question: Question, from_run: int, to_run: int) -> Sequence[Case]:
    """Return runs ``from_run`` to ``to_run`` of every scenario: cases are sorted by seed, scenarios inside."""
    each = len(question.split.scenarios)
    return cases[from_run * each : to_run * each]


def _recommended(
    question: Question, study: Study, choices: Sequence[Choice], made: Sequence[Trial], stage: _Stage
) -> Recommendation:
    best, cases = choices[0], question.split.search
    policy = question.tuned(best.point)
    stage.begin("evidence", 0)
    others = [trial for trial in pareto(made) if trial.point != best.point][:MOST_RIVALS]
    rivals: dict[str, Policy] = {question.baseline: question.rival}
    rivals |= {f"trial {trial.number}": question.tuned(trial.point) for trial in others}
    found = {
        "after": sensitivities(
            question.space, best.point, lambda point: question.score(question.tuned(point), few_of(question))
        ),
        "flips": flips(question, policy, cases),
        "regret": regret(question, policy, rivals, cases),
        "shares": shares(question, policy, cases),
        "search": compare(question, policy, cases),
    }
    stage.begin("held-out data", 0)
    look, unseen = study.look(), question.split.hold_out
    return Recommendation(
        choice=best,
        look=look,
        hold_out=compare(question, policy, unseen),
        untuned=compare(question, policy, unseen, Policy(word=question.space.base)),
        **found,  # type: ignore[arg-type]
    )


def _measure_edge(question: Question) -> None:
    """Refuse the keys that need an edge when the signals' own, ideally executed, is not above zero."""
    cases = question.split.search
    outcomes = question.outcomes(question.rival, cases)
    labels = np.repeat([case.seed for case in cases], [len(one.date) for one in outcomes])
    earned = mean(stacked(outcomes, "ideal_bps"), stacked(outcomes, "date"), labels)
    refuse_measured_edge(question.space.knobs, question.loaded.path, earned.value, earned.low, earned.high)


def _command(
    scenarios: Sequence[str],
    space: LoadedSpace,
    trials: int,
    storage: str,
    seeds: int,
    baseline: str,
    edge: Edge | None,
) -> str:
    words = ["sim", "tune", *scenarios, "--space", space.path, "--trials", str(trials), "--storage", storage]
    words += ["--seeds", str(seeds), "--baseline", baseline]
    if edge is not None:
        words += ["--edge-bps", f"{edge.bps:g}", "--half-life-s", f"{edge.half_life_s:g}"]
    return shlex.join(words)


class _Stage:
    """Tell how far the work has come; outside the search the number of runs is not known before."""

    def __init__(self, told: Told | None) -> None:
        self._told = told
        self._name = ""
        self._done = 0
        self._of = 0

    def begin(self, name: str, of: int) -> None:
        self._name, self._of = name, of
        self._tell(0)

    def trial(self, done: int, of: int) -> None:
        self._name, self._done, self._of = f"trial {min(done + 1, of)} of {of}", done, of

    def ran(self, runs: int) -> None:
        self._tell(runs)

    def _tell(self, runs: int) -> None:
        if self._told is not None:
            self._told(f"{self._name}, run {runs}", self._done, max(self._of, 1))
