"""The gate keeps what it promises: few false alarms, and every planted bug that runs can show."""

from __future__ import annotations

import pytest

from tests.campaigns.gate import collect, report_alarms, report_bugs


@pytest.mark.campaign
def test_false_alarms_are_as_rare_as_promised() -> None:
    """None of 1,000 for the same commit, at most ten for other seeds, by number of seeds."""
    assert report_alarms(collect(12, jobs=1))


@pytest.mark.campaign
def test_planted_bugs_trip_the_gate() -> None:
    """What is missed is what no run can show, by name."""
    assert report_bugs()
