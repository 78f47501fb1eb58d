"""Run the same thing twice, in two processes of their own, and name the first record that differs.

The two differ in PYTHONHASHSEED, in process and in memory addresses, as two machines would.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np

from sim.errors import SimError
from sim.experiment.prepare import load_market_of, prepare
from sim.experiment.swarm import armed
from sim.scenario import load_policy_named, load_scenario, split_overrides
from sim.trace import Trace
from sim.world import World

Tables = Mapping[str, Mapping[str, Any]]
"""Columns by name, by table: what :meth:`sim.trace.Trace.arrays` gives."""

_HASH_SEEDS: Final = ("0", "4242")
_TIMES: Final = ("at_us", "answered_us", "decided_us", "ended_us", "opened_us", "filled_us")
"""The column, of those a table has, that says when a row was written."""


@dataclass(frozen=True, slots=True)
class Question:
    """State one run so that another process can make it: words as on the command line.

    ``policy`` "" and ``seed`` None mean the first of the scenario's check.  ``imports``: modules to import before it.
    """

    scenario: str
    policy: str = ""
    seed: int | None = None
    intents: int | None = None
    overrides: tuple[str, ...] = ()
    swarm: bool = False
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """Name the earliest record that two traces do not share; a side that has no such row shows None."""

    table: str
    row: int
    first: dict[str, Any] | None
    second: dict[str, Any] | None

    def __str__(self) -> str:
        first, second = self.first, self.second
        if first is None or second is None:
            missing = "first" if first is None else "second"
            other = _shown(second if first is None else first)
            return f"{self.table}[{self.row}]: the {missing} run has no such record; the other: {other}"
        names = [name for name in first if not _same(first[name], second[name])]
        told = ", ".join(f"{name}: {first[name]!r} and {second[name]!r}" for name in names)
        shared = {name: value for name, value in first.items() if name not in names}
        return f"{self.table}[{self.row}]: {told} (in both: {_shown(shared)})"


def tables_of(trace: Trace) -> dict[str, dict[str, Any]]:
    """Return all tables of a trace but ``violation``: what happened, not what a judge says of it."""
    return {name: trace.arrays(name) for name in trace.tables if name != "violation"}


def first_difference(one: Trace | Tables, other: Trace | Tables) -> Difference | None:
    """Return the earliest record in which two traces differ, None when they are the same.

    In each table the first row that differs is taken; of these the one with the earliest time, then the table's place.
    """
    first, second = (tables_of(side) if isinstance(side, Trace) else side for side in (one, other))
    found: list[tuple[float, int, Difference]] = []
    for place, name in enumerate(first):
        row = _first_row(first[name], second[name])
        if row is not None:
            rows = _row(first[name], row), _row(second[name], row)
            found.append((min(_time_of(side) for side in rows if side), place, Difference(name, row, *rows)))
    return min(found, key=lambda item: item[:2])[2] if found else None


def trace_of(question: Question) -> Trace:
    """Make the run and return its whole record."""
    for module in question.imports:
        import_module(module)
    to_scenario, to_policy = split_overrides(question.overrides)
    loaded = load_scenario(question.scenario, to_scenario)
    check = loaded.scenario.check
    if question.policy:
        policy = load_policy_named(question.policy, to_policy)
    else:
        policy = load_policy_named(check.policies[0], to_policy, loaded.base_dir)
    seed = check.seeds[0] if question.seed is None else question.seed
    if question.swarm:
        loaded = armed(loaded, seed)
    ready = prepare(loaded, load_market_of(loaded), seed, question.intents)
    world = World(
        loaded.scenario, policy.store, seed, ready.paths, ready.filters, ready.plans, volumes=ready.volumes
    )
    return world.run().trace


def run_twice(question: Question) -> Difference | None:
    """Make the run in two new processes and return the first difference; SimError when one of them fails."""
    with tempfile.TemporaryDirectory(prefix="sim-twice-") as folder:
        files = [Path(folder) / name for name in ("first", "second")]
        # At the same time: nothing they share may matter, and a person waits for both.
        children = [_start(question, file, seed) for file, seed in zip(files, _HASH_SEEDS, strict=True)]
        for child in children:
            _, said = child.communicate()
            if child.returncode:
                last = said.decode(errors="replace").strip().splitlines()[-1:]
                raise SimError(f"a run made to be compared failed: {' '.join(last) or child.returncode}")
        first, second = (pickle.loads(file.read_bytes()) for file in files)
    return first_difference(first, second)


def _start(question: Question, file: Path, hash_seed: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-m", __name__, json.dumps(asdict(question)), str(file)]
    return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _main(words: Sequence[str]) -> None:
    # JSON knows no tuples.
    given: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in json.loads(words[0]).items()
    }
    question = Question(**given)
    Path(words[1]).write_bytes(pickle.dumps(tables_of(trace_of(question))))


def _first_row(one: Mapping[str, Any], other: Mapping[str, Any]) -> int | None:
    lengths = [len(next(iter(side.values()))) for side in (one, other)]
    shared = min(lengths)
    rows = []
    for name in one:
        left, right = one[name][:shared], other[name][:shared]
        differ = left != right
        if left.dtype.kind == "f":
            # Bit for bit where there is a number; what is not there equals what is not there.
            differ &= ~(np.isnan(left) & np.isnan(right))
        at = np.flatnonzero(differ)
        if at.size:
            rows.append(int(at[0]))
    if rows:
        return min(rows)
    return None if lengths[0] == lengths[1] else shared


def _row(table: Mapping[str, Any], row: int) -> dict[str, Any] | None:
    if row >= len(next(iter(table.values()))):
        return None
    return {
        name: values[row].item() if hasattr(values[row], "item") else values[row]
        for name, values in table.items()
    }


def _time_of(row: dict[str, Any]) -> float:
    return next((float(row[name]) for name in _TIMES if name in row), float("inf"))


def _same(one: Any, other: Any) -> bool:
    return bool(one == other or (one != one and other != other))


def _shown(row: dict[str, Any] | None) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in (row or {}).items())


if __name__ == "__main__":
    _main(sys.argv[1:])
