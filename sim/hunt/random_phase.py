"""Run random scripts of outcomes and price moves, round after round, guided by what earlier rounds saw.

Every draw is keyed by (seed, number of the script), and what guides it was seen in earlier rounds of the same place:
the same hunt twice runs the same scripts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from sim.chance import Stream, mix
from sim.hunt.alphabet import call_kind
from sim.hunt.bracket import Call
from sim.hunt.budget import Clock
from sim.hunt.cause import new_in
from sim.hunt.exhaustive import Failing
from sim.hunt.findings import Ground
from sim.hunt.known import Known
from sim.hunt.ledger import Ledger
from sim.hunt.runner import Runner
from sim.hunt.script import EVERY, Event, Kill, Move, Script, Strike, strikes_on
from sim.hunt.seen import Seen

Item = TypeVar("Item")
_Batch = tuple[str, list[Script]]

ROUND: Final = 64
MOST_EVENTS: Final = 6

BESIDES: Final = (
    "reply 3 s late",
    "reset, done",
    "504 html, done",
    "503 B",
    "-1021",
    "unseen for 10 s",
    "fills by half",
    "fills after 10 s",
)
"""Classes of the wider list that random scripts draw from, one time in four.

Left out is what nobody can answer without breaking a rule, as a stop that is told to wait longer than a position may
stand without one.
"""

_STEADILY: Final = ("market says no", "rules say no", "busy -1008")
"""What every stop may meet, whatever is tried: then the way out has to be another one."""

_STEADY: Final = 0.2
_SIZES_PCT: Final = (0.1, 0.3, 0.6, 1.0)
_WIDER: Final = 0.25
_MOVING: Final = 0.5
_FROM_CORPUS: Final = 0.6
_DYING: Final = 0.1


@dataclass(slots=True)
class _Place:
    """Hold what was seen at one place: calls in order of appearance, and scripts that showed something new."""

    ground: Ground
    calls: dict[Call, None]
    corpus: list[Script] = field(default_factory=list)
    features: set[tuple[object, ...]] = field(default_factory=set)
    known: Known = field(default_factory=Known)


class RandomPhase:
    """Hold a random hunt in progress over several places."""

    def __init__(
        self,
        runner: Runner,
        clock: Clock,
        ledger: Ledger,
        grounds: dict[str, Ground],
        *,
        seed: int,
        crashes: bool,
    ) -> None:
        self._runner = runner
        self._clock = clock
        self._ledger = ledger
        self._crashes = crashes
        self._stream = Stream(seed, "hunt.random")
        self._places = {
            on: _Place(ground, dict.fromkeys(asked.call for asked in ground.clean.calls))
            for on, ground in grounds.items()
        }
        self.scripts = 0
        self.broke = 0
        self.known = 0
        """Scripts looked at, those that broke a rule, and those that were not run, as another told of them."""

    def rounds(self) -> Iterator[tuple[str, list[Failing]]]:
        """Yield (place, failing scripts) round by round until the budget is used up; earlier hunts' scripts first."""
        for on in self._places:
            earlier = [script for name, script in self._ledger.failing() if name == on]
            if earlier:
                yield from self._run([(on, earlier)])
        number = 0
        while self._places and not self._clock.is_over:
            batches: list[_Batch] = []
            for on, place in self._places.items():
                wanted = (len(batches) + 1) * ROUND
                if self._clock.allowed(wanted) < wanted:
                    break
                scripts = [self._script(place, number * ROUND + index) for index in range(ROUND)]
                batches.append((on, list(dict.fromkeys(scripts))))
                number += 1
            if not batches:
                return
            yield from self._run(batches)

    def _run(self, batches: list[_Batch]) -> Iterator[tuple[str, list[Failing]]]:
        """Run a round of several places together, as no place looks at another; yield what failed of each."""
        for (on, scripts), came in zip(batches, self._came(batches), strict=True):
            place = self._places[on]
            self._clock.scripts += len(scripts)
            self.scripts += len(scripts)
            failing = []
            for script, seen in zip(scripts, came, strict=True):
                if new_in(seen, place.ground.known):
                    failing.append((script, seen))
                    self._ledger.keep(on, script)
                elif self._is_new(place, seen):
                    place.corpus.append(script)
                place.calls.update(dict.fromkeys(asked.call for asked in seen.calls))
            self.broke += len(failing)
            yield on, failing

    def _came(self, batches: list[_Batch]) -> list[list[Seen]]:
        """Return what each script comes to; those are run that no run of an earlier round tells of."""
        told: list[dict[Script, Seen]] = []
        asked: list[_Batch] = []
        for on, scripts in batches:
            known = self._places[on].known
            told.append({script: seen for script in scripts if (seen := known.find(script)) is not None})
            asked.append((on, [script for script in scripts if script not in told[-1]]))
        for (on, scripts), came, there in zip(asked, self._runner.run_on(asked), told, strict=True):
            self.known += len(there)
            for script, seen in zip(scripts, came, strict=True):
                self._places[on].known.keep(script, seen)
                there[script] = seen
        return [
            [there[script] for script in scripts] for (_, scripts), there in zip(batches, told, strict=True)
        ]

    def _is_new(self, place: _Place, seen: Seen) -> bool:
        """Tell whether a run showed an end, a call or a position under a strike that no run before it did."""
        features: set[tuple[object, ...]] = {("end", seen.end, seen.held != seen.believed)}
        features |= {("call", asked.call, asked.status, asked.code) for asked in seen.calls}
        fresh = features - place.features
        place.features |= fresh
        return bool(fresh)

    def _script(self, place: _Place, number: int) -> Script:
        """Draw a script: one of the corpus with a change, or a new one."""
        draws = _Draws(self._stream, number)
        if place.corpus and draws.uniform() < _FROM_CORPUS:
            script = list(draws.one_of(place.corpus))
            if script and (len(script) >= MOST_EVENTS or draws.uniform() < 0.5):
                script[draws.below(len(script))] = self._event(place, draws)
            else:
                script.insert(draws.below(len(script) + 1), self._event(place, draws))
        else:
            size = 1 + int((MOST_EVENTS - 1) * draws.uniform() ** 2)
            script = [self._event(place, draws) for _ in range(size)]
        return _consistent(script)

    def _event(self, place: _Place, draws: _Draws) -> Event:
        kind = draws.uniform()
        if kind < _MOVING / 2:
            return _move(draws)
        if self._crashes and kind > 1 - _DYING:
            return Kill(1 + draws.below(40), draws.one_of((1.0, 10.0, 60.0)))
        calls = list(place.calls)
        orders = [call for call in calls if call_kind(call.call, call.role) not in ("query", "price")]
        call = draws.one_of(orders if orders and draws.uniform() < 0.7 else calls)
        if call.role == "sl" and draws.uniform() < _STEADY:
            return Strike(call.call, call.role, EVERY, draws.one_of(_STEADILY))
        if draws.uniform() < _WIDER:
            return Strike(call.call, call.role, call.n, draws.one_of(BESIDES))
        return draws.one_of(strikes_on(call))


