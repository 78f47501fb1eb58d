"""Nominal 95 % intervals cover about 95 % on clustered data."""

from __future__ import annotations

import pytest

from tests.campaigns.coverage import ROWS, coverage, main


@pytest.mark.parametrize("name", ["share (Wilson)", "mean, skewed", "paired difference", "CVaR difference"])
def test_few_repetitions_cover_at_the_hardest_promised_count(name: str) -> None:
    """Ten unequal clusters, correlation 0.3: of 80 intervals between 68 and all hold the truth."""
    row = next(row for row in ROWS if row.name == name)
    assert coverage(row, 10, 0.3, True, 80) >= 0.85


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_every_promise_holds() -> None:
    """The whole table, 1,000 repetitions of each cell."""
    assert main() == 0
