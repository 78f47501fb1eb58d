"""Run many scripts in a fixed order, in this process or in several that hold the same quarry."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from sim.hunt.quarry import Quarry
from sim.hunt.script import Script
from sim.hunt.seen import Seen
from sim.hunt.shrink import Shrunk, shrink
from sim.sweep.pool import Workers, completed, workers

_CHUNK: Final = 32
_CHUNKS: Final = 2
_LONGEST: Final = 128
"""Scripts that a worker is handed at a time: half of its share, as judging many together costs little more than one."""

_HELD: dict[str, Quarry] = {}
"""What this process runs scripts on, by name; its forks inherit it, as no executor can be sent to them."""


class Runner:
    """Run scripts on quarries by name; see :func:`runner_of`."""

    def __init__(self, found: Workers, jobs: int = 1) -> None:
        self._workers = found
        self._jobs = jobs

    def run(self, scripts: Sequence[Script], on: str = "", *, with_calls: bool = True) -> list[Seen]:
        """Return what each script came to, in their order."""
        (made,) = self.run_on([(on, scripts)], with_calls=with_calls)
        return made

    def run_on(
        self, batches: Sequence[tuple[str, Sequence[Script]]], *, with_calls: bool = True
    ) -> list[list[Seen]]:
        """Return what the scripts of each batch came to on its quarry; no worker waits between batches."""
        share = -(-sum(len(scripts) for _, scripts in batches) // (_CHUNKS * self._jobs))
        size = min(max(_CHUNK, share), _LONGEST)
        parts = [
            (place, on, tuple(scripts[start : start + size]))
            for place, (on, scripts) in enumerate(batches)
            for start in range(0, len(scripts), size)
        ]
        tasks = [(number, on, scripts, with_calls) for number, (_, on, scripts) in enumerate(parts)]
        made = {task[0]: seen for task, seen in completed(self._workers, _run_chunk, tasks)}
        came: list[list[Seen]] = [[] for _ in batches]
        for number, (place, _, _) in enumerate(parts):
            came[place] += made[number]
        return came

    def shrink(
        self, failing: Sequence[tuple[Script, Seen]], known: Collection[str], on: str = ""
    ) -> list[Shrunk]:
        """Return the smallest form of each failing script, in their order."""
        tasks = [
            (number, on, script, seen, frozenset(known)) for number, (script, seen) in enumerate(failing)
        ]
        made = {task[0]: shrunk for task, shrunk in completed(self._workers, _shrink_one, tasks)}
        return [made[number] for number in range(len(tasks))]


@contextmanager
def runner_of(quarries: dict[str, Quarry], jobs: int) -> Iterator[Runner]:
    """Yield what runs scripts on ``quarries`` in ``jobs`` processes."""
    before = dict(_HELD)
    _HELD.update(quarries)
    try:
        with workers(jobs) as found:
            yield Runner(found, jobs)
    finally:
        _HELD.clear()
        _HELD.update(before)


def _run_chunk(task: tuple[int, str, tuple[Script, ...], bool]) -> list[Seen]:
    _, on, scripts, with_calls = task
    quarry = _HELD[on]
    made = quarry.run_all(scripts)
    if with_calls:
        return made
    return [seen if seen.broken else replace(seen, calls=()) for seen in made]


def _shrink_one(task: tuple[int, str, Script, Seen, frozenset[str]]) -> Shrunk:
    _, on, script, seen, known = task
    return shrink(script, seen, _HELD[on].run, known)
