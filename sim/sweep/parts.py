"""Turn runs into parquet bytes, and keep the parts of a sweep: written whole, named by what they were made from.

``FOLDER/intents/scenario=…/policy=…/KEY=VALUE/part-KEY.parquet`` has one row per intent, ``FOLDER/runs/…`` one per run.
The part of ``runs`` is written last: where it stands, its batch is complete.  Equal inputs give equal bytes.
"""

from __future__ import annotations

import io
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from sim.checks.arrays import among
from sim.experiment.rows import RunRows
from sim.metrics import COLUMNS

Table = Literal["intents", "runs"]
TABLES: Final[tuple[Table, ...]] = ("intents", "runs")
SUPERSEDED: Final = "superseded"
"""Where parts go that no cell of the present sweep asks for: of older code, of other seeds."""

KINDS: Final = ("safety", "liveness", "practice", "simulator")

RUN_COLUMNS: Final = {
    "seed": "int64, -, seed of the run",
    "date": "int64, days since 1970-01-01 UTC, day of its first decision; -1 for a run without intents",
    "intents": "int64, intents, decided",
    "traded": "int64, intents, with an entry fill",
    "refused": "int64, intents, refused by the guard",
    "doubled": "int64, intents, over-filled",
    **{f"violations_{kind}": f"int64, violations, of kind {kind}" for kind in KINDS},
    "violations_by_check": "str, -, JSON: violations by check",
    "refusals": "int64, requests, refused by the venue for load",
    "refusals_by_code": "str, -, JSON: the same by code",
}
"""Columns of ``runs``, in the form of :data:`sim.metrics.COLUMNS`."""

_ARROW: Final = {
    "category": pa.string(),
    "str": pa.string(),
    "int64": pa.int64(),
    "Int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "boolean": pa.bool_(),
}


class PartBytes(NamedTuple):
    """Hold one batch's parts as they are written."""

    intents: bytes
    runs: bytes


class PartName(NamedTuple):
    """Say where a batch's parts stand: the cell's folder and the hash of all they were made from."""

    folder: str
    key: str

    def path(self, root: Path, table: Table) -> Path:
        """Return the part's file under ``root``."""
        return root / table / self.folder / f"part-{self.key}.parquet"


def schema_of(documented: dict[str, str]) -> pa.Schema:
    """Return the arrow schema of documented columns."""
    return pa.schema([(name, _ARROW[text.partition(",")[0]]) for name, text in documented.items()])


INTENT_COLUMNS: Final = {**COLUMNS["intents"], "touched": "bool, -, a fault reached one of its requests"}
"""Columns of ``intents``: those of every run, and which of them met a fault."""

INTENTS: Final = schema_of(INTENT_COLUMNS)
RUNS: Final = schema_of(RUN_COLUMNS)


def part_bytes(rows: Sequence[tuple[int, RunRows]]) -> PartBytes:
    """Return the parts of a batch of runs, given with their seeds."""
    intents = _intents_of([run for _, run in rows])
    runs = pa.Table.from_pylist([_run_row(seed, run) for seed, run in rows], schema=RUNS)
    return PartBytes(_written(intents), _written(runs))


def keep(root: Path, name: PartName, made: PartBytes) -> None:
    """Write a batch's parts, each whole or not at all."""
    for table, content in zip(TABLES, made, strict=True):
        path = name.path(root, table)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside and move it into place: a kill leaves the old one, or none."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def settle(root: Path, planned: Iterable[PartName]) -> set[PartName]:
    """Make the folder hold parts of the plan only, and return those that are complete.

    What no cell asks for moves to :data:`SUPERSEDED`; what stands there and is asked for again comes back.
    """
    wanted = {name.path(Path(), table): name for name in planned for table in TABLES}
    aside = root / SUPERSEDED
    for table in TABLES:
        for partial in (root / table).rglob(".*.partial"):
            partial.unlink()
        for path in sorted((root / table).rglob("part-*.parquet")):
            if path.relative_to(root) not in wanted:
                _move(path, aside / path.relative_to(root))
    done = set()
    for name in set(wanted.values()):
        for table in TABLES:
            here, there = name.path(root, table), name.path(aside, table)
            if there.exists() and not here.exists():
                _move(there, here)
        if all(name.path(root, table).exists() for table in TABLES):
            done.add(name)
    return done


def read_parts(
    root: Path, names: Iterable[PartName], table: Table, columns: Sequence[str]
) -> Iterator[dict[str, np.ndarray[Any, Any]]]:
    """Yield columns part by part, so that no more than one part is in memory; nulls of numbers are NaN."""
    for name in names:
        # A part is small: to open it as a set of files, or with threads, takes three times as long.
        with pq.ParquetFile(name.path(root, table), pre_buffer=False) as file:
            part = file.read(columns=list(columns), use_threads=False)
        yield {column: part[column].to_numpy() for column in columns}


def dataset_of(root: Path, table: Table) -> Any:
    """Open a table of a sweep as one partitioned pyarrow dataset; the cell's names are columns of text."""
    folder = root / table
    fields = dict.fromkeys(
        segment.partition("=")[0]
        for path in sorted(folder.rglob("part-*.parquet"))
        for segment in path.parent.relative_to(folder).parts
    )
    flavour = ds.partitioning(pa.schema([(field, pa.string()) for field in fields]), flavor="hive")
    return ds.dataset(folder, format="parquet", partitioning=flavour)


def read_sorted(root: Path, table: Table) -> pa.Table:
    """Read a whole table, rows by cell, seed and intent: the same bytes whoever made the parts, in whatever order."""
    whole = dataset_of(root, table).to_table()
    own = INTENTS if table == "intents" else RUNS
    keys = [name for name in whole.column_names if name not in own.names]
    keys += ["seed", "intent"] if table == "intents" else ["seed"]
    return whole.sort_by([(key, "ascending") for key in keys])


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)


def _written(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _intents_of(runs: Sequence[RunRows]) -> pa.Table:
    columns = {name: np.concatenate([run.intents[name] for run in runs]) for name in COLUMNS["intents"]}
    columns["touched"] = np.concatenate([among(run.intents["intent"], run.touched) for run in runs])
    return pa.Table.from_arrays(
        [_column(columns[field.name], field.type) for field in INTENTS], schema=INTENTS
    )


def _column(values: np.ndarray[Any, Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        return pa.array([None if value != value else value for value in values.tolist()], kind)
    if pa.types.is_floating(kind):
        return pa.array(values.astype(np.float64), kind)
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)
    whole = np.where(missing, 0, values).astype(bool if pa.types.is_boolean(kind) else np.int64)
    return pa.array(whole, kind, mask=missing)


def _run_row(seed: int, run: RunRows) -> dict[str, Any]:
    columns = run.intents
    checks = Counter(run.violations["check"].tolist())
    kinds = Counter(run.violations["kind"].tolist())
    dates = columns["date"]
    return {
        "seed": seed,
        "date": int(dates[0]) if len(dates) else -1,
        "intents": len(dates),
        "traded": int((columns["entry_fills"] > 0).sum()),
        "refused": int(columns["refused"].astype(bool).sum()),
        "doubled": int((columns["over_fill"] > 0).sum()),
        **{f"violations_{kind}": kinds[kind] for kind in KINDS},
        "violations_by_check": json.dumps(checks, sort_keys=True),
        "refusals": sum(run.refusals.values()),
        "refusals_by_code": json.dumps(run.refusals, sort_keys=True),
    }
