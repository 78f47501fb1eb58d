"""Run scenario files as tests: one for each policy and seed, or one for all that is expected of them."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from sim.experiment import GateReport, Result
    from sim.scenario import LoadedScenario

_STORY_LINES: Final = 8
_FAILING: Final = ("safety", "liveness", "simulator")


class ScenarioFailure(Exception):
    """Carry the text of a failed scenario: it is shown as it stands."""


def is_scenario(path: Path, root: Path, patterns: list[str]) -> bool:
    """Tell whether a file is to be collected: a pattern with a slash is held against the path below ``root``."""
    try:
        below = path.relative_to(root).as_posix()
    except ValueError:
        below = path.as_posix()
    return any(fnmatch.fnmatch(below if "/" in pattern else path.name, pattern) for pattern in patterns)


class ScenarioFile(pytest.File):
    """Collect the tests of one scenario file."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield one test for its expectations where it has some, else one for each policy and seed of its check."""
        from sim.errors import InputError
        from sim.experiment.gate_file import expected_path
        from sim.scenario import load_scenario

        try:
            loaded = load_scenario(str(self.path))
        except InputError as error:
            raise self.CollectError(str(error)) from None
        if expected_path(loaded).is_file():
            yield AsExpected.from_parent(self, name="expectations")
            return
        for policy in loaded.scenario.check.policies:
            for seed in loaded.scenario.check.seeds:
                yield OneRun.from_parent(
                    self, name=f"{policy}-seed{seed}", loaded=loaded, policy=policy, seed=seed
                )


class _Item(pytest.Item):
    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what was found in words; a traceback of the simulator would say nothing."""
        from sim.errors import InputError

        if isinstance(excinfo.value, ScenarioFailure | InputError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the test stands."""
        return self.path, None, f"{self.path.name}: {self.name}"


class AsExpected(_Item):
    """Hold all runs of the check against what is kept beside the file, as ``sim check`` does."""

    def runtest(self) -> None:
        """Fail with what differs."""
        from sim.experiment import check_scenario

        report = check_scenario(str(self.path))
        if not report.passed:
            raise ScenarioFailure(_differences(report))


class OneRun(_Item):
    """Run one policy under one seed: nothing unsafe may happen."""

    def __init__(self, *, loaded: LoadedScenario, policy: str, seed: int, **named: Any) -> None:
        super().__init__(**named)
        self.loaded = loaded
        self.policy = policy
        self.seed = seed

    def runtest(self) -> None:
        """Fail with the violations of safety and liveness."""
        from sim.experiment import run_scenario
        from sim.scenario import load_policy_named

        loaded = self.loaded
        result = run_scenario(
            loaded,
            load_policy_named(self.policy, (), loaded.base_dir),
            seed=self.seed,
            intents=loaded.scenario.check.intents,
        )
        found = result.violations
        if found["kind"].isin(_FAILING).any():
            raise ScenarioFailure(_violations(result))


def _differences(report: GateReport) -> str:
    lines = [f"{report.scenario}: {len(report.differences)} differences from what is expected", ""]
    for item in report.differences:
        lines += [
            f"  {item.policy}, seed {item.seed}: {item.metric} {item.expected} -> {item.got}",
            f"    {item.reason}",
        ]
    commands = dict.fromkeys(item.command for item in report.differences)
    return "\n".join([*lines, "", "Reproduce with:", *(f"  {command}" for command in commands)])


def _violations(result: Result) -> str:
    """Say what was broken, how it came about in the first intent that broke it, and how to see it again."""
    from sim.report.story import story_of

    found = result.violations[result.violations["kind"].isin(_FAILING)]
    counts = found.groupby("check", sort=True)["intent"].nunique()
    manifest = result.manifest
    shown = ", ".join(f"{check} in {count}" for check, count in counts.items())
    lines = [f"{result.name}: of {manifest['intents']} intents, {shown} intents broke a rule", ""]
    first = found.sort_values(["intent", "at_us"]).iloc[0]
    lines += [
        f"{first['check']}, intent {first['intent']}: truth: {first['truth']}",
        f"  belief: {first['belief']}",
        "",
    ]
    if first["intent"] >= 0:
        story = story_of(result, int(first["intent"]))
        start_us = story[0].at_us
        ends = (
            n for n, line in enumerate(story) if line.kind == "check" and line.text.startswith(first["check"])
        )
        told = [line for line in story[: next(ends, len(story))] if line.kind not in ("market", "check")]
        lines += [
            f"  {(line.at_us - start_us) / 1e6:+9.3f} s  {line.actor:<8}  {line.text}"
            for line in told[-_STORY_LINES:]
        ]
        lines.append("")
    return "\n".join([*lines, "Reproduce with:", f"  {first['reproduce'] or manifest['command']}"])
