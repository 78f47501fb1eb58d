"""Cells of a suite: which fault met which position, and what came of the write."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from sim.metrics import Cell, coverage, empty_cells, matrix, together

KINDS = {"lost": "timeout", "would_trigger": "code"}


def _frames(
    rows: list[tuple[int, str, str, str, str, int]], *, shared: bool = False
) -> dict[str, pd.DataFrame]:
    """Two intents with a position from 10 on, the first covered from 20 on; both are flat from 100 on."""
    faults = pd.DataFrame(rows, columns=["intent", "fault", "kind", "role", "truth", "at_us"])
    stretches = [
        (0, 0, 10, 20, 1.0, 1.0),
        (0, 0, 20, 100, 1.0, 0.0),
        (0, 0, 100, 200, 0.0, 0.0),
        (1, 1, 10, 100, -1.0, 1.0),
        (1, 1, 100, 200, 0.0, 0.0),
    ]
    exposure = pd.DataFrame(
        stretches, columns=["intent", "account", "from_us", "to_us", "position", "naked_quantity"]
    )
    exposure["symbol"] = ["AUSDT", "AUSDT", "AUSDT", "BUSDT", "BUSDT"]
    if shared:
        exposure["account"] = 0
    intents = pd.DataFrame({"run": "r", "intent": [0, 1], "symbol": ["AUSDT", "BUSDT"]})
    return {"faults": faults.assign(run="r"), "protection": exposure.assign(run="r"), "intents": intents}


ROWS = [
    (0, "lost", "reply lost", "entry", "applied", 5),
    (0, "would_trigger", "-2021", "sl", "not_applied", 15),
    (0, "lost", "reply lost", "tp", "applied", 30),
    (0, "lost", "request lost", "flatten", "not_applied", 90),
    (1, "lost", "request lost", "sl", "not_applied", 30),
    (1, "lost", "request lost", "none", "", 150),
]
CELLS = Counter(
    [
        Cell("timeout", "applied", "flat"),
        Cell("code -2021", "not applied", "naked"),
        Cell("timeout", "applied", "protected"),
        Cell("timeout", "not applied", "closing"),
        Cell("timeout", "not applied", "naked"),
        Cell("timeout", "no write", "flat"),
    ]
)


def test_each_fault_meets_the_position_of_its_moment() -> None:
    """A fault counts in the state its intent was in when the request left; a close in flight is one of its own."""
    assert coverage(_frames(ROWS), KINDS) == CELLS


def test_in_a_shared_account_the_symbol_tells_the_position() -> None:
    """Where intents share an account, a fault meets the position of its intent's symbol."""
    assert coverage(_frames(ROWS, shared=True), KINDS) == CELLS


def test_the_matrix_shows_what_was_never_met() -> None:
    """Counts add up over runs; empty cells and kinds without any are listed."""
    cells = coverage(_frames(ROWS), KINDS)
    table = matrix(together([cells, cells]), ["timeout", "code", "crash"])
    assert list(table["outcome"]) == ["not applied", "applied", "no write", "not applied", "never"]
    assert table.loc[table["fault"] == "code -2021", "naked"].item() == 2
    assert Cell("crash", "never", "flat") in empty_cells(table)
    assert Cell("code -2021", "not applied", "naked") not in empty_cells(table)


def test_no_faults_no_cells() -> None:
    """A run without faults covers nothing."""
    assert coverage(_frames([]), KINDS) == Counter()
