"""Write down what happens in one run of a hunt: outcomes of calls, moves of the price, a crash; and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter

from sim.faults import Fault, FaultSpec
from sim.hunt.alphabet import BY_NAME, OUTCOMES, call_kind
from sim.hunt.bracket import Call
from sim.hunt.classes import CLASSES
from sim.market import Shock

_FAULT: Final[TypeAdapter[FaultSpec]] = TypeAdapter(Fault)
_SHOCK: Final[TypeAdapter[Shock]] = TypeAdapter(Shock)
EVERY: Final = -1
"""The n of a strike on each request to a call."""

_TABLES: Final[Mapping[str, Mapping[str, Any]]] = {kind.name: kind.table for kind in CLASSES}


@dataclass(frozen=True, slots=True, order=True)
class Strike:
    """Give the ``n``-th (from 0; :data:`EVERY`: each) request of ``role`` to ``call`` the outcome ``outcome``.

    ``outcome``: one of the alphabet's (:data:`sim.hunt.alphabet.OUTCOMES`) or of the wider list that random scripts
    draw from (:data:`sim.hunt.classes.CLASSES`).
    """

    call: str
    role: str
    n: int
    outcome: str

    @property
    def place(self) -> Call:
        """Return the call it strikes."""
        return Call(self.call, self.role, self.n)

    @property
    def table(self) -> dict[str, Any]:
        """Return its ``[[faults]]`` table, without a name."""
        if self.outcome in BY_NAME:
            own = BY_NAME[self.outcome].tables[call_kind(self.call, self.role)]
        else:
            own = _TABLES[self.outcome]
        how = {"rate": 1.0} if self.n == EVERY else {"script": [self.n + 1]}
        return {**own, "how": how, "match": {"call": self.call, "role": self.role}}

    @property
    def told(self) -> str:
        """Say what happens, as a clause."""
        said = f"met: {self.outcome}"
        if self.outcome in BY_NAME:
            said = BY_NAME[self.outcome].told.format(code=self.table.get("code"))
        return f"{self.place.told} {said}"


@dataclass(frozen=True, slots=True, order=True)
class Kill:
    """Kill the process at its ``await_``-th wait (from 1) and start it anew after ``restart_s``; ``near``: where."""

    await_: int
    restart_s: float
    near: str = ""

    @property
    def table(self) -> dict[str, Any]:
        """Return its ``[[faults]]`` table, without a name."""
        return {"kind": "crash", "at_await": self.await_, "restart_s": self.restart_s}

    @property
    def told(self) -> str:
        """Say what happens, as a clause."""
        where = f" ({self.near})" if self.near else ""
        return f"the process died at its wait {self.await_}{where} and came back after {self.restart_s:g} s"


@dataclass(frozen=True, slots=True, order=True)
class Move:
    """Move the price: ``kind`` gap, drift or wick, by ``pct`` per cent in all, ``after_s`` after the decision."""

    kind: str
    after_s: float
    pct: float
    for_s: float

    def table_at(self, decided_s: float) -> dict[str, Any]:
        """Return its ``[[market.shock]]`` table for a decision ``decided_s`` after the start of the tape."""
        at = round(max(0.0, decided_s + self.after_s), 6)
        if self.kind == "drift":
            return {
                "kind": "drift",
                "at": at,
                "pct_per_s": round(self.pct / self.for_s, 6),
                "for_s": self.for_s,
            }
        if self.kind == "gap":
            return {"kind": "gap", "at": at, "pct": self.pct, "recover_s": self.for_s}
        return {"kind": "wick", "at": at, "pct": self.pct, "for_s": self.for_s}

    @property
    def told(self) -> str:
        """Say what happens, as a clause."""
        when = f"{abs(self.after_s):g} s {'after' if self.after_s >= 0 else 'before'} the decision"
        return f"the price moved by {self.pct:+g} % ({self.kind}, {self.for_s:g} s) {when}"


Event = Strike | Kill | Move
Script = tuple[Event, ...]


@cache
def fault_of(event: Strike | Kill, number: int) -> FaultSpec:
    """Return an event as the ``number``-th (from 1) fault of a script."""
    return _FAULT.validate_python({"name": f"event_{number}", **event.table})


def faults_of(script: Script) -> list[FaultSpec]:
    """Return the faults of a script, in its order."""
    acting = [event for event in script if not isinstance(event, Move)]
    return [fault_of(event, number) for number, event in enumerate(acting, start=1)]


def shocks_of(script: Script, decided_s: float) -> list[Shock]:
    """Return the moves of a script as shocks on the tape."""
    return [_SHOCK.validate_python(move.table_at(decided_s)) for move in moves_of(script)]


def moves_of(script: Script) -> tuple[Move, ...]:
    """Return the moves of a script."""
    return tuple(event for event in script if isinstance(event, Move))


@cache
def strikes_on(call: Call) -> tuple[Strike, ...]:
    """Return every outcome of the alphabet that a call can have."""
    kind = call_kind(call.call, call.role)
    return tuple(
        Strike(call.call, call.role, call.n, outcome.name) for outcome in OUTCOMES if kind in outcome.tables
    )


def as_plain(script: Script) -> list[list[Any]]:
    """Return a script as plain lists, for a ledger."""
    rows: list[list[Any]] = []
    for event in script:
        if isinstance(event, Strike):
            rows.append(["strike", event.call, event.role, event.n, event.outcome])
        elif isinstance(event, Kill):
            rows.append(["kill", event.await_, event.restart_s, event.near])
        else:
            rows.append(["move", event.kind, event.after_s, event.pct, event.for_s])
    return rows


def from_plain(rows: Sequence[Sequence[Any]]) -> Script:
    """Return the script that :func:`as_plain` wrote."""
    kinds: dict[str, type[Event]] = {"strike": Strike, "kill": Kill, "move": Move}
    return tuple(kinds[str(row[0])](*row[1:]) for row in rows)
