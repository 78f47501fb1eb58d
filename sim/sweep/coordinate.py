"""Run every cell of a sweep on the same seeds, keep each batch as it ends, and go on where an earlier one stopped."""

from __future__ import annotations

import fcntl
import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from sim.errors import InputError, SimError
from sim.experiment.fingerprint import code_sha256, versions
from sim.statistics import UntilWidth
from sim.sweep.batch import run_batches
from sim.sweep.natural import expected_losses, load_rates
from sim.sweep.parts import TABLES, keep, settle, write_whole
from sim.sweep.plan import Asked, Plan, plan_sweep
from sim.sweep.pool import Workers, completed, workers
from sim.sweep.summary import SweepSummary, forget_summary, summarise, widest, width_of, write_summary

MANIFEST: Final = "sweep.json"
_LOCK: Final = ".lock"
_FIRST_LOOK: Final = 8
"""The first look is taken at this part of all seeds, and at no fewer seeds."""

Progress = Callable[[int, int], None]
"""Called with (runs done by this process, runs it has to do)."""


@contextmanager
def opened(folder: Path) -> Iterator[Path]:
    """Yield a sweep's folder, held by this process alone; raise InputError for one that holds anything else."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / MANIFEST).exists() and any(path.name != _LOCK for path in folder.iterdir()):
        raise InputError("--out", str(folder), "a new folder, or one that sim sweep has written")
    with (folder / _LOCK).open("a") as lock:
        try:
            # The system drops it with the process, however that ends, and workers do not inherit it.
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError("--out", str(folder), "a folder no other sweep is writing now") from error
        yield folder


def run_plan(
    plan: Plan,
    folder: Path,
    found: Workers,
    progress: Progress | None = None,
    rule: UntilWidth | None = None,
) -> None:
    """Run what the folder lacks, and keep each batch as it ends.

    Raises :class:`SimError` at the first run that raises and when a worker dies; what has ended is kept, and the same
    command goes on from there.
    """
    write_manifest(plan, folder, complete=False, rule=rule)
    left = plan.tasks(settle(folder, [batch.name for batch in plan.batches]))
    total = sum(len(batch.seeds) for task in left for batch in task)
    if left:
        forget_summary(folder)
    ended = 0
    try:
        for task, made in completed(found, run_batches, left):
            for batch, part in zip(task, made, strict=True):
                keep(folder, batch.name, part)
                ended += len(batch.seeds)
            if progress is not None:
                progress(ended, total)
    except SimError as error:
        raise SimError(_stopped(str(error), folder, ended, total)) from error
    write_manifest(plan, folder, complete=True, rule=rule)


def write_manifest(plan: Plan, folder: Path, *, complete: bool, rule: UntilWidth | None = None) -> None:
    """Write ``sweep.json``: the command, the cells with their parts, and what they are made from."""
    asked = plan.asked
    facts = {
        "command": asked.command,
        "complete": complete,
        "baseline": plan.cells[0].cell.policy,
        "first_seed": plan.seeds.start,
        "seeds": len(plan.seeds),
        "intents": asked.intents,
        "set": list(asked.overrides),
        "looks": _looks(rule),
        "cells": [
            {
                "scenario": planned.cell.scenario,
                "policy": planned.cell.policy,
                "point": dict(planned.cell.point),
                "policy_values": planned.values,
                "data_sha256": planned.origin.data,
                "scenario_sha256": planned.origin.scenario,
                "policy_sha256": planned.origin.policy,
                "intents_per_run": planned.intents_per_run,
                "parts": [f"{name.folder}/part-{name.key}.parquet" for name in plan.parts(planned)],
            }
            for planned in plan.cells
        ],
        "tables": list(TABLES),
        "code_sha256": code_sha256(),
        "versions": versions(),
    }
    text = json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(folder / MANIFEST, f"{text}\n".encode())


def sweep(
    asked: Asked,
    folder: Path,
    *,
    jobs: int | None = None,
    dask: str | None = None,
    progress: Progress | None = None,
) -> SweepSummary:
    """Run a sweep into ``folder`` and return its summary; see :func:`run_plan` for what is raised.

    ``jobs`` None means one process for each core this one may use; ``dask`` is a scheduler's address instead.
    """
    until = width_of(asked.until_width) if asked.until_width is not None else None
    plan = plan_sweep(asked)
    rates = load_rates(asked.rates, plan) if asked.rates is not None else None
    with workers(jobs or cores(), dask) as found, opened(folder):
        if until is None:
            run_plan(plan, folder, found, progress)
            summary = summarise(plan, folder)
        else:
            plan, summary = _until(plan, *until, folder, found, progress)
        if rates is not None:
            expected = expected_losses(plan, folder, rates, summary.confidence)
            summary = replace(summary, expected=expected)
        write_summary(summary, folder)
    return summary


def _until(
    plan: Plan, metric: str, width: float, folder: Path, found: Workers, progress: Progress | None
) -> tuple[Plan, SweepSummary]:
    """Add seeds in planned looks until the widest interval is narrow enough or all seeds are used."""
    most = len(plan.seeds)
    first = min(most, max(_FIRST_LOOK, -(-most // _FIRST_LOOK)))
    rule = UntilWidth.doubling(width, first, most)
    now = plan
    while not rule.done:
        now = plan.with_seeds(rule.next_look, rule.looks)
        run_plan(now, folder, found, progress, rule)
        rule.look(partial(widest, now, folder, metric))
    write_manifest(now, folder, complete=True, rule=rule)
    return now, summarise(now, folder, rule.look_confidence)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _stopped(why: str, folder: Path, ended: int, total: int) -> str:
    return f"{why}\n  {ended} of {total} runs ended before and are kept in {folder}; the same command goes on there"


def _looks(rule: UntilWidth | None) -> dict[str, Any] | None:
    """Say what was looked at, and at what it was planned to look: both belong to what an interval means."""
    if rule is None:
        return None
    taken = []
    for look in rule.seen:
        low, high = (
            edge if math.isfinite(edge) else None for edge in (look.interval.low, look.interval.high)
        )
        taken.append({"seeds": look.clusters, "low": low, "high": high})
    facts = {"width": rule.width, "planned_seeds": list(rule.looks), "confidence": rule.look_confidence}
    return {**facts, "taken": taken, "reached": rule.reached}
