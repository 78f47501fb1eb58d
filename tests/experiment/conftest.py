"""Give small runs of the shipped day, and scenarios of one's own in a folder of one's own."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.experiment import Result, run_scenario

OWN = """\
title = "a scenario of one's own"
[market]
klines = "embedded:BTCUSDT-1m-2024-01-15"
[workload]
every_s = 20
sl_pct = 0.004
tp_pct = 0.008
hold_s = 300
[[faults]]
name = "failed"
code = -1001
applied = 0.0
how = { rate = 0.2 }
match = { call = "order" }
[[faults]]
name = "lost"
kind = "timeout"
truth = "applied"
how = { rate = 0.1 }
match = { call = "order" }
[check]
policies = ["d7", "own/two.toml"]
seeds = [3]
intents = 12
"""
TWO = "[execution]\nmax_order_retries = 2\n"


@pytest.fixture(scope="session")
def small() -> Result:
    """Give a run of 30 intents, made once; nobody changes it."""
    return run_scenario("quickstart", "d7", seed=7, intents=30)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a scenario file in a folder beside the working directory, with a policy file of its own."""
    folder = tmp_path / "mine"
    (folder / "own").mkdir(parents=True)
    (folder / "s.toml").write_text(OWN)
    (folder / "own" / "two.toml").write_text(TWO)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return folder / "s.toml"


def _options(command: str) -> tuple[list[str], Mapping[str, Any]]:
    program, verb, scenario, *words = shlex.split(command)
    assert program == "sim"
    options: dict[str, Any] = {"--set": []}
    for option, value in zip(words[::2], words[1::2], strict=True):
        if option == "--set":
            options[option].append(value)
        else:
            assert option not in options
            options[option] = value
    return [verb, scenario], options


@pytest.fixture(scope="session")
def obey() -> Callable[[str], Any]:
    """Give a function that does what a command printed by the package says, through the API."""

    def do(command: str) -> Any:
        (verb, scenario), options = _options(command)
        intents = int(options["--intents"]) if "--intents" in options else None
        if verb == "run":
            return sim.run(
                scenario,
                options["--policy"],
                seed=int(options["--seed"]),
                intents=intents,
                set=options["--set"],
            )
        assert verb == "compare"
        return sim.compare(
            scenario,
            options["--policies"].split(","),
            seeds=[int(seed) for seed in options["--seeds"].split(",")],
            intents=intents,
            set=options["--set"],
        )

    return do
