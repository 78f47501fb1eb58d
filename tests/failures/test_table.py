"""Every failure of the catalogue can be seen: it happens to naive code, and something catches it."""

from __future__ import annotations

import re

import pytest
from table import ROWS, Row

from sim.checks.table import CHECKS


def _named(row: Row) -> list[str]:
    return re.findall(r"\b[ILS]\d\d\b", row.caught_by)


def test_no_row_is_missing() -> None:
    """F01 to F44 each have a row."""
    assert {row.id[:3] for row in ROWS} == {f"F{number:02d}" for number in range(1, 45)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_failure_shows_and_is_caught(row: Row) -> None:
    """Run against the code that has the flaw, its figure is not 0, and every check it names finds something."""
    result = row.run()
    figure = row.measure(result)
    assert figure.number > 0, figure.text
    assert set(_named(row)) <= set(result.violations["check"].astype(str))


def test_checks_that_are_named_exist() -> None:
    """A row that names a check names one of the table."""
    named = {check for row in ROWS for check in _named(row)}
    assert named <= {check.id for check in CHECKS}
