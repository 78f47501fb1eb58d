"""Make many runs in two processes, and write each down as it ends, so that a stopped campaign goes on where it was."""

from __future__ import annotations

import csv
import hashlib
import itertools
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Final, TypeVar

from sim.errors import InputError
from sim.experiment.fingerprint import code_sha256
from sim.sweep import completed, workers
from tests.campaigns.runs import Case, Row, market_of, row_of, run, text_of

Task = TypeVar("Task")
Made = TypeVar("Made")

FOLDER: Final = Path(__file__).resolve().parents[2] / ".campaigns"
_COLUMNS: Final = [item.name for item in fields(Row)]
_DECISIVE: Final = ("runs.py", "patches.py", "storm.py", "storm.toml")


class Ledger:
    """Hold the rows of one campaign, made by this code and these files of the campaign, in one CSV file."""

    def __init__(self, name: str, folder: Path = FOLDER) -> None:
        self.code = code_of()
        self.path = folder / f"{name}-{self.code}.csv"

    def rows(self) -> list[Row]:
        """Return what has been run, by seed, whichever process was first."""
        if not self.path.exists():
            return []
        with self.path.open(encoding="utf-8", newline="") as file:
            # A run that was killed while it wrote leaves half a line.
            lines = [line for line in csv.DictReader(file) if line.get("command") is not None]
        return sorted(map(row_of, lines), key=lambda row: (row.seed, row.scenario, row.policy))

    def missing(self, cases: Sequence[Case], seeds: Iterable[int]) -> list[tuple[Case, int]]:
        """Return what has not been run, seed by seed, so that a stopped campaign has all cases alike."""
        done = {(row.scenario, row.policy, row.seed, row.intents) for row in self.rows()}
        return [
            (case, seed)
            for seed in seeds
            for case in cases
            if (case.place, case.label, seed, case.intents) not in done
        ]

    def extend(
        self, cases: Sequence[Case], seeds: Iterable[int], *, jobs: int = 2, until_s: float = math.inf
    ) -> None:
        """Run what is missing, each row written as it comes; begin nothing after ``until_s`` (monotonic)."""
        left = self.missing(cases, seeds)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        (self.path.parent / ".gitignore").write_text("*\n", encoding="utf-8")
        fresh = not self.path.exists()
        began_s, done = time.monotonic(), 0
        with self.path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, _COLUMNS)
            if fresh:
                writer.writeheader()
            tasks = ((case, seed, self.code) for case, seed in left)
            for row in pooled(_one, tasks, jobs, until_s):
                writer.writerow(text_of(row))
                file.flush()
                done += 1
                if done % 50 == 0 or done == len(left):
                    rate = done / (time.monotonic() - began_s)
                    print(f"{done:6} of {len(left)} runs, {rate:.2f} runs/s", file=sys.stderr, flush=True)


def code_of() -> str:
    """Name the code under test, and what decides how a campaign runs it."""
    digest = hashlib.sha256(code_sha256().encode())
    for name in _DECISIVE:
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()[:12]


def pooled(
    work: Callable[[Task], Made], tasks: Iterable[Task], jobs: int, until_s: float = math.inf
) -> Iterator[Made]:
    """Yield what ``work`` makes of each task, as they end, in ``jobs`` processes; begin nothing after ``until_s``."""
    timely = itertools.takewhile(lambda _: time.monotonic() < until_s, tasks)
    with workers(jobs) as found:
        for _, made in completed(found, work, timely):
            yield made


def _one(task: tuple[Case, int, str]) -> Row:
    case, seed, code = task
    return run(case, seed, code)


def runnable(names: Iterable[str]) -> list[str]:
    """Return those scenarios whose recordings are here."""
    here = []
    for name in names:
        try:
            market_of(name, ())
        except InputError as error:
            if "shared" not in str(error):
                raise
            continue
        here.append(name)
    return here
