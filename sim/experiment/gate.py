"""Hold runs against the expectations kept beside their scenario (``name.expected.json``).

Same fingerprint (code, data, scenario, policy, versions): the trace must be byte-equal.  Otherwise each metric's
difference, per seed, is held against its tolerance and direction.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from sim.errors import InputError
from sim.experiment.fingerprint import code_sha256, versions
from sim.experiment.prepare import load_market_of
from sim.experiment.result import Result
from sim.experiment.run import run_scenario
from sim.experiment.store import read_json, write_json
from sim.faults import KINDS
from sim.metrics import HEADLINES, Coverage, coverage, together
from sim.scenario import LoadedScenario, load_policy_named, load_scenario

Direction = Literal["lower is better", "higher is better", "either way"]

RELATIVE: Final = 0.05
"""A metric may get worse by this share of its expected value (and by its absolute tolerance below)."""

_DIRECTIONS: Final[dict[str, Direction]] = {
    "lower": "lower is better",
    "higher": "higher is better",
    "either": "either way",
}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """State one metric that is not as expected."""

    scenario: str
    policy: str
    seed: int
    metric: str
    expected: str
    got: str
    tolerance: str
    command: str


@dataclass(frozen=True, kw_only=True)
class GateReport:
    """State the outcome for one scenario: ``runs`` made, ``exact`` ones byte-equal, what differs.

    ``coverage`` counts in which position its faults met the bot and what came of the writes.
    """

    scenario: str
    runs: int
    exact: int
    updated: bool
    differences: tuple[Difference, ...]
    coverage: Coverage = field(default_factory=Coverage)

    @property
    def passed(self) -> bool:
        """Tell whether nothing differs."""
        return not self.differences


def expected_path(loaded: LoadedScenario) -> Path:
    """Return where the expectations of a scenario live."""
    return Path(loaded.path).with_suffix(".expected.json")


def check_scenario(
    scenario: str, *, update: bool = False, progress: Callable[[str, int, int, int], None] | None = None
) -> GateReport:
    """Rerun the runs of ``[check]`` and compare; with ``update`` write what was found instead.

    Raises InputError when there are no expectations to compare with.
    """
    loaded = load_scenario(scenario)
    path = expected_path(loaded)
    expected: dict[str, Any] = {}
    if not update:
        expected = _read(path)
    check = loaded.scenario.check
    market = load_market_of(loaded)
    rows: dict[str, Any] = {}
    differences: list[Difference] = []
    met: list[Coverage] = []
    words = {spec: kind for kind, spec in KINDS.items()}
    kinds = {fault.name: words[type(fault)] for fault in loaded.scenario.faults}
    exact = 0
    for name in check.policies:
        policy = load_policy_named(name, (), loaded.base_dir)
        for seed in check.seeds:
            result = run_scenario(
                loaded,
                policy,
                seed=seed,
                intents=check.intents,
                market=market,
                progress=None if progress is None else _bound(progress, name, seed),
            )
            met.append(coverage(result.frames, kinds))
            key = f"{name}/{seed}"
            rows[key] = _row(result)
            if update:
                continue
            found = _compare(loaded, name, seed, expected.get("runs", {}).get(key), result)
            exact += not found and expected["runs"][key]["trace_sha256"] == result.manifest["trace_sha256"]
            differences += found
    differences += [_unmade(loaded, key) for key in expected.get("runs", {}) if key not in rows]
    if update:
        content = {"versions": versions(), "code_sha256": code_sha256(), "runs": rows}
        try:
            write_json(path, content)
        except OSError as error:
            raise InputError(str(path), error.strerror, "a file that can be written") from error
    return GateReport(
        scenario=loaded.name,
        runs=len(rows),
        exact=exact,
        updated=update,
        differences=tuple(differences),
        coverage=together(met),
    )


def _unmade(loaded: LoadedScenario, key: str) -> Difference:
    # A run that nobody makes any more must not pass unseen: the gate would shrink without a word.
    policy, _, seed = key.rpartition("/")
    return Difference(
        scenario=loaded.name,
        policy=policy,
        seed=int(seed) if seed.isascii() and seed.isdecimal() and len(seed) < 20 else -1,
        metric="run",
        expected="a run",
        got="no such policy and seed in [check]",
        tolerance="sim check --update",
        command=shlex.join(["sim", "check", loaded.path]),
    )


def _bound(progress: Any, policy: str, seed: int) -> Callable[[int, int], None]:
    return lambda done, total: progress(policy, seed, done, total)


def _read(path: Path) -> dict[str, Any]:
    try:
        value = read_json(path)
    except OSError as error:
        raise InputError(
            str(path), error.strerror, "expectations; write them with sim check --update"
        ) from None
    if not isinstance(value, dict) or not isinstance(value.get("runs"), dict):
        raise InputError(str(path), value, "an object with runs; write it with sim check --update")
    for key, run in value["runs"].items():
        _refuse_odd_run(f"{path}: runs[{key!r}]", run)
    return value


def _refuse_odd_run(where: str, run: Any) -> None:
    again = "write it with sim check --update"
    kinds = {"trace_sha256": str, "fingerprint": dict, "metrics": dict, "violations": dict}
    if not isinstance(run, dict):
        raise InputError(where, run, f"an object with {', '.join(kinds)}; {again}")
    for name, kind in kinds.items():
        if not isinstance(run.get(name), kind):
            expected = "text" if kind is str else "an object"
            raise InputError(f"{where}.{name}", run.get(name), f"{expected}; {again}")
    for name in ("metrics", "violations"):
        for key, value in run[name].items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise InputError(f"{where}.{name}.{key}", value, f"a finite number; {again}")


def _fingerprint(result: Result) -> dict[str, Any]:
    names = ("scenario_sha256", "policy_sha256", "data_sha256", "code_sha256", "versions")
    return {name: result.manifest[name] for name in names}


def _row(result: Result) -> dict[str, Any]:
    counts = result.violations.groupby("check").size()
    return {
        "trace_sha256": result.manifest["trace_sha256"],
        "fingerprint": _fingerprint(result),
        "metrics": {name: value for name, value in result.headline.items() if math.isfinite(value)},
        "violations": {str(check): int(count) for check, count in counts.items()},
    }


def _compare(
    loaded: LoadedScenario, policy: str, seed: int, expected: dict[str, Any] | None, result: Result
) -> list[Difference]:
    def difference(metric: str, wanted: object, got: object, tolerance: str) -> Difference:
        return Difference(
            scenario=loaded.name,
            policy=policy,
            seed=seed,
            metric=metric,
            expected=str(wanted),
            got=str(got),
            tolerance=tolerance,
            command=result.manifest["command"],
        )

    if expected is None:
        return [difference("run", "no expectation for this policy and seed", "a run", "sim check --update")]
    now = _row(result)
    if expected["fingerprint"] == now["fingerprint"]:
        if expected["trace_sha256"] != now["trace_sha256"]:
            why = "same code, data and versions: byte-equal"
            return [difference("trace_sha256", expected["trace_sha256"], now["trace_sha256"], why)]
        return []
    found = []
    for check in sorted(expected["violations"].keys() | now["violations"].keys()):
        wanted, got = expected["violations"].get(check, 0), now["violations"].get(check, 0)
        allowed = _allowance(float(wanted), 0.0)
        if got > wanted + allowed:
            found.append(difference(f"violations {check}", wanted, got, f"at most {wanted + allowed:g}"))
    for metric, wanted in expected["metrics"].items():
        got = now["metrics"].get(metric, math.nan)
        allowed = _allowance(wanted, _absolute(metric))
        direction = direction_of(metric)
        worse = got - wanted if direction == "lower is better" else wanted - got
        if direction == "either way":
            worse = abs(got - wanted)
        if not worse <= allowed:
            found.append(
                difference(metric, f"{wanted:.6g}", f"{got:.6g}", f"{direction}, by at most {allowed:.4g}")
            )
    return found


def direction_of(metric: str) -> Direction:
    """Return which way a headline number gets better; a number nobody knows any more may not move at all."""
    return _DIRECTIONS[HEADLINES[metric][0]] if metric in HEADLINES else "either way"


def _absolute(metric: str) -> float:
    # Shares move by whole intents in short runs; a tolerance below one intent in a hundred would cry wolf.
    return 0.01 if "share" in metric or "rate" in metric else 1e-9


def _allowance(wanted: float, absolute: float) -> float:
    return max(absolute, RELATIVE * abs(wanted))
