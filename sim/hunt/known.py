"""Tell a script that must come to the very same as one that was run: what sets them apart strikes nothing.

Faults of a script are exact: the n-th request of a role to a call has an outcome, without a draw.  Two runs are the
same up to the first request that one script strikes and the other does not.  If the run that is known makes no such
request, there is none, and whatever was judged of it holds of the other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations
from typing import Final

from sim.hunt.alphabet import BY_NAME
from sim.hunt.script import EVERY, Event, Move, Script, Strike
from sim.hunt.seen import Seen

_ON_THE_WIRE: Final = frozenset(
    {*BY_NAME, "reply 3 s late", "reset, done", "504 html, done", "503 B", "-1021"}
)
"""Outcomes that do nothing but to the request they strike; others change what is read or how orders are matched."""

_MOST: Final = 4_000
"""So many runs are kept, the first ones: most scripts are made of what early ones showed."""


class Known:
    """Hold what scripts of one place came to."""

    def __init__(self) -> None:
        self._came: dict[Script, tuple[Script, Seen, Counter[tuple[str, str]]]] = {}

    def keep(self, script: Script, seen: Seen) -> None:
        """Keep what a script came to."""
        struck = {_acting(script)[place] for place in seen.order}
        acted = tuple(event for event in script if event in struck or not _can_miss(event))
        # The run without events is asked more than others: whether it trades at all.
        if acted and seen.is_whole and len(self._came) < _MOST:
            made = Counter((asked.call.call, asked.call.role) for asked in seen.calls)
            self._came.setdefault(acted, (script, seen, made))

    def find(self, script: Script) -> Seen | None:
        """Return what ``script`` comes to, None where only a run can tell."""
        missing = [event for event in script if isinstance(event, Strike) and _can_miss(event)]
        for count in range(len(missing) + 1):
            for left_out in combinations(missing, count):
                acted = tuple(event for event in script if event not in left_out)
                found = self._came.get(acted)
                if found is not None and all(_misses(event, found[2]) for event in left_out):
                    return _renamed(found[1], found[0], script)
        return None


def _acting(script: Script) -> list[Event]:
    return [event for event in script if not isinstance(event, Move)]


def _can_miss(event: Event) -> bool:
    return isinstance(event, Strike) and event.outcome in _ON_THE_WIRE


def _misses(event: Strike, made: Counter[tuple[str, str]]) -> bool:
    """Tell whether a run that makes so many requests, by call and role, makes none that ``event`` strikes."""
    least = 0 if event.n == EVERY else event.n
    return made[event.call, event.role] <= least


def _renamed(seen: Seen, ran: Script, script: Script) -> Seen:
    """Return what ``ran`` came to as of ``script``, whose events have other numbers."""
    events, acting = _acting(ran), _acting(script)
    return replace(seen, order=tuple(acting.index(events[place]) for place in seen.order))
