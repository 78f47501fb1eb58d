"""Lines become the placements, attempts and intents that a run's own frames hold."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sim.calibrate.logs import Flows, frames_of
from sim.calibrate.logs.simulated import heard_of, simulated_log
from sim.experiment import run_scenario
from sim.experiment.prepare import load_market_of
from sim.scenario import load_policy_named, load_scenario

SCENARIO = """
title = "Failures of several kinds"
[market]
path = "line"
line = { start_price = 50000.0, pct_per_s = 0.0, for_s = 900.0 }
[workload]
every_s = 7
sl_pct = 0.004
tp_pct = 0.008
hold_s = 60
[[faults]]
name = "internal_error"
code = -1001
applied = 0.0
how = { rate = 0.2 }
match = { call = "order" }
[[faults]]
name = "would_trigger"
code = -2021
how = { rate = 0.2 }
match = { role = "sl" }
[[faults]]
name = "lost"
kind = "timeout"
truth = "not_applied"
how = { burst = { mean_gap_s = 60, mean_length_s = 6 } }
match = { call = "order" }
"""


@pytest.mark.parametrize("with_intent", [True, False])
def test_a_log_yields_the_frames_of_its_run(tmp_path: Path, with_intent: bool) -> None:
    """Placement for placement, interleaved flows and time-outs included, with or without intents' numbers."""
    file = tmp_path / "many.toml"
    file.write_text(SCENARIO, encoding="utf-8")
    loaded, policy = load_scenario(str(file)), load_policy_named("d7", ())
    market = load_market_of(loaded)
    lines = simulated_log(loaded, policy, market, seed=3, intents=16, with_intent=with_intent)
    mine = frames_of(Flows().events(heard_of(lines)))
    frames = run_scenario(loaded, policy, seed=3, intents=16, market=market).frames
    theirs = frames["placements"]
    columns = ["role", "success", "attempts", "failed_attempts", "met_2021", "adjusted", "code", "backoff_us"]
    mine["placements"]["role"] = mine["placements"]["role"].replace("exit", "flatten")
    assert _as_rows(mine["placements"], columns) == _as_rows(theirs, columns)
    assert mine["placements"]["whole"].all()
    # A run's frame of attempts holds those that failed; whose success is its placement's.
    assert (mine["attempts"]["failure"] != "").sum() == len(frames["attempts"])
    assert len(mine["intents"]) == int(frames["intents"]["checked"].sum())


def _as_rows(frame: pd.DataFrame, columns: list[str]) -> list[tuple[str, ...]]:
    return sorted(tuple(str(value) for value in row) for row in frame[columns].itertuples(index=False))


def _log(*bodies: str, process: str = "") -> list[str]:
    return [f"2026-11-25 10:00:{2 * n:02d},000 {process}{body}" for n, body in enumerate(bodies)]


FAILED = "[SAFE-EXECUTOR] ❌ Attempt 1/5 failed for BTCUSDT sl order: code=-1001, msg=Internal error"
WAITING = "[SAFE-EXECUTOR] Waiting 0.50s before retry 2"
PLACED = "[SAFE-EXECUTOR] ✅ BTCUSDT sl order placed: order_id=7, attempts=2, duration=4.0s"


def test_processes_do_not_mix() -> None:
    """A wait of one process never sends the order of another."""
    lines = sorted(
        _log(FAILED, WAITING, PLACED, process="[1] ") + _log(FAILED, WAITING, PLACED, process="[2] ")
    )
    placements = frames_of(Flows().events(heard_of(lines)))["placements"]
    assert placements["attempts"].tolist() == [2, 2]
    assert placements["process"].tolist() == ["1", "2"]
    assert placements["whole"].all()


def test_a_clock_that_is_ahead_cuts_nothing_of_another_process() -> None:
    """Two processes an hour apart, neither of which says its zone: the orders of both end as they did."""
    slow = _log(FAILED, WAITING, PLACED, process="[1] ")
    fast = [line.replace(" 10:", " 11:") for line in _log(FAILED, WAITING, PLACED, process="[2] ")]
    flows = Flows()
    lines = [line for pair in zip(slow, fast, strict=True) for line in pair]
    placements = frames_of(flows.events(heard_of(lines)))["placements"]
    assert flows.cut_off == 0
    assert placements["whole"].all()


def test_a_placement_without_its_end_is_cut_off() -> None:
    """What a crash left open is a placement that did not succeed, and is not whole."""
    flows = Flows()
    placements = frames_of(flows.events(heard_of(_log(FAILED, WAITING))))["placements"]
    assert flows.cut_off == 1
    assert placements[["success", "attempts", "whole"]].to_numpy().tolist() == [[False, 1, False]]


def test_a_lost_first_line_is_noticed() -> None:
    """An end that counts two attempts where one line was lost has two attempts and is not whole."""
    placements = frames_of(Flows().events(heard_of(_log(PLACED))))["placements"]
    assert placements[["success", "attempts", "whole"]].to_numpy().tolist() == [[True, 2, False]]
