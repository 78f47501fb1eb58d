"""Latency laws: the marginals asked for, a field in time shared by all, and draws that depend on keys alone."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from sim.chance import mix
from sim.exchange.latency import Constant, Empirical, LatencySpec, Leg, Lognormal

LAW = Lognormal(law="lognormal", p50_ms=30.0, p99_ms=200.0)
COUNT = 8_000


def many(leg: Leg, *, moments_us: Any = None) -> np.ndarray:
    """Draw for many keys, by default each under a weather of its own."""
    times = moments_us if moments_us is not None else np.arange(COUNT) * 60_000_000 + 400_000
    return np.array([leg.sample_us(mix(key), int(at)) for key, at in enumerate(times)])


def weather(leg: Leg, at_us: int) -> float:
    """Read the field off a leg whose delays are the moment's alone (rho = 1)."""
    sigma = np.log(200 / 30) / NormalDist().inv_cdf(0.99)
    return float((np.log(leg.sample_us(0, at_us)) - np.log(30_000)) / sigma)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.8, 1.0])
def test_quantiles_are_those_asked_for(rho: float) -> None:
    """Whatever share of variance belongs to the moment, p50 and p99 over time are the law's."""
    draws = many(Leg(LAW, 7, "latency.request", rho)) / 1000
    assert np.quantile(draws, 0.5) == pytest.approx(30.0, rel=0.05)
    assert np.quantile(draws, 0.99) == pytest.approx(200.0, rel=0.15)
    assert np.log(draws).std() == pytest.approx(np.log(200 / 30) / 2.3263, rel=0.04)


@pytest.mark.parametrize("within_us", [0, 2_500_000, 5_000_000, 9_999_999])
def test_the_field_is_standard_normal_at_every_moment(within_us: int) -> None:
    """Between the cells' own draws the blend keeps mean nought and variance one."""
    leg = Leg(LAW, 3, "latency.reply", 1.0)
    values = np.array([weather(leg, cell * 20_000_000 + within_us) for cell in range(COUNT)])
    assert values.mean() == pytest.approx(0.0, abs=0.04)
    assert values.std() == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.8])
def test_rho_is_the_correlation_of_two_requests_at_one_moment(rho: float) -> None:
    """Two requests at the same instant share the weather and nothing else."""
    leg = Leg(LAW, 5, "latency.request", rho)
    times = np.arange(COUNT) * 60_000_000
    one = np.log([leg.sample_us(mix(1, n), int(at)) for n, at in enumerate(times)])
    other = np.log([leg.sample_us(mix(2, n), int(at)) for n, at in enumerate(times)])
    assert np.corrcoef(one, other)[0, 1] == pytest.approx(rho, abs=0.04)


def test_the_weather_fades_within_seconds() -> None:
    """Moments half a minute apart are independent; moments a tenth of a second apart are nearly the same."""
    leg = Leg(LAW, 5, "latency.request", 1.0)
    moments = np.arange(COUNT) * 60_000_000
    here = np.array([weather(leg, int(at)) for at in moments])
    near = np.array([weather(leg, int(at) + 100_000) for at in moments])
    far = np.array([weather(leg, int(at) + 30_000_000) for at in moments])
    assert np.corrcoef(here, near)[0, 1] > 0.95
    assert abs(np.corrcoef(here, far)[0, 1]) < 0.04


def test_a_draw_depends_on_seed_name_key_and_moment_alone() -> None:
    """Asking again, in another order or from another object changes nothing."""
    times = np.arange(50) * 777_777
    first = many(Leg(LAW, 7, "latency.request", 0.5), moments_us=times)
    leg = Leg(LAW, 7, "latency.request", 0.5)
    backwards = [leg.sample_us(mix(key), int(times[key])) for key in reversed(range(50))]
    assert first.tolist() == backwards[::-1]
    assert many(Leg(LAW, 8, "latency.request", 0.5), moments_us=times).tolist() != first.tolist()
    assert many(Leg(LAW, 7, "latency.reply", 0.5), moments_us=times).tolist() != first.tolist()


def test_a_constant_leg_is_constant() -> None:
    """No weather and no luck."""
    assert set(many(Leg(Constant(law="constant", ms=1.5), 1, "latency.request", 0.9)).tolist()) == {1500}


def test_measured_delays_are_drawn_from_their_distribution() -> None:
    """Draws stay within what was measured, and their quantiles are the sample's with interpolation."""
    values = [5.0, 10.0, 20.0, 40.0, 400.0]
    draws = many(Leg(Empirical(law="empirical", values_ms=values), 2, "latency.request", 0.4)) / 1000
    assert draws.min() >= 5.0
    assert draws.max() <= 400.0
    for share in (0.25, 0.5, 0.75):
        assert np.quantile(draws, share) == pytest.approx(np.quantile(values, share), rel=0.1)


@pytest.mark.parametrize(
    "law",
    [
        {"law": "lognormal", "p50_ms": 30.0, "p99_ms": 20.0},
        {"law": "lognormal", "p50_ms": 0.0, "p99_ms": 20.0},
        {"law": "constant", "ms": -1.0},
        {"law": "empirical", "values_ms": [1.0]},
        {"law": "empirical", "values_ms": [1.0, -2.0]},
        {"law": "normal", "p50_ms": 1.0},
        {"law": "constant", "ms": 1.0, "p50_ms": 2.0},
    ],
)
def test_unusable_laws_are_refused(law: dict[str, Any]) -> None:
    """Disordered quantiles, negative delays, unknown laws and stray keys do not pass."""
    with pytest.raises(ValidationError):
        LatencySpec(request=law)  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        LatencySpec(rho=1.1)
