"""Run batches of seeds, wherever: in this process, in a worker, on a cluster."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from sim.errors import SimError
from sim.experiment.command import Command
from sim.experiment.fingerprint import code_sha256, versions
from sim.experiment.rows import rows_together
from sim.experiment.run import JudgedRun, run_unjudged
from sim.sweep.cells import Cell, Loaded, forget_cells, load_cell
from sim.sweep.parts import PartBytes, PartName, part_bytes

BATCH_INTENTS: Final = 320
"""Intents in a part: with the few cells that share a task a few seconds of work, small enough to lose and large enough
that handing it over costs nothing.  A constant: parts must be cut alike on every machine."""

_MOST_SEEDS: Final = 256

_ONE_AT_A_TIME: Final = threading.Lock()
"""A run replaces the clock of its process: the threads of a cluster's worker must take turns."""


class Origin(NamedTuple):
    """Hold what a cell's rows are made from, as hashes."""

    code: str
    data: str
    scenario: str
    policy: str


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Say what one part holds: a cell, some seeds, and what its files and code must be."""

    cell: Cell
    seeds: tuple[int, ...]
    origin: Origin

    @property
    def name(self) -> PartName:
        """Name the batch's parts by a hash of all that decides their bytes."""
        cell = self.cell
        content = [*self.origin, cell.folder, cell.changes, self.seeds, cell.intents, versions()]
        text = json.dumps(content, sort_keys=True)
        return PartName(cell.folder, hashlib.sha256(text.encode()).hexdigest()[:32])


def origin_of(loaded: Loaded) -> Origin:
    """Return the hashes of what was loaded, and of this process's code."""
    return Origin(code_sha256(), loaded.market.sha256, loaded.scenario.sha256, loaded.policy.sha256)


def seeds_per_batch(intents_per_run: int, batch_intents: int) -> int:
    """Return how many runs of so many intents make a batch."""
    return max(1, min(_MOST_SEEDS, batch_intents // max(1, intents_per_run)))


def run_batches(batches: Sequence[Batch]) -> list[PartBytes]:
    """Run batches that differ by cell only, and return their parts.

    All cells take a seed before any takes the next: a seed's prices are made once for all policies.  Raises
    :class:`SimError` with the reproducing command when a run raises, and when the files or the code here are not those
    the sweep was begun with.
    """
    with _ONE_AT_A_TIME:
        cells = [_loaded(batch) for batch in batches]
        runs: list[list[JudgedRun]] = [[] for _ in batches]
        for seed in batches[0].seeds:
            for made, batch, loaded in zip(runs, batches, cells, strict=True):
                made.append(_run(batch.cell, loaded, seed))
        return [_part(batch, loaded, made) for batch, loaded, made in zip(batches, cells, runs, strict=True)]


def _run(cell: Cell, loaded: Loaded, seed: int) -> JudgedRun:
    with _telling(cell.command(seed)):
        run = run_unjudged(loaded.scenario, loaded.policy, loaded.market, seed=seed, intents=cell.intents)
    # Until all of a batch are judged together nobody asks for a price any more.
    return replace(run, ready=replace(run.ready, paths={}, plans=[]))


def _part(batch: Batch, loaded: Loaded, runs: list[JudgedRun]) -> PartBytes:
    """Judge and measure the runs of a batch, and forget their records."""
    cell = batch.cell
    with _telling(cell.command(batch.seeds[0]), f", or a later seed up to {batch.seeds[-1]}"):
        first = Command.of(loaded.scenario, loaded.policy, batch.seeds[0], cell.intents, cell.changes)
        commands = [replace(first, seed=seed) for seed in batch.seeds]
        rows = rows_together(loaded.scenario, loaded.policy, runs, commands)
    for run in runs:
        # What runs leave in cycles is found now and then (:class:`sim.world.World`); the bulk of it goes at once.
        run.record.trace.forget()
    return part_bytes(list(zip(batch.seeds, rows, strict=True)))


@contextmanager
def _telling(command: str, others: str = "") -> Iterator[None]:
    """Let what is raised name the command that shows it."""
    try:
        yield
    except Exception as error:
        what = f"{type(error).__name__}: {error}" if not isinstance(error, SimError) else str(error)
        raise SimError(f"{what}\n  again: {command}{others}") from error


def _loaded(batch: Batch) -> Loaded:
    loaded = load_cell(batch.cell)
    if origin_of(loaded) != batch.origin:
        # A cluster's worker outlives many sweeps, and files change between them.
        forget_cells()
        loaded = load_cell(batch.cell)
    for name, here, there in zip(Origin._fields, origin_of(loaded), batch.origin, strict=True):
        if here != there:
            raise SimError(
                f"{batch.cell.label}: this worker's {name} ({here[:12]}) is not the sweep's ({there[:12]}); "
                "start its workers anew with the same files"
            )
    return loaded
