"""Say how long it took from the decision to verdict, acknowledgement, fill and protection.

What never came is censored where it could no longer come, not left out: quantiles are Kaplan–Meier's over all
who could have reached the milestone, and NaN where the curve does not get that far.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.metrics.lookup import total
from sim.metrics.rows import entered, note_for
from sim.metrics.wire_frames import wait_kinds
from sim.statistics import kaplan_meier_quantile
from sim.statistics.interval import Array

LATENCY_COLUMNS: Final = (
    "metric", "unit", "n", "reached", "clusters", "p50", "p90", "p99", "p99_9", "mean", "worst", "note",
)  # fmt: skip
_SHARES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99_9": 0.999}
_WAITED: Final = ("call", "status", "duration_us", "request_leg_us", "reply_leg_us")
SPLIT: Final = ("network", "venue", "back-off", "look-ups", "time-out waits", "other")


def latency(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return times from the decision in s (LATENCY_COLUMNS), then where the time to protected went.

    Milestones: ``mean`` is NaN (a mean over survivors would flatter), ``worst`` the longest time seen, reached
    or not.  *verdict* is over all intents if any was checked, *acknowledged* and *filled* over those that sent an
    entry, *protected* over those that truly entered, censored at the exit or the close of books.

    Split rows "protected: …" are over intents that were protected, plain mean and quantiles: legs of answered
    order calls, the venue beyond the legs, planned sleeps, reads, waits for answers that never came, and the rest
    (decision delay, queueing).  Each is cut off at the moment of protection.
    """
    rows = list(_milestones(frames["intents"])) + list(_split(frames))
    return pd.DataFrame(rows, columns=list(LATENCY_COLUMNS)).astype(
        {"metric": "str", "unit": "str", "note": "str"}
    )


def _number(column: Any) -> Array:
    numbers: Array = column.to_numpy(np.float64, na_value=np.nan)
    return numbers


def _milestones(intents: pd.DataFrame) -> Iterator[dict[str, Any]]:
    note = note_for(intents)
    ended = intents["ended_us"].fillna(intents["books_us"])
    sent = intents[intents["entry_claimed"].notna() | (intents["entry_fills"] > 0)]
    inside = entered(intents)
    inside = inside[~inside["shared_account"]]
    asked = intents if intents["checked"].any() else intents.iloc[:0]
    for name, rows, until in (
        ("verdict", asked, ended),
        ("acknowledged", sent, ended),
        ("filled", sent, ended),
        ("protected", inside, intents["exit_us"].fillna(intents["books_us"])),
    ):
        moment = rows[f"{name}_us"]
        reached = moment.notna().to_numpy(bool)
        decided = rows["decided_us"].to_numpy()
        last = np.where(reached, _number(moment), _number(until.loc[rows.index]))
        times = (last - decided) / 1e6
        yield {
            "metric": name,
            "unit": "s",
            "n": len(rows),
            "reached": int(reached.sum()),
            "clusters": int(rows["cluster"].nunique()),
            **{key: kaplan_meier_quantile(times, reached, share) for key, share in _SHARES.items()},
            "mean": np.nan,
            "worst": float(times.max()) if len(times) else np.nan,
            "note": note,
        }


def _split(frames: dict[str, pd.DataFrame]) -> Iterator[dict[str, Any]]:
    intents = frames["intents"]
    note = note_for(intents)
    rows = intents[intents["protected_us"].notna()].reset_index(drop=True)
    for name, values in time_to_protected_parts(frames, rows).items():
        some = len(values) > 0
        quantiles = np.quantile(values, list(_SHARES.values())) if some else np.full(len(_SHARES), np.nan)
        yield {
            "metric": f"protected: {name}",
            "unit": "s",
            "n": len(rows),
            "reached": len(rows),
            "clusters": int(rows["cluster"].nunique()),
            **dict(zip(_SHARES, map(float, quantiles), strict=True)),
            "mean": float(values.mean()) if some else np.nan,
            "worst": float(values.max()) if some else np.nan,
            "note": note,
        }


def time_to_protected_parts(frames: dict[str, pd.DataFrame], rows: pd.DataFrame) -> dict[str, Array]:
    """Return for each of ``rows`` (intents that were protected) the seconds spent on each of :data:`SPLIT`."""
    size = len(rows)
    decided, protected = rows["decided_us"].to_numpy(), _number(rows["protected_us"])
    requests, attempts = _of(frames["requests"], rows), _of(frames["attempts"], rows)
    row = requests["row"].to_numpy(np.int64)
    limit = protected[row] if len(row) else np.zeros(0)
    kept = np.clip(limit - requests["sent_us"].to_numpy(), 0, requests["duration_us"].to_numpy())
    waits = wait_kinds({name: requests[name].to_numpy() for name in _WAITED})
    kinds = {name: np.minimum(values, kept) for name, values in waits.items()}
    # An order call that protection cut off had no time beyond its legs.
    kinds["venue"] = np.minimum(kinds["venue"], kept - kinds["network"])
    parts = {name: total(row, values, size) for name, values in kinds.items()}
    slept = attempts[attempts["backoff_from_us"].notna()]
    sleep_row = slept["row"].to_numpy(np.int64)
    limit = protected[sleep_row] if len(slept) else np.zeros(0)
    pause = np.clip(limit - _number(slept["backoff_from_us"]), 0, slept["backoff_us"].to_numpy())
    backoff = total(sleep_row, pause, size)
    other = np.maximum(0.0, protected - decided - sum(parts.values()) - backoff)
    values = (parts["network"], parts["venue"], backoff, parts["lookup"], parts["timeout"], other)
    return {name: taken_us / 1e6 for name, taken_us in zip(SPLIT, values, strict=True)}


def _of(frame: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of ``frame`` that belong to these intents, with the place of each."""
    keys = rows[["run", "intent"]].assign(row=np.arange(len(rows)))
    return frame.merge(keys, on=["run", "intent"], how="inner")
