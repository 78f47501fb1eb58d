"""What a report says its numbers rest on."""

from __future__ import annotations

from sim.experiment.result import Result
from sim.report.facts import data_facts


def test_a_shock_that_no_intent_met_is_called_that(result: Result) -> None:
    """A run that is over before the crash proves nothing about crashes, and says so."""
    shocks = ["at 14:20:00 the price moves -5 %", "60 s after the start the price drifts"]
    late = int(result.manifest["ended_us"]) + 1
    manifest = {
        **result.manifest,
        "shocks": shocks,
        "shock_spans_us": [[late, late + 5], [60_000_000, 70_000_000]],
    }
    assert "1 of the 2 declared shocks begin after the end of this run: no intent met that." in data_facts(
        manifest
    )
    alone = {**manifest, "shocks": shocks[:1], "shock_spans_us": [[late, late + 5]]}
    assert "The declared shock begins after the end of this run: no intent met that." in data_facts(alone)
    met = {**manifest, "shocks": shocks[1:], "shock_spans_us": [[60_000_000, 70_000_000]]}
    assert not any("no intent met" in fact for fact in data_facts(met))
