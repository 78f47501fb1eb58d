"""Keyed chance: pure, well spread, independent between streams, the same in every process."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.chance import Stream, key_of, mix

COUNT = 20_000
WORD = st.integers(-(2**63), 2**64 - 1)


def draws(seed: int = 1, name: str = "f") -> np.ndarray:
    stream = Stream(seed, name)
    return np.array([stream.uniform(mix(n)) for n in range(COUNT)])


def test_values_are_pinned() -> None:
    """The function is part of every recorded result: these values may never change."""
    assert key_of("latency.request") == 0x15BCEEF48D5FC6CD
    assert mix(1, 2, 3) == 0xD0734750FDE362B3
    assert Stream(7, "latency.request").bits(mix(42)) == 0x337C116A92BD4D2A


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.lists(WORD, max_size=5), st.integers(0, 2**64 - 1), st.text(max_size=20))
def test_draws_are_pure_and_in_range(parts: list[int], seed: int, name: str) -> None:
    """The same key gives the same 64 bits, a uniform in [0, 1) and a finite normal."""
    key = mix(*parts)
    assert 0 <= key < 2**64
    assert key == mix(*parts)
    stream = Stream(seed, name)
    assert stream.bits(key) == Stream(seed, name).bits(key) < 2**64
    assert 0.0 <= stream.uniform(key) < 1.0
    assert math.isfinite(stream.normal(key))


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=4), st.integers(0, 3), st.integers(0, 63))
def test_one_bit_of_a_key_changes_about_half_of_the_result(parts: list[int], at: int, bit: int) -> None:
    """Neighbouring keys (n and n + 1, intent and the next) do not give neighbouring draws."""
    changed = list(parts)
    changed[at % len(parts)] ^= 1 << bit
    assert 8 <= (mix(*parts) ^ mix(*changed)).bit_count() <= 56


def test_order_and_number_of_parts_matter() -> None:
    """(1, 2), (2, 1), (1,) and (1, 0) are four keys."""
    assert len({mix(1, 2), mix(2, 1), mix(1), mix(1, 0), mix(0, 1), mix()}) == 6


def test_uniform_draws_are_uniform() -> None:
    """Sequential keys fill the unit interval evenly: chi-squared over a hundred cells."""
    counts = np.histogram(draws(), bins=100, range=(0, 1))[0]
    chi2 = ((counts - COUNT / 100) ** 2 / (COUNT / 100)).sum()
    assert 60 < chi2 < 150  # 99 degrees of freedom: 1st and 99.9th percentile


def test_normal_draws_are_normal() -> None:
    """Mean, deviation, skewness and kurtosis of sequential keys."""
    stream = Stream(3, "normal")
    x = np.array([stream.normal(mix(n)) for n in range(COUNT)])
    assert [x.mean(), x.std(), (x**3).mean(), (x**4).mean()] == pytest.approx([0, 1, 0, 3], abs=0.12)


@pytest.mark.parametrize(("seed", "name"), [(2, "f"), (1, "g"), (1, "f.applied"), (2**63, "f")])
def test_streams_are_independent(seed: int, name: str) -> None:
    """Another seed or another name gives draws without correlation, key by key."""
    assert abs(np.corrcoef(draws(), draws(seed, name))[0, 1]) < 0.03


def test_neighbours_are_independent() -> None:
    """The draw for n says nothing about the draw for n + 1."""
    x = draws()
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 0.03


def test_seeds_beyond_64_bits_and_below_zero_work() -> None:
    """Any integer is a seed; only its low 64 bits count."""
    assert Stream(2**64 + 5, "f").bits(1) == Stream(5, "f").bits(1)
    assert Stream(-1, "f").bits(1) == Stream(2**64 - 1, "f").bits(1)
