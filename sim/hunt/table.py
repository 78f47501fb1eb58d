"""Say a sweep in text narrow enough for a terminal, and in flat records for files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sim.hunt.every_call import Row, SweepResult

_PER_BLOCK: Final = 6
"""Places side by side; six columns of a fault and its result fit into 100 characters."""

_ENDS: Final = {
    "closed by the venue": "by venue",
    "close failed": "open",
    "never ended": "no end",
    "crashed": "died",
}

_SIGNS: Final = {"fine": "=", "no strike": "n/a"}

LEGEND: Final = (
    "=        as without the fault: same end, no more money lost, no invariant broken",
    "n/a      the fault finds nothing to strike there: another kind of call, or a stop that is never met",
    "failed   how the code under test said it ended; no word: as without the fault",
    "         (by venue: stop or target closed it; open: its close failed; died: crashed)",
    "!        the position it believes in is not the one its account held in the end",
    "I02+3    the first broken invariant and how many more (rules of conduct only in --json and --out)",
    "-8.45    money against the fault-free run, in quote currency, where nothing else is different",
    "done, not done: whether the venue carried out what it failed to answer for",
)


def short(row: Row) -> str:
    """Return one cell's result in some 13 characters at most."""
    if row.verdict in _SIGNS:
        return _SIGNS[row.verdict]
    cell = row.cell
    text = "" if row.end_is_clean else _ENDS.get(cell.end, cell.end)
    if cell.believed != cell.held:
        text += "!"
    if cell.violations:
        more = f"+{len(cell.violations) - 1}" if len(cell.violations) > 1 else ""
        return f"{text} {cell.violations[0]}{more}".lstrip()
    return text or f"{-row.cost:+.2f}"


def blocks(result: SweepResult) -> Iterator[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """Yield (column names, rows) of tables of faults × places, as many places as fit side by side."""
    cells = {(row.place, row.fault): row for row in result.rows}
    for start in range(0, len(result.places), _PER_BLOCK):
        places = result.places[start : start + _PER_BLOCK]
        rows = [(fault, *(short(cells[place, fault]) for place in places)) for fault in result.faults]
        yield ("fault", *places), rows


def records(result: SweepResult) -> list[dict[str, Any]]:
    """Return one flat record per cell, in order: place by place, fault by fault."""
    return [
        {
            "place": row.place,
            "call": row.call,
            "role": row.role,
            "n": row.n,
            "fault": row.fault,
            "verdict": row.verdict,
            "end": row.cell.end,
            "believed_position": row.cell.believed,
            "held_position": row.cell.held,
            "violations": " ".join(row.cell.violations),
            "rules_of_conduct": " ".join(row.cell.practice),
            "money_quote": row.cell.money,
            "cost_quote": row.cost,
            "requests": row.cell.requests,
            "faults_fired": row.cell.faults,
        }
        for row in result.rows
    ]
