"""A user's own suite gets scenario files as tests, virtual time, a simulated client and scripted faults."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

# Loaded before the suites inside run: what they load is forgotten with them, and numpy loads once in a process.
import sim.api
import sim.experiment.gate
import sim.report.story
import sim.testing.plugin
import sim.testing.scenarios
import sim.testing.world

pytest_plugins = ("pytester",)

SCENARIO = """
title = "now and then an answer is lost"
[market]
path = "line"
line = { start_price = 50000.0, pct_per_s = 0.0005 }
[workload]
every_s = 20
sl_pct = 0.004
tp_pct = 0.008
hold_s = 60
[[faults]]
name = "lost"
kind = "timeout"
truth = "applied"
how = { rate = 0.4 }
match = { role = "entry" }
[check]
policies = ["safe", "legacy-sltp"]
seeds = [3]
intents = 6
"""
OWN = '''
import asyncio
from time import time

import pytest

ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
STOP = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "stopPrice": "40000", "closePosition": "true"}


class Mine:
    """Look an order up where its answer was lost, and resend its stop once where it was refused."""

    def __init__(self, client, resends=True):
        self.client = client
        self.resends = resends

    async def enter(self, client_id):
        order = {**ORDER, "newClientOrderId": client_id}
        try:
            return await self.client.futures_create_order(**order)
        except TimeoutError:
            await asyncio.sleep(1)
            return await self.client.futures_get_order(symbol="BTCUSDT", origClientOrderId=client_id)

    async def protect(self):
        try:
            return await self.client.futures_create_order(**STOP)
        except Exception as error:
            if not self.resends or error.code != -1008:
                raise
            return await self.client.futures_create_order(**STOP)


@pytest.mark.sim
async def test_an_hour_takes_no_time():
    began = time()
    await asyncio.sleep(3600)
    assert time() - began == 3600


@pytest.mark.sim_faults("timeout", role="entry", nth=1, truth="applied")
@pytest.mark.sim_faults(code=-1008, role="sl", nth=1)
async def test_a_lost_answer_and_a_refused_stop(simulated_client, sim_world, virtual_time):
    mine = Mine(simulated_client)
    found = await mine.enter("mine-1")
    assert found["status"] == "FILLED"
    assert sim_world.position() == 0.010
    assert not sim_world.protected()
    await mine.protect()
    assert sim_world.protected()
    assert sim_world.faults == ["timeout_1", "code_2"]
    assert [request.truth for request in sim_world.requests] == ["applied", "", "not_applied", "applied"]
    assert virtual_time.now_s > 10


@pytest.mark.sim(scenario="calm_baseline", seed=2)
@pytest.mark.sim_faults(code=-1008, role="sl")
async def test_one_that_gives_up(sim_world):
    mine = Mine(sim_world.client, resends=False)
    await mine.enter("mine-1")
    with pytest.raises(Exception, match="-1008"):
        await mine.protect()
    assert sim_world.protected(), "a position without a stop"


def test_a_plain_test_runs_a_coroutine(virtual_time):
    assert virtual_time.run(asyncio.sleep(60, "slept")) == "slept"
    assert virtual_time.now_s == 60


@pytest.mark.sim_faults("timout", role="entry")
async def test_a_misspelt_kind(simulated_client): ...


@pytest.mark.sim_faults("timeout", truth="aplied", role="entry")
async def test_a_misspelt_value(simulated_client): ...


@pytest.mark.sim_faults("timeout", rol="entry")
async def test_a_misspelt_word(simulated_client): ...


@pytest.mark.sim_faults("crash")
async def test_a_fault_of_processes(simulated_client): ...
'''


def _run(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "sim.testing.plugin", "-p", "no:cacheprovider", *words)


def test_a_users_executor_is_tried_in_virtual_time(pytester: pytest.Pytester) -> None:
    """Async tests run without another plugin, faults strike as scripted, failures and misspelt words speak plainly."""
    pytester.makepyfile(test_mine=OWN)
    done = _run(pytester, "--strict-markers")
    done.assert_outcomes(passed=3, failed=1, errors=4)
    text = done.stdout.str()
    assert "AssertionError: a position without a stop" in text
    assert "sim/clock" not in text
    assert "did you mean 'timeout'?" in text
    assert "did you mean 'applied'?" in text
    assert "did you mean 'role'?" in text
    assert "given 'crash', expected a fault of the venue or the network" in text
    assert "Traceback" not in text


def test_a_scenario_file_is_one_test_for_each_policy_and_seed(pytester: pytest.Pytester) -> None:
    """A policy that breaks a rule fails with the violation, its story and the command; the safe one passes."""
    pytester.makefile(".scenario.toml", lost=SCENARIO)
    pytester.makefile(".toml", other="not = a scenario")
    done = _run(pytester)
    done.assert_outcomes(passed=1, failed=1)
    text = done.stdout.str()
    assert "lost.scenario.toml: legacy-sltp-seed3" in text
    assert "executor  sends the entry order" in text
    assert "sim run lost.scenario.toml --policy legacy-sltp --seed 3 --intents" in text
    assert "runtest" not in text


def test_a_scenario_with_expectations_is_held_against_them(pytester: pytest.Pytester) -> None:
    """What is kept beside the file is what the test asks for; ini says which files are scenarios."""
    folder = pytester.mkdir("mine")
    scenario = SCENARIO.replace('["safe", "legacy-sltp"]', '["legacy-sltp"]')
    (folder / "lost.toml").write_text(scenario)
    sim.check(folder / "lost.toml", update=True)
    pytester.makeini("[pytest]\nsim_scenarios = mine/*.toml\n")
    _run(pytester).assert_outcomes(passed=1)
    kept = folder / "lost.expected.json"
    text = kept.read_text()
    kept.write_text(text.replace('"trace_sha256": "', '"trace_sha256": "0'))
    done = _run(pytester)
    done.assert_outcomes(failed=1)
    assert "the same code on the same data left other bytes" in done.stdout.str()
    (folder / "lost.toml").write_text(scenario.replace("every_s", "evry_s"))
    done = _run(pytester)
    done.assert_outcomes(errors=1)
    assert "did you mean 'every_s'?" in done.stdout.str()


def test_the_plugin_costs_nothing_where_it_is_not_used() -> None:
    """Loading it imports neither numpy nor pandas nor a part of the simulator."""
    code = (
        "import sys, sim.testing.plugin; print([name for name in sys.modules if name.startswith('sim.') or name in "
        "('numpy', 'pandas', 'simpy', 'pydantic')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['sim.testing', 'sim.testing.plugin']"


def test_the_entry_point_leads_to_the_plugin() -> None:
    """The name in pyproject.toml is the module's own, so that it is loaded once however it is asked for."""
    import tomllib
    from pathlib import Path

    project = tomllib.loads(Path(__file__).parents[2].joinpath("pyproject.toml").read_text())
    (name, target), *more = project["project"]["entry-points"]["pytest11"].items()
    assert not more
    assert name == target == "sim.testing.plugin"
    assert importlib.util.find_spec(target) is not None
