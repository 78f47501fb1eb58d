"""The gate fails what got worse and not by chance, and what is critical at its first case."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.experiment.gate_rule import ENOUGH_CLUSTERS, Judgement, direction_of, judge, p_of_worse, ratio_change
from sim.experiment.gate_sums import GATED, Sums, aligned, kept, read_back, stretch_of, together
from sim.metrics import HEADLINES

LEVEL = 1e-4


def _sums(clusters: int = 20, *, seed: int = 1, factor: float = 1.0, noise: int = 0, **given: float) -> Sums:
    """Return sums of ten intents per cluster; ``given`` sets the sum per cluster of a metric."""
    chance = np.random.default_rng(noise)
    of = {name: np.full(clusters, 10.0) for name in ("intents", "entered", "priced", "filled")}
    sums = {name: np.zeros(clusters) for name in GATED}
    sums["requests_per_intent_mean"] = factor * (60.0 + chance.normal(0.0, 3.0, clusters))
    sums["recovered_share"] = np.full(clusters, 9.0)
    sums |= {name: np.full(clusters, value) for name, value in given.items()}
    return Sums(keys=tuple((seed, number) for number in range(clusters)), of=of, sums=sums)


def _tripped(old: Sums, new: Sums, *, paired: bool = True, level: float = LEVEL) -> dict[str, Judgement]:
    return {item.metric: item for item in judge("safe", old, new, paired=paired, level=level) if item.trips}


def test_what_is_the_same_does_not_trip() -> None:
    """Sums held against themselves are no change, on the same seeds and as two samples."""
    assert not _tripped(_sums(), _sums())
    assert not _tripped(_sums(), _sums(), paired=False)


@pytest.mark.parametrize("paired", [True, False])
def test_a_worsening_beyond_chance_and_tolerance_trips(paired: bool) -> None:
    """A tenth more requests in every cluster fails with value, tolerance and p; a tenth less does not."""
    (found,) = _tripped(_sums(), _sums(factor=1.1, noise=1), paired=paired).values()
    assert found.metric == "requests_per_intent_mean"
    assert found.worse == pytest.approx(0.6, abs=0.2)
    assert found.tolerance == pytest.approx(0.12, abs=0.01)
    assert found.p < LEVEL
    assert "not by chance" in found.reason
    assert not _tripped(_sums(), _sums(factor=0.9, noise=1), paired=paired)


def test_significant_and_small_passes() -> None:
    """One per cent more everywhere is certain on the same seeds, and within the tolerance."""
    old, new = _sums(), _sums(factor=1.01)
    (item,) = [
        item for item in judge("d7", old, new, paired=True, level=LEVEL) if item.metric.startswith("requests")
    ]
    assert item.p < LEVEL
    assert not item.trips


def test_large_and_by_chance_passes() -> None:
    """One cluster that doubles moves the mean beyond the tolerance and proves nothing."""
    old, new = _sums(), _sums()
    new.sums["requests_per_intent_mean"][3] *= 2
    (item,) = [
        item for item in judge("d7", old, new, paired=True, level=LEVEL) if item.metric.startswith("requests")
    ]
    assert item.worse > item.tolerance
    assert item.p > 0.05
    assert not item.trips


@pytest.mark.parametrize("metric", [name for name, spec in GATED.items() if spec.critical])
def test_one_critical_case_where_there_was_none_is_a_veto(metric: str) -> None:
    """The first case on the same seeds fails; on other seeds it may be the luck of the draw."""
    new = _sums()
    new.sums[metric][5] = 1.0
    (found,) = _tripped(_sums(), new).values()
    assert found.metric == metric
    assert "where there was none" in found.reason
    assert not _tripped(_sums(), new, paired=False)
    # Better numbers elsewhere do not pay for it.
    new.sums["requests_per_intent_mean"] *= 0.5
    assert set(_tripped(_sums(), new)) == {metric}


def test_a_higher_share_of_what_is_good_does_not_trip() -> None:
    """The direction is that of the headline number."""
    assert direction_of("recovered_share") == "higher is better"
    assert not _tripped(_sums(), _sums(recovered_share=10.0))
    assert set(_tripped(_sums(), _sums(recovered_share=6.0))) == {"recovered_share"}


def test_either_way_counts_both_ways() -> None:
    """A metric without a better side may neither rise nor fall."""
    assert set(_tripped(_sums(refused_share=2.0), _sums(refused_share=1.0))) == {"refused_share"}
    assert set(_tripped(_sums(refused_share=1.0), _sums(refused_share=2.0))) == {"refused_share"}


def test_too_few_clusters_are_held_to_the_tolerance_alone() -> None:
    """Where nothing can be tested the same seeds fail beyond five per cent, and other seeds do not fail."""
    few = ENOUGH_CLUSTERS - 1
    (found,) = _tripped(_sums(few), _sums(few, factor=1.06)).values()
    assert math.isnan(found.p)
    assert "too few clusters" in found.reason
    assert not _tripped(_sums(few), _sums(few, factor=1.04))
    assert not _tripped(_sums(few), _sums(few, factor=2.0), paired=False)


def test_p_values_are_uniform_where_nothing_changed() -> None:
    """Of 4,000 pairs without a difference one in a hundred has p below 0.01, paired and not."""
    chance = np.random.default_rng(7)
    of = np.full((4000, 12), 10.0)
    common = chance.normal(60.0, 5.0, (4000, 12))
    old, new = (common + chance.normal(0.0, 2.0, (4000, 12)) for _ in range(2))
    p = p_of_worse(*ratio_change(old, of, new, of, paired=True), "lower is better")
    assert 0.006 < (p < 0.01).mean() < 0.014
    old, new = (chance.normal(60.0, 5.0, (4000, 12)) for _ in range(2))
    p = p_of_worse(*ratio_change(old, of, new, of, paired=False), "lower is better")
    assert 0.006 < (p < 0.01).mean() < 0.014


def test_a_change_without_spread_is_certain() -> None:
    """Clusters that all moved alike leave no doubt, those that did not move at all no suspicion."""
    of = np.full(6, 10.0)
    same = np.full(6, 50.0)
    for moved, expected in ((60.0, 0.0), (50.0, 0.5), (40.0, 1.0)):
        change = ratio_change(same, of, np.full(6, moved), of, paired=True)
        assert p_of_worse(*change, "lower is better") == expected


def test_sums_come_back_as_they_were_kept() -> None:
    """What is written of a run's sums is read back, with zeros where a metric was left out."""
    sums = _sums(4, seed=7)
    back = read_back(kept(sums), 7)
    assert back.keys == sums.keys
    assert "doubled_share" not in kept(sums)["sums"]
    for name in GATED:
        assert back.sums[name].tolist() == sums.sums[name].tolist()


def test_clusters_meet_by_seed_and_stretch() -> None:
    """Runs of other lengths are paired where they overlap; a stretch that one has not is empty there."""
    old, new = aligned(together([_sums(3), _sums(2, seed=2)]), _sums(4))
    assert old.keys == new.keys
    assert len(old.keys) == 6
    assert new.of["intents"].tolist() == [10.0] * 4 + [0.0] * 2


@pytest.mark.parametrize(
    ("episode_s", "span_s", "stretch_s"), [(3600, 3000, 300), (120, 3000, 120), (3600, 86_400, 1800)]
)
def test_stretches_are_no_longer_than_episodes_and_not_too_many(
    episode_s: float, span_s: float, stretch_s: float
) -> None:
    """Five minutes, or the episode if that is shorter; longer where a run would have too many."""
    assert stretch_of(episode_s, np.array([0, span_s * 1e6])) == stretch_s


def test_every_gated_metric_is_a_headline() -> None:
    """The gate weighs numbers that reports show."""
    assert set(GATED) <= set(HEADLINES)
