"""A maintenance that reopens away from where it closed: venue, market and a declared gap put together."""

from __future__ import annotations

from pathlib import Path

from sim.experiment.prepare import load_market_of, prepare
from sim.experiment.run import run_scenario
from sim.scenario import load_policy_named, load_scenario

_TOML = """
title = "maintenance"
rules = "2025-01"
[market]
klines = "embedded:BTCUSDT-1m-2024-01-15"
path = "shapes"
from = "10:00:00"
to = "11:30:00"
shock = [{ kind = "gap", at = "10:30:00", pct = -2 }]
[workload]
every_s = 120
side = "long"
sl_pct = 0.004
tp_pct = 0.008
leverage = 5
hold_s = 900
"""
_HALT = """
[[faults]]
name = "maintenance"
kind = "venue_halt"
how = { window = { at = "10:20:00", for_s = 600 } }
reopen_pct = -3
exits_only_s = 120
"""
_MINUTE_US = 60_000_000


def test_halt_and_gap_compose(tmp_path: Path) -> None:
    """The market stands for the window, reopens at both moves together, and stops met in it fill after it."""
    paths = {}
    for name, text in (("plain", _TOML), ("halted", _TOML + _HALT)):
        file = tmp_path / f"{name}.toml"
        file.write_text(text)
        loaded = load_scenario(file)
        paths[name] = prepare(loaded, load_market_of(loaded), 1, 3).paths["BTCUSDT"]
    plain, halted = paths["plain"], paths["halted"]
    reopens_us = 30 * _MINUTE_US
    assert halted.halt_end_us(25 * _MINUTE_US) == reopens_us
    assert plain.halt_end_us(25 * _MINUTE_US) is None
    assert halted.last(25 * _MINUTE_US) == halted.last(21 * _MINUTE_US)
    later_us = 40 * _MINUTE_US
    assert abs(halted.last(later_us) / plain.last(later_us) - 0.97) < 1e-4

    result = run_scenario(load_scenario(tmp_path / "halted.toml"), load_policy_named("d7"), seed=1)
    fills, faults = result.frames["fills"], result.frames["faults"]
    assert not ((fills.at_us >= 20 * _MINUTE_US) & (fills.at_us < reopens_us)).any()
    stops = fills[
        (fills.role == "sl") & (fills.at_us >= reopens_us) & (fills.at_us < reopens_us + _MINUTE_US)
    ]
    assert len(stops) > 0
    assert {"venue halt 503", "exits only -4087"} <= set(faults.kind)
    assert not (result.frames["violations"].kind == "simulator").any()
    assert any("halt" in shock for shock in result.manifest["shocks"])
