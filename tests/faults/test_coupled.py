"""Faults tied to volatility, outside load or the bar's close: how strongly, and what moves them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from sim.exchange.request import Request
from sim.faults.coupled import Coupled, Coupling
from sim.faults.how import How, Timing
from sim.market import LinePath

EPOCH_US = 1_705_276_800_000_000  # midnight UTC
FOREVER_US = 10**15
Z99 = 2.576


class Saw:
    """A price that moves up and down by a step every 5 s: small in even ten minutes, five times that in odd ones."""

    end_us = 7_200_000_000

    def last(self, t_us: int) -> float:
        step = t_us // 5_000_000
        wild = (t_us // 600_000_000) % 2
        return 100.0 * (1 + (0.005 if wild else 0.001) * (step % 2))


def coupling(to: str, rate: float, strength: float, seed: int = 1, path: Any = None) -> Coupling:
    spec = Coupled.model_validate({"to": to, "rate": rate, "strength": strength})
    return Coupling(spec, seed, EPOCH_US, FOREVER_US, {"BTCUSDT": Saw() if path is None else path})


def timing(coupled: dict[str, Any], name: str = "f", seed: int = 1) -> Timing:
    how = How.model_validate({"coupled": coupled})
    paths: Any = {"BTCUSDT": Saw()}
    return Timing(how, seed, name, EPOCH_US, FOREVER_US, paths)


def inside(hits: int, of: int, probability: float) -> bool:
    """Tell whether a count lies in the 99 % interval of its binomial law."""
    return abs(hits - of * probability) <= Z99 * math.sqrt(of * probability * (1 - probability)) + 1


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0, 2.0])
def test_a_wilder_minute_fails_by_the_declared_power(strength: float, ask: Callable[..., Request]) -> None:
    """Five times as wild: five to the strength times as often, counted on 4000 requests of each."""
    calm, wild = 300_000_000, 900_000_000
    bound = coupling("volatility", 0.01, strength)
    ratio = bound.probability(wild, "BTCUSDT") / bound.probability(calm, "BTCUSDT")
    step = math.log(1.005) / math.log(1.001)
    assert ratio == pytest.approx(step**strength, rel=0.01)
    fault = timing({"to": "volatility", "rate": 0.01, "strength": strength})
    for at_us in (calm, wild):
        hits = sum(fault.fires(ask(intent), at_us) for intent in range(4000))
        assert inside(hits, 4000, bound.probability(at_us, "BTCUSDT"))


def test_volatility_is_that_of_the_last_minute() -> None:
    """The first wild seconds raise it, a minute later it is full, and nothing ahead is known."""
    bound = coupling("volatility", 0.01, 1.0)
    z = [bound.z(600_000_000 + s * 1_000_000, "BTCUSDT") for s in (-1, 10, 30, 65, 300)]
    assert z == sorted(z)
    assert z[0] == bound.z(300_000_000, "BTCUSDT")
    assert z[-2] == pytest.approx(z[-1])


def test_a_price_that_stands_fails_at_the_typical_rate() -> None:
    """Without any movement at all there is nothing to follow."""
    line: Any = LinePath("BTCUSDT", EPOCH_US, 600_000_000, 0.1, 1, 50_000.0, 0.0)
    assert coupling("volatility", 0.2, 3.0, path=line).probability(100_000_000, "BTCUSDT") == 0.2


def test_the_bars_close_raises_the_rate_for_its_first_seconds(ask: Callable[..., Request]) -> None:
    """e^strength times the rate within 5 s of each minute of the replayed clock."""
    fault = timing({"to": "bar_close", "rate": 0.05, "strength": 2.0})
    for second, probability in ((0.0, 0.05 * math.e**2), (4.9, 0.05 * math.e**2), (5.0, 0.05), (59.9, 0.05)):
        at_us = 3_600_000_000 + round(second * 1e6)
        hits = sum(fault.fires(ask(intent), at_us) for intent in range(4000))
        assert inside(hits, 4000, probability), second


def test_load_is_one_standard_normal_field_for_all_faults_of_a_seed() -> None:
    """Mean 0, variance 1, memory of about a minute; the seed moves it, neither fault nor request does."""
    bound = coupling("load", 0.01, 1.0)
    z = np.array([bound.z(minutes * 60_000_000, "") for minutes in range(4000)])
    assert abs(z.mean()) <= Z99 / math.sqrt(len(z))
    assert abs(z.var() - 1) <= Z99 * math.sqrt(2 / len(z))
    near = np.array([bound.z(minutes * 60_000_000 + 5_000_000, "") for minutes in range(4000)])
    assert np.corrcoef(z, near)[0, 1] > 0.95
    assert abs(np.corrcoef(z[:-2], z[2:])[0, 1]) < 0.06
    assert bound.z(77, "BTCUSDT") == coupling("load", 0.9, 5.0).z(77, "ETHUSDT")
    assert bound.z(77, "") != coupling("load", 0.01, 1.0, seed=2).z(77, "")


def test_the_share_under_load_follows_the_strength(ask: Callable[..., Request]) -> None:
    """Over 6000 moments the count of hits is that of the declared probabilities."""
    fault = timing({"to": "load", "rate": 0.05, "strength": 0.8})
    bound = coupling("load", 0.05, 0.8)
    moments = [place * 7_000_000 for place in range(6000)]
    chances = np.array([bound.probability(at_us, "BTCUSDT") for at_us in moments])
    hits = sum(fault.fires(ask(intent), at_us) for intent, at_us in enumerate(moments))
    assert abs(hits - chances.sum()) <= Z99 * math.sqrt((chances * (1 - chances)).sum())
    assert chances.max() > 4 * chances.min()


def test_raising_rate_or_strength_where_it_is_wild_only_adds(ask: Callable[..., Request]) -> None:
    """The same draws decide, so every request hit before is hit again."""
    requests = [ask(intent) for intent in range(1500)]

    def hits(rate: float, strength: float) -> set[int]:
        fault = timing({"to": "volatility", "rate": rate, "strength": strength})
        return {request.number for request in requests if fault.fires(request, 900_000_000)}

    assert hits(0.02, 1.0) < hits(0.05, 1.0) < hits(0.05, 1.5)


def test_a_probability_is_never_above_one() -> None:
    """However strongly it follows."""
    assert coupling("bar_close", 0.5, 20.0).probability(0, "") == 1.0
    assert coupling("bar_close", 0.0, 20.0).probability(0, "") == 0.0


@pytest.mark.parametrize(
    "table",
    [
        {"to": "moon", "rate": 0.1, "strength": 1.0},
        {"to": "load", "rate": 0.1},
        {"to": "load", "strength": 1.0},
        {"to": "load", "rate": 1.5, "strength": 1.0},
        {"to": "load", "rate": 0.1, "strength": -1.0},
    ],
)
def test_a_coupling_declares_what_how_often_and_how_strongly(table: dict[str, Any]) -> None:
    """None of the three has a default."""
    with pytest.raises(ValidationError):
        How.model_validate({"coupled": table})