def _move(draws: _Draws) -> Move:
    kind = draws.one_of(("gap", "drift", "wick"))
    pct = draws.one_of(_SIZES_PCT) * (1 if draws.uniform() < 0.5 else -1)
    # Near the decision, where entry and protection are on their way; a third of them later.
    after_s = round(draws.uniform() * (3.0 if draws.uniform() < 2 / 3 else 30.0), 2)
    for_s = {"gap": 0.0, "drift": draws.one_of((1.0, 5.0, 20.0)), "wick": draws.one_of((1.0, 4.0))}[kind]
    return Move(kind, after_s, pct, for_s)


def _consistent(script: list[Event]) -> Script:
    """Leave one event to each call, one crash, and moves first: a script says what happens, not in which order."""
    strikes: dict[Call, Event] = {}
    kills: list[Event] = []
    moves: list[Event] = []
    for event in script:
        if isinstance(event, Strike):
            strikes[event.place] = event
        elif isinstance(event, Kill):
            kills = [event]
        else:
            moves.append(event)
    return (*dict.fromkeys(moves), *kills, *strikes.values())


class _Draws:
    """Draw one script's numbers, one after another, all keyed by its number."""

    def __init__(self, stream: Stream, number: int) -> None:
        self._stream = stream
        self._number = number
        self._drawn = 0

    def uniform(self) -> float:
        self._drawn += 1
        return self._stream.uniform(mix(self._number, self._drawn))

    def below(self, count: int) -> int:
        return int(count * self.uniform())

    def one_of(self, items: Sequence[Item]) -> Item:
        return items[self.below(len(items))]
