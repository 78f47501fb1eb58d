"""Search a space with Optuna: one sampler that is asked trial by trial, runs in parallel inside a trial.

The sampler of a trial is made anew from the study's seed and the trial's number, and sees the finished trials before
it: a search that was stopped and taken up again, or that runs on more processes, asks for the same values.  A trial
that was under way when the process ended is made again from its stored values.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sim.chance import key_of, mix
from sim.errors import InputError
from sim.tune.runs import Outcome
from sim.tune.score import GOALS, Score, is_worse, score
from sim.tune.space import Knob, Space, Value

if TYPE_CHECKING:
    import optuna

STATES: Final = ("complete", "unsafe", "pruned")
Point = Mapping[str, Value]
Evaluate = Callable[[Point, int, int], list[Outcome]]
"""Called with (point, from case, to case)."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Hold a finished trial.  ``state``: "complete", "unsafe" or "pruned"; ``cases`` it was evaluated on."""

    number: int
    point: dict[str, Value]
    state: str
    cases: int
    score: Score


@dataclass
class Study:
    """Hold an opened study: its trials are in ``storage``, its name is the digest of the question."""

    name: str
    storage_text: str
    held: str
    seed: int
    inner: optuna.Study
    space: Space

    @property
    def looks(self) -> int:
        """Return how often this held-out data has been looked at, by all studies of this storage."""
        import optuna

        kept = optuna.study.get_all_study_summaries(self.inner._storage)
        return sum(
            int(one.user_attrs.get("looks", 0)) for one in kept if one.user_attrs.get("held") == self.held
        )

    def look(self) -> int:
        """Count one look at held-out data, before it is taken, and return the count."""
        self.inner.set_user_attr("looks", int(self.inner.user_attrs.get("looks", 0)) + 1)
        return self.looks


def study_name(*parts: object) -> str:
    """Return the name under which the answer to one question is stored."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return "tune-" + hashlib.sha256(text.encode()).hexdigest()[:16]


def open_study(name: str, storage: str, space: Space, held: str) -> Study:
    """Open or create a study in a journal file, or in the database of a URL; ``held`` names its held-out data.

    Raises InputError for a storage that cannot be used, and without Optuna.
    """
    try:
        import optuna
    except ImportError as error:
        raise InputError(
            "sim tune", "no optuna", 'the tune extra: pip install "execution-sim[tune]"'
        ) from error
    from optuna.storages import BaseStorage, JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    kept: BaseStorage
    try:
        if "://" in storage:
            kept = RDBStorage(storage)
        else:
            Path(storage).parent.mkdir(parents=True, exist_ok=True)
            kept = JournalStorage(JournalFileBackend(storage))
        inner = optuna.create_study(
            study_name=name, storage=kept, load_if_exists=True, directions=["minimize"] * len(GOALS)
        )
    except Exception as error:  # each database library has errors of its own
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError("--storage", storage, f"a file, or the URL of a database ({reason})") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inner.set_metric_names(list(GOALS))
    inner.set_user_attr("held", held)
    return Study(name=name, storage_text=storage, held=held, seed=mix(key_of(name)), inner=inner, space=space)


def search(study: Study, trials: int, start: Point, cases: int, evaluate: Evaluate, told: Any = None) -> None:
    """Make trials until the study holds ``trials`` finished ones.  The first is the base policy's point ``start``."""
    from optuna.trial import TrialState

    while True:
        known = study.inner.get_trials(deepcopy=False)
        done = sum(one.state in (TrialState.COMPLETE, TrialState.PRUNED) for one in known)
        if told is not None:
            told(done, trials)
        if done >= trials:
            return
        _one(study, start, cases, evaluate)


