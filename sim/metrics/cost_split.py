"""Split the loss against the ideal executor into the places where it arose; the parts add up to the whole."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from sim.statistics.interval import Array

SPLIT_COLUMNS: Final = ("part", "intents", "loss_quote", "per_1000")
PARTS: Final = ("not entered", "wrong size or left open", "entry price", "exit price", "fees and rounding")


def cost_split(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the loss against I1 by part, in quote and per 1,000 intents (SPLIT_COLUMNS); negative parts won.

    An intent that both executors carried through in the intended size is split by price: what its entry cost more,
    what its exit brought less, and the rest, which is fees and rounding.  What was never entered, and what was doubled,
    partly filled or still open when the books were closed, is not split further.  ``intents`` counts those with a share
    in it.
    """
    intents = frames["intents"]
    lost = intents["loss_against_ideal_quote"].to_numpy(np.float64)
    known = ~np.isnan(lost)
    outside = (intents["entry_fills"] == 0).to_numpy(bool)
    entry, exit_ = _prices(intents, frames["shadows"])
    whole = (
        known
        & ~outside
        & np.isfinite(entry + exit_)
        & (intents["over_fill"] == 0).to_numpy(bool)
        & np.isclose(intents["entry_quantity"].to_numpy(np.float64), intents["quantity"].to_numpy(np.float64))
        & (intents["true_position"].to_numpy(np.float64) == 0.0)
    )
    parts = (
        np.where(known & outside, lost, 0.0),
        np.where(known & ~outside & ~whole, lost, 0.0),
        np.where(whole, entry, 0.0),
        np.where(whole, exit_, 0.0),
        np.where(whole, lost - entry - exit_, 0.0),
    )
    count = int(known.sum())
    rows = [
        (
            name,
            int((values != 0.0).sum()),
            float(values.sum()),
            float(values.sum()) / count * 1000 if count else np.nan,
        )
        for name, values in zip(PARTS, parts, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(SPLIT_COLUMNS)).astype({"part": "str"})


def _prices(intents: pd.DataFrame, shadows: pd.DataFrame) -> tuple[Array, Array]:
    """Return what a worse entry and a worse exit cost each intent against I1, in quote; NaN where one has none."""
    ideal = shadows[shadows["kind"] == "ideal"].drop_duplicates(["run", "intent"])
    keys = intents[["run", "intent"]].astype({"run": "str"})
    there: Any = keys.merge(
        ideal[["run", "intent", "fill_price", "exit_price"]].astype({"run": "str"}),
        how="left",
        on=["run", "intent"],
    )
    signed = intents["direction"].to_numpy(np.float64) * intents["quantity"].to_numpy(np.float64)
    fill, left = (there[name].to_numpy(np.float64) for name in ("fill_price", "exit_price"))
    entry: Array = signed * (intents["fill_price"].to_numpy(np.float64) - fill)
    exit_: Array = signed * (left - intents["exit_price"].to_numpy(np.float64))
    return entry, exit_
