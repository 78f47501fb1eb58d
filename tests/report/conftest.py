"""One small run, one comparison and one empty result, each made once and shared by the tests of this room."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.experiment import Comparison, Result, compare_policies, run_scenario
from sim.metrics import build_frames
from sim.report import publish, publish_comparison
from sim.trace import Trace


@pytest.fixture(scope="session")
def result() -> Result:
    """Run a handful of intents, with faults frequent enough to break rules."""
    return run_scenario("quickstart", "d7", seed=7, intents=40, overrides=["faults.unknown_503.how.rate=0.2"])


@pytest.fixture(scope="session")
def empty(result: Result) -> Result:
    """Hold what a run leaves behind that decided nothing and met nothing."""
    frames = build_frames(Trace(), episode_us=3_600_000_000, seed=1)
    return Result(frames=frames, manifest={**result.manifest, "intents": 0, "requests": 0})


@pytest.fixture(scope="session")
def published(result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish the run, with CSV."""
    folder = tmp_path_factory.mktemp("reports") / "run"
    publish(result, folder, csv=True)
    return folder


@pytest.fixture(scope="session")
def comparison() -> Comparison:
    """Compare two of the document's policies on one seed."""
    return compare_policies("quickstart", ["d7", "legacy-sltp"], seeds=[1], intents=25)


@pytest.fixture(scope="session")
def compared(comparison: Comparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish the comparison."""
    folder = tmp_path_factory.mktemp("reports") / "comparison"
    publish_comparison(comparison, folder)
    return folder
