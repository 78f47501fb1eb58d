"""No safeguard of the hardened policy is free: without it something breaks that the whole policy keeps."""

from __future__ import annotations

import pytest

from tests.campaigns import ablation
from tests.campaigns.ledger import Ledger
from tests.campaigns.runs import Case, run


@pytest.mark.parametrize("patch", ["no_ids", "no_ticks"])
def test_a_patch_takes_its_safeguard_out_and_puts_it_back(patch: str) -> None:
    """A run with the patch breaks a rule, and the same run after it breaks none."""
    scenario = {"no_ids": "ghost_entry", "no_ticks": "calm_baseline"}[patch]
    without = Case(scenario=scenario, policy="safe", intents=4, patch=patch)
    whole = Case(scenario=scenario, policy="safe", intents=4)
    assert run(without, 1, "").failed
    assert not run(whole, 1, "").failed


@pytest.mark.campaign
@pytest.mark.timeout(86_400)
def test_every_safeguard_matters() -> None:
    """The whole campaign: a hundred seeds without each safeguard, on a swarm and on the scenario made for it."""
    ledger = Ledger("ablation")
    ledger.extend(ablation.all_cases(), range(1, 101))
    text, all_matter = ablation.report(ledger.rows())
    assert all_matter, text
