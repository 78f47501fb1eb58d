"""Gather what the fits need while a log streams by: sums by stretch of time, and thinned series, never the lines.

Sums grow with the days a log spans and not with its lines.  Series are capped: past :data:`MOST_KEPT` entries every
further look is kept with half the chance, or at half the density, again and again.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from sim.calibrate.logs.failures import SILENT
from sim.calibrate.logs.flows import Attempt, Event, Intent, LookUp, Placement, SideCall
from sim.chance import mix

Array = np.ndarray[Any, Any]

CELL_US: Final = 600_000_000
"""Sums are kept for stretches of ten minutes, which days and hours are made of."""
CELLS_PER: Final = {"day": 144, "hour": 6, "ten minutes": 1}
ENOUGH: Final = 10
MOST_KEPT: Final = 200_000
MOST_DECIDED: Final = 20_000
_SLOWEST_CODES: Final = frozenset({"-1007"})
"""The venue's own time-out: its answers say nothing about the wire."""


@dataclass(slots=True)
class Thinned:
    """Keep times of round trips, each as bounds in µs with its time; thinned by a key, so evenly over the log."""

    at_us: array[int] = field(default_factory=lambda: array("q"))
    low_us: array[int] = field(default_factory=lambda: array("q"))
    high_us: array[int] = field(default_factory=lambda: array("q"))
    seen: int = 0
    _level: int = 0

    def add(self, at_us: int, low_us: int, high_us: int) -> None:
        """Take one observation."""
        self.seen += 1
        if self._level and mix(at_us, self.seen) % (1 << self._level):
            return
        self.at_us.append(at_us)
        self.low_us.append(low_us)
        self.high_us.append(high_us)
        if len(self.at_us) >= MOST_KEPT:
            self._level += 1
            for values in (self.at_us, self.low_us, self.high_us):
                values[:] = values[::2]

    def extend(self, other: Thinned) -> None:
        """Take all that ``other`` kept."""
        for values in zip(other.at_us, other.low_us, other.high_us, strict=True):
            self.add(*values)

    def arrays(self) -> tuple[Array, Array, Array]:
        """Return times, lower and upper bounds."""
        at, low, high = (
            np.array(values, dtype=np.int64) for values in (self.at_us, self.low_us, self.high_us)
        )
        return at, low, high


@dataclass(slots=True)
class Looks:
    """Keep when attempts were made and how they failed: what a log sees of outages.

    A look that says the same as the one before and follows it within ``spacing_us`` says little and may be dropped.
    """

    at_us: array[int] = field(default_factory=lambda: array("q"))
    failure: array[int] = field(default_factory=lambda: array("h"))
    role: array[int] = field(default_factory=lambda: array("h"))
    names: dict[str, int] = field(default_factory=lambda: {"": 0})
    roles: dict[str, int] = field(default_factory=dict)
    spacing_us: int = 0

    def add(self, attempt: Attempt) -> None:
        """Take one attempt."""
        self._take(attempt.sent_us, attempt.failure, attempt.role)

    def extend(self, other: Looks) -> None:
        """Take all that ``other`` kept."""
        names, roles = list(other.names), list(other.roles)
        for at_us, name, role in zip(other.at_us, other.failure, other.role, strict=True):
            self._take(at_us, names[name], roles[role])

    def _take(self, at_us: int, failure: str, whose: str) -> None:
        name = self.names.setdefault(failure, len(self.names))
        role = self.roles.setdefault(whose, len(self.roles))
        is_same = bool(self.spacing_us) and self.failure[-1] == name and self.role[-1] == role
        if is_same and 0 <= at_us - self.at_us[-1] < self.spacing_us:
            return
        self.at_us.append(at_us)
        self.failure.append(name)
        self.role.append(role)
        if len(self.at_us) >= MOST_KEPT:
            self._thin()

    def _thin(self) -> None:
        self.spacing_us = max(1_000_000, 2 * self.spacing_us)
        at, failure, role = self.arrays()
        same = (failure[1:] == failure[:-1]) & (role[1:] == role[:-1])
        cell = at // self.spacing_us
        kept = np.concatenate(([True], ~(same & (cell[1:] == cell[:-1]))))
        for values, thinned in ((self.at_us, at), (self.failure, failure), (self.role, role)):
            values[:] = array(values.typecode, thinned[kept].tolist())

    def arrays(self) -> tuple[Array, Array, Array]:
        """Return times, failures and roles in order of time."""
        at = np.array(self.at_us, dtype=np.int64)
        order = np.argsort(at, kind="stable")
        failure, role = (np.array(values, dtype=np.int16) for values in (self.failure, self.role))
        return at[order], failure[order], role[order]


