"""Say how often a fault was recovered from, per fault and role, over a denominator no policy can choose.

The denominator of (fault, role) are the intents whose first request of that role met the fault; of the arising
-2021 those whose planned stop is crossed within the holding time under I1 (metrics: "Recovery rate").  The states
an intent can end in are those of :mod:`sim.metrics.states`; they add up to n.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.metrics.rows import note_for
from sim.metrics.states import STATES
from sim.statistics import proportion

ARISING: Final = "arising -2021"
_SPREADS: Final = ("p50", "p95", "max")
RECOVERY_COLUMNS: Final = (
    "fault", "kind", "role", "n", "clusters", "fired_intents", *STATES, "naked_at_deadline", "rate", "low", "high",
    "attempts_p50", "attempts_p95", "attempts_max", "seconds_p50_s", "seconds_p95_s", "seconds_max_s",
    "needed", "protected_in_time", "needed_rate", "needed_low", "needed_high", "note",
)  # fmt: skip
_KEY: Final = ["run", "intent"]


def recovery(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row per fault, kind and role (RECOVERY_COLUMNS), the arising -2021 last.

    ``fired_intents``: intents on which it fired at all.  ``rate`` = recovered / n with its interval.
    ``naked_at_deadline``: intents that hold something uncovered then, whatever their state.  Attempts and seconds
    are those of the placement that met the fault, over recovered intents; NaN where a fault met no placement.
    ``needed``: intents among n whose planned stop is crossed under I1; ``needed_rate``: share of them protected
    before it is, because plain recovery selects the bounces.
    """
    intents = frames["intents"]
    note = note_for(intents)
    rows = [
        _row(fault, kind, role, met, intents, note, fired)
        for fault, kind, role, met, fired in _groups(frames)
    ]
    return pd.DataFrame(rows, columns=list(RECOVERY_COLUMNS)).astype(
        dict.fromkeys(("fault", "kind", "role"), "str")
    )


def _groups(frames: dict[str, pd.DataFrame]) -> Iterator[tuple[str, str, str, pd.DataFrame, int]]:
    """Yield each denominator as (run, intent, attempts, seconds) rows, with the intents it fired on at all."""
    faults, placements = frames["faults"], frames["placements"]
    spent = placements[["run", "placement", "attempts"]].assign(
        seconds=(placements["ended_us"] - placements["started_us"]) / 1e6
    )
    owned = faults[faults["intent"] >= 0]
    for (fault, kind, role), rows in owned.groupby(["fault", "kind", "role"], sort=True):
        met = rows[rows["first"]].drop_duplicates(_KEY)[[*_KEY, "placement"]]
        fired = len(rows.drop_duplicates(_KEY))
        yield str(fault), str(kind), str(role), met.merge(spent, on=["run", "placement"], how="left"), fired
    crossed = frames["intents"][frames["intents"]["stop_crossed_us"].notna()][_KEY]
    stops = placements[placements["met_2021"] & (placements["role"] == "sl")].drop_duplicates(_KEY)
    stops = stops[[*_KEY, "placement"]].merge(spent, on=["run", "placement"], how="left")
    yield ARISING, "-2021", "sl", crossed.merge(stops, on=_KEY, how="left"), len(stops)


def _row(
    fault: str, kind: str, role: str, met: pd.DataFrame, intents: pd.DataFrame, note: str, fired: int
) -> dict[str, Any]:
    rows = intents.merge(met[[*_KEY, "attempts", "seconds"]], on=_KEY, how="inner")
    state = rows["state_at_deadline"]
    clusters = rows["cluster"].to_numpy(object)
    hit = (state == "recovered").to_numpy(bool)
    rate = proportion(hit, clusters)
    crossed = rows["stop_crossed_us"].notna().to_numpy(bool)
    in_time = (rows["protected_us"] <= rows["stop_crossed_us"]).fillna(False).to_numpy(bool)
    needed = proportion(in_time[crossed], clusters[crossed])
    counts = {name: int((state == name).sum()) for name in STATES}
    return {
        "fault": fault,
        "kind": kind,
        "role": role,
        "n": rate.n,
        "clusters": rate.clusters,
        "fired_intents": fired,
        **counts,
        "naked_at_deadline": int(rows["naked_at_deadline"].sum()),
        "rate": rate.rate,
        "low": rate.low,
        "high": rate.high,
        **_spread("attempts_{}", rows["attempts"], hit),
        **_spread("seconds_{}_s", rows["seconds"], hit),
        "needed": needed.n,
        "protected_in_time": needed.count,
        "needed_rate": needed.rate,
        "needed_low": needed.low,
        "needed_high": needed.high,
        "note": note,
    }


def _spread(name: str, column: pd.Series, hit: Any) -> dict[str, float]:
    values = column.to_numpy(np.float64, na_value=np.nan)[hit]
    values = values[~np.isnan(values)]
    found = np.quantile(values, [0.5, 0.95, 1.0]) if len(values) else np.full(3, np.nan)
    return {name.format(key): float(value) for key, value in zip(_SPREADS, found, strict=True)}
