"""Judge and measure many short runs of one question at once: their records are laid beside one another.

What the checks find in all of them only names the runs that each check may have found something in: those are asked
that check again by themselves, which is what counts.  Columns of intents are read from all records together, and are
what each run by itself would give.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from sim.checks import CHECKS, tell
from sim.experiment.beside import NUMBERS, Array, Beside, fits, named, run_of
from sim.experiment.run import JudgedRun, case_of
from sim.metrics import Tables, plain_columns
from sim.metrics.source import DAY_US
from sim.scenario import LoadedPolicy, LoadedScenario

_HOLDING: Final = "hold_us"
"""The one column of intents in µs that is no moment."""

Columns = dict[str, Array]


def groups_of(loaded: LoadedScenario, runs: Sequence[JudgedRun]) -> Iterator[tuple[list[int], Beside | None]]:
    """Yield places of runs with their records beside one another, or None where they must be read by themselves.

    Runs are those of one scenario and policy.  Code of one's own may listen in one run and not in another.
    """
    alike = loaded.scenario.isolation == "intent" and loaded.scenario.code is None
    together = [
        place
        for place, run in enumerate(runs)
        if alike and run.record.epoch_us == runs[0].record.epoch_us and fits(run.record)
    ]
    if len(together) < 2:
        together = []
    else:
        yield together, Beside([runs[place].record for place in together])
    yield [place for place in range(len(runs)) if place not in set(together)], None


def judge_beside(
    loaded: LoadedScenario, policy: LoadedPolicy, runs: Sequence[JudgedRun], beside: Beside
) -> None:
    """Write every violation of each run into its trace, as :func:`sim.experiment.run.judge` would."""
    spec, filters = loaded.scenario, runs[0].ready.filters
    case = case_of(replace(runs[0].record, trace=beside, errors=()), spec, policy, filters)
    asked = {check.id: named((one.intent for one in check.find(case)), len(runs)) for check in _BY_INTENT}
    for name, who in _BY_RUN.items():
        asked[name] = asked.get(name, set()) | who(runs, beside)
    for place in sorted(set().union(*asked.values())):
        record = runs[place].record
        alone = case_of(replace(record, trace=beside.alone(place)), spec, policy, filters)
        for check in CHECKS:
            if place in asked[check.id]:
                tell(record.trace, check, check.find(alone))


def _with_rows(table: str) -> Callable[[Sequence[JudgedRun], Beside], set[int]]:
    return lambda runs, beside: {
        place for place, rows in enumerate(beside.rows(table)) if rows.stop > rows.start
    }


def _with_errors(runs: Sequence[JudgedRun], beside: Beside) -> set[int]:
    return {place for place, run in enumerate(runs) if run.record.errors}


def _with_lost_work(runs: Sequence[JudgedRun], beside: Beside) -> set[int]:
    return _with_errors(runs, beside) | _with_rows("process")(runs, beside)


def _with_idle_intents(runs: Sequence[JudgedRun], beside: Beside) -> set[int]:
    fills, ended = beside.arrays("fill"), beside.arrays("intent_end")["intent"]
    idle = ended[~np.isin(ended, fills["intent"][fills["role"] == "entry"])]
    return set(run_of(idle).tolist())


_BY_RUN: Final[dict[str, Callable[[Sequence[JudgedRun], Beside], set[int]]]] = {
    "I10": _with_rows("told_to_wait"),
    "L03": _with_lost_work,
    "L04": _with_idle_intents,
    "S06": _with_rows("fault"),
    "S08": _with_errors,
}
"""Checks that ask something of a run as a whole: in which runs there may be anything for them to find."""

_BY_INTENT: Final = tuple(check for check in CHECKS if check.id not in _BY_RUN or check.id == "I10")
"""Checks that ask of each intent, account, order or row by itself, or by windows of time."""


def intents_beside(runs: Sequence[JudgedRun], beside: Beside) -> list[Columns]:
    """Return the plain columns of each run's intents (:class:`sim.experiment.rows.RunRows`)."""
    measures = runs[0].measures
    columns = dict(Tables(beside, **measures)["intents"])
    place = run_of(columns["intent"])
    columns["intent"] = columns["intent"] - place * NUMBERS
    for name, values in columns.items():
        if name.endswith("_us") and name != _HOLDING:
            columns[name] = np.where(values >= 0, values - place * beside.apart_us, values)
    moment = columns["decided_us"] + measures["epoch_us"]
    columns["episode"], columns["date"] = moment // measures["episode_us"], moment // DAY_US
    columns["seed"] = np.array([run.measures["seed"] for run in runs])[place]
    labels = [f"{run.measures['seed']}/{run.measures['epoch_us']}" for run in runs]
    columns["run"] = np.array(labels, dtype=object)[place]
    clusters = zip(columns["seed"].tolist(), columns["episode"].tolist(), strict=True)
    columns["cluster"] = np.array([f"{seed}/{episode}" for seed, episode in clusters], dtype=object)
    plain = plain_columns("intents", columns)
    edges = np.searchsorted(place, np.arange(len(runs) + 1)).tolist()
    return [
        {name: values[low:high] for name, values in plain.items()} for low, high in itertools.pairwise(edges)
    ]
