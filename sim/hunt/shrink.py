"""Make a failing script as small as it goes: fewer events, simpler outcomes, earlier calls, shorter delays.

What must stay is the rule that breaks first and the line that failed; which call decides it may change.  Greedy and
in a fixed order, so the same script always shrinks to the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

from sim.hunt.alphabet import BY_NAME, OUTCOMES, call_kind
from sim.hunt.cause import cause_of, new_in
from sim.hunt.script import Event, Kill, Move, Script, Strike
from sim.hunt.seen import Seen

MOST_RUNS: Final = 400
"""A script that still shrinks after so many runs is left as it is then."""

_LEAST_FOR_S: Final = 1.0
_LEAST_PCT: Final = 0.1


@dataclass(frozen=True, slots=True)
class Shrunk:
    """Hold the smallest script found, what it came to, and the runs that it took."""

    script: Script
    seen: Seen
    runs: int


def shrink(script: Script, seen: Seen, run: Callable[[Script], Seen], known: Collection[str] = ()) -> Shrunk:
    """Return the smallest script that breaks the same rule at the same line as ``script``, which came to ``seen``."""
    goal = cause_of(script, seen, known)
    tried: dict[Script, Seen | None] = {script: seen}
    runs = 0

    def fails(candidate: Script) -> Seen | None:
        nonlocal runs
        if candidate not in tried:
            runs += 1
            came = run(candidate)
            same = False
            if new_in(came, known):
                found = cause_of(candidate, came, known)
                same = (found.check, found.frame) == (goal.check, goal.frame)
            tried[candidate] = came if same else None
        return tried[candidate]

    best, came = script, seen
    progress = True
    while progress and runs < MOST_RUNS:
        progress = False
        for candidate in _smaller(best):
            if runs >= MOST_RUNS:
                break
            found = fails(candidate)
            if found is not None:
                best, came, progress = candidate, found, True
                break
    ordered = _in_order(best, came)
    if ordered != best and (found := fails(ordered)) is not None:
        best, came = ordered, found
    return Shrunk(best, came, runs)


def _in_order(script: Script, came: Seen) -> Script:
    """Return the script with its events as they struck; moves of the price come first."""
    acting = [event for event in script if not isinstance(event, Move)]
    places = [*came.order, *(place for place in range(len(acting)) if place not in came.order)]
    return (*(event for event in script if isinstance(event, Move)), *(acting[place] for place in places))


def _smaller(script: Script) -> Iterator[Script]:
    """Yield every script one step smaller: halves and single events dropped, then one event made simpler."""
    size = len(script)
    if size > 3:
        yield script[: size // 2]
        yield script[size // 2 :]
    for index in range(size):
        yield script[:index] + script[index + 1 :]
    for index, event in enumerate(script):
        for simpler in _simpler(event):
            if simpler not in script:
                yield (*script[:index], simpler, *script[index + 1 :])


def _simpler(event: Event) -> Iterator[Event]:
    if isinstance(event, Strike):
        kind = call_kind(event.call, event.role)
        names = [outcome.name for outcome in OUTCOMES if kind in outcome.tables]
        upto = names.index(event.outcome) if event.outcome in BY_NAME else len(names)
        for name in names[:upto]:
            yield replace(event, outcome=name)
        for n in sorted({0, event.n // 2, event.n - 1} - {event.n, -1, -2}):
            yield replace(event, n=n)
    elif isinstance(event, Kill):
        if event.restart_s > 1:
            yield replace(event, restart_s=1.0)
        for await_ in sorted({1, event.await_ // 2, event.await_ - 1} - {0, event.await_}):
            yield replace(event, await_=await_, near="")
    else:
        yield from _simpler_move(event)


def _simpler_move(move: Move) -> Iterator[Move]:
    if move.kind != "gap":
        yield replace(move, kind="gap", for_s=0.0)
    if abs(move.pct) >= 2 * _LEAST_PCT:
        yield replace(move, pct=round(move.pct / 2, 3))
    if move.for_s >= 2 * _LEAST_FOR_S:
        yield replace(move, for_s=round(move.for_s / 2, 3))
    if move.after_s:
        yield replace(move, after_s=round(float(int(move.after_s / 2)), 3))
