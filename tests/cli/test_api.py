"""The library's front door does what the commands do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim

Cli = Callable[..., Any]


def test_run_returns_a_result(cli: Cli) -> None:
    """A run needs no folder; scenario, policy and seed have defaults."""
    result = sim.run(intents=10)
    assert isinstance(result, sim.Result)
    assert result.name == "quickstart-d7-seed1-10intents"
    assert not Path("reports").exists()


def test_run_writes_a_folder_that_load_reads(cli: Cli) -> None:
    """What ``out`` wrote is loaded with the same numbers."""
    result = sim.run("quickstart", "legacy-sltp", seed=2, intents=10, out="reports/mine")
    assert sim.load("reports/mine").headline == pytest.approx(result.headline, nan_ok=True)
    assert sim.load("mine").manifest == result.manifest


def test_overrides_may_be_a_mapping(cli: Cli) -> None:
    """A mapping and the texts it stands for make the same run."""
    by_mapping = sim.run(intents=10, set={"workload.side": "long", "execution.max_order_retries": 2})
    by_texts = sim.run(intents=10, set=["workload.side=long", "execution.max_order_retries=2"])
    assert by_mapping.manifest["trace_sha256"] == by_texts.manifest["trace_sha256"]
    assert set(by_mapping.frames["intents"]["direction"]) == {1}


def test_numbers_of_numpy_are_numbers(cli: Cli) -> None:
    """Seeds, counts and values that come out of arrays are as good as Python's own."""
    by_numpy = sim.run(seed=np.int64(3), intents=np.int32(5), set={"workload.hold_s": np.float64(300)})
    plain = sim.run(seed=3, intents=5, set={"workload.hold_s": 300.0})
    assert by_numpy.manifest["trace_sha256"] == plain.manifest["trace_sha256"]


def test_compare_pairs_policies(cli: Cli) -> None:
    """A comparison holds one result per policy and seed."""
    comparison = sim.compare("quickstart", ["d7", "legacy-sltp"], seeds=[1, 2], intents=10)
    assert isinstance(comparison, sim.Comparison)
    assert set(comparison.results) == {(policy, seed) for policy in ("d7", "legacy-sltp") for seed in (1, 2)}


def test_check_reports_each_scenario(cli: Cli, tmp_path: Path) -> None:
    """Expectations are written with ``update`` and met without."""
    text = (Path(sim.__file__).parent.parent / "scenarios" / "quickstart.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text[: text.index("[check]")] + "[check]\nintents = 10\n")
    assert sim.check("mine.toml", update=True)[0].updated
    (report,) = sim.check("mine.toml")
    assert report.passed
    assert report.exact == 1


def test_nothing_is_said_aloud(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    """The code under test keeps its log lines to itself, and no bar appears where no terminal is."""
    sim.run(intents=10, progress=True, set={"faults.internal_error.how.rate": 1.0})
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("call", "where"),
    [
        (lambda: sim.run("quickstrat"), "scenario"),
        (lambda: sim.run(policy="d8"), "policy"),
        (lambda: sim.run(seed=-1), "seed"),
        (lambda: sim.run(seed=True), "seed"),
        (lambda: sim.run(intents=0), "intents"),
        (lambda: sim.run(set={"workload.every_s": object()}), "set['workload.every_s']"),
        (lambda: sim.run(set="workload.evry_s=3"), "--set workload.evry_s"),
        (lambda: sim.compare("quickstart", ["d7"]), "--policies"),
        (lambda: sim.compare("quickstart", ["d7", "legacy-sltp"], seeds=[1, 1]), "seeds"),
        (lambda: sim.compare("quickstart", ["d7", "legacy-sltp"], intents=-3), "intents"),
        (lambda: sim.compare("quickstart", ["d7", "legacy-sltp"], seeds=5), "seeds"),  # type: ignore[arg-type]
        (lambda: sim.compare("quickstart", "d7,legacy-sltp"), "policies"),
        (lambda: sim.run(set=[3]), "set"),  # type: ignore[list-item]
        (lambda: sim.run(set="faults[" + "9" * 5000 + "]=1"), "--set"),
        (lambda: sim.run(set="workload.every_s=" + "[" * 5000), "--set workload.every_s"),
        (lambda: sim.run(set="client.timeout_s=0.001", intents=5), "client.timeout_s"),
        (lambda: sim.run(set="workload.first_s=86000"), "workload.first_s"),
        (lambda: sim.load("nowhere"), "RUN"),
        (lambda: sim.load("a" * 5000), "RUN"),
        (lambda: sim.check("quickstrat"), "scenario"),
    ],
)
def test_wrong_input_is_an_input_error(cli: Cli, call: Callable[[], object], where: str) -> None:
    """What cannot be used is refused with its place, before anything runs."""
    with pytest.raises(sim.InputError) as refused:
        call()
    assert refused.value.where == where
