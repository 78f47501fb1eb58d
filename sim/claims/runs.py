"""Run the points of the maps and keep the rows: more seeds go on where fewer stopped."""

from __future__ import annotations

import fcntl
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from sim.claims.maps import MAPS, RULES, ClaimMap, map_named
from sim.errors import InputError
from sim.experiment.fingerprint import code_sha256
from sim.experiment.run import run_judged
from sim.metrics import Tables
from sim.metrics.document_tables import SLIPPAGE_LIMIT
from sim.scenario.files import find_toml, policy_dir
from sim.sweep.cells import load_cell
from sim.sweep.parts import write_whole
from sim.sweep.pool import completed, workers

RUNS: Final = "runs.parquet"
_LOCK: Final = ".lock"
_KEEP_EVERY_S: Final = 20.0

KEYS: Final = ("map", "rules", "policy", "x", "y", "seed")
COUNTS: Final = (
    "placed",
    "said",
    "true",
    "hit",
    "hit_said",
    "exhausted",
    "intents",
    "doubled",
    "naked",
    "beyond",
)
COLUMNS: Final = (*KEYS, "episode", *COUNTS, "exhausted_s", "naked_s", "made_from", "code")
"""One row per run and episode: the clusters of every interval.

``placed``: placements of the map's role; ``said``: of them those that the executor called done, ``true``: those of
which the venue holds exactly one order; ``hit``: those whose first attempt failed, ``hit_said``: of them done;
``exhausted``: failed after five attempts, ``exhausted_s`` their seconds together.  ``doubled``: intents filled twice;
``naked``: intents that held anything, ``naked_s`` their seconds without cover.  ``beyond``: intents filled further from
their plan than the document's limit.
"""


Array = np.ndarray[Any, Any]


class Spot(NamedTuple):
    """Name one run but for its seed."""

    map: str
    rules: str
    policy: str
    x: float
    y: float


class Task(NamedTuple):
    """Hold the runs of one weather under one seed: every policy at one point."""

    spots: tuple[Spot, ...]
    seed: int


def spots_of(maps: Iterable[ClaimMap] = MAPS) -> Iterator[Spot]:
    """Yield all points of all maps under all rules and policies."""
    for drawn in maps:
        for rules in RULES:
            for policy in drawn.policies:
                for x, y in drawn.points(policy, rules):
                    yield Spot(drawn.id, rules, policy, x, y)


def made_from(spot: Spot) -> str:
    """Hash what a spot's runs are made from but for the code: the files of scenario and policy, and the changes."""
    cell = map_named(spot.map).cell(spot.policy, spot.rules, spot.x, spot.y)
    files = [Path(cell.scenario_word), find_toml(spot.policy, "policy", policy_dir())]
    total = hashlib.sha256(json.dumps(cell.changes).encode())
    for file in files:
        total.update(file.read_bytes())
    return total.hexdigest()[:12]


def run_task(task: Task) -> list[dict[str, Any]]:
    """Run a task and return its rows."""
    return [row for spot in task.spots for row in _rows(spot, task.seed)]


