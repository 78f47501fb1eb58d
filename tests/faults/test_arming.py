"""Random runs choose first which families of fault exist, then how often they strike."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from sim.faults.arming import FAMILIES, arm

SEEDS = range(2000)


@pytest.fixture(scope="module")
def runs() -> list[list]:
    """Arm two thousand seeds."""
    return [arm(seed) for seed in SEEDS]


def test_a_seed_arms_the_same_faults_always() -> None:
    """Nothing but the seed decides."""
    assert arm(7) == arm(7)
    assert arm(7) != arm(8)


def test_some_runs_have_no_fault_and_some_have_all(runs: list[list]) -> None:
    """One run in twenty is fault-free by choice, one in twenty has every family."""
    sizes = Counter(len(faults) for faults in runs)
    assert 60 <= sizes[0] <= 160
    assert 60 <= sizes[len(FAMILIES)] <= 160


def test_each_family_exists_in_a_quarter_of_the_mixtures(runs: list[list]) -> None:
    """Families come and go one by one; none is tied to another."""
    mixtures = [{fault.name for fault in faults} for faults in runs if 0 < len(faults) < len(FAMILIES)]
    for family in FAMILIES:
        share = sum(family.name in names for names in mixtures) / len(mixtures)
        assert 0.20 < share < 0.31, family.name
    one, other = FAMILIES[0].name, FAMILIES[1].name
    both = sum({one, other} <= names for names in mixtures) / len(mixtures)
    assert 0.03 < both < 0.10


def test_rates_are_spread_over_the_orders_of_magnitude(runs: list[list]) -> None:
    """A rate is uniform in its logarithm within the family's range."""
    for family in FAMILIES:
        low, high = family.rate
        drawn = [
            fault.how.rate if fault.how.burst is None else fault.how.burst.rate
            for faults in runs
            for fault in faults
            if fault.name == family.name
        ]
        assert all(low * 0.999 <= rate <= high * 1.001 for rate in drawn)
        if low < high:
            middle = sum(rate < math.sqrt(low * high) for rate in drawn) / len(drawn)
            assert 0.4 < middle < 0.6, family.name


def test_a_family_more_changes_nothing_about_the_others() -> None:
    """Choices are keyed by family, so the table may grow without other runs changing."""
    for seed in range(100):
        fewer = {fault.name: fault for fault in arm(seed, families=FAMILIES[:-1])}
        more = {fault.name: fault for fault in arm(seed)}
        assert {name: more[name] for name in fewer} == fewer


def test_names_are_unique() -> None:
    """A name is a stream of chance: two faults of one name would always strike together."""
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
