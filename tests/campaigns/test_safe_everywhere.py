"""The hardened policy breaks no rule anywhere: a little of it at once, all of it in the campaign."""

from __future__ import annotations

from functools import cache

import pytest

from sim.scenario import scenario_names
from tests.campaigns import everywhere
from tests.campaigns.ledger import Ledger, runnable
from tests.campaigns.runs import Case, run

FEW = 4


@cache
def here() -> list[str]:
    """Return the scenarios whose recordings are here."""
    return runnable(scenario_names())


def test_no_rule_is_broken_in_any_scenario() -> None:
    """Four intents of every scenario, at a place the seed draws: no safety and no liveness rule is broken."""
    rows = [run(Case(scenario=name, policy="safe", intents=FEW), 2, "") for name in here()]
    assert not [told for row in rows if row.failed for told in row.told]
    assert not [row.command for row in rows if row.orphaned or row.unresolved]


def test_calm_intents_trade() -> None:
    """Where nothing fails the hardened policy trades: safety by doing nothing is none."""
    row = run(Case(scenario="calm_baseline", policy="safe", intents=20), 1, "")
    assert row.traded / row.decided >= everywhere.CALM_TRADING


def test_baselines_break_rules_where_it_does_not() -> None:
    """The document's executor breaks a rule on the run that the hardened one survives, or the campaign is blind."""
    assert run(Case(scenario="double_trap", policy="d7", intents=FEW), 1, "").failed
    assert not run(Case(scenario="double_trap", policy="safe", intents=FEW), 1, "").failed


@pytest.mark.campaign
@pytest.mark.timeout(86_400)
def test_no_rule_is_broken_in_a_thousand_seeds() -> None:
    """The whole campaign: every scenario, a thousand seeds, twenty intents each."""
    ledger = Ledger("safe")
    ledger.extend(everywhere.all_cases(), range(1, 1001))
    text, clean = everywhere.report(ledger.rows())
    assert clean, text
