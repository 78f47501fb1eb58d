"""Walk through tapes, seeds and sources, count, and put the tables together.

One task is one tape under one seed with all sources, so the result is the same for any number of processes.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pandas as pd

from sim.errors import InputError
from sim.fidelity.basis import LAST_5M, STREAM, basis_table
from sim.fidelity.catalogue import entries_in
from sim.fidelity.crossings import look_at_crossings, look_at_prints
from sim.fidelity.extremes import look_at_extremes
from sim.fidelity.level import LEVELS
from sim.fidelity.moves import count_moves
from sim.fidelity.ratios import profile_table, ratio_table, sign_table
from sim.fidelity.runs import can_run, count_runs, run_on, scale_of
from sim.fidelity.sources import REAL, SOURCES, Libraries, path_of, source_of, true_path
from sim.fidelity.steps import Steps, steps_of_bars, steps_of_path
from sim.fidelity.sums import SUM_COLUMNS, Blocks, Sums
from sim.fidelity.tapes import Tape, load_tape
from sim.market import PricePath

QUICK_INTENTS: Final = 150
_KEYS: Final = [column for column in SUM_COLUMNS if column not in ("num", "den", "events")]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Question:
    """State what is compared: recordings under ``data`` (None: none) and ``paths`` of one's own.

    ``seeds`` of the paths, ``sources`` by name; ``quick`` looks at the beginning of a few tapes only.
    """

    data: Path | None
    paths: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (1, 2)
    sources: tuple[str, ...] = tuple(SOURCES)
    quick: bool = False


@dataclass(frozen=True, kw_only=True)
class Fidelity:
    """Hold the result: ``table`` (ratios), ``signs`` (by date), ``profiles`` (for pictures), ``tapes`` and words.

    ``missing``: recordings that were not there.
    """

    table: pd.DataFrame
    signs: pd.DataFrame
    profiles: pd.DataFrame
    tapes: pd.DataFrame
    missing: tuple[str, ...]
    seeds: tuple[int, ...]
    quick: bool
    extra: dict[str, pd.DataFrame] = field(default_factory=dict)


def measure(question: Question, *, jobs: int = 1, progress: Progress | None = None) -> Fidelity:
    """Compare all sources with the real steps; raise :class:`InputError` for what cannot be used."""
    for name in question.sources:
        source_of(name)
    if question.data is None and not question.paths:
        raise InputError("PATH", "none", "one-second bars, trades or one-minute bars, as no --data is given")
    tapes, missing = _tapes(question)
    order = sorted(range(len(tapes)), key=lambda number: -len(tapes[number].steps))
    tasks = [(question, number, seed) for number in order for seed in question.seeds]
    parts = []
    for done, part in enumerate(_all(tasks, jobs), 1):
        parts.append(part)
        if progress is not None:
            progress("measuring", done, len(tasks))
    summed = pd.concat(parts, ignore_index=True)
    sums = summed.groupby(_KEYS, sort=True, dropna=False, as_index=False)[["num", "den", "events"]].sum()
    # The first level first, not the first in the alphabet.
    names = [level.name for level in LEVELS]
    sums = sums.sort_values(
        "level", key=lambda column: column.map(names.index), kind="stable", ignore_index=True
    )
    return Fidelity(
        table=ratio_table(sums),
        signs=sign_table(sums),
        profiles=profile_table(sums),
        tapes=_tape_table(tapes),
        missing=tuple(missing),
        seeds=question.seeds,
        quick=question.quick,
        extra=_extra(question),
    )


def _extra(question: Question) -> dict[str, pd.DataFrame]:
    """Return the basis of the mark against the recorded one, where its recordings are there."""
    if (
        question.data is None
        or question.quick
        or not all((question.data / name).is_file() for name in (STREAM, LAST_5M))
    ):
        return {}
    return {"basis": basis_table(question.data)}


def _all(tasks: Sequence[tuple[Question, int, int]], jobs: int) -> Iterator[pd.DataFrame]:
    if jobs == 1 or len(tasks) == 1:
        yield from map(_task, tasks)
        return
    # A fresh process has no loop or thread of this one to inherit.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(tasks), os.cpu_count() or 1), mp_context=context) as pool:
        yield from pool.map(_task, tasks)


@lru_cache(maxsize=1)
def _loaded(question: Question) -> tuple[tuple[Tape, ...], tuple[str, ...], dict[str, Libraries]]:
    """Load the tapes of a question once per process: those to judge, what is missing, libraries by level."""
    judged: list[Tape] = []
    training: list[Tape] = []
    missing: list[str] = []
    if question.data is not None:
        entries, missing = entries_in(question.data, quick=question.quick)
        for entry in entries:
            tape = entry.load(question.data, quick=question.quick)
            training.append(tape)
            if entry.judged:
                judged.append(tape)
    for path in question.paths:
        # Whether a date of somebody's own was calm is not known here.
        tape = replace(load_tape(path, Path(path).name.removeprefix("embedded:")), kind="own")
        training.append(tape)
        judged.append(tape)
    libraries = {
        level.name: Libraries([tape for tape in training if tape.level is level]) for level in LEVELS
    }
    return tuple(judged), tuple(missing), libraries


def _tapes(question: Question) -> tuple[tuple[Tape, ...], tuple[str, ...]]:
    tapes, missing, _ = _loaded(question)
    return tapes, missing


def _task(task: tuple[Question, int, int]) -> pd.DataFrame:
    """Count everything on one tape under one seed; the truth of the steps is counted under the first seed only."""
    question, number, seed = task
    tapes, _, libraries = _loaded(question)
    tape = tapes[number]
    blocks = Blocks.of(tape)
    intents = QUICK_INTENTS if question.quick else None
    truth = true_path(tape, seed)
    first = seed == question.seeds[0]
    frames = [
        _counted(
            REAL, steps_of_bars(tape.steps) if first else None, truth, blocks, seed, intents, prints=first
        )
    ]
    for name in question.sources:
        path = path_of(SOURCES[name], tape, seed, libraries[tape.level.name])
        if path is not None:
            steps = steps_of_path(path, tape.level.step_us)
            frames.append(_counted(name, steps, path, blocks, seed, intents, prints=True))
    return pd.concat([frame for frame in frames if len(frame)], ignore_index=True)


def _counted(
    name: str,
    steps: Steps | None,
    path: PricePath,
    blocks: Blocks,
    seed: int,
    intents: int | None,
    *,
    prints: bool,
) -> pd.DataFrame:
    tape, sums = blocks.tape, Sums(blocks, name)
    if steps is not None:
        count_moves(steps, blocks, sums)
        look_at_extremes(steps, blocks, sums)
        look_at_crossings(steps, blocks, sums)
    if prints and tape.trades is not None:
        look_at_prints(path, blocks, sums)
    if can_run(tape):
        count_runs(run_on(path, tape, seed, intents), blocks, sums)
    return sums.frame()


def _tape_table(tapes: Sequence[Tape]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for tape in tapes:
        rows.append(
            {
                "level": tape.level.name,
                "tape": tape.name,
                "from": pd.Timestamp(tape.bars.epoch_us, unit="us").isoformat(),
                "bars": len(tape.bars),
                "steps_with_trades_share": float(((tape.steps.volume > 0) | (tape.steps.count > 0)).mean()),
                "tick": tape.tick,
                "prints": tape.trades is not None,
                "violent_dates": len({*tape.dates} & tape.violent),
                "stop_bps": scale_of(tape) / 2 * 1e4 if can_run(tape) else float("nan"),
            }
        )
    return pd.DataFrame(rows)
