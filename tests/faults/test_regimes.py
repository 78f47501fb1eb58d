"""Calm, busy and cascade: one weather for all symbols and policies, on the time axis."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from sim.exchange.latency import Constant, Leg, Lognormal
from sim.faults.regimes import REGIMES, RegimeLeg, RegimeSpec, faults_of, scaled, stretches

DAY_US = 86_400_000_000


def chain(**means: Any) -> RegimeSpec:
    return RegimeSpec.model_validate({"chain": means})


def test_a_preset_holds_all_day() -> None:
    """One word, one regime."""
    assert stretches(RegimeSpec(preset="busy"), 1, DAY_US) == [("busy", 0, DAY_US)]


def test_a_chain_has_neither_gaps_nor_leaps() -> None:
    """Stretches follow each other without a gap, and calm and cascade are never neighbours."""
    found = stretches(chain(calm_s=600.0, busy_s=300.0, cascade_s=60.0, worsens=0.5), 3, DAY_US)
    assert found[0][:2] == ("calm", 0)
    assert found[-1][2] == DAY_US
    for (before, _, closed), (after, opened, _) in pairwise(found):
        assert closed == opened
        assert "busy" in (before, after)
        assert before != after
    assert {name for name, _, _ in found} == {"calm", "busy", "cascade"}


def test_stays_have_the_stated_means() -> None:
    """A regime lasts as long as stated, on average over many stretches."""
    found = stretches(chain(calm_s=600.0, busy_s=300.0, cascade_s=60.0, worsens=0.5), 5, 100 * DAY_US)
    for name, mean_s in (("calm", 600.0), ("busy", 300.0), ("cascade", 60.0)):
        stays = [(closed - opened) / 1e6 for regime, opened, closed in found if regime == name]
        assert sum(stays) / len(stays) == pytest.approx(mean_s, rel=0.05)


def test_the_weather_of_a_longer_tape_begins_the_same() -> None:
    """What comes later does not change what came before, and another seed has another weather."""
    spec = chain()
    short, long = stretches(spec, 1, DAY_US), stretches(spec, 1, 2 * DAY_US)
    assert long[: len(short) - 1] == short[:-1]
    assert stretches(spec, 2, DAY_US) != short


def test_each_regime_brings_its_own_faults_in_its_own_stretches() -> None:
    """Faults of a cascade strike only while the cascade lasts."""
    when = [("calm", 0, 10_000_000), ("cascade", 10_000_000, 30_000_000)]
    faults = {fault.name: fault for fault in faults_of(chain(), when)}
    throttle = faults["regime_cascade_throttle"].how.windows
    assert throttle is not None
    assert [(one.at, one.for_s, one.rate) for one in throttle] == [(10.0, 20.0, 0.4)]
    assert "regime_calm_throttle" not in faults
    assert not [name for name in faults if name.startswith("regime_busy")]


def test_rates_can_be_turned_up_and_off() -> None:
    """``rates`` multiplies them, at most to certainty; nought leaves the latencies alone to change."""
    when = [("cascade", 0, DAY_US)]
    more = faults_of(RegimeSpec(preset="cascade", rates=10.0), when)
    assert {fault.name: fault.how.rate for fault in more}["regime_cascade_throttle"] == 1.0
    assert faults_of(RegimeSpec(preset="cascade", rates=0.0), when) == []


def test_a_regime_stretches_the_law_and_keeps_the_draw() -> None:
    """In a cascade the median is the stated multiple, and a request that was slow in calm is slow there too."""
    law = Lognormal(law="lognormal", p50_ms=30.0, p99_ms=200.0)
    when = [("calm", 0, 1_000_000), ("cascade", 1_000_000, 2_000_000)]
    leg, plain = RegimeLeg(law, 1, "latency.request", 0.0, when), Leg(law, 1, "latency.request", 0.0)
    keys = range(2001)
    assert [leg.sample_us(key, 0) for key in keys] == [plain.sample_us(key, 0) for key in keys]
    slow = sorted(leg.sample_us(key, 1_500_000) for key in keys)
    assert slow[1000] == pytest.approx(1_000_000, rel=0.1)
    by_calm = sorted(keys, key=lambda key: plain.sample_us(key, 0))
    in_cascade = [leg.sample_us(key, 1_500_000) for key in by_calm]
    # To within the microsecond that calm delays are rounded to.
    assert all(later >= earlier * 0.999 for earlier, later in pairwise(in_cascade))


def test_constant_laws_are_multiplied() -> None:
    """Where a law has no tail only its median counts."""
    assert scaled(Constant(law="constant", ms=20.0), *REGIMES["busy"].latency).ms == 100.0


@pytest.mark.parametrize("given", [{}, {"preset": "calm", "chain": {}}, {"preset": "stormy"}])
def test_a_regime_is_one_of_two_things(given: dict[str, Any]) -> None:
    """Either a preset or a chain, by names there are."""
    with pytest.raises(ValidationError):
        RegimeSpec.model_validate(given)
