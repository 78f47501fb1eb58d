"""Sweep one bracket: every call × every class of fault, and a crash at every await × every time to restart.

Nothing is drawn: a fault is scripted on exactly one call, so the table is complete after as many runs as it has cells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from sim.faults import Crash
from sim.hunt.bracket import Bracket, Call, Cell
from sim.hunt.classes import CLASSES, FaultClass
from sim.trace import Trace

RESTARTS_S: Final = (1.0, 60.0, 600.0)
_MOST_AWAITS: Final = 10_000

Progress = Callable[[int, int], None]
Verdict = Literal["no strike", "fine", "damaged", "breach"]


@dataclass(frozen=True, slots=True)
class Row:
    """State one cell of a sweep: where the fault struck, which, and what came of it.

    ``place``: the call's short name, or the await's number and what was asked last.  ``cost``: how much less money
    (quote currency) than the fault-free run.  ``verdict``: *no strike* when the fault found nothing to strike, *breach*
    when a safety, liveness or simulator check found something, *damaged* when the bracket ended otherwise than
    fault-free, believes in a wrong position or cost more than 0.1 bps of its notional, else *fine*.
    """

    place: str
    call: str
    role: str
    n: int
    fault: str
    cell: Cell
    cost: float
    verdict: Verdict
    end_is_clean: bool
    """Whether the code under test ended it as it ends without the fault."""


@dataclass(frozen=True, slots=True)
class SweepResult:
    """Hold a sweep: the fault-free run, the places along one side, the faults along the other, and every cell."""

    clean: Cell
    places: tuple[str, ...]
    faults: tuple[str, ...]
    rows: tuple[Row, ...]

    def at(self, place: str, fault: str) -> Row:
        """Return one cell; there is exactly one for every place and fault."""
        (row,) = [row for row in self.rows if (row.place, row.fault) == (place, fault)]
        return row


def sweep_calls(
    bracket: Bracket,
    classes: Sequence[FaultClass] = CLASSES,
    *,
    calls: Sequence[Call] | None = None,
    progress: Progress | None = None,
) -> SweepResult:
    """Strike each call of the fault-free run (or the given ones) with each class of fault, one run per cell."""
    calls = bracket.calls if calls is None else calls
    clean = bracket.run()
    rows: list[Row] = []
    total = len(calls) * len(classes)
    for call in calls:
        for kind in classes:
            cell = bracket.run([kind.at(call.call, call.role, call.n)])
            rows.append(_row(bracket, clean, cell, call.name, call, kind.name))
            if progress is not None:
                progress(len(rows), total)
    return SweepResult(
        clean, tuple(call.name for call in calls), tuple(kind.name for kind in classes), tuple(rows)
    )


def sweep_crashes(
    bracket: Bracket, restarts_s: Sequence[float] = RESTARTS_S, *, progress: Progress | None = None
) -> SweepResult:
    """Kill the process at each await of the fault-free run and start it anew after each of ``restarts_s``."""
    clean = bracket.run()
    awaits = _awaits_of(bracket)
    rows: list[Row] = []
    names = tuple(f"back after {restart_s:g} s" for restart_s in restarts_s)
    for place, call, k in awaits:
        for restart_s, name in zip(restarts_s, names, strict=True):
            crash = Crash.model_validate(
                {"name": "swept", "kind": "crash", "at_await": k, "restart_s": float(restart_s)}
            )
            rows.append(_row(bracket, clean, bracket.run([crash]), place, call, name))
            if progress is not None:
                progress(len(rows), len(awaits) * len(names))
    return SweepResult(clean, tuple(place for place, _, _ in awaits), names, tuple(rows))


def _row(bracket: Bracket, clean: Cell, cell: Cell, place: str, call: Call, fault: str) -> Row:
    cost = clean.money - cell.money
    verdict: Verdict = "fine"
    if not cell.faults:
        verdict = "no strike"
    elif cell.violations:
        verdict = "breach"
    elif cell.end != clean.end or cell.believed != cell.held or cost > 1e-5 * bracket.notional:
        verdict = "damaged"
    return Row(place, call.call, call.role, call.n, fault, cell, cost, verdict, cell.end == clean.end)


def _awaits_of(bracket: Bracket) -> list[tuple[str, Call, int]]:
    """Name every await of the fault-free run after what was asked last: crash at 1, at 2 … until none dies."""
    found: list[tuple[str, Call, int]] = []
    for k in range(1, _MOST_AWAITS):
        crash = Crash.model_validate({"name": "swept", "kind": "crash", "at_await": k, "restart_s": 1.0})
        _, trace = bracket.run_traced([crash])
        if not len(trace.arrays("process")["kind"]):
            break
        last, waits = _last_call(bracket, trace)
        place = f"{k} {last.name}" if waits else (f"{k} after {last.name}" if last.call else f"{k} start")
        found.append((place, last, k))
    return found


def _last_call(bracket: Bracket, trace: Trace) -> tuple[Call, bool]:
    """Return the latest request before the crash, and whether its answer was still awaited then."""
    process, requests = trace.arrays("process"), trace.arrays("request")
    died_us = process["at_us"][0]
    rows = np.flatnonzero((requests["intent"] == bracket.plan.number) & (requests["sent_us"] <= died_us))
    rows = rows[requests["role"][rows] != ""]
    if not rows.size:
        return Call("", "none", 0), False
    row = rows[np.argmax(requests["request"][rows])]
    call = Call(str(requests["call"][row]), str(requests["role"][row]), int(requests["n"][row]))
    return call, bool(requests["answered_us"][row] > died_us)
