"""Write down what a hunt has done, so that a stopped one goes on, and which random scripts failed before.

A folder holds one ledger of rounds for each code and question, and one of failing scripts for each question: a seed
that failed under yesterday's code is tried first under today's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.hunt.script import Script, as_plain, from_plain
from sim.scenario import LoadedScenario


@dataclass(frozen=True, slots=True)
class Done:
    """Hold one round: how many of its scripts struck nothing, the places of those that broke a rule, last states."""

    idle: int
    broke: tuple[int, ...]
    states: list[str]


class Ledger:
    """Hold the rounds of one hunt; without a folder nothing is written and nothing is known.

    ``question``: what is hunted, ``code``: the code under test and ours, both as hashes.
    """

    def __init__(self, folder: Path | None, question: str, code: str) -> None:
        self._rounds = None if folder is None else folder / f"rounds-{question[:12]}-{code[:12]}.jsonl"
        self._seeds = None if folder is None else folder / f"seeds-{question[:12]}.jsonl"
        self._done: dict[str, Done] = {}
        if self._rounds is not None:
            for row in _rows(self._rounds):
                self._done[row["round"]] = Done(row["idle"], tuple(row["broke"]), row["states"])

    @property
    def rounds(self) -> int:
        """Return how many rounds are known."""
        return len(self._done)

    def done(self, what: str, events: int, number: int, batch: Sequence[Script]) -> Done | None:
        """Return a round that was run before, with the very same scripts."""
        return self._done.get(_key(what, events, number, batch))

    def note(
        self,
        what: str,
        events: int,
        number: int,
        batch: Sequence[Script],
        idle: int,
        broke: Sequence[int],
        states: Sequence[str],
    ) -> None:
        """Write down a round that is over."""
        if self._rounds is not None:
            key = _key(what, events, number, batch)
            _append(self._rounds, {"round": key, "idle": idle, "broke": list(broke), "states": list(states)})

    def failing(self) -> list[tuple[str, Script]]:
        """Return the (place, script) pairs that failed in earlier hunts, the oldest first."""
        if self._seeds is None:
            return []
        pairs = [(str(row["on"]), from_plain(row["script"])) for row in _rows(self._seeds)]
        return list(dict.fromkeys(pairs))

    def keep(self, on: str, script: Script) -> None:
        """Keep a failing script of the random phase."""
        if self._seeds is not None and (on, script) not in self.failing():
            _append(self._seeds, {"on": on, "script": as_plain(script)})


def _key(what: str, events: int, number: int, batch: Sequence[Script]) -> str:
    digest = hashlib.sha256(json.dumps([as_plain(script) for script in batch]).encode()).hexdigest()
    return f"{what}/{events}/{number}/{digest[:16]}"


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            # A hunt that was killed while it wrote leaves half a line; its round is run again.
            continue
    return rows


def _append(path: Path, row: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, separators=(",", ":")) + "\n")


def code_sha256_of(loaded: LoadedScenario) -> str:
    """Hash the Python files in the folder of the scenario's ``[code]``, by name and content; "" without one."""
    code = loaded.scenario.code
    if code is None:
        return ""
    folder = loaded.base_dir / code.app_dir if code.app_dir is not None else Path.cwd()
    total = hashlib.sha256(code.model_dump_json().encode())
    for path in sorted(folder.rglob("*.py")):
        total.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()
