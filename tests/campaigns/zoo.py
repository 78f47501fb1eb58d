"""Run every shipped policy on the same seeds, and say what each costs and saves, with intervals over clusters.

A run's frames are kept as files, so that a stopped campaign goes on where it was.  Every difference is intent by
intent: same prices, same latencies, same draws of the faults.
"""

from __future__ import annotations

import math
import pickle
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.metrics import concat_frames
from sim.metrics.rows import markets_of
from sim.scenario import policy_names
from sim.statistics import cvar, mean, proportion
from tests.campaigns.ledger import FOLDER, code_of, pooled
from tests.campaigns.runs import Case, result_of

Frames = dict[str, pd.DataFrame]

AGAINST: Final = "never-resend"
SCENARIOS: Final = ("quickstart", "double_trap_no_code", "cascade_1010")
INTENTS: Final = 60
_KEY: Final = ["run", "intent"]


@dataclass(frozen=True, kw_only=True)
class Span:
    """Hold a value and its interval; NaN where one cannot be said."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Kept:
    """State what one policy did on one scenario.

    ``recovered``: share of the intents whose first order of a role met a fault that stand as one covered entry at the
    deadline.  ``needed``: of those whose planned stop was crossed, the share covered before it was.
    ``naked_quote_s``: excess naked notional-seconds per intent.  ``doubled``: intents with too large an entry.
    ``gain_quote`` and ``loss_quote``: per 1,000 intents, against :data:`AGAINST` (higher is better) and against the
    ideal executor (lower is better); ``*_tail_quote`` the mean of the worst twentieth of intents, per 1,000.
    """

    scenario: str
    policy: str
    runs: int
    intents: int
    clusters: int
    recovered: Span
    needed: Span
    naked_quote_s: Span
    doubled: Span
    requests: Span
    gain_quote: Span
    gain_tail_quote: float
    loss_quote: Span
    loss_tail_quote: float
    broken: dict[str, int]


def folder() -> Path:
    """Return where the frames of this code's runs are kept."""
    return FOLDER / f"zoo-{code_of()}"


def policies() -> list[str]:
    """Return the zoo, the policy that the others are held against first."""
    return [AGAINST, *(name for name in policy_names() if name != AGAINST)]


def make(
    seeds: Iterable[int],
    *,
    scenarios: Sequence[str] = SCENARIOS,
    names: Sequence[str] = (),
    jobs: int = 2,
    until_s: float = math.inf,
) -> None:
    """Run what is missing, seed by seed, and keep its frames."""
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    tasks = [
        (Case(scenario=scenario, policy=policy, intents=INTENTS), seed, place)
        for seed in seeds
        for scenario in scenarios
        for policy in names or policies()
    ]
    left = [task for task in tasks if not _file(*task).exists()]
    for done, _ in enumerate(pooled(_keep, left, jobs, until_s), start=1):
        if done % 20 == 0 or done == len(left):
            print(f"{done:6} of {len(left)} runs", file=sys.stderr, flush=True)


def _file(case: Case, seed: int, place: Path) -> Path:
    return place / f"{case.scenario}-{case.policy}-{seed}.pkl"


def _keep(task: tuple[Case, int, Path]) -> float:
    began_s = time.perf_counter()
    case, seed, place = task
    frames = result_of(case, seed).frames
    target = _file(case, seed, place)
    partial = target.with_suffix(".part")
    partial.write_bytes(pickle.dumps(frames))
    partial.rename(target)
    return time.perf_counter() - began_s


def kept(scenario: str, names: Sequence[str] = ()) -> list[Kept]:
    """Return what each policy did on a scenario, over the seeds that all of them have."""
    wanted = list(names or policies())
    place = folder()
    seeds = [
        {int(file.stem.rpartition("-")[2]) for file in place.glob(f"{scenario}-{name}-[0-9]*.pkl")}
        for name in wanted
    ]
    shared = sorted(set.intersection(*seeds)) if seeds else []
    if not shared:
        return []
    base = _stacked(scenario, AGAINST, shared)
    return [_kept(scenario, name, _stacked(scenario, name, shared), base, len(shared)) for name in wanted]


def _stacked(scenario: str, policy: str, seeds: Sequence[int]) -> Frames:
    case = Case(scenario=scenario, policy=policy, intents=INTENTS)
    parts = [pickle.loads(_file(case, seed, folder()).read_bytes()) for seed in seeds]
    return concat_frames(parts)


def _kept(scenario: str, policy: str, frames: Frames, base: Frames, runs: int) -> Kept:
    intents = frames["intents"]
    faults = frames["faults"]
    met = faults[faults["first"] & (faults["intent"] >= 0)].drop_duplicates(_KEY)[_KEY]
    hit = intents.merge(met, on=_KEY, how="inner")
    crossed = hit[hit["stop_crossed_us"].notna()]
    in_time = (crossed["protected_us"] <= crossed["stop_crossed_us"]).fillna(False)
    pairs = intents.merge(base["intents"][[*_KEY, "result_quote"]], on=_KEY, suffixes=("", "_base"))
    gain = (pairs["result_quote"] - pairs["result_quote_base"]).to_numpy(float)
    loss = intents["loss_against_ideal_quote"].to_numpy(float)
    found = frames["violations"]
    found = found[found["kind"].isin(("safety", "liveness"))]
    return Kept(
        scenario=scenario,
        policy=policy,
        runs=runs,
        intents=len(intents),
        clusters=int(intents["cluster"].nunique()),
        recovered=_share((hit["state_at_deadline"] == "recovered").to_numpy(bool), hit),
        needed=_share(in_time.to_numpy(bool), crossed),
        naked_quote_s=_mean("naked", intents["naked_excess_notional_s"].to_numpy(float), intents),
        doubled=_share((intents["over_fill"] > 0).to_numpy(bool), intents),
        requests=_mean("requests", intents["requests"].to_numpy(float), intents),
        gain_quote=_mean("gain", gain * 1000, pairs),
        gain_tail_quote=cvar(gain[np.isfinite(gain)] * 1000, worst="low"),
        loss_quote=_mean("loss", loss * 1000, intents),
        loss_tail_quote=cvar(loss[np.isfinite(loss)] * 1000),
        broken={str(check): int(count) for check, count in found.groupby("check").size().items()},
    )


def _share(hits: Any, rows: pd.DataFrame) -> Span:
    found = proportion(hits, rows["cluster"].to_numpy(object))
    return Span(value=found.rate, low=found.low, high=found.high)


def _mean(name: str, values: Any, rows: pd.DataFrame) -> Span:
    known = np.isfinite(values)
    rows, values = rows[known], values[known]
    # All pairs alike (a policy against itself): an interval of no width, and no bootstrap of zeros.
    if not len(values) or not np.ptp(values):
        alike = float(values[0]) if len(values) else math.nan
        return Span(value=alike, low=alike, high=alike)
    found = mean(values, markets_of(rows), rows["seed"].to_numpy(), name=f"zoo/{name}")
    return Span(value=found.value, low=found.low, high=found.high)
