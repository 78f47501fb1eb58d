"""What ``[invariants]`` states is what the checks are held to."""

from __future__ import annotations

from dataclasses import asdict

from sim.checks import Bounds
from sim.experiment.run import bounds_of
from sim.scenario import InvariantSpec, load_scenario


def test_defaults_of_the_scenario_are_those_of_the_checks() -> None:
    """Nothing stated: the bounds are the checks' own, but for the close that a scenario asks for by default."""
    spec = load_scenario("quickstart").scenario
    stated = asdict(bounds_of(spec))
    assert stated["panic_s"] == InvariantSpec().panic_s
    assert stated | {"panic_s": None, "settle_s": Bounds().settle_s} == asdict(Bounds())


def test_what_is_stated_reaches_the_checks() -> None:
    """Each bound of a check has its key, and the settle time comes from its own table."""
    own = {
        "clean_s": 7.0,
        "replace_gap_s": 0.5,
        "panic_s": 3.0,
        "live_s": 11.0,
        "block_s": 0.25,
        "least_trading": 0.5,
    }
    words = [f"invariants.{key}={value}" for key, value in own.items()]
    bounds = asdict(bounds_of(load_scenario("quickstart", [*words, "settle.settle_s=45"]).scenario))
    assert {key: bounds[key] for key in own} == own
    assert bounds["settle_s"] == 45.0


def test_a_calm_scenario_is_asked_to_trade() -> None:
    """Without faults and shocks 95 % must trade, unless the scenario says otherwise; with faults nobody asks."""
    assert bounds_of(load_scenario("calm_baseline").scenario).least_trading == 0.95
    calm = load_scenario("calm_baseline", ["invariants.least_trading=0.2"]).scenario
    assert bounds_of(calm).least_trading == 0.2
    assert bounds_of(load_scenario("quickstart").scenario).least_trading is None
