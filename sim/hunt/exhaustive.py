"""Run every script of at most so many outcomes over the calls of one bracket, the shortest scripts first.

Adaptive: what can happen next are outcomes of the calls that the run under the script so far makes after its last
event, so no script holds an event that strikes nothing, and none is run twice.  A script that breaks a rule is not
extended: whatever is longer tells less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from sim.hunt.alphabet import call_kind
from sim.hunt.bracket import Call
from sim.hunt.budget import Clock
from sim.hunt.cause import new_in
from sim.hunt.ledger import Ledger
from sim.hunt.runner import Runner
from sim.hunt.script import Kill, Script, Strike, strikes_on
from sim.hunt.seen import Seen

ROUND: Final = 256
"""Scripts of a round: what a budget cuts off is whole rounds."""

REACH: Final = 16
"""Calls after its last event that a script is extended to."""

REPEATS: Final = {"query": 2, "price": 2}
"""A read that is repeated is struck so many times; every order, cancellation and setting always."""

RESTARTS_S: Final = (1.0, 60.0)
_MOST_AWAITS: Final = 400
_AWAITS_AHEAD: Final = 32


@dataclass(slots=True)
class Level:
    """Count one level: the scripts of ``events`` events, those run, that struck nothing, that broke a rule.

    ``known``: those of them that were not run, as they must come to the same as another (:mod:`sim.hunt.known`).
    """

    events: int
    what: str
    there: int = 0
    run: int = 0
    idle: int = 0
    broke: int = 0
    known: int = 0

    @property
    def title(self) -> str:
        """Name the level: "2 outcomes", "1 crash"."""
        if not self.events or "," in self.what:
            return self.what
        return f"{self.events} {self.what}{'s' if self.events > 1 else ''}"

    @property
    def is_whole(self) -> bool:
        """Tell whether every script of this level was run."""
        return self.run == self.there


@dataclass(slots=True)
class Coverage:
    """Count what scripts met: (outcome, call, position) → scripts; and the calls that were left out."""

    met: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


Failing = tuple[Script, Seen]


class Search:
    """Hold an exhaustive hunt in progress."""

    def __init__(self, runner: Runner, clock: Clock, ledger: Ledger, known: Collection[str]) -> None:
        self._runner = runner
        self._clock = clock
        self._ledger = ledger
        self._known = known
        self.levels: list[Level] = []
        self.coverage = Coverage()

    def rounds(self, clean: Seen, depth: int, *, crashes: bool) -> Iterator[list[Failing]]:
        """Yield the failing scripts of each round: crashes, where they are asked for, then outcomes."""
        died: list[Failing] = []
        if crashes and depth:
            yield from self._crashed(died)
        yield from self._struck(clean, depth, died)

    def _struck(self, clean: Seen, depth: int, died: list[Failing]) -> Iterator[list[Failing]]:
        """Yield the failing scripts of each round, level by level up to ``depth`` events."""
        frontier: list[Failing] = [((), clean)]
        for events in range(1, depth + 1):
            scripts = [
                (*script, strike)
                for script, seen in frontier
                for call in self._next_calls(script, seen)
                for strike in strikes_on(call)
            ]
            level = Level(events, "outcome", there=len(scripts))
            self.levels.append(level)
            frontier = []
            yield from self._run_level(level, scripts, frontier, keep=events < depth)
            if not level.is_whole:
                return
            if events == 1 < depth and died:
                yield from self._struck_once_back(died)

    def _struck_once_back(self, died: list[Failing]) -> Iterator[list[Failing]]:
        """Yield the failing scripts among every outcome of every call that a process makes once it is back."""
        scripts = [
            (*script, strike)
            for script, seen in died
            for call in self._able(
                [asked.call for asked in seen.calls if asked.sent_us >= seen.struck_us[-1]]
            )
            for strike in strikes_on(call)
        ]
        level = Level(2, "crash, outcome", there=len(scripts))
        self.levels.append(level)
        yield from self._run_level(level, scripts, [], keep=False)

    def _crashed(self, died: list[Failing]) -> Iterator[list[Failing]]:
        """Yield the failing scripts among a crash at every wait, each with every time to come back."""
        level = Level(1, "crash")
        self.levels.append(level)
        for first in range(1, _MOST_AWAITS, _AWAITS_AHEAD):
            awaits = range(first, first + _AWAITS_AHEAD)
            scripts: list[Script] = [(Kill(k, restart_s),) for k in awaits for restart_s in RESTARTS_S]
            level.there += len(scripts)
            idle = level.idle
            yield from self._run_level(level, scripts, died, keep=True)
            if level.idle > idle or not level.is_whole:
                # Waits beyond the last one that there is.
                level.there -= level.idle
                level.run -= level.idle
                level.idle = 0
                return

    def _next_calls(self, script: Script, seen: Seen) -> list[Call]:
        """Return the calls that can be struck next: those after the script's last event, as far as it reaches."""
        calls = [asked.call for asked in seen.calls]
        start = 0
        if script:
            last = script[-1]
            assert isinstance(last, Strike)
            start = calls.index(last.place) + 1
        return self._able(calls[start:])

    def _able(self, calls: list[Call]) -> list[Call]:
        """Return those of ``calls`` that are within reach, and count the others."""
        able: list[Call] = []
        for call in calls:
            most = REPEATS.get(call_kind(call.call, call.role))
            if (most is not None and call.n >= most) or len(able) >= REACH:
                self.coverage.left_out[call.name] += 1
            else:
                able.append(call)
        return able

    def _run_level(
        self, level: Level, scripts: list[Script], frontier: list[Failing], *, keep: bool
    ) -> Iterator[list[Failing]]:
        for number, start in enumerate(range(0, len(scripts), ROUND)):
            batch = scripts[start : start + ROUND]
            done = None if keep else self._ledger.done(level.what, level.events, number, batch)
            if done is not None:
                level.run += len(batch)
                level.idle += done.idle
                self._count(batch, done.states)
                failing = [batch[index] for index in done.broke]
                level.broke += len(failing)
                yield list(zip(failing, self._runner.run(failing), strict=True))
                continue
            allowed = 0 if self._clock.is_over else self._clock.allowed(len(batch))
            if allowed < len(batch):
                return
            came = self._runner.run(batch, with_calls=keep)
            self._clock.scripts += len(batch)
            level.run += len(batch)
            found, idle, broke = [], 0, []
            for index, (script, seen) in enumerate(zip(batch, came, strict=True)):
                if seen.struck < len(script):
                    idle += 1
                elif new_in(seen, self._known):
                    found.append((script, seen))
                    broke.append(index)
                elif keep:
                    frontier.append((script, seen))
            level.idle += idle
            level.broke += len(broke)
            states = [seen.states[-1] if seen.states else "" for seen in came]
            self._count(batch, states)
            if not keep:
                self._ledger.note(level.what, level.events, number, batch, idle, broke, states)
            yield found

    def _count(self, batch: list[Script], states: list[str]) -> None:
        for script, state in zip(batch, states, strict=True):
            last = script[-1]
            if isinstance(last, Strike) and state:
                self.coverage.met[last.outcome, last.place.name, state] += 1
