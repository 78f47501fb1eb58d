"""A tuning finds what a closed form has, the same on any number of workers, and writes a file production loads."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from sim.errors import InputError
from sim.execution.policy_file import FilePolicyStore
from sim.scenario import load_policy_named
from sim.tune import RECOMMENDED, Tuning, declared_edge, evidence, publish, tune

BUFFER = "execution.sl_adjustment_buffer_pct"

# The price falls by 0.1 % of its start each second.  Every call takes 0.4 s there and 0.4 s back; the guard's price,
# the entry, the stop and, refused, the mark follow each other, and the moved stop leaves after a wait of 9.6 s.
FALL_PER_S, START_PRICE, LEG_S, WAIT_S = 0.001, 40_000.0, 0.4, 9.6
FIRST_S, EVERY_S, INTENTS = 2.1, 10.0, 3
READ_S = (
    7 * LEG_S
)  # guard there and back, entry there and back, stop there and back, the question for the mark there
CHASE = f"""
title = "A stop chased on a straight line"
[market]
path = "line"
line = {{ start_price = {START_PRICE}, pct_per_s = {-100 * FALL_PER_S}, for_s = 180 }}
[workload]
every_s = {EVERY_S}
first_s = {FIRST_S}
intents = {INTENTS}
side = "long"
sl_pct = 0.0012
tp_pct = 0.3
hold_s = 40
[latency]
request = {{ law = "constant", ms = {1000 * LEG_S} }}
reply = {{ law = "constant", ms = {1000 * LEG_S} }}
[invariants]
protect_s = 20
widen_budget = 100
min_stop_pct = 0
"""
SPACE = f"""
base = "slow.toml"
[knobs."{BUFFER}"]
low = LOW
high = HIGH
log = true
[plateau]
candidates = CANDIDATES
step = 0.004
[race]
first = 3
"""


def best_buffer() -> float:
    """Return the smallest buffer that saves every stop: v x (mark age + reply + wait + request), judged by mark.

    The venue judges by the mark that shows on arrival, so of the mark's age only whole publications count.
    """

    def needed(decided_s: float) -> float:
        read_s = decided_s + READ_S
        arrival_s = read_s + LEG_S + WAIT_S + LEG_S
        age_s = math.floor(arrival_s) - math.floor(read_s)
        mark = START_PRICE * (1 - FALL_PER_S * math.floor(read_s))
        return age_s * FALL_PER_S * START_PRICE / mark

    return max(needed(FIRST_S + EVERY_S * intent) for intent in range(INTENTS))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Write the scenario and the policy that waits before it sends a moved stop."""
    (tmp_path / "chase.toml").write_text(CHASE, encoding="utf-8")
    values = {
        **load_policy_named("d7").store.values,
        "execution.retry_backoff_base_sec": WAIT_S,
        "execution.max_order_retries": 2,
    }
    lines = [f"{key.split('.')[1]} = {json.dumps(value)}" for key, value in values.items()]
    (tmp_path / "slow.toml").write_text("\n".join(["[execution]", *lines]), encoding="utf-8")
    return tmp_path


def tuned(files: Path, trials: int, jobs: int, low: float, high: float, intents: int | None = 1) -> Tuning:
    """Tune the chase in a box; each number of workers has a storage of its own."""
    space = files / "space.toml"
    text = (
        SPACE.replace("LOW", str(low))
        .replace("HIGH", str(high))
        .replace("CANDIDATES", "1" if intents else "3")
    )
    space.write_text(text if intents is None else f"intents = {intents}\n{text}", encoding="utf-8")
    return tune(
        [str(files / "chase.toml")],
        str(space),
        trials=trials,
        storage=str(files / f"{jobs}.journal"),
        seeds=3,
        jobs=jobs,
    )


def test_one_worker_and_two_recommend_the_same(files: Path) -> None:
    """The sampler stays in one process: trials, choice, evidence and file are equal to the last digit."""
    # All of the box is safe: where two trials fall in it follows from the code's own hash.
    one, two = (tuned(files, 2, jobs, 0.0115, 0.016) for jobs in (1, 2))
    assert one.recommendation is not None
    alike = replace(two, storage=one.storage, command=one.command)
    assert evidence(alike) == evidence(one)
    out = files / "out"
    out.mkdir()
    publish(one, out)
    found = one.recommendation.choice.point[BUFFER]
    assert FilePolicyStore(out / RECOMMENDED).settings.sl_adjustment_buffer_pct == found
    policy = load_policy_named(out / RECOMMENDED)
    assert policy.values["execution.retry_backoff_base_sec"] == WAIT_S
    text = (out / RECOMMENDED).read_text(encoding="utf-8")
    for word in ("held out:", "Assumptions: none declared", one.command[:30]):
        assert word in text.replace("\n#     ", " ")
    assert json.loads((out / "evidence.json").read_text())["recommendation"]["point"] == {BUFFER: found}


def test_nothing_is_recommended_where_nothing_is_safe(files: Path) -> None:
    """Below the least buffer every stop is lost: no policy file is written."""
    found = tuned(files, 1, 1, 0.001, 0.002)
    assert found.recommendation is None
    assert {trial.state for trial in found.trials} == {"unsafe"}
    out = files / "out"
    out.mkdir()
    publish(found, out)
    assert not (out / RECOMMENDED).exists()


def test_the_slippage_limit_is_refused_before_anything_runs(files: Path) -> None:
    """Without an edge, and with one of zero."""
    space = files / "space.toml"
    space.write_text('[knobs."execution.max_slippage_pct"]\nlow = 0.001\nhigh = 0.01\n', encoding="utf-8")
    for edge in (None, declared_edge(0.0, 30.0)):
        with pytest.raises(InputError, match=r"--edge-bps"):
            tune([str(files / "chase.toml")], str(space), trials=3, storage=str(files / "x"), edge=edge)
    assert not (files / "x").exists()


@pytest.mark.campaign
@pytest.mark.timeout(900)
def test_the_best_buffer_of_a_chase_is_found_within_a_tenth(files: Path) -> None:
    """In a box of fifty times its low end, forty trials come within a tenth of the closed form."""
    found = tuned(files, 40, 2, 0.001, 0.05, None).recommendation
    assert found is not None
    assert found.choice.point[BUFFER] == pytest.approx(best_buffer(), rel=0.1)
    assert found.choice.point[BUFFER] >= best_buffer()