def collect(
    folder: Path,
    seeds: Sequence[int],
    *,
    jobs: int = 1,
    maps: Sequence[ClaimMap] = MAPS,
    any_code: bool = False,
    stop_after_s: float = float("inf"),
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Run what ``folder`` lacks of ``seeds`` and return all rows that are sound.

    Rows made from other scenario or policy files are dropped, and rows that other code made unless ``any_code``.  What
    has ended is kept every few seconds; after ``stop_after_s`` nothing new is begun.  Raises InputError when another
    process is writing the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        return _collect(folder, seeds, jobs, maps, any_code, stop_after_s, progress)


def _collect(
    folder: Path,
    seeds: Sequence[int],
    jobs: int,
    maps: Sequence[ClaimMap],
    any_code: bool,
    stop_after_s: float,
    progress: Callable[[int, int], None] | None,
) -> pd.DataFrame:
    origin = {spot: made_from(spot) for spot in spots_of()}
    kept = _sound(read_runs(folder), origin, any_code=any_code)
    done = set(kept[list(KEYS)].itertuples(index=False, name=None))
    left = [
        Task(spots, seed)
        for seed in seeds
        for group in _weathers(maps)
        if (spots := tuple(spot for spot in group if (*spot, seed) not in done))
    ]
    begun = last = time.monotonic()
    new: list[dict[str, Any]] = []

    def in_time() -> Iterator[Task]:
        for task in left:
            if time.monotonic() - begun > stop_after_s:
                return
            yield task

    try:
        with workers(jobs) as found:
            for ended, (_, rows) in enumerate(completed(found, run_task, in_time()), start=1):
                new += [{**row, "made_from": origin[_spot_of(row)]} for row in rows]
                if progress is not None:
                    progress(ended, len(left))
                if time.monotonic() - last > _KEEP_EVERY_S:
                    _write(folder, kept, new)
                    last = time.monotonic()
    finally:
        whole = _write(folder, kept, new)
    return whole


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder: of two writers the later one would drop what the other has added."""
    with (folder / _LOCK).open("a") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError("folder", str(folder), "a folder no other process is writing now") from error
        yield


def read_runs(folder: Path) -> pd.DataFrame:
    """Return the rows a folder holds, none when there are none yet."""
    if not (folder / RUNS).is_file():
        return pd.DataFrame(columns=list(COLUMNS))
    # What was counted later is 0 in rows of before: only maps that came with it read it.
    return pd.read_parquet(folder / RUNS).reindex(columns=list(COLUMNS), fill_value=0)


def _weathers(maps: Sequence[ClaimMap]) -> list[list[Spot]]:
    groups: dict[tuple[Any, ...], list[Spot]] = {}
    for spot in spots_of(maps):
        groups.setdefault((spot.map, spot.rules, spot.x, spot.y), []).append(spot)
    return list(groups.values())


def _spot_of(row: dict[str, Any]) -> Spot:
    return Spot(row["map"], row["rules"], row["policy"], row["x"], row["y"])


def _sound(rows: pd.DataFrame, origin: dict[Spot, str], *, any_code: bool) -> pd.DataFrame:
    keys = rows[list(KEYS[:-1])].itertuples(index=False, name=None)
    good: Array = np.array([origin.get(Spot(*key)) for key in keys], dtype=object) == rows[
        "made_from"
    ].to_numpy(object)
    if not any_code:
        good &= (rows["code"] == code_sha256()[:12]).to_numpy()
    sound: pd.DataFrame = rows.loc[good.astype(bool)]
    return sound


def _write(folder: Path, kept: pd.DataFrame, new: list[dict[str, Any]]) -> pd.DataFrame:
    made = pd.DataFrame(new, columns=list(COLUMNS))
    whole = pd.concat([part for part in (kept, made) if len(part)] or [made], ignore_index=True)
    whole = whole.sort_values([*KEYS, "episode"], ignore_index=True)
    buffer = BytesIO()
    whole.to_parquet(buffer, index=False, compression="zstd", compression_level=19)
    write_whole(folder / RUNS, buffer.getvalue())
    return whole


def _rows(spot: Spot, seed: int) -> list[dict[str, Any]]:
    drawn = map_named(spot.map)
    loaded = load_cell(drawn.cell(spot.policy, spot.rules, spot.x, spot.y))
    run = run_judged(loaded.scenario, loaded.policy, loaded.market, seed=seed)
    tables = Tables(run.record.trace, **run.measures)
    placements, intents = tables["placements"], tables["intents"]
    episodes, of_intent = np.unique(intents["episode"], return_inverse=True)
    place = dict(zip(intents["intent"].tolist(), of_intent.tolist(), strict=True))
    of_placement = np.array([place[intent] for intent in placements["intent"].tolist()], dtype=np.int64)

    def sums(which: Array, of: Array, weights: Array | None = None) -> Array:
        return np.bincount(of, which if weights is None else which * weights, len(episodes))

    mine = placements["role"] == drawn.role
    said = placements["success"] & mine
    hit = mine & (placements["first_failure"] != "")
    exhausted = mine & ~placements["success"] & (placements["attempts"] == 5)
    seconds = (placements["ended_us"] - placements["started_us"]) / 1e6
    held = intents["entry_fills"] > 0
    away = np.nan_to_num(np.abs(intents["fill_price"] - intents["plan_price"]) / intents["plan_price"])
    columns = {
        "placed": sums(mine, of_placement),
        "said": sums(said, of_placement),
        "true": sums(placements["true_success"] & mine, of_placement),
        "hit": sums(hit, of_placement),
        "hit_said": sums(hit & said, of_placement),
        "exhausted": sums(exhausted, of_placement),
        "intents": sums(np.ones(len(of_intent)), of_intent),
        "doubled": sums(intents["over_fill"] > 0, of_intent),
        "naked": sums(held, of_intent),
        "beyond": sums(away > SLIPPAGE_LIMIT, of_intent),
        "exhausted_s": sums(exhausted, of_placement, seconds),
        "naked_s": sums(held, of_intent, np.nan_to_num(intents["naked_s"])),
    }
    run.record.trace.forget()
    named = {**spot._asdict(), "seed": seed, "code": code_sha256()[:12]}
    return [
        {
            **named,
            "episode": number,
            **{
                name: int(values[number]) if name in COUNTS else float(values[number])
                for name, values in columns.items()
            },
        }
        for number in range(len(episodes))
    ]
