"""Measure the gate: ``python -m tests.campaigns.gate [--seeds 30] [--jobs 2] [--only alarms|power|bugs]``.

``alarms``: how often it fails the same commit held against itself, and how often when only the seeds changed.
``power``: how often it fails a worsening of 5 % and of 20 %, by number of seeds.  ``bugs``: which planted bugs fail it.
Runs are made once (kept in ``.campaigns``); seed sets are then drawn from their sums, a thousand times.
"""

from __future__ import annotations

import argparse
import multiprocessing
import pickle
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from sim.experiment.fingerprint import code_sha256
from sim.experiment.gate import made_of
from sim.experiment.gate_rule import ALARMS, direction_of, judge, p_of_worse, ratio_change
from sim.experiment.gate_sums import GATED, STRETCH_S, Sums, together
from sim.experiment.prepare import load_market_of
from sim.experiment.run import run_scenario
from sim.scenario import load_policy_named, load_scenario

CASES: Final = (
    ("quickstart", "d7"),
    ("quickstart", "safe"),
    ("lossy_network", "d7"),
    ("lossy_network", "safe"),
    ("throttle_not_exempt", "d7"),
)
INTENTS: Final = 120
DRAWS: Final = 1000
SIZES: Final = (1, 2, 4, 8)
WORSENED: Final = (
    ("safe", "requests_per_intent_mean"),
    ("safe", "naked_mean_s"),
    ("d7", "orders_sent_per_intent_mean"),
    ("d7", "recovered_share"),
    ("d7", "violations_safety"),
)
"""What is made worse, under which policy of ``quickstart``."""
FOLDER: Final = Path(__file__).resolve().parents[2] / ".campaigns"

Pool = dict[tuple[str, str], dict[int, Sums]]


def one_run(task: tuple[str, str, int]) -> Sums:
    """Run a case under one seed and return its sums."""
    scenario, policy, seed = task
    loaded = load_scenario(scenario)
    result = run_scenario(
        loaded, load_policy_named(policy), seed=seed, intents=INTENTS, market=load_market_of(loaded)
    )
    return made_of(result, STRETCH_S).sums


def collect(seeds: int, jobs: int) -> Pool:
    """Return the sums of all cases under seeds 1 and up, made once for this code."""
    path = FOLDER / f"gate-{code_sha256()[:16]}-{INTENTS}.pickle"
    kept: dict[tuple[str, str, int], Sums] = pickle.loads(path.read_bytes()) if path.exists() else {}
    wanted = [(*case, seed) for seed in range(1, seeds + 1) for case in CASES]
    tasks = [task for task in wanted if task not in kept]
    if tasks:
        FOLDER.mkdir(exist_ok=True)
        with multiprocessing.get_context("spawn").Pool(jobs) as pool:
            for number, (task, sums) in enumerate(zip(tasks, pool.imap(one_run, tasks), strict=True), 1):
                kept[task] = sums
                print(f"\rrun {number} of {len(tasks)}", end="", file=sys.stderr, flush=True)
                if number % 10 == 0 or number == len(tasks):
                    path.write_bytes(pickle.dumps(kept))
        print(file=sys.stderr)
    return {case: {seed: kept[*case, seed] for seed in range(1, seeds + 1)} for case in CASES}


def alarms(pool: Pool, size: int, *, same: bool, draws: int = DRAWS) -> tuple[int, list[str]]:
    """Count the draws of ``size`` seeds in which the gate over all cases fails; also name what failed.

    ``same``: each seed set is held against itself, else against seeds that it does not share.
    """
    chance = np.random.default_rng([size, same])
    level = ALARMS / (len(pool) * len(GATED))
    seeds = sorted(next(iter(pool.values())))
    count, what = 0, []
    for _ in range(draws):
        order = chance.permutation(seeds)
        first, second = order[:size], order[:size] if same else order[size : 2 * size]
        tripped = []
        for (scenario, policy), runs in pool.items():
            old, new = (together([runs[seed] for seed in side]) for side in (first, second))
            tripped += [
                f"{scenario} {policy} {item.metric}"
                for item in judge(policy, old, new, paired=same, level=level)
                if item.trips
            ]
        count += bool(tripped)
        what += tripped
    return count, what


