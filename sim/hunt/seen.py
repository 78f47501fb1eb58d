"""Read off a run's record what a hunt must know of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any, Final

from sim.hunt.bracket import Call
from sim.hunt.escapes import Escape
from sim.trace import Trace


@dataclass(frozen=True, slots=True)
class Broken:
    """State one broken rule: its check and kind, when (µs after the decision), by how much, truth and belief."""

    check: str
    kind: str
    after_us: int
    amount: float
    unit: str
    truth: str
    belief: str


@dataclass(frozen=True, slots=True)
class Asked:
    """State one request of a run: which call, when it left (µs after the decision), and what came of it."""

    call: Call
    sent_us: int
    status: int
    code: int
    message: str
    struck: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """State what one script came to.

    ``calls`` in the order in which they left.  ``struck``: how many of its faults fired, ``order``: which (from 0), as
    they did, ``struck_us`` when each first did (µs after the decision), and ``states`` the position at each strike: no
    position, naked, covered.  ``broken``: safety and
    liveness; ``practice``: conduct, told only of runs judged by themselves.  ``money``: the account's result, quote.
    ``exposed``: quote value of what was held beyond what was believed in.  ``escape``: the exception that left the
    code under test, if one did.  ``is_whole``: ``calls`` lacks none that was sent and never answered.
    """

    calls: tuple[Asked, ...]
    struck: int
    order: tuple[int, ...]
    struck_us: tuple[int, ...]
    states: tuple[str, ...]
    broken: tuple[Broken, ...]
    practice: tuple[Broken, ...]
    end: str
    believed: float
    held: float
    money: float
    exposed: float
    escape: Escape | None
    is_whole: bool = True


def seen_of(
    trace: Trace,
    *,
    intent: int,
    decided_us: int,
    wallet: float,
    price: float,
    escapes: Sequence[Escape],
    requests: int,
) -> Seen:
    """Read a record that nobody has read yet, but for its violations.

    ``wallet`` is what the account began with, ``requests`` how many were sent in all.
    """
    faults = _rows(trace, "fault")
    first_us: dict[str, int] = {}
    for row in faults:
        first_us.setdefault(row["fault"], row["at_us"])
    ends = _rows(trace, "intent_end")
    books = [row for row in _rows(trace, "account_end") if row["intent"] == intent]
    held = float(sum(row["position"] for row in books))
    believed = float(ends[-1]["believed_position"]) if ends else 0.0
    return Seen(
        calls=_asked(trace, intent, decided_us, {row["request"] for row in faults}),
        struck=len(first_us),
        order=tuple(int(name.removeprefix("event_")) - 1 for name in first_us),
        struck_us=tuple(at_us - decided_us for at_us in first_us.values()),
        states=_states(trace, [row["at_us"] for row in faults]),
        broken=(),
        practice=(),
        end=str(ends[-1]["outcome"]) if ends else "never ended",
        believed=believed,
        held=held,
        money=float(sum(row["wallet"] + row["leave_value"] - wallet for row in books)),
        exposed=abs(held - believed) * price,
        escape=escapes[0] if escapes else None,
        is_whole=len(trace.tables["request"].pending) == requests,
    )


def broken_in(trace: Trace, decided_us: int) -> list[Broken]:
    """Return what a judged record's checks found."""
    return [
        Broken(
            row["check"],
            row["kind"],
            row["at_us"] - decided_us if row["at_us"] >= 0 else -1,
            float(row["amount"]),
            row["unit"],
            row["truth"],
            row["belief"],
        )
        for row in _rows(trace, "violation")
    ]


def _rows(trace: Trace, name: str) -> list[dict[str, Any]]:
    # Short runs never move their rows into columns, and reading columns costs more than all of their rows.
    table = trace.tables[name]
    columns = table.columns
    return [dict(zip(columns, row, strict=True)) for row in table.pending]


def _asked(trace: Trace, intent: int, decided_us: int, struck: set[int]) -> tuple[Asked, ...]:
    table = trace.tables["request"]
    read = _reader(tuple(table.columns), _REQUEST)
    # Sorted by number, which is the first of them.
    rows = sorted(row for row in map(read, table.pending) if row[1] == intent)
    return tuple(
        Asked(Call(call, role, n), sent_us - decided_us, status, code, message, number in struck)
        for number, _, call, role, n, sent_us, status, code, message in rows
    )


_REQUEST: Final = ("request", "intent", "call", "role", "n", "sent_us", "status", "code", "message")


@cache
def _reader(
    columns: tuple[str, ...], wanted: tuple[str, ...]
) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    return itemgetter(*(columns.index(name) for name in wanted))


def _states(trace: Trace, at_us: Sequence[int]) -> tuple[str, ...]:
    table = trace.tables["exposure"]
    exposure = list(map(_reader(tuple(table.columns), ("at_us", "position", "cover")), table.pending))
    times = [row[0] for row in exposure]
    states = []
    for moment in at_us:
        place = bisect_right(times, moment) - 1
        position = abs(exposure[place][1]) if place >= 0 else 0.0
        covered = place >= 0 and exposure[place][2] >= position
        states.append("no position" if not position else "covered" if covered else "naked")
    return tuple(states)
