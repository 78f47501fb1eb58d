"""Hold runs against the expectations kept beside their scenario (``name.expected.json``).

Same fingerprint (code, data, scenario, policy, versions): the trace must be byte-equal.  Otherwise the metrics of the
gate are held, cluster by cluster, against the sums that are kept: one that is significantly worse and by more than
its tolerance fails, and so does one case of what is critical where there was none (:mod:`sim.experiment.gate_rule`).
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sim.checks import CHECKS
from sim.code import code_words
from sim.errors import InputError
from sim.experiment.fingerprint import code_sha256, versions
from sim.experiment.gate_file import AGAIN, SCHEMA, expected_path, read_expected, what_changed, write_expected
from sim.experiment.gate_rule import ALARMS, Judgement, direction_of, judge
from sim.experiment.gate_sums import GATED, Sums, kept, read_back, stretch_of, sums_of, together
from sim.experiment.prepare import load_market_of
from sim.experiment.result import Result
from sim.experiment.run import run_scenario
from sim.faults import KINDS
from sim.metrics import HEADLINES, Coverage, coverage
from sim.metrics import together as all_coverage
from sim.scenario import LoadedScenario, load_policy_named, load_scenario

__all__ = ["Difference", "GateReport", "check_scenario", "direction_of", "expected_path"]

Progress = Callable[[str, int, int, int], None]

OFTEN: Final = 10
"""A fault that struck as often as this in a run does not stay away by chance."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """State one thing that is not as expected; ``reason`` says in words why it fails the gate."""

    scenario: str
    policy: str
    seed: int
    metric: str
    expected: str
    got: str
    tolerance: str
    command: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class GateReport:
    """State the outcome for one scenario: ``runs`` made, ``exact`` ones byte-equal, what differs.

    ``judgements``: every metric that was weighed.  ``changes``: what an update changed, or what moved without failing,
    one line for each run.  ``coverage`` counts in which position its faults met the bot and what came of the writes.
    """

    scenario: str
    runs: int
    exact: int
    updated: bool
    differences: tuple[Difference, ...]
    judgements: tuple[Judgement, ...] = ()
    changes: tuple[str, ...] = ()
    command: str = ""
    coverage: Coverage = field(default_factory=Coverage)

    @property
    def passed(self) -> bool:
        """Tell whether nothing differs."""
        return not self.differences


@dataclass(frozen=True)
class Made:
    """Hold what is kept of one run that was made."""

    row: dict[str, Any]
    sums: Sums
    command: str


def check_scenario(
    scenario: str,
    *,
    update: bool = False,
    seeds: Sequence[int] | None = None,
    scenarios: int = 1,
    overrides: Sequence[str] = (),
    progress: Progress | None = None,
) -> GateReport:
    """Rerun the runs of ``[check]`` and compare; with ``update`` write what was found instead.

    ``seeds``: run these instead of the check's; those the file does not keep are a second sample.  ``scenarios``: how
    many are checked together and share the gate's false alarms.  ``overrides`` (``code.*``: other code under
    test) hold for what is rerun, not for what it is held against.  Raises InputError when there are no expectations to
    compare with, or none that keep sums.
    """
    loaded = load_scenario(scenario, overrides)
    path = expected_path(loaded)
    expected: dict[str, Any] = {}
    if not update or path.is_file():
        try:
            expected = read_expected(path)
        except InputError:
            if not update:
                raise
    made, met = _make(loaded, seeds or loaded.scenario.check.seeds, {} if update else expected, progress)
    content = {
        "versions": versions(),
        "code_sha256": code_sha256(),
        "runs": {key: run.row for key, run in made.items()},
    }
    common: dict[str, Any] = {
        "scenario": loaded.name,
        "runs": len(made),
        "updated": update,
        "changes": what_changed(loaded.name, expected, content) if expected else (),
        "command": shlex.join(["sim", "check", scenario, *_options(seeds, overrides)]),
        "coverage": all_coverage(met),
    }
    if update:
        write_expected(path, content)
        return GateReport(exact=0, differences=(), **common)
    runs = expected["runs"]
    fresh = seeds is not None and any(key not in runs for key in made)
    differences = [] if seeds else [_unmade(loaded, key) for key in runs if key not in made]
    exact = 0
    for key, run in made.items():
        found = [] if fresh else _of_run(loaded, key, runs.get(key), run)
        exact += not found and key in runs and runs[key]["trace_sha256"] == run.row["trace_sha256"]
        differences += found
    level = ALARMS / (scenarios * len(loaded.scenario.check.policies) * len(GATED))
    judgements = _judgements(expected, path, made, fresh=fresh, level=level)
    named = {item.policy for item in differences if item.metric.startswith("violations ")}
    for item in judgements:
        # A check that is named has said it already, and better.
        if item.trips and not (item.metric.startswith("violations_") and item.policy in named):
            differences.append(_of_metric(loaded, item, runs, made))
    return GateReport(exact=exact, differences=tuple(differences), judgements=tuple(judgements), **common)


def _options(seeds: Sequence[int] | None, overrides: Sequence[str]) -> list[str]:
    """Spell out what else a command of this check says; of the scenario only its code can be another one."""
    return [*(["--seeds", _joined(seeds)] if seeds else []), *code_words(overrides)[0]]


def _joined(seeds: Sequence[int]) -> str:
    return ",".join(map(str, seeds))


def _make(
    loaded: LoadedScenario, seeds: Sequence[int], expected: dict[str, Any], progress: Progress | None
) -> tuple[dict[str, Made], list[Coverage]]:
    check = loaded.scenario.check
    market = load_market_of(loaded)
    words = {spec: kind for kind, spec in KINDS.items()}
    kinds = {fault.name: words[type(fault)] for fault in loaded.scenario.faults}
    lengths = [run["clusters"]["stretch_s"] for run in expected.get("runs", {}).values() if "clusters" in run]
    made: dict[str, Made] = {}
    met: dict[str, Coverage] = {}
    stretch_s = float(lengths[0]) if lengths else None
    policies = {name: load_policy_named(name, (), loaded.base_dir) for name in check.policies}
    # Seed by seed: a seed's prices are made once for all policies.
    for seed in seeds:
        for name, policy in policies.items():
            result = run_scenario(
                loaded,
                policy,
                seed=seed,
                intents=check.intents,
                overrides=loaded.overrides,
                market=market,
                progress=None if progress is None else _bound(progress, name, seed),
            )
            if stretch_s is None:
                decided = result.frames["intents"]["decided_us"].to_numpy()
                stretch_s = stretch_of(loaded.scenario.market.episode_s, decided)
            met[f"{name}/{seed}"] = coverage(result.frames, kinds)
            made[f"{name}/{seed}"] = made_of(result, stretch_s)
    order = [f"{name}/{seed}" for name in policies for seed in seeds]
    return {key: made[key] for key in order}, [met[key] for key in order]


def made_of(result: Result, stretch_s: float) -> Made:
    """Boil a run down to what expectations keep of it."""
    manifest = result.manifest
    sums = sums_of(
        result.frames,
        epoch_us=manifest["epoch_us"],
        seed=manifest["seed"],
        stretch_s=stretch_s,
        protect_s=float(manifest["protect_s"]),
    )
    counts = result.violations.groupby("check").size()
    row = {
        "trace_sha256": manifest["trace_sha256"],
        "fingerprint": _fingerprint(result),
        "metrics": {name: value for name, value in result.headline.items() if math.isfinite(value)},
        "violations": {str(check): int(count) for check, count in counts.items()},
        "faults": {
            str(name): int(count) for name, count in result.frames["faults"].groupby("fault").size().items()
        },
        "clusters": {"stretch_s": stretch_s, **kept(sums)},
    }
    return Made(row, sums, manifest["command"])


def _bound(progress: Any, policy: str, seed: int) -> Callable[[int, int], None]:
    return lambda done, total: progress(policy, seed, done, total)


def _fingerprint(result: Result) -> dict[str, Any]:
    names = ("scenario_sha256", "policy_sha256", "data_sha256", "code_sha256", "versions")
    return {name: result.manifest[name] for name in names}


def _split(key: str) -> tuple[str, int]:
    policy, _, seed = key.rpartition("/")
    return policy, int(seed) if seed.isascii() and seed.isdecimal() and len(seed) < 20 else -1


def _difference(loaded: LoadedScenario, key: str, command: str, **what: str) -> Difference:
    policy, seed = _split(key)
    return Difference(scenario=loaded.name, policy=policy, seed=seed, command=command, **what)


def _unmade(loaded: LoadedScenario, key: str) -> Difference:
    # A run that nobody makes any more must not pass unseen: the gate would shrink without a word.
    return _difference(
        loaded, key, shlex.join(["sim", "check", loaded.path]), metric="run", expected="a run",
        got="no such policy and seed in [check]", tolerance="sim check --update",
        reason="a run that is expected was not made",
    )  # fmt: skip


def _of_run(
    loaded: LoadedScenario, key: str, expected: dict[str, Any] | None, made: Made
) -> list[Difference]:
    """Return what differs in one run whatever the statistics say."""
    if expected is None:
        none = "no expectation for this policy and seed"
        return [
            _difference(
                loaded, key, made.command, metric="run", expected=none, got="a run",
                tolerance="sim check --update", reason="there is nothing to hold this run against",
            )
        ]  # fmt: skip
    now = made.row
    if expected["fingerprint"] == now["fingerprint"]:
        if expected["trace_sha256"] == now["trace_sha256"]:
            return []
        return [
            _difference(
                loaded, key, made.command, metric="trace_sha256", expected=expected["trace_sha256"],
                got=now["trace_sha256"], tolerance="same code, data and versions: byte-equal",
                reason="the same code on the same data left other bytes",
            )
        ]  # fmt: skip
    found = []
    for check in sorted(now["violations"]):
        if not expected["violations"].get(check, 0) and _KINDS_OF_CHECKS.get(check) != "practice":
            found.append(
                _difference(
                    loaded, key, made.command, metric=f"violations {check}", expected="0",
                    got=str(now["violations"][check]), tolerance="none: critical",
                    reason=f"critical: {check} found nothing on this seed before",
                )
            )  # fmt: skip
    for fault, count in expected.get("faults", {}).items():
        if count >= OFTEN and not now["faults"].get(fault, 0):
            found.append(
                _difference(
                    loaded,
                    key,
                    made.command,
                    metric=f"fault {fault}",
                    expected=f"{count:g}",
                    got="0",
                    tolerance="at least one",
                    reason="critical: it never struck, so that the scenario no longer asks what it asked",
                )
            )
    for metric, wanted in expected["metrics"].items():
        if metric not in HEADLINES:
            found.append(
                _difference(
                    loaded, key, made.command, metric=metric, expected=f"{wanted:.6g}", got="nan",
                    tolerance="sim check --update", reason="no such metric any more",
                )
            )  # fmt: skip
    return found


_KINDS_OF_CHECKS = {check.id: check.kind for check in CHECKS}


def _judgements(
    expected: dict[str, Any], path: Any, made: dict[str, Made], *, fresh: bool, level: float
) -> list[Judgement]:
    runs = expected["runs"]
    pairs = {key: run for key, run in made.items() if fresh or key in runs}
    if not pairs:
        return []
    if expected.get("schema", 1) != SCHEMA:
        same = all(
            key in runs and runs[key]["trace_sha256"] == run.row["trace_sha256"] for key, run in pairs.items()
        )
        if same:
            return []
        raise InputError(f"{path}: schema", 1, f"{SCHEMA}, which keeps the sums of each cluster; {AGAIN}")
    found = []
    for policy in dict.fromkeys(_split(key)[0] for key in pairs):
        mine = {key: run for key, run in pairs.items() if _split(key)[0] == policy}
        held = [key for key in runs if _split(key)[0] == policy] if fresh else list(mine)
        if held:
            old = together([read_back(runs[key]["clusters"], _split(key)[1]) for key in held])
            new = together([run.sums for run in mine.values()])
            found += judge(policy, old, new, paired=not fresh, level=level)
    return found


def _of_metric(
    loaded: LoadedScenario, item: Judgement, runs: dict[str, Any], made: dict[str, Made]
) -> Difference:
    """Name a metric that fails by the seed on which it got worst."""
    direction = direction_of(item.metric)

    def ratio(sums: Sums) -> float:
        of = sums.of[GATED[item.metric].of].sum()
        return float(sums.sums[item.metric].sum() / of) if of else 0.0

    def worse(key: str) -> float:
        before = ratio(read_back(runs[key]["clusters"], 0)) if key in runs else item.expected
        change = ratio(made[key].sums) - before
        return (
            abs(change)
            if direction == "either way"
            else -change
            if direction == "higher is better"
            else change
        )

    key = max((key for key in made if _split(key)[0] == item.policy), key=worse)
    return _difference(
        loaded, key, made[key].command, metric=item.metric, expected=f"{item.expected:.6g}",
        got=f"{item.got:.6g}", tolerance=f"{direction}, by at most {item.tolerance:.4g}",
        reason=item.reason,
    )  # fmt: skip
