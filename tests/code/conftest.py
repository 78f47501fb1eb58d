"""Write bots into a folder and run them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.code import CodeSpec, factory_of
from sim.experiment.prepare import Market, load_market_of
from sim.experiment.run import JudgedRun, run_judged
from sim.scenario import LoadedScenario, load_policy_named, load_scenario

Bot = Callable[..., "Ran"]


class Ran:
    """Hold one run of a bot: its tables, and what is asked of them most."""

    def __init__(self, run: JudgedRun) -> None:
        self.record = run.record
        self.table = run.record.trace.arrays

    @property
    def lines(self) -> list[str]:
        """Return the texts logged."""
        return list(self.table("log")["text"])

    @property
    def ends(self) -> list[str]:
        """Return how each intent ended."""
        return list(self.table("intent_end")["outcome"])

    @property
    def errors(self) -> list[str]:
        """Return what each intent ended with."""
        return list(self.table("intent_end")["error"])

    @property
    def calls(self) -> list[str]:
        """Return the calls of intents."""
        requests = self.table("request")
        return [
            str(call)
            for call, intent in zip(requests["call"], requests["intent"], strict=True)
            if intent >= 0
        ]

    @property
    def violations(self) -> set[str]:
        """Return the checks that found something."""
        return set(self.table("violation")["check"])


@pytest.fixture(scope="session")
def calm() -> tuple[LoadedScenario, Market]:
    """Load a scenario without faults once."""
    loaded = load_scenario("quickstart", ["rules=2025-12-09", "workload.hold_s=60"])
    spec = loaded.scenario.model_copy(update={"faults": []})
    loaded = LoadedScenario(
        scenario=spec, name=loaded.name, path=loaded.path, sha256=loaded.sha256, base_dir=loaded.base_dir
    )
    return loaded, load_market_of(loaded)


@pytest.fixture
def bot(tmp_path: Path, calm: tuple[LoadedScenario, Market]) -> Bot:
    """Return a function that writes ``source`` as module ``bot`` and runs it."""

    def run(source: str, *, intents: int = 1, policy: str = "safe", **spec: Any) -> Ran:
        (tmp_path / "bot.py").write_text(textwrap.dedent(source), encoding="utf-8")
        made = factory_of(CodeSpec(**{"flow": "bot:trade", **spec}), tmp_path)
        loaded, market = calm
        return Ran(
            run_judged(
                loaded,
                load_policy_named(policy),
                market,
                seed=1,
                intents=intents,
                executor_factory=made,
            )
        )

    return run
