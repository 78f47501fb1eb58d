"""Say what a sweep runs: every cell on the same seeds, cut into batches that are alike on every machine."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, Final

from sim.errors import InputError
from sim.sweep.batch import BATCH_INTENTS, Batch, Origin, origin_of, seeds_per_batch
from sim.sweep.cells import Cell, cells_of, check_cell, forget_cells, load_cell
from sim.sweep.grid import parse_grid
from sim.sweep.parts import PartName

_TOGETHER: Final = 4
"""Batches in a task: more would share more, and be more to lose."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Say what a sweep was asked for, in the words of the command."""

    scenarios: tuple[str, ...]
    policies: tuple[str, ...]
    grid: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    seeds: int = 200
    first_seed: int = 1
    intents: int | None = None
    until_width: str | None = None
    rates: str | None = None
    batch_intents: int = BATCH_INTENTS

    @property
    def command(self) -> str:
        """Return the command, without what decides only how fast it is done."""
        words = ["sim", "sweep", *self.scenarios, "--policies", ",".join(self.policies)]
        for item in self.grid:
            words += ["--grid", item]
        for item in self.overrides:
            words += ["--set", item]
        words += ["--seeds", str(self.seeds)]
        words += ["--first-seed", str(self.first_seed)] if self.first_seed != 1 else []
        words += ["--intents", str(self.intents)] if self.intents is not None else []
        words += ["--until-width", self.until_width] if self.until_width is not None else []
        words += ["--rates", self.rates] if self.rates is not None else []
        return shlex.join(words)


@dataclass(frozen=True, kw_only=True)
class PlannedCell:
    """Hold a cell that was loaded and found fit to run; ``values`` are its policy's."""

    cell: Cell
    origin: Origin
    intents_per_run: int
    seeds_per_batch: int
    values: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Hold the cells of a sweep and the seeds all of them run.

    ``cuts`` are the counts of seeds at which a look may be taken: no batch reaches over one.
    """

    asked: Asked
    cells: tuple[PlannedCell, ...]
    seeds: range
    cuts: tuple[int, ...] = ()

    @property
    def batches(self) -> list[Batch]:
        """Return all batches, seed by seed, so that a stopped sweep has all cells about alike."""
        every = [
            (batch.seeds[0], place, batch)
            for place, planned in enumerate(self.cells)
            for batch in self.batches_of(planned)
        ]
        return [batch for _, _, batch in sorted(every, key=lambda item: item[:2])]

    def tasks(self, done: Set[PartName]) -> list[tuple[Batch, ...]]:
        """Return what is not ``done`` as tasks: batches of the same weather and seeds, a few together."""
        together: dict[Any, list[Batch]] = {}
        for batch in self.batches:
            if batch.name not in done:
                together.setdefault((batch.cell.weather, batch.seeds), []).append(batch)
        return [task for batches in together.values() for task in _groups(batches)]

    @property
    def runs(self) -> int:
        """Return how many runs all cells have together."""
        return len(self.cells) * len(self.seeds)

    def batches_of(self, planned: PlannedCell) -> list[Batch]:
        """Cut a cell's seeds into batches of equal size, shorter before a cut and at the end."""
        size, batches = planned.seeds_per_batch, []
        edges = [0, *(cut for cut in self.cuts if cut < len(self.seeds)), len(self.seeds)]
        for low, high in itertools.pairwise(edges):
            for start in range(low, high, size):
                seeds = tuple(self.seeds[start : min(start + size, high)])
                batches.append(Batch(cell=planned.cell, seeds=seeds, origin=planned.origin))
        return batches

    def parts(self, planned: PlannedCell) -> list[PartName]:
        """Name a cell's parts, by seed."""
        return [batch.name for batch in self.batches_of(planned)]

    def baseline_of(self, planned: PlannedCell) -> PlannedCell:
        """Return the first cell of the same weather: the first policy at its first values."""
        return next(other for other in self.cells if other.cell.weather == planned.cell.weather)

    def with_seeds(self, count: int, cuts: tuple[int, ...]) -> Plan:
        """Return the plan over the first ``count`` seeds, cut at ``cuts``."""
        return replace(self, seeds=range(self.seeds.start, self.seeds.start + count), cuts=cuts)


def plan_sweep(asked: Asked) -> Plan:
    """Load every cell and prepare its first run; raise InputError for the first that cannot run."""
    forget_cells()
    if asked.seeds < 1:
        raise InputError("--seeds", asked.seeds, "at least one seed")
    axes = parse_grid(asked.grid, asked.overrides)
    sizes: dict[Any, int] = {}
    planned = []
    for cell in cells_of(asked.scenarios, asked.policies, axes, fixed=asked.overrides, intents=asked.intents):
        loaded = load_cell(cell)
        if cell.weather not in sizes:
            sizes[cell.weather] = check_cell(cell, asked.first_seed)
        planned.append(
            PlannedCell(
                cell=cell,
                origin=origin_of(loaded),
                intents_per_run=sizes[cell.weather],
                seeds_per_batch=seeds_per_batch(sizes[cell.weather], asked.batch_intents),
                values=dict(loaded.policy.store.values),
            )
        )
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    return Plan(asked=asked, cells=tuple(planned), seeds=seeds)


def _groups(batches: Sequence[Batch]) -> list[tuple[Batch, ...]]:
    return [tuple(batches[start : start + _TOGETHER]) for start in range(0, len(batches), _TOGETHER)]
