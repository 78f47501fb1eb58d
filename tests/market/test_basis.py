"""The basis process has the spread, the memory and the bounds it states, at every second and in any order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.market import MarkSpec
from sim.market.basis import BasisProcess, Bursts, Noise, median_of_three
from sim.market.mark import CUT_SD

NOON_S = 1_705_320_000
quick = settings(max_examples=60, deadline=None, derandomize=True)


def seconds(count: int, first: int = NOON_S) -> np.ndarray:
    """Return consecutive Unix seconds."""
    return np.arange(first, first + count, dtype=np.int64)


@pytest.mark.parametrize("half_life_s", [0.0, 1.0, 7.8, 60.0])
def test_noise_has_unit_spread_and_halves_its_memory(half_life_s: float) -> None:
    """Over 400,000 seconds the standard deviation is 1 and the correlation over h seconds 2^(-h / half-life)."""
    values = Noise(3, "basis.BTCUSDT", half_life_s).at(seconds(400_000))
    # An autoregressive mean of n values has about 2.9 * half-life independent seconds in each of its own.
    slack = 5 * np.sqrt(3.0 * max(half_life_s, 1.0) / values.size)
    assert abs(values.mean()) < slack
    assert values.std() == pytest.approx(1.0, abs=slack)
    for lag in (1, 5, 30):
        expected = 2.0 ** (-lag / half_life_s) if half_life_s else 0.0
        assert float(np.corrcoef(values[lag:], values[:-lag])[0, 1]) == pytest.approx(expected, abs=slack)
    assert np.abs(values).max() <= CUT_SD
    # A Gaussian has 4.6 % beyond two standard deviations.
    assert float((np.abs(values) > 2).mean()) == pytest.approx(0.0455, abs=slack)


@quick
@given(st.permutations(range(40)), st.integers(-5_000, 2_000_000_000), st.sampled_from([0.0, 2.5, 30.0]))
def test_noise_is_a_function_of_the_second(order: list[int], first: int, half_life_s: float) -> None:
    """Asked one by one in any order, or again by another, or all at once: the same values."""
    at_once = Noise(1, "basis.X", half_life_s).at(seconds(40, first))
    other = Noise(1, "basis.X", half_life_s)
    for place in order:
        assert other.at(np.array([first + place]))[0] == at_once[place]


def test_noise_differs_by_seed_and_name() -> None:
    """Another seed or another symbol is another noise; the two do not move together."""
    values = [
        Noise(*key, 8.0).at(seconds(50_000)) for key in ((1, "basis.A"), (2, "basis.A"), (1, "basis.B"))
    ]
    for one, other in ((0, 1), (0, 2)):
        assert abs(np.corrcoef(values[one], values[other])[0, 1]) < 0.1


def test_bursts_take_their_share_of_time_on_both_sides() -> None:
    """One exponential burst of 30 s in every 120 s, wherever it begins: as in a count of its own."""
    bursts = Bursts(5, "basis.X.burst", gap_s=90.0, length_s=30.0)
    sides = np.concatenate([bursts.at(seconds(1_000, NOON_S + 1_000 * block)) for block in range(600)])
    assert set(np.unique(sides)) == {-1.0, 0.0, 1.0}
    # A second is free when neither its own cell's burst nor the one of the cell before covers it; simulated apart.
    random = np.random.default_rng(0)
    starts = (np.arange(200_000) + random.uniform(size=200_000)) * 120.0
    ends = starts + np.minimum(random.exponential(30.0, 200_000), 120.0)
    covered = np.maximum(ends, np.concatenate(([0.0], np.maximum.accumulate(ends)[:-1])))
    free = np.clip(starts[1:] - covered[:-1], 0.0, None).sum() / (starts[-1] - starts[0])
    assert float((sides != 0).mean()) == pytest.approx(1 - free, abs=0.01)
    assert float(sides.mean()) == pytest.approx(0.0, abs=0.02)


@quick
@given(
    st.floats(-50, 50),
    st.floats(-20, 20),
)
def test_the_median_of_three_is_that(gap: float, further: float) -> None:
    """The mark is the median of last, the fair price, and the one a gap further."""
    expected = sorted((0.0, gap, gap + further))[1]
    assert median_of_three(np.array([gap]), further)[0] == expected


@quick
@given(
    sd_bps=st.floats(0, 30),
    burst_bps=st.floats(0, 200),
    index_gap_bps=st.floats(-10, 10),
    share=st.floats(0, 1),
    lag=st.floats(-0.1, 0.1),
    seed=st.integers(0, 9),
)
def test_the_basis_stays_inside_its_bound(
    sd_bps: float, burst_bps: float, index_gap_bps: float, share: float, lag: float, seed: int
) -> None:
    """No second's basis leaves the lag, the cut noise and a burst together, on either side of last."""
    spec = MarkSpec(
        sd_bps=sd_bps, burst_bps=burst_bps, index_gap_bps=index_gap_bps, follow_share=share, burst_gap_s=30.0
    )
    ratios = BasisProcess(spec, seed, "X").ratios(seconds(500), lag)
    most = spec.most_bps / 1e4
    assert ratios.max() <= max(lag * share, 0.0) + most + 1e-12
    assert ratios.min() >= min(lag * share, 0.0) - most - 1e-12


def test_a_preset_gives_only_the_keys_that_are_not_written() -> None:
    """The measured values of 2023, with a delay of one's own; the defaults of keys do not come in between."""
    spec = MarkSpec.model_validate({"preset": "calm-2023", "delay_ms": 200.0})
    assert (spec.follow_share, spec.sd_bps, spec.index_gap_bps, spec.delay_ms) == (0.66, 0.44, 4.6, 200.0)
    assert MarkSpec() == MarkSpec(preset="last")


@pytest.mark.parametrize(
    "values",
    [
        {"preset": "calm-2032"},
        {"sd_bps": -0.1},
        {"follow_share": 1.1},
        {"follow_s": 0.0},
        {"half_life_s": 601.0},
        {"burst_gap_s": 0.0},
        {"basis_bps": -6_000.0, "sd_bps": 900.0},
        {"klines": "marks.zip", "basis_bps": 1.0},
    ],
)
def test_impossible_processes_are_refused(values: dict[str, object]) -> None:
    """An unknown preset, a negative spread, a share above one, a price below zero, two statements of one basis."""
    with pytest.raises(ValidationError):
        MarkSpec.model_validate(values)
