"""How many clusters a comparison needs, when to stop, and what many policies cost."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.errors import InputError
from sim.statistics import (
    Interval,
    Rate,
    UntilWidth,
    careful_deviation,
    cluster_deviation,
    combined_rate,
    holm,
    intraclass,
    required_clusters,
    smallest_effect,
    spa,
    variance_ratio,
)


def interval(value: float, low: float, high: float, note: str = "") -> Interval:
    """Return an interval over twenty clusters."""
    return Interval(value, low, high, 20, 20, 20, note, (high - low) / 4)


def test_required_clusters_are_those_of_the_textbook() -> None:
    """Half a deviation at power 0.8 takes 34 pairs (Cohen 1988), a whole one 10."""
    assert required_clusters(0.5, 1.0).clusters == 34
    assert required_clusters(-1.0, 1.0).clusters == 10
    assert required_clusters(1.0, 0.0).clusters == 2


def test_smallest_effect_is_the_way_back() -> None:
    """34 clusters see half a deviation, and hardly less."""
    assert smallest_effect(34, 1.0) == pytest.approx(0.5, rel=0.02)


def test_clusters_grow_with_the_inverse_square_of_the_effect() -> None:
    """A hundredth of a deviation takes about (1.96 + 0.84)² · 10,000 clusters."""
    assert required_clusters(0.01, 1.0).clusters == pytest.approx(78_490, rel=0.002)


@pytest.mark.parametrize(("effect", "power"), [(0.0, 0.8), (1.0, 1.0), (math.nan, 0.8)])
def test_plan_without_an_answer_is_refused(effect: float, power: float) -> None:
    """No effect and certain power have no number of clusters."""
    with pytest.raises(InputError):
        required_clusters(effect, 1.0, power=power)


def test_careful_deviation_is_above_the_measured_one() -> None:
    """Ten clusters leave a fifth more open, a thousand next to nothing."""
    assert careful_deviation(1.0, 10) == pytest.approx(1.29, abs=0.01)
    assert careful_deviation(1.0, 1000) == pytest.approx(1.02, abs=0.01)


def test_cluster_deviation_is_that_of_means_of_equal_clusters() -> None:
    """With clusters of equal size it is the standard deviation of their means."""
    values = np.random.default_rng(0).normal(size=(12, 5))
    found = cluster_deviation(values.ravel(), np.repeat(np.arange(12), 5))
    assert found == pytest.approx(values.mean(axis=1).std(ddof=1))


def test_intraclass_correlation_is_found() -> None:
    """Three tenths of a variance that clusters share are measured as about that; copies as one."""
    random = np.random.default_rng(0)
    clusters = np.repeat(np.arange(400), 10)
    shared = random.normal(size=400)[clusters]
    values = math.sqrt(0.3) * shared + math.sqrt(0.7) * random.normal(size=4000)
    assert intraclass(values, clusters) == pytest.approx(0.3, abs=0.04)
    assert intraclass(shared, clusters) == pytest.approx(1.0)


def test_pairing_takes_out_what_both_share() -> None:
    """Sides that share nine tenths of a variance gain tenfold; sides that never differ gain without end."""
    random = np.random.default_rng(0)
    weather = 3 * random.normal(size=4000)
    left, right = weather + random.normal(size=4000), weather + random.normal(size=4000)
    labels = np.arange(4000) // 50, np.arange(4000) % 50
    assert variance_ratio(left, right, *labels) == pytest.approx(10.0, rel=0.1)
    assert variance_ratio(left, left, *labels) == math.inf


def test_looks_share_the_error_they_are_allowed() -> None:
    """Four planned looks at 95 % are taken at 98.75 % each, and stop at the first narrow one."""
    rule = UntilWidth.doubling(1.0, first=10, most=80)
    assert rule.looks == (10, 20, 40, 80)
    widths, asked = iter([2.0, 0.9]), []

    def at(confidence: float) -> Interval:
        asked.append(confidence)
        return interval(0.0, 0.0, next(widths))

    while not rule.done:
        rule.look(at)
    assert asked == pytest.approx([0.9875, 0.9875])
    assert rule.reached
    assert rule.next_look == 0
    with pytest.raises(InputError):
        rule.look(at)


def test_last_look_ends_it_wide_or_not() -> None:
    """When no planned look is left, it is over without having been reached."""
    rule = UntilWidth(1.0, (5,))
    assert rule.look(lambda _: interval(0.0, -1.0, 1.0))
    assert not rule.reached


@pytest.mark.parametrize("looks", [(), (10, 10), (20, 10)])
def test_looks_must_rise(looks: tuple[int, ...]) -> None:
    """A look is at more clusters than the last."""
    with pytest.raises(InputError, match="rising"):
        UntilWidth(1.0, looks)


def test_rates_and_costs_are_combined_with_both_their_doubts() -> None:
    """1,000 · λ · c: the doubt of λ alone, of c alone, and of both in squares."""
    sure = {"lost": Rate(0.01, 0.01, 0.01)}
    cost = {"lost": interval(5.0, 3.0, 8.0, "conditional on this tape")}
    found = combined_rate(sure, cost)
    assert (found.value, found.low, found.high) == pytest.approx((50.0, 30.0, 80.0))
    assert found.note == "conditional on this tape"
    doubted = combined_rate({"lost": Rate(0.01, 0.005, 0.02)}, cost)
    assert doubted.high == pytest.approx(50 + math.sqrt(50**2 + 30**2 + 30**2))
    assert doubted.low == pytest.approx(50 - math.sqrt(25**2 + 20**2 + 20**2))


def test_fault_never_seen_still_may_come() -> None:
    """No event in 30 clusters leaves a tenth open, and with it a tenth of its cost."""
    rate = Rate.observed(np.zeros(300, dtype=bool), np.repeat(np.arange(30), 10))
    found = combined_rate({"ban": rate}, {"ban": interval(5.0, 5.0, 5.0)})
    assert (found.value, found.low, found.high) == pytest.approx((0.0, 0.0, 500.0))


def test_rates_and_costs_name_the_same_faults() -> None:
    """A cost without a rate is refused by name."""
    with pytest.raises(InputError, match="ban"):
        combined_rate({}, {"ban": interval(5.0, 5.0, 5.0)})


def test_holm_by_hand() -> None:
    """0.01, 0.04, 0.03 become 0.03, 0.06, 0.06; what is not known stays so and costs nothing."""
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
    found = holm(np.array([0.6, np.nan, 0.5]))
    assert found[[0, 2]] == pytest.approx([1.0, 1.0])
    assert np.isnan(found[1])


def test_spa_finds_the_one_that_is_better_and_none_among_equals() -> None:
    """Five policies of equal worth beat nobody; one that loses less is named."""
    random = np.random.default_rng(4)
    clusters = np.repeat(np.arange(30), 8)
    weather = random.normal(size=30)[clusters] + random.normal(size=240)
    losses = weather[:, None] + random.normal(size=(240, 5))
    assert spa(losses, weather, clusters, draws=99).consistent > 0.05
    losses[:, 3] -= 0.6
    found = spa(losses, weather, clusters, draws=99)
    assert found.consistent < 0.05
    assert found.better == (3,)
    with pytest.raises(InputError, match="at least 5"):
        spa(losses, weather, clusters // 10)
