"""Measure the seed document's own numbers: its four metrics, and its impact table claim by claim.

Claimed: what the executor returned, as the document's log lines would count it.  True: what the venue did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.errors import unknown_name
from sim.metrics.rows import note_for
from sim.statistics import proportion

SEED_COLUMNS: Final = (
    "metric", "unit", "n", "clusters", "claimed", "claimed_low", "claimed_high", "n_true", "true", "true_low",
    "true_high", "note",
)  # fmt: skip
SEED_METRICS: Final = (
    "Retry Success Rate",
    "-2021 Error Recovery Rate",
    "Slippage Rejection Rate",
    "Average Retry Count",
)

CLAIM_COLUMNS: Final = (
    "claim", "claimed", "unit", "policy", "baseline", "role", "n", "clusters", "figure", "low", "high",
    "true_figure", "baseline_n", "baseline_figure", "baseline_true_figure", "reduction", "true_reduction", "note",
)  # fmt: skip
SLIPPAGE_LIMIT: Final = 0.005
"""The document's default limit between plan and market, as a fraction."""

_ENTRY, _STOP, _STOP_2021 = "legacy-entry", "legacy-sltp", "legacy-immediate-sl"
BASELINES: Final = (_ENTRY, _STOP, _STOP_2021)


def seed_metrics(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the document's four metrics under its names (SEED_COLUMNS), claimed beside true.

    *Retry Success Rate*: placements that succeeded after a failed attempt / placements with one.  *-2021 Error
    Recovery Rate*: the same over SL placements that met -2021.  True success: the venue accepted exactly one
    order of the placement, whatever was returned.  *Slippage Rejection Rate*: intents refused for deviation /
    intents checked; true: of them those with no entry at the venue.  *Average Retry Count*: mean attempts over
    successful placements, claimed or true (``n`` and ``n_true`` differ there).
    """
    return pd.DataFrame(list(_seed_rows(frames)), columns=list(SEED_COLUMNS))


def _seed_rows(frames: dict[str, pd.DataFrame]) -> Iterator[dict[str, Any]]:
    placements, intents = frames["placements"], frames["intents"]
    note = note_for(intents)
    retried = placements[placements["failed_attempts"] > 0]
    moved = placements[placements["met_2021"] & (placements["role"] == "sl")]
    checked = intents[intents["checked"]]
    refused = checked["refused_for_deviation"].to_numpy(bool)
    stayed_out = refused & (checked["entries_accepted"] == 0).to_numpy(bool)
    yield _share(SEED_METRICS[0], retried, retried["success"], retried["true_success"], note)
    yield _share(SEED_METRICS[1], moved, moved["success"], moved["true_success"], note)
    yield _share(SEED_METRICS[2], checked, refused, stayed_out, note)
    claimed, true = placements[placements["success"]], placements[placements["true_success"]]
    yield {
        "metric": SEED_METRICS[3],
        "unit": "attempts",
        "n": len(claimed),
        "clusters": int(claimed["cluster"].nunique()),
        "claimed": float(claimed["attempts"].mean()),
        "n_true": len(true),
        "true": float(true["attempts"].mean()),
        "note": note,
    }


def _share(name: str, rows: pd.DataFrame, claimed: Any, true: Any, note: str) -> dict[str, Any]:
    clusters = rows["cluster"].to_numpy(object)
    said, was = (proportion(np.asarray(hits, dtype=bool), clusters) for hits in (claimed, true))
    return {
        "metric": name,
        "unit": "share",
        "n": said.n,
        "clusters": said.clusters,
        "claimed": said.rate,
        "claimed_low": said.low,
        "claimed_high": said.high,
        "n_true": was.n,
        "true": was.rate,
        "true_low": was.low,
        "true_high": was.high,
        "note": note,
    }


def claims(frames_by_policy: Mapping[str, dict[str, pd.DataFrame]], *, policy: str = "d7") -> pd.DataFrame:
    """Return the document's impact table as claim beside figure, one row per claim and baseline (CLAIM_COLUMNS).

    ``frames_by_policy`` holds the same scenario and seeds under ``policy`` and under those of :data:`BASELINES`
    that were run; a claim none of whose baselines was run still has a row, with an empty baseline.  Baselines
    are those of policies 3.  ``figure`` is claimed success as the executor returned it, with its interval;
    ``true_figure`` what the venue did.  ``reduction`` is 1 - fail(policy) / fail(baseline), per placement (for
    the entry path: entries, else stops).  Raises InputError when ``policy`` is not among the frames.
    """
    if policy not in frames_by_policy:
        raise unknown_name("frames_by_policy", policy, "a policy that was run", frames_by_policy)
    rows = list(_claim_rows(frames_by_policy, policy))
    return pd.DataFrame(rows, columns=list(CLAIM_COLUMNS))


Selection = tuple[pd.DataFrame, Any, Any]
"""Rows with their cluster, claimed hits, true hits."""


def _claim_rows(by_policy: Mapping[str, dict[str, pd.DataFrame]], policy: str) -> Iterator[dict[str, Any]]:
    stops, entries = ((_STOP, "sl"), (_STOP_2021, "sl")), ((_ENTRY, "entry"),)
    placed: tuple[tuple[str, float, str, tuple[tuple[str, str], ...]], ...] = (
        ("failure rate reduced by about 80 %", 0.80, "", stops + entries),
        ("-2021 recovered, about 90 %", 0.90, "-2021", stops),
        ("-1001 recovered, about 95 %", 0.95, "-1001", entries),
        ("network time-out recovered, about 90 %", 0.90, "time-out", entries),
    )
    for claim, claimed, failure, pairs in placed:
        run = [pair for pair in pairs if pair[0] in by_policy]
        for baseline, role in run or pairs[:1]:
            own = _placements(by_policy[policy], role, failure)
            other = _placements(by_policy[baseline], role, failure) if baseline in by_policy else None
            row = _claim(claim, claimed, policy, role, own, baseline, other, by_policy[policy])
            if not failure:
                # What is claimed here is the reduction itself.
                row |= {"figure": row["reduction"], "true_figure": row["true_reduction"]}
                row |= {"low": np.nan, "high": np.nan}
            yield row
    own = _prevented(by_policy[policy])
    other = _prevented(by_policy[_ENTRY]) if _ENTRY in by_policy else None
    yield _claim(
        "excessive slippage blocked, 100 %", 1.0, policy, "entry", own, _ENTRY, other, by_policy[policy]
    )
    yield _exhausted(by_policy[policy], policy)


def _placements(frames: dict[str, pd.DataFrame], role: str, failure: str) -> Selection:
    """Select placements of a role; with ``failure`` those whose first failure it was."""
    rows = frames["placements"]
    rows = rows[rows["role"] == role]
    if failure:
        rows = rows[rows["first_failure"] == failure]
    return rows, rows["success"], rows["true_success"]


def _prevented(frames: dict[str, pd.DataFrame]) -> Selection:
    """Select intents refused for deviation or filled beyond the limit; prevented are the former.

    Refused is the claim; without any entry at the venue, the truth.
    """
    intents = frames["intents"]
    apart = (intents["fill_price"] - intents["plan_price"]).abs() / intents["plan_price"] > SLIPPAGE_LIMIT
    refused = intents["refused_for_deviation"]
    rows = intents[refused | apart]
    said = rows["refused_for_deviation"]
    return rows, said, said & (rows["entries_accepted"] == 0)


def _claim(
    claim: str,
    claimed: float,
    policy: str,
    role: str,
    own: Selection,
    baseline: str,
    other: Selection | None,
    frames: dict[str, pd.DataFrame],
) -> dict[str, Any]:
    rows, said, was = own
    clusters = rows["cluster"].to_numpy(object)
    figure, true = (proportion(np.asarray(hits, dtype=bool), clusters) for hits in (said, was))
    row: dict[str, Any] = {
        "claim": claim,
        "claimed": claimed,
        "unit": "share",
        "policy": policy,
        "baseline": baseline if other is not None else "",
        "role": role,
        "n": figure.n,
        "clusters": figure.clusters,
        "figure": figure.rate,
        "low": figure.low,
        "high": figure.high,
        "true_figure": true.rate,
        "baseline_n": 0,
        **dict.fromkeys(("baseline_figure", "baseline_true_figure", "reduction", "true_reduction"), np.nan),
        "note": note_for(frames["intents"]),
    }
    if other is not None:
        base_rows, base_said, base_was = other
        row["baseline_n"] = len(base_rows)
        for prefix, ours, theirs in (("", figure.rate, base_said), ("true_", true.rate, base_was)):
            base = float(np.mean(np.asarray(theirs, dtype=float))) if len(base_rows) else np.nan
            row[f"baseline_{prefix}figure"] = base
            row[f"{prefix}reduction"] = 1 - (1 - ours) / (1 - base) if base < 1 else np.nan
    return row


def _exhausted(frames: dict[str, pd.DataFrame], policy: str) -> dict[str, Any]:
    """Measure the document's log line: all five attempts failed after 15.5 s."""
    rows = frames["placements"]
    rows = rows[~rows["success"] & (rows["attempts"] == 5)]
    seconds = ((rows["ended_us"] - rows["started_us"]) / 1e6).to_numpy(float)
    figure = float(np.median(seconds)) if len(seconds) else np.nan
    return {
        "claim": "all five attempts failed after 15.5 s (median)",
        "claimed": 15.5,
        "unit": "s",
        "policy": policy,
        "baseline": "",
        "role": "any",
        "n": len(seconds),
        "clusters": int(rows["cluster"].nunique()),
        "figure": figure,
        "true_figure": figure,
        "baseline_n": 0,
        "note": note_for(frames["intents"]),
    }
