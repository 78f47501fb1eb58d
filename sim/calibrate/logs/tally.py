"""Gather what the fits need while a log streams by: sums by stretch of time, and thinned series, never the lines.

Sums are kept by stretches of time, which are joined into longer ones past :data:`MOST_CELLS` of them; names past
their caps are counted together; of series a sample is kept (:mod:`sim.calibrate.logs.series`).  So memory does not grow
with the log, and :meth:`Tally.left_out` says what that cost.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from sim.calibrate.logs.failures import SILENT
from sim.calibrate.logs.flows import MOST_OPEN, Attempt, Event, Intent, LookUp, Placement, SideCall
from sim.calibrate.logs.names import Names
from sim.calibrate.logs.series import Looks, Thinned

CELL_US: Final = 600_000_000
"""Sums are kept for stretches of ten minutes, which days and hours are made of."""
CELLS_PER: Final = {"day": 144, "hour": 6, "ten minutes": 1}
ENOUGH: Final = 10
MOST_CELLS: Final = 4_500
"""A month of ten minutes: past it sums are kept by the hour, then by the day, then by twice as many days each time."""
_WIDTHS: Final = {1: 6, 6: 144}
MOST_DECIDED: Final = 20_000
_MOST_ASKED: Final = 4096
_MOST_PATIENCE: Final = 1000
_SLOWEST_CODES: Final = frozenset({"-1007"})
"""The venue's own time-out: its answers say nothing about the wire."""


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
    all_decided: int = 0
    """How many intents were decided; :attr:`decided` holds the first of them."""
    crowded_out: int = 0
    """How many placements were cut off because too many were open at once."""
    width: int = 1
    """How many cells of ten minutes one of :attr:`cells` holds."""
    failures: Names = field(default_factory=lambda: Names(48))
    roles: Names = field(default_factory=lambda: Names(16))
    others: Names = field(default_factory=lambda: Names(1000))
    """Names of symbols, of calls beside the orders, and of states."""
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
                cell = self.cells[self.place(event.decided_us)]
                cell["checked",] += 1
                cell["refused",] += event.refused_for_deviation
                cell["refused at all",] += event.refused
                self.all_decided += 1
                symbol = self.others.of(event.symbol)
                self.symbols[symbol] += 1
                if len(self.decided) < MOST_DECIDED:
                    self.decided.append((event.decided_us, symbol, event.planned))
            case SideCall():
                self.side_calls[self.others.of(event.call), self.failures.of(event.failure)] += 1
            case LookUp():
                self._look_up(event)

    def place(self, at_us: int) -> int:
        """Return the cell that holds a moment, as :attr:`cells` and :attr:`loosening` name it."""
        place = at_us // CELL_US
        if self.width > 1:
            place -= place % self.width
        if place not in self.cells and len(self.cells) >= MOST_CELLS:
            self.widen(_WIDTHS.get(self.width, 2 * self.width))
            return self.place(at_us)
        return place

    def widen(self, width: int) -> None:
        """Keep sums by stretches of ``width`` cells from here on; a multiple of what it was."""
        self.width = width
        cells, loosening = list(self.cells.items()), list(self.loosening.items())
        self.cells.clear()
        self.loosening.clear()
        for cell, counts in cells:
            self.cells[cell - cell % width].update(counts)
        for cell, bps in loosening:
            self.loosening[cell - cell % width] += bps

    def _attempt(self, event: Attempt) -> None:
        role = self.roles.of(event.role)
        cell = self.cells[self.place(event.sent_us)]
        cell["attempts", role] += 1
        failure = event.failure and self.failures.of(event.failure)
        if failure:
            cell["failed", failure, role] += 1
        if event.within_us >= 1_000_000:
            return
        self.looks.take(event.sent_us, failure, role)
        lasted_us = event.answered_us - event.sent_us
        if failure in SILENT:
            lasted_s = round(lasted_us / 1e6, 1)
            if lasted_s in self.patience or len(self.patience) < _MOST_PATIENCE:
                self.patience[lasted_s] += 1
        elif failure not in _SLOWEST_CODES:
            low_us = max(0, lasted_us - event.within_us)
            self.trips.add(event.sent_us, low_us, max(lasted_us + event.within_us, low_us + 1))

    def _placement(self, event: Placement) -> None:
        self.symbols[self.others.of(event.symbol)] += 1
        place = self.place(event.started_us)
        cell = self.cells[place]
        cell["placements",] += 1
        if event.success:
            cell["won",] += 1
            cell["won attempts",] += event.attempts
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
        self.look_ups[self.others.of(event.state)] += 1
        first_us, absent_us = self._asked.get(key, (0, 0))
        if first_us and event.at_us - absent_us > CELL_US:
            # So long after, it is another order of the same kind.
            self.never_found += 1
            first_us = absent_us = 0
        if event.state == "absent":
            self._asked[key] = (first_us or event.at_us, event.at_us)
            if len(self._asked) > _MOST_ASKED:
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
        return min(self.cells) * CELL_US, (max(self.cells) + self.width) * CELL_US

    def left_out(self) -> list[str]:
        """Say what the caps of memory left out of the fits; nothing for a log that fits into them."""
        said = [
            f"{what}: of {series.seen:,} a sample of {len(series.at_us):,} was kept, drawn by time alone"
            for what, series in (
                ("round trips", self.trips), ("looks at outages", self.looks), ("look-ups that found", self.lags)
            )
            if series.seen > len(series.at_us)
        ]  # fmt: skip
        if self.all_decided > len(self.decided):
            said.append(
                f"signals: of {self.all_decided:,} intents the first {len(self.decided):,} were kept with their times"
            )
        if self.crowded_out:
            said.append(
                f"placements: {self.crowded_out:,} were cut off, as more than {MOST_OPEN:,} were open at once"
            )
        if self.width > 1:
            said.append(f"stretches of time: shorter ones than {self.width // 6:,} h were joined")
        for what, names in (
            ("failures", self.failures),
            ("roles", self.roles),
            ("symbols and calls", self.others),
        ):
            if names.refused:
                said.append(
                    f"names of {what}: {names.refused:,} times one beyond the first {names.most:,}, "
                    f'counted as "{names.rest}"'
                )
        return said
