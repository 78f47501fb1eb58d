"""Keep one tally for each day of a log, and join the tallies of several days into one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sim.calibrate.logs.flows import Attempt, Event, Intent, LookUp, Placement
from sim.calibrate.logs.tally import CELL_US, Tally

_DAY_US = 86_400_000_000


@dataclass(slots=True)
class Days:
    """Hold tallies by day (days since 1970, UTC)."""

    tallies: dict[int, Tally] = field(default_factory=dict)

    def listen(self, events: Iterable[Event]) -> Iterator[Event]:
        """Pass ``events`` through and give each to its day."""
        for event in events:
            self.tallies.setdefault(_time_of(event) // _DAY_US, Tally()).add(event)
            yield event


def _time_of(event: Event) -> int:
    match event:
        case Attempt():
            return event.sent_us
        case Placement():
            return event.started_us
        case Intent():
            return event.decided_us
        case LookUp():
            return event.at_us
        case _:
            return event.at_us


def date_of(day: int) -> str:
    """Return a day as YYYY-MM-DD."""
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")


def joined_days(tallies: Sequence[Tally]) -> Tally:
    """Return one tally that holds what all of ``tallies`` do."""
    whole = Tally()
    for tally in tallies:
        if tally.width > whole.width:
            whole.widen(tally.width)
        for cell, counts in tally.cells.items():
            whole.cells[whole.place(cell * CELL_US)].update(counts)
        for cell, loosening in tally.loosening.items():
            whole.loosening[whole.place(cell * CELL_US)] += loosening
        for mine, theirs in ((whole.trips, tally.trips), (whole.lags, tally.lags)):
            mine.extend(theirs)
        whole.looks.extend(tally.looks)
        whole.patience.update(tally.patience)
        whole.side_calls.update(tally.side_calls)
        whole.look_ups.update(tally.look_ups)
        whole.symbols.update(tally.symbols)
        whole.decided += tally.decided
        whole.all_decided += tally.all_decided
        whole.crowded_out += tally.crowded_out
        whole.failures.refused += tally.failures.refused
        whole.roles.refused += tally.roles.refused
        whole.others.refused += tally.others.refused
        whole.never_found += tally.absent_to_the_end()
    return whole
