"""A run says what the venue counted, and when the shared address coupled intents."""

from __future__ import annotations

import json

import pytest

from sim.errors import InputError
from sim.experiment.run import run_scenario

TIGHT = ["limits.weight_per_min=2", "limits.ban_after=1", "limits.ban_first_s=60"]


def test_a_quiet_run_tells_its_fullest_windows() -> None:
    """The venue's own count agrees with the table made from the trace; nothing was refused, nothing is noted."""
    result = run_scenario("quickstart", "d7", seed=1, intents=20)
    load = result.manifest["load"]
    table = result.load.set_index("metric")["value"]
    assert load["weight_1m_most"] == table["weight in 1 min, at most"]
    assert load["orders_10s_most"] <= table["orders in 10 s, at most"], "an account each, one address for all"
    assert (load["refusals"], load["bans_us"]) == ({}, [])
    assert not [note for note in result.manifest["data_notes"] if "address" in note]


def test_a_shared_address_that_refused_is_noted() -> None:
    """Intents are not independent any more, and the page says so; with addresses of their own they stay so."""
    result = run_scenario("quickstart", "d7", seed=1, intents=20, overrides=TIGHT)
    load = result.manifest["load"]
    assert load["refusals"]["-1003"] > 0
    assert load["bans_us"]
    assert json.loads(json.dumps(load)) == load
    [note] = [note for note in result.manifest["data_notes"] if "address" in note]
    refused = load["refusals"].get("-1003", 0) + load["refusals"].get("418", 0)
    assert f"refused {refused} requests" in note
    table = result.load.set_index("metric")["value"]
    assert table["bans"] == len(load["bans_us"])
    assert table["time banned"] == pytest.approx(
        sum(until_us - from_us for from_us, until_us in load["bans_us"]) / 1e6, abs=0.01
    )
    apart = run_scenario("quickstart", "d7", seed=1, intents=20, overrides=[*TIGHT, "limits.shared_ip=false"])
    assert not [note for note in apart.manifest["data_notes"] if "address" in note]


@pytest.mark.parametrize("name", ["overload", "blocked"])
def test_a_stretch_off_the_tape_is_refused(name: str) -> None:
    """What cannot happen would silently test nothing."""
    override = f"limits.{name}=[{{ at = 99999999, for_s = 5 }}]"
    with pytest.raises(InputError, match=rf"limits\.{name}\[0\]\.at.*a time on the tape"):
        run_scenario("quickstart", "d7", seed=1, intents=5, overrides=[override])