def power(pool: Pool, policy: str, metric: str, factor: float, size: int, *, paired: bool) -> float:
    """Return how often a metric of ``quickstart`` fails once it is worse by ``factor``, in a check of that scenario.

    The worsening is not even: each cluster has its own, exponential with mean ``factor``.  ``paired``: on the same
    seeds, else on others.
    """
    runs, spec = pool["quickstart", policy], GATED[metric]
    chance = np.random.default_rng([size, paired])
    seeds = sorted(runs)
    level = ALARMS / (3 * len(GATED))
    sign = -1.0 if direction_of(metric) == "higher is better" else 1.0
    hits = 0
    for _ in range(DRAWS):
        order = chance.permutation(seeds)
        first, second = order[:size], order[:size] if paired else order[size : 2 * size]
        old, new = (together([runs[seed] for seed in side]) for side in (first, second))
        uneven = 1 + sign * chance.exponential(factor, len(new.keys))
        sides = (old.sums[metric], old.of[spec.of], uneven * new.sums[metric], new.of[spec.of])
        change, error, freedom = ratio_change(*sides, paired=paired)
        p = float(p_of_worse(change, error, freedom, direction_of(metric)))
        expected = sides[0].sum() / sides[1].sum()
        hits += p < level and sign * change > max(spec.absolute, spec.relative * abs(expected))
    return hits / DRAWS


def report_alarms(pool: Pool) -> bool:
    """Print false alarms; tell whether they are as promised."""
    kept = True
    most = len(next(iter(pool.values()))) // 2
    for same, name, limit in (
        (True, "the same commit", 0),
        (False, "only the seeds changed", ALARMS * DRAWS),
    ):
        for size in (size for size in SIZES if size <= most):
            count, what = alarms(pool, size, same=same)
            shown = "; ".join(f"{item} {what.count(item)}" for item in dict.fromkeys(what))
            print(f"{name}, {size} seeds: {count} alarms in {DRAWS:,} {shown}")
            kept = kept and count <= limit
    return kept


def report_power(pool: Pool) -> None:
    """Print how often a worsening is seen."""
    most = len(next(iter(pool.values()))) // 2
    for paired, name in ((True, "same seeds"), (False, "other seeds")):
        sizes = [size for size in SIZES if size <= (2 * most if paired else most)]
        print(f"\n{name:34} worse by" + "".join(f"{size:>4} seeds" for size in sizes))
        for policy, metric in WORSENED:
            for factor in (0.05, 0.2):
                row = [power(pool, policy, metric, factor, size, paired=paired) for size in sizes]
                print(f"{policy:5}{metric:29} {factor:7.0%}" + "".join(f"{share:10.0%}" for share in row))


def report_bugs() -> bool:
    """Print which planted bugs fail the gate and by what; tell whether all do that can."""
    # Test folders are no packages: the planted bugs are found as their own tests find them.
    sys.path.append(str(Path(__file__).parents[1] / "checks"))
    from tests.campaigns.gate_bugs import BEYOND, found_in_bugs

    missed = []
    for name, how in found_in_bugs():
        print(f"{'trips ' if how else 'MISSED'}  {name}: {how or BEYOND.get(name, 'nothing')}")
        missed += [] if how else [name]
    print(f"\n{len(missed)} planted bugs do not trip the gate: {'; '.join(missed) or 'none'}")
    return set(missed) <= set(BEYOND)


def main(words: Sequence[str]) -> int:
    """Print what was asked for; 1 when a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.gate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", choices=("alarms", "power", "bugs"))
    asked = parser.parse_args(words)
    kept = True
    if asked.only != "bugs":
        pool = collect(asked.seeds, asked.jobs)
        reports: dict[str, Callable[[], Any]] = {
            "alarms": partial(report_alarms, pool),
            "power": partial(report_power, pool),
        }
        for name, report in reports.items():
            if asked.only in (None, name):
                kept = report() is not False and kept
    if asked.only in (None, "bugs"):
        kept = report_bugs() and kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
