"""Boil the runs of each point down to one row: figure, interval, what arithmetic says, and whether the claim holds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from sim import statistics
from sim.claims.maps import MAPS, ClaimMap

HOLDS: Final = "holds"
FAILS: Final = "fails"
OPEN: Final = "open"
UNDEFINED: Final = ""

COLUMNS: Final = (
    "map", "claim", "claimed", "unit", "rules", "policy", "baseline", "role", "x", "y", "runs", "clusters", "n",
    "figure", "low", "high", "status", "true_figure", "true_low", "true_high", "recovered", "recovered_n",
    "baseline_figure", "arithmetic", "doubled", "doubled_low", "doubled_high", "naked_s", "naked_low", "naked_high",
)  # fmt: skip
"""One row per map, rules, policy and point.

``figure`` is held against ``claimed``: what the executor said, with its interval over clusters; ``status``: holds (the
whole interval is on the claim's side), fails, open (the interval holds the claim), "" where it is not defined.
``true_figure``: the same of what was so at the venue.  ``recovered``: success of placements whose first attempt failed.
``baseline_figure``: success of the baseline at the point.  ``arithmetic``: the closed form, of d7 only.  ``doubled``:
share of intents filled twice; ``naked_s``: mean seconds without cover of those that held anything.
"""


def figures_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the table of all maps from their runs."""
    return pd.DataFrame(list(_figures(rows)), columns=list(COLUMNS))


def _figures(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for drawn in MAPS:
        mine = rows[rows["map"] == drawn.id]
        points: dict[Any, pd.DataFrame] = {
            key: part.sort_values(["seed", "episode"])
            for key, part in mine.groupby(["rules", "policy", "x", "y"], sort=False)
        }
        for key, part in points.items():
            rules, policy, x, y = key
            row = y if drawn.baseline not in drawn.flat else drawn.y.values[0]
            yield {
                "map": drawn.id,
                "claim": drawn.claim,
                "claimed": drawn.claimed,
                "unit": "s" if drawn.figure == "seconds" else "share",
                "rules": rules,
                "policy": policy,
                "baseline": drawn.baseline,
                "role": drawn.role,
                "x": x,
                "y": y,
                "runs": int(part["seed"].nunique()),
                "clusters": len(part),
                **_figure(drawn, policy, part, points.get((rules, drawn.baseline, x, row))),
                "arithmetic": drawn.expected(x, y) if policy == "d7" else math.nan,
            }


def _figure(drawn: ClaimMap, policy: str, own: pd.DataFrame, base: pd.DataFrame | None) -> dict[str, Any]:
    doubled = _share(own, "doubled", "intents")
    naked = _mean(own, "naked_s", "naked")
    row: dict[str, Any] = {
        "recovered": _share(own, "hit_said", "hit").rate,
        "recovered_n": int(own["hit"].sum()),
        "baseline_figure": _share(base, "said", "placed").rate if base is not None else math.nan,
        "doubled": doubled.rate,
        "doubled_low": doubled.low,
        "doubled_high": doubled.high,
        "naked_s": naked.value,
        "naked_low": naked.low,
        "naked_high": naked.high,
    }
    if drawn.figure == "seconds":
        spent = _mean(own, "exhausted_s", "exhausted")
        # All of a constant wire's failures last alike: then there is nothing an interval could add.
        low, high = (spent.value if math.isnan(edge) else edge for edge in (spent.low, spent.high))
        near = round(spent.value, 3) == drawn.claimed
        status = UNDEFINED if math.isnan(spent.value) else HOLDS if near else FAILS
        return {**row, "n": int(own["exhausted"].sum()), "figure": spent.value, "low": low, "high": high,
                "status": status, "true_figure": spent.value, "true_low": low, "true_high": high}  # fmt: skip
    n = int(own["placed"].sum())
    if drawn.figure == "success":
        said, true = (_share(own, name, "placed") for name in ("said", "true"))
        return {**row, "n": n, "figure": said.rate, "low": said.low, "high": said.high,
                "status": _status(said.rate, said.low, said.high, drawn.claimed), "true_figure": true.rate,
                "true_low": true.low, "true_high": true.high}  # fmt: skip
    if drawn.figure == "within":
        beyond = _share(own, "beyond", "intents")
        rate, low, high = 1.0 - beyond.rate, 1.0 - beyond.high, 1.0 - beyond.low
        # All is a claim that one case refutes, and that no number of cases proves: the bound stands in the table.
        status = HOLDS if rate == 1.0 else FAILS
        return {**row, "n": beyond.n, "figure": rate, "low": low, "high": high, "status": status,
                "true_figure": rate, "true_low": low, "true_high": high,
                "baseline_figure": 1.0 - _share(base, "beyond", "intents").rate if base is not None else math.nan,
                }  # fmt: skip
    if policy == drawn.baseline or base is None:
        return {**row, "n": n, "status": UNDEFINED}
    said_less, true_less = (_reduction(own, base, name) for name in ("said", "true"))
    status = _status(*said_less, drawn.claimed)
    names = ("figure", "low", "high", "true_figure", "true_low", "true_high")
    return {**row, "n": n, "status": status, **dict(zip(names, (*said_less, *true_less), strict=True))}


def _status(value: float, low: float, high: float, claimed: float) -> str:
    if math.isnan(value):
        return UNDEFINED
    if math.isnan(low) or math.isnan(high):
        return OPEN
    return HOLDS if low >= claimed else FAILS if high < claimed else OPEN


def _share(rows: pd.DataFrame, hits: str, trials: str) -> statistics.Proportion:
    """Return a share with the interval over episodes: never over intents."""
    counts, of = rows[hits].to_numpy(np.int64), rows[trials].to_numpy(np.int64)
    flags = np.concatenate([np.arange(n) < k for k, n in zip(counts, of, strict=True)]) if len(of) else counts
    return statistics.proportion(flags.astype(bool), np.repeat(np.arange(len(of)), of))


def _mean(rows: pd.DataFrame, sums: str, of: str) -> statistics.Interval:
    used = rows[rows[of] > 0]
    one_day = np.zeros(len(used), dtype=np.int64)
    return statistics.ratio(
        used[sums].to_numpy(float), used[of].to_numpy(float), one_day, np.arange(len(used)), draws=0
    )


def _reduction(own: pd.DataFrame, base: pd.DataFrame, name: str) -> tuple[float, float, float]:
    """Return 1 - failures / failures of the baseline on the same seeds, and its interval over episodes."""
    both = own.merge(base, on=["seed", "episode"], suffixes=("", "_base"))
    failed = (both["placed"] - both[name]).to_numpy(float)
    before = (both["placed_base"] - both[f"{name}_base"]).to_numpy(float)
    if not before.sum():
        return math.nan, math.nan, math.nan
    if not failed.any():
        # No failure at all says nothing about variance: as of shares, the bound is 3 / clusters.
        return 1.0, 1.0 - min(1.0, 3.0 / (before > 0).sum()), 1.0
    one_day = np.zeros(len(both), dtype=np.int64)
    found = statistics.ratio(failed, before, one_day, np.arange(len(both)), draws=0)
    return 1.0 - found.value, 1.0 - found.high, 1.0 - found.low