@dataclass(slots=True)
class Tally:
    """Hold all sums and series of one log, or of one day of it."""

    cells: dict[int, Counter[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(Counter))
    loosening: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    trips: Thinned = field(default_factory=Thinned)
    looks: Looks = field(default_factory=Looks)
    patience: Counter[float] = field(default_factory=Counter)
    """How long silent attempts lasted, in s."""
    side_calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    look_ups: Counter[str] = field(default_factory=Counter)
    decided: list[tuple[int, str, float]] = field(default_factory=list)
    """When the first intents were decided, on which symbol, and the planned price where a line says it (else 0)."""
    symbols: Counter[str] = field(default_factory=Counter)
    lags: Thinned = field(default_factory=Thinned)
    """From an order's first look-up to its sighting; (0, 0) for one that was there at once."""
    never_found: int = 0
    _asked: dict[tuple[str, str, str, str], tuple[int, int]] = field(default_factory=dict)

    def listen(self, events: Iterable[Event]) -> Iterator[Event]:
        """Pass ``events`` through and take them into account."""
        for event in events:
            self.add(event)
            yield event

    def add(self, event: Event) -> None:
        """Take one event into account."""
        match event:
            case Attempt():
                self._attempt(event)
            case Placement():
                self._placement(event)
            case Intent():
                cell = self.cells[event.decided_us // CELL_US]
                cell["checked",] += 1
                cell["refused",] += event.refused_for_deviation
                cell["refused at all",] += event.refused
                self.symbols[event.symbol] += 1
                if len(self.decided) < MOST_DECIDED:
                    self.decided.append((event.decided_us, event.symbol, event.planned))
            case SideCall():
                self.side_calls[event.call, event.failure] += 1
            case LookUp():
                self._look_up(event)

    def _attempt(self, event: Attempt) -> None:
        cell = self.cells[event.sent_us // CELL_US]
        cell["attempts", event.role] += 1
        if event.failure:
            cell["failed", event.failure, event.role] += 1
        if event.within_us >= 1_000_000:
            return
        self.looks.add(event)
        lasted_us = event.answered_us - event.sent_us
        if event.failure in SILENT:
            if len(self.patience) < 1000:
                self.patience[round(lasted_us / 1e6, 1)] += 1
        elif event.failure not in _SLOWEST_CODES:
            low_us = max(0, lasted_us - event.within_us)
            self.trips.add(event.sent_us, low_us, max(lasted_us + event.within_us, low_us + 1))

    def _placement(self, event: Placement) -> None:
        self.symbols[event.symbol] += 1
        place = event.started_us // CELL_US
        cell = self.cells[place]
        cell["placements",] += 1
        cell["won",] += event.success
        cell["won attempts",] += event.attempts * event.success
        if event.failed_attempts:
            cell["retried",] += 1
            cell["retried won",] += event.success
        if event.role == "sl":
            cell["stops",] += 1
            cell["met -2021",] += event.met_2021
            cell["met -2021 won",] += event.met_2021 and event.success
            self.loosening[place] += event.loosening_bps

    def _look_up(self, event: LookUp) -> None:
        """Follow one order's look-ups: absent from the first to the last that say so, then there."""
        key = (event.process, event.intent, event.symbol, event.role)
        self.look_ups[event.state] += 1
        first_us, absent_us = self._asked.get(key, (0, 0))
        if first_us and event.at_us - absent_us > CELL_US:
            # So long after, it is another order of the same kind.
            self.never_found += 1
            first_us = absent_us = 0
        if event.state == "absent":
            self._asked[key] = (first_us or event.at_us, event.at_us)
            if len(self._asked) > 4096:
                self._asked.pop(next(iter(self._asked)))
                self.never_found += 1
        elif event.state in ("there", "ended"):
            self._asked.pop(key, None)
            if first_us:
                self.lags.add(event.at_us, absent_us - first_us, max(1, event.at_us - first_us))
            else:
                self.lags.add(event.at_us, 0, 0)

    def absent_to_the_end(self) -> int:
        """Return how many orders were looked up and never found."""
        return self.never_found + len(self._asked)

    def sums(self, key: tuple[str, ...], cells_per: int) -> dict[int, int]:
        """Return the sums of ``key`` by stretches of ``cells_per`` cells; stretches without any are absent."""
        found: Counter[int] = Counter()
        for cell, counts in self.cells.items():
            if count := counts.get(key, 0):
                found[cell // cells_per] += count
        return dict(found)

    def keys(self, *start: str) -> list[tuple[str, ...]]:
        """Return the keys that begin with ``start``, in order."""
        found = {key for counts in self.cells.values() for key in counts if key[: len(start)] == start}
        return sorted(found)

    def total(self, *key: str) -> int:
        """Return the sum of ``key`` over all time."""
        return sum(counts.get(key, 0) for counts in self.cells.values())

    def unit(self) -> str:
        """Return the longest stretch of time of which there are at least :data:`ENOUGH`, else the shortest."""
        for name, cells_per in CELLS_PER.items():
            if len({cell // cells_per for cell in self.cells}) >= ENOUGH:
                return name
        return "ten minutes"

    def span_us(self) -> tuple[int, int]:
        """Return the first and the last moment of the cells that hold anything; (0, 0) for nothing."""
        if not self.cells:
            return 0, 0
        return min(self.cells) * CELL_US, (max(self.cells) + 1) * CELL_US