def _one(study: Study, start: Point, cases: int, evaluate: Evaluate) -> None:
    import optuna
    from optuna.trial import TrialState

    running = [one for one in study.inner.get_trials(deepcopy=False) if one.state == TrialState.RUNNING]
    trial_id = (
        running[0]._trial_id if running else study.inner._storage.create_new_trial(study.inner._study_id)
    )
    number = study.inner._storage.get_trial_number_from_id(trial_id)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study.inner.sampler = optuna.samplers.TPESampler(
            seed=mix(study.seed, number) & 0xFFFF_FFFF, multivariate=True, n_startup_trials=10
        )
        if number == 0 and start:
            study.inner._storage.set_trial_system_attr(trial_id, "fixed_params", dict(start))
        trial = optuna.trial.Trial(study.inner, trial_id)
        point = {name: _suggest(trial, name, knob) for name, knob in study.space.knobs.items()}
    state, outcomes = _race(study, number, point, cases, evaluate)
    found = score(outcomes)
    trial.set_user_attr("state", state)
    trial.set_user_attr("cases", len(outcomes))
    trial.set_user_attr("score", found.as_dict())
    for name, value in found.excess(study.space.safety).items():
        trial.set_constraint(name, float(value))
    if state == "pruned":
        study.inner.tell(trial, state=TrialState.PRUNED)
    else:
        study.inner.tell(trial, list(found.goals))


def _suggest(trial: Any, name: str, knob: Knob) -> Value:
    from sim.execution.policy_keys import KEYS

    if knob.choices is not None:
        value: Value = trial.suggest_categorical(name, knob.choices)
    elif KEYS[name].kind == "integer":
        step = int(knob.step or 1)
        value = trial.suggest_int(name, int(knob.low or 0), int(knob.high or 0), step=step, log=knob.log)
    else:
        value = trial.suggest_float(name, knob.low, knob.high, step=knob.step, log=knob.log)
    return value


def _race(
    study: Study, number: int, point: Point, cases: int, evaluate: Evaluate
) -> tuple[str, list[Outcome]]:
    """Evaluate in rounds that grow twofold; stop when a constraint is broken for good, or the best is well ahead."""
    outcomes: list[Outcome] = []
    done, upto = 0, min(cases, study.space.race.first)
    best = _best_before(study, number, cases, evaluate)
    while True:
        outcomes += evaluate(point, done, upto)
        done = upto
        if not score(outcomes).is_safe(study.space.safety):
            return "unsafe", outcomes
        if done >= cases:
            return "complete", outcomes
        # A case may be several runs, one for each scenario.
        if best is not None and is_worse(outcomes, best[: len(outcomes)], study.space.race.p):
            return "pruned", outcomes
        upto = min(cases, 2 * done)


def _best_before(study: Study, number: int, cases: int, evaluate: Evaluate) -> list[Outcome] | None:
    """Return the outcomes of the safe trial with the least loss; runs remembered by the bench cost nothing."""
    earlier = [one for one in finished(study) if one.state == "complete" and one.number < number]
    if not earlier:
        return None
    best = min(earlier, key=lambda one: (one.score.loss_bps, one.number))
    return evaluate(best.point, 0, cases)


def finished(study: Study) -> list[Trial]:
    """Return all finished trials in order of number."""
    trials = []
    for one in study.inner.get_trials(deepcopy=False):
        if "score" not in one.user_attrs or not one.state.is_finished():
            continue
        trials.append(
            Trial(
                number=one.number,
                point={name: one.params[name] for name in study.space.knobs},
                state=one.user_attrs["state"],
                cases=int(one.user_attrs["cases"]),
                score=Score(**one.user_attrs["score"]),
            )
        )
    return trials


def importances(study: Study) -> dict[str, float]:
    """Return how much each knob has to do with the loss over all complete trials (PED-ANOVA), 0 to 1; may be empty."""
    import optuna

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: Mapping[str, float] = optuna.importance.get_param_importances(
                study.inner, target=lambda one: one.values[0]
            )
    except (ValueError, RuntimeError):
        return {}
    return dict(found)
